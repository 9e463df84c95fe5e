"""``python -m indelible`` is the command ``indelible``, for where its script is not on the path."""

from __future__ import annotations

from indelible.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()

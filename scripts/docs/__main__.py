"""Write every generated page, or with ``--check`` name those that are not what the code would give, and fail."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.docs import benchmarks, command_line, configuration, http_api, python_api

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DOCS = Path(__file__).resolve().parents[2] / "docs"

PAGES: dict[str, Callable[[], str]] = {
    "reference/cli.md": command_line.render,
    "reference/python.md": python_api.render,
    "reference/configuration.md": configuration.render,
    "reference/http.md": http_api.render,
    "benchmarks.md": benchmarks.render,
}


def main(arguments: Sequence[str]) -> int:
    """Write or check the pages; returns the exit status."""
    check = list(arguments) == ["--check"]
    if arguments and not check:
        print("usage: python -m scripts.docs [--check]", file=sys.stderr)
        return 2
    stale = []
    for name, render in PAGES.items():
        page, text = DOCS / name, render()
        if page.exists() and page.read_text("utf-8") == text:
            continue
        if check:
            stale.append(f"docs/{name}")
        else:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, "utf-8")
            print(f"wrote docs/{name}")
    if stale:
        print(f"stale: {', '.join(stale)}; run `make docs` and commit the result", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

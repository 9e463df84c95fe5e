"""The texts and binary formats of transparency logs (C2SP), one a module, and DSSE. Values in, values out: no I/O.

Every parser is strict: what it accepts it would write in the same way, every input is bounded before it is looped over,
and what is wrong raises :class:`~indelible.errors.FormatError`. Signatures that do not verify raise
:class:`~indelible.errors.SignatureError`.
"""

from __future__ import annotations

__all__: list[str] = []

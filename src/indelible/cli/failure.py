"""An error as one clear line and an exit status.

====== =======================================================
status meaning
====== =======================================================
0      done and sound
1      tampering, or a failed check, was found
2      wrong use: the same command will fail again
3      could not finish: unreachable, incomplete, interrupted, nobody reads on
====== =======================================================
"""

from __future__ import annotations

from typing import Final

from indelible.errors import (
    CallerError,
    IndelibleError,
    IntegrityError,
    InvalidEvent,
    Locked,
    MalformedInput,
    Unauthenticated,
)

__all__ = ["DONE", "FOUND", "UNFINISHED", "WRONG_USE", "explain", "status_of"]

DONE: Final = 0
FOUND: Final = 1
WRONG_USE: Final = 2
UNFINISHED: Final = 3


def status_of(error: BaseException) -> int:
    """The exit status that an error means."""
    # A directory that somebody else writes is not a passing trouble: the command belongs at that server's address.
    if isinstance(error, CallerError | Locked):
        return WRONG_USE
    return FOUND if isinstance(error, IntegrityError) else UNFINISHED


def explain(error: BaseException) -> str:
    """What went wrong and what to do, for people; several lines only when several places are wrong."""
    if isinstance(error, InvalidEvent | MalformedInput) and len(error.places) > 1:
        return "\n".join(
            ["the event is not valid:", *(f"  {place.pointer or '(event)'}: {place.detail}" for place in error.places)]
        )
    if isinstance(error, Unauthenticated):
        return f"{error}; give it to this command with --api-key-file FILE or in INDELIBLE_API_KEY"
    if isinstance(error, IndelibleError):
        return str(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    return f"{type(error).__name__}: {error} (this is a bug in Indelible; please report it)"

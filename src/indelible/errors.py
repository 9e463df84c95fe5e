"""Every error that Indelible raises, one tree.

::

    IndelibleError
    ├── CallerError               what was handed in is wrong; the same call will fail again
    │   ├── MalformedInput        not JSON, not UTF-8, duplicate keys: it has no meaning
    │   ├── InvalidEvent          JSON, but not a valid event; names every place
    │   ├── TooLarge              over a limit; says which and what to do instead
    │   ├── IdConflict            an id seen before, with other content
    │   ├── Conflict              what is there already does not allow this; says what would
    │   ├── NotFound              no such log, event or key
    │   │   └── NotYetPublished   it exists; a signed checkpoint will cover it shortly
    │   ├── QueryError            a query that cannot be read; says the column and what was expected there
    │   ├── QueryTooCostly        a query that takes more than it may
    │   │   └── QueryTimeout      more time
    │   ├── FormatError           bytes that are not the C2SP or other format they claim to be
    │   ├── UsageError            a call or command that cannot be carried out as given
    │   ├── ConfigurationError    a setting that cannot work
    │   ├── Unauthenticated       no credentials, or wrong ones
    │   └── Forbidden             good credentials without the right to do this
    ├── Unavailable               nothing is wrong with the call; try again later
    │   ├── Overloaded            a bounded queue is full
    │   │   └── RateLimited       this principal asks for more than it is granted a second
    │   ├── ReadOnly              the log has stopped taking appends, and says why
    │   ├── StorageFull           no space left
    │   ├── Locked                another writer holds the directory
    │   ├── QueryCancelled        whoever asked has gone
    │   ├── HelperEnded           a process that computes beside this one did not answer
    │   └── Closed                the log is shutting down
    ├── IntegrityError            evidence that something stored is not what was written
    │   ├── Damaged               a file that cannot be what was written; names file and offset
    │   │   └── DamagedObject     one of a log's own tiles or entry bundles; names the log, too
    │   ├── ProofError            a proof that does not verify
    │   ├── SignatureError        a signature that is missing, unknown or wrong
    │   └── RolledBack            older than what is remembered
    ├── PeerError                 another server answered in a way that it must not
    └── InternalError             our own bug, caught before it could do harm

Evidence rides on the exception as attributes; the text says what to do next. How an error becomes an HTTP status
is written in one place, ``server/problem.py``.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = [
    "PASSING",
    "CallerError",
    "Closed",
    "ConfigurationError",
    "Conflict",
    "Damaged",
    "DamagedObject",
    "Forbidden",
    "FormatError",
    "HelperEnded",
    "IdConflict",
    "IndelibleError",
    "IntegrityError",
    "InternalError",
    "InvalidEvent",
    "Locked",
    "MalformedInput",
    "NotFound",
    "NotYetPublished",
    "Overloaded",
    "PeerError",
    "Place",
    "ProofError",
    "QueryCancelled",
    "QueryError",
    "QueryTimeout",
    "QueryTooCostly",
    "RateLimited",
    "ReadOnly",
    "RolledBack",
    "SignatureError",
    "StorageFull",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "UsageError",
]

PASSING: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What the system says when the machine lacks something for a moment: no word on the file that was to be opened."""


class IndelibleError(Exception):
    """The root of every error that Indelible raises on purpose. Can be pickled with all that rides on it."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:  # type: ignore[explicit-override]  # 3.12
        # Exceptions are otherwise made again from their arguments, which have other names and defaults in each class.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[IndelibleError], arguments: tuple[object, ...], attributes: dict[str, object]) -> object:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(attributes)
    return error


class CallerError(IndelibleError):
    """What was handed in is wrong; sending it again unchanged will fail again."""


@dataclass(frozen=True, slots=True)
class Place:
    """One thing that is wrong with an input, and where.

    ``pointer`` is an RFC 6901 JSON pointer into the input: ``/3/actor/id`` is the actor's id of the fourth event of
    an array or NDJSON stream; the empty string is the whole.
    """

    pointer: str
    detail: str


class MalformedInput(CallerError):
    """The input has no meaning as JSON: syntax, encoding, duplicate keys."""

    def __init__(self, detail: str, *, places: Sequence[Place] = ()) -> None:
        super().__init__(detail)
        self.places = tuple(places)


class InvalidEvent(CallerError):
    """The input is JSON but not a valid event; ``places`` names everything that is wrong."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = tuple(places)
        shown = "; ".join(f"{place.pointer or '(event)'}: {place.detail}" for place in self.places[:3])
        more = f"; and {len(self.places) - 3} more" if len(self.places) > 3 else ""
        super().__init__(f"not a valid event: {shown}{more}")


class TooLarge(CallerError):
    """Over a limit. ``what`` names the limit; ``pointer`` the event when one event of several is too large."""

    def __init__(self, detail: str, *, limit: int, what: str = "", pointer: str = "") -> None:
        super().__init__(detail)
        self.limit = limit
        self.what = what
        self.pointer = pointer


class QueryTooCostly(CallerError):
    """A search takes more memory or time than it may; narrow it."""


class QueryTimeout(QueryTooCostly):
    """A search ran longer than ``seconds``."""

    def __init__(self, detail: str, *, seconds: float) -> None:
        super().__init__(detail)
        self.seconds = seconds


class IdConflict(CallerError):
    """The id has been used before, for other content. ``first_index`` is where."""

    def __init__(self, event_id: str, *, first_index: int | None, pointer: str = "") -> None:
        where = "earlier in the same request" if first_index is None else f"at index {first_index}"
        super().__init__(
            f"id {event_id} was used {where} for an event with other content; "
            "send the same event again unchanged, or this one under a new id"
        )
        self.event_id = event_id
        self.first_index = first_index
        self.pointer = pointer


class Conflict(CallerError):
    """What is there already does not allow this: a key rotated before, the last administrator."""


class NotFound(CallerError):
    """No such log, event, key or object."""


class NotYetPublished(NotFound):
    """The entry exists, but no signed checkpoint covers it yet; ``retry_after`` is in seconds."""

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class QueryError(CallerError):
    """A query that cannot be read. ``column`` counts its characters from 1; ``detail`` is the text without it."""

    def __init__(self, detail: str, *, column: int) -> None:
        super().__init__(f"column {column}: {detail}")
        self.column = column
        self.detail = detail


class FormatError(CallerError):
    """Bytes that are not in the format that they claim: a note, checkpoint, tile path, proof, policy, key."""


class UsageError(CallerError):
    """A call or command that cannot be carried out as given."""


class ConfigurationError(CallerError):
    """A setting that cannot work; names it and the remedy."""


class Unauthenticated(CallerError):
    """No credentials, or wrong ones: alike in text and time, so that a guess learns nothing."""


class Forbidden(CallerError):
    """The credentials are good, but do not allow this."""


class Unavailable(IndelibleError):
    """Nothing is wrong with the call; ``retry_after`` says in how many seconds to try again."""

    def __init__(self, detail: str, *, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Overloaded(Unavailable):
    """As much is under way as there may be: slow down. ``what`` names the limit."""

    def __init__(self, detail: str, *, retry_after: float = 1.0, what: str = "") -> None:
        super().__init__(detail, retry_after=retry_after)
        self.what = what


class RateLimited(Overloaded):
    """A principal sends more a second than it may; ``retry_after`` is when it may send again."""


class ReadOnly(Unavailable):
    """The log takes no more appends until an operator has acted; reads go on."""


class StorageFull(Unavailable):
    """No space left for a durable write; nothing was half-written."""


class Locked(Unavailable):
    """Another writer holds the directory. ``holder`` describes it."""

    def __init__(self, detail: str, *, holder: str) -> None:
        super().__init__(detail, retry_after=5.0)
        self.holder = holder


class Closed(Unavailable):
    """The log is shutting down and takes nothing new."""


class QueryCancelled(Unavailable):
    """A search was stopped because whoever asked has gone."""


class HelperEnded(Unavailable):
    """A process that computes beside this one ended, or was not started; what it was to do may be half done."""


class IntegrityError(IndelibleError):
    """Something stored is not what was written, or not what was signed."""


_VERIFY = "run `indelible verify`, which names everything that is wrong, and restore the log from a backup"


class Damaged(IntegrityError):
    """A stored file cannot be what was written; names file, offset in bytes where known, and the remedy."""

    def __init__(self, detail: str, *, path: Path | str, offset: int | None = None, remedy: str) -> None:
        where = f"{path}" if offset is None else f"{path}, byte {offset}"
        super().__init__(f"{where}: {detail}; {remedy}")
        self.path = str(path)
        self.offset = offset
        self.detail = detail
        self.remedy = remedy


class DamagedObject(Damaged):
    """A tile, entry bundle or checkpoint that a log must have is missing, or cannot be what was written.

    ``path`` is its C2SP tlog-tiles path, or the entry: no secret of the machine. ``log`` is the log's origin.
    """

    def __init__(self, detail: str, *, path: str, log: str) -> None:
        super().__init__(detail, path=f"{path} of {log}", remedy=_VERIFY)
        self.path = path
        self.log = log


class ProofError(IntegrityError):
    """A proof that does not verify."""


class SignatureError(IntegrityError):
    """A signature that is missing, or wrong under the key that it names."""


class RolledBack(IntegrityError):
    """What is stored is older than, or contradicts, what is remembered elsewhere."""


class PeerError(IndelibleError):
    """Another server answered in a way that its protocol forbids."""


class InternalError(IndelibleError):
    """Our own bug, caught before it could do harm. Please report it."""

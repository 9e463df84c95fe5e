"""From drafts to prepared records: ids, defaults, what the server asserts, and the RFC 8785 encoding.

The whole batch is encoded in one call and cut at the line feeds (canonical JSON holds none). Counting the quotes of
that one buffer is how repeated keys in the input are found: see :mod:`indelible.events.drafts`.
"""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003  msgspec reads the annotations of Submission
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Struct

from indelible.errors import InternalError, TooLarge
from indelible.events.bytescan import count_quotes
from indelible.events.canonical import canonical_json
from indelible.events.identity import new_ids, pack_ids
from indelible.events.record import MAX_ENTRY, SCHEMA_VERSION
from indelible.events.timestamps import TIMESTAMP_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from indelible.events.drafts import Draft

__all__ = ["Assembler", "Prepared", "Submission"]

_QUOTES_OF_A_MEMBER = 4  # "key":"value"
_SERVER_TEXTS = 3  # log, principal, received_at; v is a number


class Prepared(Struct, frozen=True, gc=False):
    """An event that is ready to be sequenced.

    ``template`` is the RFC 8785 encoding of its record with the stamp in place of ``received_at``; ``id_given`` says
    whether the producer chose the id (one made here cannot have been seen before).
    """

    id: str
    id_bytes: bytes
    template: bytes
    id_given: bool


class Submission(Struct, frozen=True, gc=False):
    """What a request adds to all its events: the authenticated writer, the time in milliseconds, randomness for ids."""

    principal: str
    now_ms: int
    random: Callable[[int], bytes]


class Assembler:
    """Makes records of one log out of drafts. Drafts are used up by it."""

    def __init__(self, *, origin: str, stamp: bytes) -> None:
        if len(stamp) != TIMESTAMP_LENGTH or not stamp.isalnum():
            raise ValueError(f"a stamp is {TIMESTAMP_LENGTH} letters and digits")
        self._origin = origin
        self._stamp = stamp.decode()
        self._encoder = msgspec.json.Encoder(order="sorted")

    def assemble_if(
        self,
        drafts: Sequence[Draft[Any]],
        submission: Submission,
        *,
        quotes: int,
        pointers: Sequence[str] | None = None,
    ) -> list[Prepared] | None:
        """The records of drafts made the fast way from an input with so many ``quotes``.

        ``None`` when the input repeated a key, or an id is not one in lower case: the drafts are then of no use.

        Raises:
            TooLarge: when a record is over 65,535 bytes.
        """
        completed = self._complete(drafts, submission)
        if completed is None:
            return None
        ids, packed, given, added = completed
        lines = self._encoder.encode_lines(drafts)
        per_record = _QUOTES_OF_A_MEMBER * _SERVER_TEXTS + 2 + self._escaped_quotes(submission.principal)
        if count_quotes(lines) != quotes + per_record * len(drafts) + _QUOTES_OF_A_MEMBER * added:
            return None
        templates = lines.split(b"\n")
        templates.pop()
        self._check_sizes(templates, pointers)
        return list(map(Prepared, ids, packed, templates, given))

    def assemble(
        self, drafts: Sequence[Draft[Any]], submission: Submission, *, exotic: AbstractSet[int], pointers: Sequence[str]
    ) -> list[Prepared]:
        """The records of drafts that were made with care; those in ``exotic`` are encoded by the reference encoder.

        Raises:
            TooLarge: when a record is over 65,535 bytes; ``pointers`` say where its event stood.
        """
        completed = self._complete(drafts, submission)
        if completed is None:
            raise InternalError("an id that was found valid cannot be packed")
        ids, packed, given, _ = completed
        templates = [
            canonical_json(msgspec.to_builtins(draft)) if number in exotic else self._encoder.encode(draft)
            for number, draft in enumerate(drafts)
        ]
        self._check_sizes(templates, pointers)
        return list(map(Prepared, ids, packed, templates, given))

    def _escaped_quotes(self, principal: str) -> int:
        return self._origin.count('"') + principal.count('"')

    def _complete(
        self, drafts: Sequence[Draft[Any]], submission: Submission
    ) -> tuple[list[str], list[bytes], list[bool], int] | None:
        """Fills in what producers left out and what the server asserts; returns ids, and how many members it added."""
        origin, stamp, principal = self._origin, self._stamp, submission.principal
        given = [draft.id is not UNSET for draft in drafts]
        added = len(drafts) - sum(given)
        fresh = iter(new_ids(added, submission.now_ms, submission.random) if added else ())
        ids = [next(fresh) if draft.id is UNSET else draft.id for draft in drafts]
        packed = pack_ids(ids)
        if packed is None:
            return None
        for draft, text in zip(drafts, ids, strict=True):
            draft.v = SCHEMA_VERSION
            draft.id = text
            draft.log = origin
            draft.principal = principal
            draft.received_at = stamp
            if draft.occurred_at is UNSET:
                draft.occurred_at = stamp
                added += 1
            if draft.outcome is UNSET:
                draft.outcome = "success"
                added += 1
        return ids, packed, given, added

    def _check_sizes(self, templates: Sequence[bytes], pointers: Sequence[str] | None) -> None:
        if max(map(len, templates), default=0) <= MAX_ENTRY:
            return
        number, size = next((n, len(template)) for n, template in enumerate(templates) if len(template) > MAX_ENTRY)
        pointer = f"/{number}" if pointers is None else pointers[number]
        detail = (
            f"{pointer or 'the event'} makes a record of {size:,} bytes, but at most {MAX_ENTRY:,} fit; keep what is "
            "large elsewhere and attach it by hash (attachments)"
        )
        raise TooLarge(detail, limit=MAX_ENTRY, what="event-too-large", pointer=pointer)

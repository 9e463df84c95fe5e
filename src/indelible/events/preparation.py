"""Preparation: from what a request brings to records that lack nothing but their place in the log.

Everything that does not depend on the sequence happens here, once, at the rate at which events arrive: decode,
validate, bring into normal form, make ids, encode as RFC 8785. ``received_at`` is known only when a group is sequenced;
until then a *stamp* stands for it in the encoded record, 27 characters like a time in normal form, so that finishing a
record is one replacement. The stamp is random and never leaves the process: no sender can put it into an event.

Events are prepared all or none: when one is refused, none is returned.
"""

from __future__ import annotations

from base64 import b32encode
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from indelible.errors import InvalidEvent, MalformedInput, Place, TooLarge
from indelible.events.assembly import Assembler, Prepared, Submission
from indelible.events.bytescan import count_quotes, is_one_per_line
from indelible.events.drafts import Draft, Drafter
from indelible.events.json_values import MAX_PLACES, parse_json
from indelible.events.timestamps import TIMESTAMP_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from indelible.events.record import Event

__all__ = ["MAX_EVENTS", "Prepared", "Preparer", "new_stamp"]

MAX_EVENTS = 65_536
"""Events that one request may bring, unless configured otherwise."""

_T = TypeVar("_T")
_Items: TypeAlias = "Sequence[tuple[str, _T]]"


def new_stamp(random: Callable[[int], bytes]) -> bytes:
    """A stamp of 27 letters and digits (135 bits) from a source of unpredictable bytes."""
    return b32encode(random(20))[:TIMESTAMP_LENGTH]


class Preparer:
    """Prepares events for one log. Results do not depend on what it has seen before, and threads may share it.

    Args:
        origin: the log's origin, which every record names.
        stamp: from :func:`new_stamp`; one a process.
        max_events: how many events one request may bring.
    """

    def __init__(self, *, origin: str, stamp: bytes, max_events: int = MAX_EVENTS) -> None:
        self.origin = origin
        self.stamp = stamp
        self.max_events = max_events
        self._drafter = Drafter()
        self._assembler = Assembler(origin=origin, stamp=stamp)
        self._elements = msgspec.json.Decoder(list[msgspec.Raw])

    def prepare_ndjson(
        self, body: bytes, *, principal: str, now_ms: int, random: Callable[[int], bytes]
    ) -> list[Prepared]:
        """The events of a stream of JSON objects, one a line; white space around a line's object is allowed.

        ``now_ms``, in milliseconds since 1970, and ``random`` go into ids where the producer gave none.

        Raises:
            MalformedInput: not UTF-8, not JSON, duplicate keys, an empty line; every place is named.
            InvalidEvent: JSON, but not valid events; every place is named.
            TooLarge: too many events, or one whose record is over 65,535 bytes.
        """
        submission = Submission(principal, now_ms, random)
        drafts = self._drafter.from_lines(body)
        if drafts and is_one_per_line(body, len(drafts)):
            self._check_count(len(drafts))
            prepared = self._assembler.assemble_if(drafts, submission, quotes=count_quotes(body))
            if prepared is not None:
                return prepared
        lines = body.split(b"\n")
        if len(lines) > 1 and not lines[-1]:
            lines.pop()
        self._check_count(len(lines))
        return self._prepare(_numbered(lines), submission, self._drafter.from_bytes)

    def prepare_json(
        self, body: bytes, *, principal: str, now_ms: int, random: Callable[[int], bytes]
    ) -> list[Prepared]:
        """The event in a JSON object, or the events of a JSON array of objects, which may be empty.

        Raises:
            MalformedInput: as :meth:`prepare_ndjson`.
            InvalidEvent: as :meth:`prepare_ndjson`; pointers into a single object have no number in front.
            TooLarge: as :meth:`prepare_ndjson`.
        """
        submission = Submission(principal, now_ms, random)
        if not body.lstrip(b" \t\r\n").startswith(b"["):
            drafts = self._drafter.from_object(body)
            prepared = drafts and self._assembler.assemble_if(
                drafts, submission, quotes=count_quotes(body), pointers=[""]
            )
            return prepared or self._prepare([("", body)], submission, self._drafter.from_bytes)
        drafts = self._drafter.from_array(body)
        if drafts is not None:
            self._check_count(len(drafts))
            prepared = self._assembler.assemble_if(drafts, submission, quotes=count_quotes(body))
            if prepared is not None:
                return prepared
        try:
            elements = self._elements.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            value = parse_json(body)  # says what is wrong, or else reads what msgspec would not
            values = value if isinstance(value, list) else [value]
            return self._prepare(_numbered(values), submission, self._drafter.from_value)
        self._check_count(len(elements))
        return self._prepare(_numbered(list(map(bytes, elements))), submission, self._drafter.from_bytes)

    def prepare_objects(
        self,
        objects: Sequence[Mapping[str, Any] | Event[Any]],
        *,
        principal: str,
        now_ms: int,
        random: Callable[[int], bytes],
    ) -> list[Prepared]:
        """The events given as Python dictionaries of JSON values, or as :class:`~indelible.events.record.Event`.

        Raises:
            InvalidEvent: as :meth:`prepare_ndjson`; the first part of a pointer is the place in ``objects``.
            TooLarge: as :meth:`prepare_ndjson`.
        """
        self._check_count(len(objects))
        return self._prepare(_numbered(objects), Submission(principal, now_ms, random), self._draft_of_object)

    def finish(self, template: bytes, received_at: bytes) -> bytes:
        """The log entry: ``template`` with the time, in normal form, at which it was sequenced."""
        return template.replace(self.stamp, received_at)

    def _draft_of_object(self, value: Any, pointer: str) -> tuple[Draft[Any], bool]:  # noqa: ANN401  anyone's object
        if isinstance(value, Struct):
            try:
                value = msgspec.to_builtins(value)
            except (TypeError, ValueError, RecursionError) as error:
                raise InvalidEvent([Place(pointer, f"not JSON: {error}")]) from error
        return self._drafter.from_value(value, pointer)

    def _check_count(self, count: int) -> None:
        if count > self.max_events:
            detail = f"{count:,} events in one request, but at most {self.max_events:,} are taken; send it in parts"
            raise TooLarge(detail, limit=self.max_events, what="too-many-events")

    def _prepare(
        self, items: _Items[_T], submission: Submission, draft_of: Callable[[_T, str], tuple[Draft[Any], bool]]
    ) -> list[Prepared]:
        """Takes ``items`` one after another, collecting what is wrong with any of them; refuses all when one is bad."""
        drafts: list[Draft[Any]] = []
        exotic: set[int] = set()
        malformed: list[Place] = []
        invalid: list[Place] = []
        for number, (pointer, item) in enumerate(items):
            try:
                draft, plain = draft_of(item, pointer)
            except MalformedInput as error:
                malformed += error.places
            except InvalidEvent as error:
                invalid += error.places
            else:
                drafts.append(draft)
                if not plain:
                    exotic.add(number)
            if len(malformed) + len(invalid) >= MAX_PLACES:
                break
        if malformed:
            raise MalformedInput(_summary(malformed), places=malformed[:MAX_PLACES])
        if invalid:
            raise InvalidEvent(invalid[:MAX_PLACES])
        return self._assembler.assemble(drafts, submission, exotic=exotic, pointers=[pointer for pointer, _ in items])


def _numbered(items: Sequence[_T]) -> _Items[_T]:
    return [(f"/{number}", item) for number, item in enumerate(items)]


def _summary(places: Sequence[Place]) -> str:
    more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
    return f"{places[0].pointer or 'the body'}: {places[0].detail}{more}"

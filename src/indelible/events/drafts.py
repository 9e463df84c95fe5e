"""From a request's bytes to drafts: decode, validate, bring into normal form.

A *draft* is an event on its way to becoming a record. There are three ways to one; they accept the same events, and
each hands on what it does not vouch for.

1. msgspec decodes into types that leave little unproven: free-form JSON is a union without floats, with integers up to
   ±(2^53-1) and of bounded depth, so that whatever decodes, msgspec can also encode as RFC 8785.
2. msgspec decodes free-form JSON of any kind, and a walk over it makes it plain (:mod:`indelible.events.canonical`).
3. Everything is parsed in Python, and every rule is asked. Only this way refuses, and it names every place.

What decoders cannot see, :mod:`indelible.events.bytescan` excludes from the first two. Duplicate keys show in the
number of quotes: a decoder drops a repeated member, so the event encoded again has fewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeAlias, TypeVar, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType

from indelible.errors import InvalidEvent, MalformedInput, Place
from indelible.events.bytescan import count_quotes, hides_something, may_sort_otherwise
from indelible.events.canonical import NotPlain, is_plain, make_plain
from indelible.events.explain import Explainer
from indelible.events.identity import normalise_id
from indelible.events.json_values import MAX_DEPTH, MAX_PLACES, Json, is_proper, json_problems, parse_json
from indelible.events.record import MAX_SAFE_INTEGER, Event
from indelible.events.rules import has_control_character, is_address
from indelible.events.timestamps import are_normal, normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Draft", "Drafter"]

_J = TypeVar("_J")
_Decode: TypeAlias = "Callable[[bytes], list[Draft[Any]]]"

_EMPTY = "empty; an event is a JSON object, in a stream one a line, with at most one line feed after the last"
_PROVABLE_DEPTH = 6
_MAX_ADDRESSES = 65_536

# No text and no number satisfies these: what the server sets cannot come from outside.
_ServerText = Annotated[str, Meta(min_length=1, max_length=0)]
_ServerNumber = Annotated[int, Meta(ge=1, le=0)]


class Draft(Event[_J], Generic[_J]):
    """An event with room for what the server sets; no input can fill that room."""

    v: _ServerNumber | UnsetType = UNSET
    log: _ServerText | UnsetType = UNSET
    principal: _ServerText | UnsetType = UNSET
    received_at: _ServerText | UnsetType = UNSET


class _Decoders:
    """The three shapes in which drafts of one type arrive."""

    def __init__(self, draft: object) -> None:
        one: msgspec.json.Decoder[Draft[Any]] = msgspec.json.Decoder(draft)
        many: msgspec.json.Decoder[list[Draft[Any]]] = msgspec.json.Decoder(list.__class_getitem__(draft))
        self.lines: _Decode = one.decode_lines
        self.array: _Decode = many.decode
        self.single: _Decode = lambda body: [one.decode(body)]


class Drafter:
    """Makes drafts. Results do not depend on what it has seen before, and threads may share it."""

    def __init__(self) -> None:
        provable = cast("Any", Draft)[_provable_json(_PROVABLE_DEPTH)]
        self._provable = _Decoders(provable)
        self._general = _Decoders(Draft[Any])
        self._encoder = msgspec.json.Encoder(order="sorted")
        self._explainer = Explainer()
        self._addresses: set[str] = set()  # some that were found valid: the same few come again and again

    def from_lines(self, body: bytes) -> list[Draft[Any]] | None:
        """The drafts of JSON objects one after another; ``None`` when this way does not vouch for them.

        Whether ids are in order, keys are repeated and each object has a line of its own is the caller's to see to.
        """
        return self._quickly(body, self._provable.lines, self._general.lines)

    def from_array(self, body: bytes) -> list[Draft[Any]] | None:
        """As :meth:`from_lines`, of a JSON array."""
        return self._quickly(body, self._provable.array, self._general.array)

    def from_object(self, body: bytes) -> list[Draft[Any]] | None:
        """As :meth:`from_lines`, of one JSON object."""
        return self._quickly(body, self._provable.single, self._general.single)

    def from_bytes(self, data: bytes, pointer: str) -> tuple[Draft[Any], bool]:
        """The draft of one JSON object, which stands at ``pointer``, and whether msgspec can encode it as RFC 8785.

        Raises:
            MalformedInput: not UTF-8, not JSON, or duplicate keys.
            InvalidEvent: JSON, but not a valid event.
        """
        if not data.strip(b" \t\r\n"):
            raise MalformedInput(_EMPTY, places=[Place(pointer, _EMPTY)])
        drafts = self.from_object(data)
        if drafts is not None and _settle_id(drafts[0]) and self._repeats_no_key(drafts[0], data):
            return drafts[0], True
        return self.from_value(parse_json(data, pointer), pointer)

    def from_value(self, value: Json, pointer: str) -> tuple[Draft[Any], bool]:
        """As :meth:`from_bytes`, of a JSON value.

        Raises:
            InvalidEvent: not a valid event; every place is named.
        """
        proper = is_proper(value)
        places = [] if proper else json_problems(value, pointer)
        if not places:
            try:
                draft = msgspec.convert(value, Draft[Any])
            except msgspec.ValidationError as error:
                places = [Place(pointer, str(error))]
            else:
                if _settle_id(draft) and self._settle([draft]):
                    return draft, proper or is_plain(value)
                places = [Place(pointer, "not a valid event")]
            # What was just caught is the first mistake, in the decoder's words; the schema knows all of them.
            places = self._explainer.problems(value, pointer) or places
        else:
            named = {place.pointer for place in places}
            places += [place for place in self._explainer.problems(value, pointer) if place.pointer not in named]
        raise InvalidEvent(places[:MAX_PLACES])

    def _quickly(self, body: bytes, provable: _Decode, general: _Decode) -> list[Draft[Any]] | None:
        if hides_something(body):
            return None
        drafts = None if may_sort_otherwise(body) else _decoded(provable, body)
        if drafts is None:
            drafts = _decoded(general, body)
            if drafts is None or not all(map(_make_plain, drafts)):
                return None
        return drafts if self._settle(drafts) else None

    def _repeats_no_key(self, draft: Draft[Any], data: bytes) -> bool:
        # Nothing was added to the draft yet, so that a difference can only be a member that the decoder dropped.
        return count_quotes(self._encoder.encode(draft)) == count_quotes(data)

    def _settle(self, drafts: Sequence[Draft[Any]]) -> bool:
        """Whether ``drafts``, correct by their types, keep the other rules (but for ids); normalises their times.

        Every event passes here. It goes column by column, since one question to a joined text costs less than many.
        """
        actors = [draft.actor for draft in drafts]
        kinds = [actor.type for actor in actors]
        kinds += [actor.on_behalf_of.type for actor in actors if actor.on_behalf_of is not UNSET]
        kinds += [target.type for draft in drafts if draft.targets is not UNSET for target in draft.targets]
        if ":" in "".join(kinds) or has_control_character("".join([draft.action for draft in drafts])):
            return False
        if [True for draft in drafts if draft.raw is None]:
            return False
        addresses = {draft.context.ip for draft in drafts if draft.context is not UNSET}
        if not all(address is UNSET or self._is_address(address) for address in addresses):
            return False
        return are_normal([draft.occurred_at for draft in drafts if draft.occurred_at is not UNSET]) or all(
            map(_settle_time, drafts)
        )

    def _is_address(self, text: str) -> bool:
        if text in self._addresses:
            return True
        if not is_address(text):
            return False
        if len(self._addresses) >= _MAX_ADDRESSES:
            self._addresses.clear()
        self._addresses.add(text)
        return True


def _decoded(decode: _Decode, body: bytes) -> list[Draft[Any]] | None:
    try:
        return decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _make_plain(draft: Draft[Any]) -> bool:
    """Makes the free-form JSON of a draft plain, where that can be done; levels count the event itself as the first."""
    try:
        make_plain(draft.metadata or None, 2, MAX_DEPTH)
        make_plain(draft.actor.attributes or None, 3, MAX_DEPTH)
        for target in draft.targets or ():
            make_plain(target.attributes or None, 4, MAX_DEPTH)
        for change in draft.changes or ():
            if change.old is not UNSET:
                change.old = make_plain(change.old, 4, MAX_DEPTH)
            if change.new is not UNSET:
                change.new = make_plain(change.new, 4, MAX_DEPTH)
        if draft.raw is not UNSET:
            draft.raw = make_plain(draft.raw, 2, MAX_DEPTH)
    except NotPlain:
        return False
    return True


def _settle_time(draft: Draft[Any]) -> bool:
    if draft.occurred_at is not UNSET:
        try:
            draft.occurred_at = normalise(draft.occurred_at)
        except ValueError:
            return False
    return True


def _settle_id(draft: Draft[Any]) -> bool:
    if draft.id is not UNSET:
        try:
            draft.id = normalise_id(draft.id)
        except ValueError:
            return False
    return True


def _provable_json(depth: int) -> object:
    integer = Annotated[int, Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
    scalar: Any = None | bool | integer | str
    value = scalar
    for _ in range(depth):
        value = scalar | list.__class_getitem__(value) | dict.__class_getitem__((str, value))
    return value

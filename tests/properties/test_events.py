"""Laws of events that hold for whatever anyone sends."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785
from hypothesis import assume, example, given
from hypothesis import strategies as st

from indelible.errors import CallerError, InvalidEvent
from indelible.events import Prepared, Preparer, canonical_json, decode_record, new_stamp, read_record, same_content
from indelible.events.canonical import NotPlain, is_plain, make_plain
from indelible.events.explain import Explainer
from indelible.events.foreign import cloudevents, cloudtrail, git, github, kubernetes, prepare_foreign
from indelible.events.identity import new_ids, normalise_id, pack_id, pack_ids, unpack_id
from indelible.events.json_values import is_proper, json_problems, parse_json
from indelible.events.timestamps import are_normal, from_microseconds, is_normal, normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from indelible.events.foreign import ForeignEvent, Rejected

RECEIVED = b"2026-02-03T04:05:06.000007Z"
PREPARER = Preparer(origin="example.com/log", stamp=new_stamp(lambda size: b"\x5a" * size))
EXPLAINER = Explainer()
SAFE = 2**53 - 1


def prepare(how: str, what: Any) -> list[Prepared]:
    method = getattr(PREPARER, f"prepare_{how}")
    prepared: list[Prepared] = method(
        what, principal="key:p", now_ms=1_700_000_000_000, random=lambda size: b"\x07" * size
    )
    return prepared


# Keys on both sides of the border where UTF-16 and UTF-8 sort differently; texts with all that is escaped.
characters = st.characters(codec="utf-8") | st.sampled_from(
    '\ud7ff\ue000\uffff\U00010000\U0010ffff"\\/\b\f\n\r\t\x1f\x7f\x00$é'
)
texts = st.text(characters, max_size=8) | st.sampled_from(["", "$sealed", "id", "\\u0022", "\ufb33", "\U0001f600"])
numbers = (
    st.integers(-SAFE, SAFE)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(-1e-4, 1e-4)
    | st.sampled_from([0.0, -0.0, 1.0, 1e-5, 1e-6, 9.999e-6, 1e-7, 5e-324, 1e15, 1e16, 1e21, 2.0**53, float(SAFE), 0.1])
)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)


def reference(value: Any) -> bytes | None:
    """What the reference encoder makes of ``value``."""
    try:
        return rfc8785.dumps(value)
    except ValueError:
        return None


@given(values)
@example({"\ue000": 1, "\U0001f600": 2, "z": {"\uffff": -0.0}})
@example([1e-5, 9.999999e-6, 123456789012345.67, SAFE, -SAFE, 0.1 + 0.2])
@example({"": "", '"': '\\"', "\x7f": "\x00\x1f"})
def test_canonical_json_is_the_reference(value: Any) -> None:
    """The fast encoder and the reference give the same bytes, or both refuse."""
    expected = reference(value)
    if expected is None:
        with pytest.raises(ValueError, match=r".*"):
            canonical_json(value)
    else:
        assert canonical_json(value) == expected


@given(values)
def test_make_plain_keeps_the_canonical_bytes(value: Any) -> None:
    """Where it succeeds, the value is plain and means the same."""
    expected = reference(value)
    try:
        plain = make_plain(value, 1, 32)
    except NotPlain:
        assert expected is None or not is_plain(value)
    else:
        assert is_plain(plain)
        assert canonical_json(plain) == expected


@given(values)
def test_quick_and_full_checks_agree(value: Any) -> None:
    """What the quick check lets pass has no problems and is plain; what has problems does not pass."""
    problems = json_problems(value)
    if is_proper(value):
        assert problems == []
        assert is_plain(value)
    if problems:
        assert not is_proper(value)


@given(values)
def test_parsing_what_was_written_loses_nothing(value: Any) -> None:
    """Integral floats come back as the integers that they are; everything else comes back."""
    assume(reference(value) is not None)
    assert canonical_json(parse_json(json.dumps(value).encode())) == reference(value)


@given(st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode()))
@example(b'{"action":"a","actor":{"type":"u","id":"1"},"actor":{"type":"u","id":"1"}}')
def test_any_bytes_are_taken_or_refused_in_order(body: bytes) -> None:
    """No input raises anything but a caller's error."""
    for how in ("ndjson", "json"):
        with contextlib.suppress(CallerError):
            prepare(how, body)


@given(values)
def test_any_object_is_taken_or_refused_in_order(value: Any) -> None:
    """As bytes, so values."""
    with pytest.raises(CallerError):
        prepare("objects", [value])


names = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00:", exclude_categories=["Cc"]), min_size=1, max_size=12
)
ids = st.sampled_from([*new_ids(3, 1, lambda size: b"\x01" * size), "017F22E2-79B0-7CC3-98C4-DC0C0C07398F"])
times = st.integers(0, 253_402_300_799_999_999).map(from_microseconds) | st.sampled_from(
    ["2026-01-01T00:00:00Z", "2026-01-01t00:00:00.5+02:00", "2026-12-31T23:59:59.123456789-12:30"]
)
good_texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8) | st.sampled_from(
    ["", "sealed", "$", "\\u0022", '"', "\ue000", "\U0001f600"]
)
good_numbers = st.integers(-SAFE, SAFE) | st.floats(-SAFE, SAFE) | st.sampled_from([0.0, -0.0, 1.0, 1e-6, 5e-324])
good_values = st.recursive(
    st.none() | st.booleans() | good_numbers | good_texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(good_texts, inner, max_size=4),
    max_leaves=12,
)


def events_of(
    *, text: st.SearchStrategy[str], value: st.SearchStrategy[Any], odd: st.SearchStrategy[Any] | None = None
) -> st.SearchStrategy[dict[str, Any]]:
    """Events whose free parts are drawn from the strategies given; with ``odd`` values where others are expected."""

    def often(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return strategy if odd is None else st.one_of(strategy, strategy, strategy, odd)

    free = st.dictionaries(text, value, max_size=3)
    actor = st.fixed_dictionaries(
        {"type": often(names), "id": often(names)},
        optional={"name": often(text), "roles": often(st.lists(text, max_size=2)), "attributes": often(free)},
    )
    target = st.fixed_dictionaries(
        {"type": often(names), "id": often(names)}, optional={"name": often(text), "attributes": often(free)}
    )
    change = st.fixed_dictionaries(
        {"path": often(st.sampled_from(["", "/a", "/a~1b"]))},
        optional={"old": value, "new": value, "redacted": often(st.booleans())},
    )
    context = st.fixed_dictionaries(
        {}, optional={"ip": often(st.ip_addresses().map(str)), "user_agent": often(text), "request_id": often(text)}
    )
    return st.fixed_dictionaries(
        {"action": often(names), "actor": often(actor)},
        optional={
            "id": often(ids),
            "occurred_at": often(times),
            "outcome": often(st.sampled_from(["success", "denied"])),
            "targets": often(st.lists(target, max_size=3)),
            "context": often(context),
            "changes": often(st.lists(change, max_size=2)),
            "tags": often(st.lists(names, max_size=3)),
            "metadata": often(free),
            "producer": often(st.fixed_dictionaries({"id": names, "seq": st.integers(0, SAFE)})),
            "raw": value if odd is not None else value.filter(lambda raw: raw is not None),
            **({"v": st.just(1), "extra": value} if odd is not None else {}),
        },
    )


good_events = events_of(text=good_texts, value=good_values)
odd_events = events_of(
    text=texts, value=values, odd=scalars | st.sampled_from(["a:b", [], {}, [None], {"x": 1}, "/~", "no-uuid"])
)
events = good_events | odd_events


def outcome(how: str, what: Any) -> list[bytes] | set[str] | None:
    """The entries, or the pointers of what is wrong; ``None`` when it has no meaning at all."""
    try:
        return [PREPARER.finish(one.template, RECEIVED) for one in prepare(how, what)]
    except InvalidEvent as error:
        return {place.pointer.removeprefix("/0") for place in error.places}
    except CallerError:
        return None


@given(events)
def test_every_door_decides_alike(event: dict[str, Any]) -> None:
    """As object, array, line, escaped or not, alone or among others: taken with the same entry, or refused alike."""
    compact = json.dumps(event, ensure_ascii=True).encode()
    try:
        literal = json.dumps(event, ensure_ascii=False, indent=1).encode()
    except UnicodeEncodeError:
        literal = compact
    decided = outcome("json", compact)
    for how, body in (
        ("json", literal),
        ("json", b"[" + compact + b"]"),
        ("ndjson", compact),
        ("ndjson", compact + b"\n"),
    ):
        assert outcome(how, body) == decided
    filler = b'{"action":"a","actor":{"type":"u","id":"1"},"id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f"}'
    among = outcome("json", b"[" + compact + b"," + filler + b"]")
    if isinstance(decided, list):
        assert isinstance(among, list)
        # An id made for the event depends on how many are made at once.
        assert len(among) == 2
        assert among[0] == decided[0] or "id" not in event
    else:
        assert among == decided


@given(events)
def test_schema_and_decoder_agree(event: dict[str, Any]) -> None:
    """What is refused is explained, and what has an explanation is refused."""
    body = json.dumps(event).encode()
    parsed = parse_json(body)
    explained = {place.pointer for place in [*json_problems(parsed), *EXPLAINER.problems(parsed)]}
    decided = outcome("json", body)
    assert decided == explained if explained else isinstance(decided, list)


@given(good_events)
def test_entries_are_canonical_complete_and_accepted_again(event: dict[str, Any]) -> None:
    """An entry is RFC 8785, reads back, and what it says can be sent again and is the same content."""
    (prepared,) = prepare("json", json.dumps(event).encode())
    entry = PREPARER.finish(prepared.template, RECEIVED)
    record = decode_record(entry)
    assert rfc8785.dumps(json.loads(entry)) == entry
    assert read_record(entry).id == record["id"] == prepared.id
    assert prepared.id_bytes == pack_id(prepared.id)
    assert record["received_at"].encode() == RECEIVED
    sent_again = {name: value for name, value in record.items() if name not in {"v", "log", "principal", "received_at"}}
    (again,) = prepare("objects", [sent_again])
    assert same_content(entry, again)
    assert PREPARER.finish(again.template, RECEIVED) == entry


@given(events, st.data())
def test_a_repeated_key_is_always_found(event: dict[str, Any], data: st.DataObject) -> None:
    """Whichever member of whichever object is repeated, under whatever value."""
    body = json.dumps(event)
    objects = [place for place, character in enumerate(body) if character == "{" and _is_syntax(body, place)]
    place = data.draw(st.sampled_from(objects))
    assume(body[place + 1] != "}")
    key = json.JSONDecoder().raw_decode(body, place + 1)[0]
    repeated = f"{body[: place + 1]}{json.dumps(key)}:{json.dumps(data.draw(values))},{body[place + 1 :]}"
    assert outcome("json", repeated.encode()) is None
    assert outcome("ndjson", repeated.encode()) is None


def _is_syntax(text: str, place: int) -> bool:
    """Whether the character at ``place`` stands outside of JSON strings."""
    inside = escaped = False
    for character in text[:place]:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = inside
        elif character == '"':
            inside = not inside
    return not inside


@given(
    st.text(max_size=30) | times | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
)
def test_normal_form_is_what_normalise_leaves_alone(text: str) -> None:
    """A time is in normal form exactly when normalising does not change it; many at once are judged as each alone."""
    try:
        normal = normalise(text)
    except ValueError:
        normal = None
    assert is_normal(text) == (normal == text)
    assert are_normal([text] * 30) == (normal == text)
    if normal is not None:
        assert is_normal(normal)


@given(st.text(max_size=40) | ids | st.uuids().map(str))
def test_ids_are_packed_alike_one_by_one_and_at_once(text: str) -> None:
    """The batch vouches for lower case only, and never for what is no id."""
    try:
        packed = pack_id(text)
    except ValueError:
        packed = None
    assert pack_ids([text]) == ([packed] if packed is not None and text == normalise_id(text) else None)
    if packed is not None:
        assert unpack_id(packed) == text.lower()


documents = st.binary(max_size=100) | values.map(lambda value: json.dumps(value).encode())
fragments = {
    "Records": ["eventID", "eventSource", "eventName", "userIdentity", "resources", "requestParameters", "errorCode"],
    "items": ["auditID", "stage", "verb", "user", "objectRef", "sourceIPs", "responseStatus", "impersonatedUser"],
    "": ["id", "source", "type", "specversion", "sender", "repository", "changes", "action", "pages", "actor", "time"],
}
records = st.sampled_from(sorted(fragments)).flatmap(
    lambda name: st.lists(
        st.dictionaries(st.sampled_from(fragments[name]), values | st.just("1.0") | names), max_size=3
    ).map(lambda items: json.dumps({name: items} if name else items).encode())
)


@given(documents | records)
@example(b'{"items":[{"auditID":"a","stage":"s","verb":"v","responseStatus":{"code":[]}}]}')
@example(b'{"Records":[' + b"1" * 5000 + b"]}")
def test_foreign_documents_never_surprise(document: bytes) -> None:
    """Each reader takes, rejects, or calls the whole malformed; the intake raises for nothing that a reader yields."""
    readers: list[Callable[[], Iterable[ForeignEvent | Rejected]]] = [
        lambda: cloudtrail.read(document),
        lambda: kubernetes.read(document),
        lambda: github.read(document, event="issues"),
        lambda: cloudevents.read(document),
        lambda: cloudevents.read_batch(document),
        lambda: git.read(document, repository="r"),
    ]
    for read in readers:
        try:
            items = list(read())
        except CallerError:
            continue
        intake = prepare_foreign(PREPARER, items, principal="p", now_ms=1, random=lambda size: b"\x01" * size)
        assert len(intake.prepared) + len(intake.rejected) == len(items)


def _with_a_fraction(number: float) -> float:
    return number + 0.5 if number.is_integer() else number


@given(st.floats(1e-5, 2**51).map(_with_a_fraction), st.sampled_from([1, -1]))
def test_ordinary_floats_are_printed_alike(size: float, sign: int) -> None:
    """The fast encoder's floats are ECMAScript's wherever they are called plain."""
    number = sign * size
    assert is_plain(number)
    assert canonical_json(number) == rfc8785.dumps(number)

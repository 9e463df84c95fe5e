"""Every rule of the event's table: what is taken, what is refused, where, and in which words."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from indelible.errors import InvalidEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Door

MINIMAL: dict[str, Any] = {"action": "invoice.approve", "actor": {"type": "user", "id": "ada"}}
SHA = "0123456789abcdef" * 4
TARGET = {"type": "invoice", "id": "9"}
CHANGE = {"path": "/plan"}
FILE = {"name": "a.pdf", "media_type": "application/pdf", "size": 10, "sha256": SHA}
PRODUCER = {"id": "billing-1", "seq": 0}
UPSTREAM = {"format": "aws.cloudtrail", "sha256": SHA, "size": 5}
OPERATIONS = ["create", "read", "update", "delete", "login", "logout", "execute", "approve", "export", "other"]
OUTCOMES = ["success", "failure", "denied", "unknown"]
SEVERITIES = ["debug", "info", "notice", "warning", "error", "critical"]
CONTEXT_TEXTS = ["user_agent", "location", "service", "service_version", "environment", "request_id", "trace_id"]
CONTEXT_TEXTS += ["span_id"]
HTTP = {"method": "GET", "path": "/", "status": 200}


def _with(pointer: str, value: Any) -> dict[str, Any]:
    """The smallest event with ``value`` at a pointer of object keys."""
    event = copy.deepcopy(MINIMAL)
    *parents, last = pointer.strip("/").split("/")
    inner = event
    for key in parents:
        inner = inner.setdefault(key, {})
    inner[last] = value
    return event


GOOD: list[tuple[str, Any]] = [
    ("/id", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
    ("/occurred_at", "2026-01-31T13:45:00.123456Z"),
    ("/action", "x"),
    ("/action", "é" * 256),
    ("/action", "\u00a0 no-break space is no control character"),
    ("/action", "a b"),
    *[
        ("/operation", name)
        for name in ["create", "read", "update", "delete", "login", "logout", "execute", "approve", "export", "other"]
    ],
    *[("/outcome", name) for name in ["success", "failure", "denied", "unknown"]],
    *[("/severity", name) for name in ["debug", "info", "notice", "warning", "error", "critical"]],
    ("/actor", {"type": "anonymous", "id": "-"}),
    ("/actor/type", "t" * 256),
    ("/actor/id", "i:" * 128),
    ("/actor/name", ""),
    ("/actor/email", "ada@example.com"),
    ("/actor/roles", []),
    ("/actor/roles", ["admin", "ops"]),
    ("/actor/session_id", "s"),
    ("/actor/auth_method", "oidc"),
    ("/actor/attributes", {"any": [None, True, 1, "x", {"y": {}}]}),
    ("/actor/on_behalf_of", {"type": "user", "id": "bob", "name": "Bob"}),
    ("/targets", []),
    ("/targets", [TARGET] * 64),
    ("/targets", [{**TARGET, "name": "n", "href": "https://example.com", "attributes": {"a": None}}]),
    ("/tenant", "t" * 256),
    ("/context", {}),
    ("/context/ip", "192.0.2.1"),
    ("/context/ip", "2001:db8::1"),
    ("/context/ip", "::ffff:192.0.2.1"),
    *[(f"/context/{name}", "x") for name in CONTEXT_TEXTS],
    ("/context/http", HTTP),
    ("/changes", [CHANGE] * 256),
    ("/changes", [{"path": "", "old": None, "new": {"a": 1}, "redacted": True}]),
    ("/changes", [{"path": "/a~0b/~1/", "old": 0}]),
    ("/reason", "r" * 4096),
    ("/message", ""),
    ("/tags", ["t" * 64] * 32),
    ("/metadata", {}),
    ("/metadata", {"": {"nested": [[[[[[[[1]]]]]]]]}, "null": None, "é": "\u2028</script>"}),
    ("/attachments", [FILE] * 32),
    ("/attachments", [{**FILE, "size": 2**53 - 1}]),
    ("/producer", PRODUCER),
    ("/producer", {**PRODUCER, "seq": 2**53 - 1, "prev": SHA}),
    ("/upstream", UPSTREAM),
    ("/upstream", {**UPSTREAM, "id": "abc"}),
    ("/raw", {"any": ["json"]}),
    ("/raw", "base64=="),
    ("/raw", 3),
    ("/raw", False),
]


@pytest.mark.parametrize(("pointer", "value"), GOOD, ids=[f"{p}={str(v)[:24]!a}" for p, v in GOOD])
def test_what_the_table_allows_is_stored_as_sent(door: Door, pointer: str, value: Any) -> None:
    """A valid value is taken through every door, and the record holds exactly it."""
    event = _with(pointer, value)
    body = json.dumps(event).encode()
    records = [
        door.record(prepared)
        for prepared in (*door.json(body), *door.json(b"[" + body + b"]"), *door.ndjson(body), *door.objects(event))
    ]
    assert len(records) == 4
    for record in records:
        inner: Any = record
        for key in pointer.strip("/").split("/"):
            inner = inner[key]
        assert inner == value


BAD: list[tuple[str, Any, str, str]] = [
    # server's and reserved fields
    ("/v", 1, "/v", "set by the server"),
    ("/received_at", "2026-01-31T13:45:00.123456Z", "/received_at", "set by the server"),
    ("/principal", "key:x", "/principal", "set by the server"),
    ("/log", "example.com/log", "/log", "set by the server"),
    ("/sealed", ["/actor"], "/sealed", "set by the server"),
    ("/signature", {"alg": "ed25519"}, "/signature", "not supported yet"),
    # unknown fields
    ("/invoice", 9, "/invoice", "metadata"),
    ("/metdata", {}, "/metdata", "did you mean metadata"),
    ("/a/b", 9, "/a", "metadata"),
    ("/actor/mood", "good", "/actor/mood", "attributes"),
    ("/actor/nmae", "good", "/actor/nmae", "did you mean name"),
    ("/context/port", 80, "/context/port", "metadata"),
    ("/context/http", {**HTTP, "x": 1}, "/context/http/x", "unknown field"),
    # null is not absence
    ("/metadata", None, "/metadata", "leave the field out"),
    ("/raw", None, "/raw", "leave the field out"),
    ("/actor/name", None, "/actor/name", "leave the field out"),
    ("/action", None, "/action", "required"),
    ("/targets", [None], "/targets/0", "expected an object, not null"),
    # ids and times
    ("/id", "", "/id", "version 7"),
    ("/id", "919108f7-52d1-4320-9bac-f847db4148a8", "/id", "version 7"),
    ("/id", 7, "/id", "expected a string, not an integer"),
    ("/occurred_at", "2026-01-31", "/occurred_at", "RFC 3339"),
    ("/occurred_at", "2026-01-31T13:45:60Z", "/occurred_at", "leap seconds"),
    ("/occurred_at", 1_700_000_000, "/occurred_at", "expected a string"),
    # action
    ("/action", "", "/action", "empty"),
    ("/action", "a" * 257, "/action", "at most 256 characters, not 257"),
    ("/action", "a\nb", "/action", "control characters"),
    ("/action", "a\x7f", "/action", "control characters"),
    ("/action", "a\x85", "/action", "control characters"),
    ("/action", ["a"], "/action", "expected a string, not an array"),
    # choices
    ("/operation", "destroy", "/operation", "expected one of"),
    ("/operation", 1, "/operation", "expected one of"),
    ("/outcome", "Success", "/outcome", "success"),
    ("/severity", "fatal", "/severity", "critical"),
    # actor
    ("/actor", {}, "/actor/type", "required"),
    ("/actor", {"type": "user"}, "/actor/id", "required"),
    ("/actor", "user:ada", "/actor", "expected an object, not a string"),
    ("/actor/type", "", "/actor/type", "empty"),
    ("/actor/type", "a:b", "/actor/type", "colon"),
    ("/actor/type", "t" * 257, "/actor/type", "256"),
    ("/actor/id", "", "/actor/id", "empty"),
    ("/actor/id", "i" * 257, "/actor/id", "256"),
    ("/actor/id", True, "/actor/id", "not true or false"),
    ("/actor/roles", "admin", "/actor/roles", "an array"),
    ("/actor/roles", ["a", 1], "/actor/roles/1", "a string"),
    ("/actor/attributes", [], "/actor/attributes", "an object"),
    ("/actor/on_behalf_of", {"type": "a:b", "id": "x"}, "/actor/on_behalf_of/type", "colon"),
    ("/actor/on_behalf_of", {"type": "a"}, "/actor/on_behalf_of/id", "required"),
    ("/actor/on_behalf_of", {"type": "a", "id": "b", "roles": []}, "/actor/on_behalf_of/roles", "unknown field"),
    # targets
    ("/targets", TARGET, "/targets", "an array"),
    ("/targets", [TARGET] * 65, "/targets", "at most 64 items, not 65"),
    ("/targets", [TARGET, {"type": "x:y", "id": "1"}], "/targets/1/type", "colon"),
    ("/targets", [{"type": "x"}], "/targets/0/id", "required"),
    ("/targets", [{**TARGET, "id": ""}], "/targets/0/id", "empty"),
    ("/tenant", "", "/tenant", "empty"),
    ("/tenant", "t" * 257, "/tenant", "256"),
    # context
    ("/context", [], "/context", "an object"),
    ("/context/ip", "localhost", "/context/ip", "IPv4 or IPv6"),
    ("/context/ip", "192.0.2.256", "/context/ip", "IPv4 or IPv6"),
    ("/context/ip", "192.0.2.01", "/context/ip", "IPv4 or IPv6"),
    ("/context/ip", "192.0.2.1:80", "/context/ip", "IPv4 or IPv6"),
    ("/context/ip", "192.0.2.0/24", "/context/ip", "IPv4 or IPv6"),
    ("/context/ip", "fe80::1%eth0", "/context/ip", "IPv4 or IPv6"),
    ("/context/ip", "", "/context/ip", "IPv4 or IPv6"),
    ("/context/http", {"method": "GET", "path": "/"}, "/context/http/status", "required"),
    ("/context/http", {**HTTP, "status": 99}, "/context/http/status", "100 to 599"),
    ("/context/http", {**HTTP, "status": "200"}, "/context/http/status", "an integer, not a string"),
    ("/context/http", {**HTTP, "status": 200.5}, "/context/http/status", "an integer"),
    ("/context/http", {**HTTP, "status": True}, "/context/http/status", "an integer, not true or false"),
    # changes
    ("/changes", [CHANGE] * 257, "/changes", "at most 256"),
    ("/changes", [{}], "/changes/0/path", "required"),
    ("/changes", [{"path": "plan"}], "/changes/0/path", "JSON pointer"),
    ("/changes", [{"path": "/a~2"}], "/changes/0/path", "JSON pointer"),
    ("/changes", [{"path": "/a~"}], "/changes/0/path", "JSON pointer"),
    ("/changes", [{"path": "/a", "redacted": "yes"}], "/changes/0/redacted", "true or false"),
    ("/changes", [{"path": "/a", "redacted": None}], "/changes/0/redacted", "leave the field out"),
    # texts
    ("/reason", "r" * 4097, "/reason", "at most 4096"),
    ("/message", "r" * 4097, "/message", "at most 4096"),
    ("/tags", ["t"] * 33, "/tags", "at most 32"),
    ("/tags", [""], "/tags/0", "empty"),
    ("/tags", ["t" * 65], "/tags/0", "at most 64"),
    # metadata, attachments, producer, upstream
    ("/metadata", [], "/metadata", "an object, not an array"),
    ("/metadata", "x", "/metadata", "an object, not a string"),
    ("/attachments", [FILE] * 33, "/attachments", "at most 32"),
    ("/attachments", [{**FILE, "sha256": SHA.upper()}], "/attachments/0/sha256", "64 lower-case hexadecimal"),
    ("/attachments", [{**FILE, "sha256": SHA + "\n"}], "/attachments/0/sha256", "64 lower-case hexadecimal"),
    ("/attachments", [{**FILE, "size": -1}], "/attachments/0/size", "0 to"),
    ("/attachments", [{"name": "x"}], "/attachments/0/sha256", "required"),
    ("/producer", {"id": "x"}, "/producer/seq", "required: an integer"),
    ("/producer", {**PRODUCER, "seq": -1}, "/producer/seq", "0 to"),
    ("/producer", {**PRODUCER, "seq": 2**53}, "/producer/seq", "2^53"),
    ("/producer", {**PRODUCER, "prev": "abc"}, "/producer/prev", "64 lower-case hexadecimal"),
    ("/upstream", {"format": "x", "size": 1}, "/upstream/sha256", "required"),
    ("/upstream", {**UPSTREAM, "format": ""}, "/upstream/format", "empty"),
    # what holds for all JSON
    ("/metadata", {"a": {"$sealed": {}}}, "/metadata/a/$sealed", "reserved"),
    ("/metadata", {"a": "\0"}, "/metadata/a", "U+0000"),
    ("/metadata", {"a\0": 1}, "/metadata/a\0", "U+0000"),
    ("/actor/name", "\0", "/actor/name", "U+0000"),
    ("/metadata", {"a": "\ud800"}, "/metadata/a", "surrogate"),
    ("/metadata", {"a": 2**53}, "/metadata/a", "2^53"),
    ("/metadata", {"a": -(2.0**53)}, "/metadata/a", "2^53"),
    ("/raw", {"a": [1e300]}, "/raw/a/0", "2^53"),
]


@pytest.mark.parametrize(
    ("pointer", "value", "where", "detail"), BAD, ids=[f"{p}={str(v)[:24]!a}" for p, v, _, _ in BAD]
)
def test_what_the_table_forbids_is_refused(door: Door, pointer: str, value: Any, where: str, detail: str) -> None:
    """An invalid value is refused through every door, at its place, with the expectation and nothing else wrong."""
    event = _with(pointer, value)
    body = json.dumps(event).encode()
    good = json.dumps(MINIMAL).encode()
    doors: list[tuple[Callable[[], object], str]] = [
        (lambda: door.json(body), where),
        (lambda: door.json(b"[" + good + b"," + body + b"]"), "/1" + where),
        (lambda: door.ndjson(good + b"\n" + body + b"\n"), "/1" + where),
        (lambda: door.objects(MINIMAL, event), "/1" + where),
    ]
    for prepare, place in doors:
        with pytest.raises(InvalidEvent) as caught:
            prepare()
        found = {wrong.pointer: wrong.detail for wrong in caught.value.places}
        assert place in found
        assert detail in found[place]


@pytest.mark.parametrize("event", [{}, [], "x", 1, None, True, {"action": "x"}, {"actor": MINIMAL["actor"]}])
def test_action_and_actor_are_required(door: Door, event: Any) -> None:
    """An event is an object with an action and an actor; each that lacks is named."""
    with pytest.raises(InvalidEvent) as caught:
        door.ndjson(json.dumps(event).encode())
    pointers = {place.pointer for place in caught.value.places}
    if isinstance(event, dict):
        assert pointers == {f"/0/{name}" for name in ("action", "actor") if name not in event}
    else:
        assert pointers == {"/0"}


def test_all_that_is_wrong_is_said_at_once(door: Door) -> None:
    """Five mistakes take one try to find."""
    event = {
        "actor": {"type": "a:b", "id": ""},
        "targets": [{}],
        "severity": "bad",
        "extra": 1,
        "metadata": {"x": 2**60},
    }
    with pytest.raises(InvalidEvent) as caught:
        door.objects(event)
    assert {place.pointer for place in caught.value.places} == {
        "/0/action",
        "/0/actor/type",
        "/0/actor/id",
        "/0/targets/0/type",
        "/0/targets/0/id",
        "/0/severity",
        "/0/extra",
        "/0/metadata/x",
    }

"""Whatever is wrong with a request: its status, a problem document that names the place, and nothing written."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from indelible.access.token import Token
from tests.e2e.http.test_append import EVENT, ID, events, ndjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from tests.e2e.http.serving import Served

GOOD = json.dumps(EVENT).encode()
STREAM = "application/x-ndjson"


def check_problem(answer: httpx.Response, status: int, *pointers: str) -> dict[str, Any]:
    """An RFC 9457 document of this status, with these places."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["type"].startswith("urn:indelible:problem:")
    assert document["title"]
    assert document["detail"]
    if pointers:
        assert {error["pointer"] for error in document["errors"]} == set(pointers)
        assert all(error["detail"] for error in document["errors"])
    return document


def send(client: httpx.Client, log: str, body: bytes, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"/v1/logs/{log}/events", content=body, headers={"Content-Type": "application/json", **given})


def with_field(**fields: Any) -> bytes:
    return json.dumps({**EVENT, **fields}).encode()


MALFORMED = {
    "empty": b"",
    "blank": b"  \n ",
    "not JSON": b"hello",
    "cut short": GOOD[:-1],
    "two values": GOOD + GOOD,
    "trailing comma": GOOD[:-1] + b",}",
    "bad UTF-8": GOOD.replace(b"ada", b"\xff\xfe"),
    "lone surrogate": GOOD.replace(b"ada", b"\xed\xa0\x80"),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "duplicate key": GOOD[:-1] + b',"action":"x"}',
    "duplicate key inside": b'{"action":"x","actor":{"type":"a","id":"b","id":"c"}}',
    "duplicate key in metadata": GOOD[:-1] + b',"metadata":{"a":{"b":1,"b":2}}}',
    "NaN": GOOD[:-1] + b',"metadata":{"a":NaN}}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_malformed_json_is_400(writer: httpx.Client, served: Served, empty: str, body: bytes) -> None:
    """No meaning as JSON."""
    check_problem(send(writer, empty, body), 400)
    assert served.journaled(empty) == 0


INVALID: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "a number": (b"1", ("",)),
    "null": (b"null", ("",)),
    "no actor": (b'{"action":"x"}', ("/actor",)),
    "no action": (b'{"actor":{"type":"a","id":"b"}}', ("/action",)),
    "unknown field": (with_field(colour="red"), ("/colour",)),
    "server's field": (with_field(received_at="2026-01-01T00:00:00Z"), ("/received_at",)),
    "reserved field": (with_field(signature={}), ("/signature",)),
    "wrong type": (with_field(action=5), ("/action",)),
    "null field": (with_field(reason=None), ("/reason",)),
    "bad outcome": (with_field(outcome="maybe"), ("/outcome",)),
    "bad id": (with_field(id="not-a-uuid"), ("/id",)),
    "bad time": (with_field(occurred_at="yesterday"), ("/occurred_at",)),
    "bad address": (with_field(context={"ip": "999.1.1.1"}), ("/context/ip",)),
    "two places": (with_field(outcome="maybe", tags=[""]), ("/outcome", "/tags/0")),
    "big number": (with_field(metadata={"n": 2**53}), ("/metadata/n",)),
    "NUL": (with_field(reason="a\x00b"), ("/reason",)),
    "too deep": (GOOD[:-1] + b',"metadata":' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}", ()),
    "endless depth": (b"[" * 100_000, ("",)),
    "in an array": (json.dumps([EVENT, EVENT, {"action": "x"}]).encode(), ("/2/actor",)),
}


@pytest.mark.parametrize(("body", "pointers"), INVALID.values(), ids=INVALID)
def test_invalid_event_is_422(
    writer: httpx.Client, served: Served, empty: str, body: bytes, pointers: tuple[str, ...]
) -> None:
    """JSON, but not a valid event: every place is named."""
    document = check_problem(send(writer, empty, body), 422, *pointers)
    assert document["errors"]
    assert served.journaled(empty) == 0


@pytest.mark.parametrize(
    ("line", "status", "pointer"),
    [
        (b'{"action":"x"}', 422, "/6543/actor"),
        (b'{"action":', 400, "/6543"),
        (GOOD.replace(b"ada", b"\xff"), 400, "/6543"),
        (GOOD[:-1] + b',"action":"y"}', 400, "/6543"),
        (b"", 400, "/6543"),
    ],
)
def test_one_bad_line_in_ten_thousand(
    writer: httpx.Client, served: Served, empty: str, line: bytes, status: int, pointer: str
) -> None:
    """All or nothing: the line is named, and the 9,999 good ones are not written either."""
    lines = [json.dumps(item).encode() for item in events(10_000)]
    lines[6_543] = line
    document = check_problem(send(writer, empty, b"\n".join(lines), Content_Type=STREAM), status)
    assert any(error["pointer"].startswith(pointer) for error in document["errors"])
    assert served.journaled(empty) == 0


def test_body_over_the_limit_is_413(writer: httpx.Client, served: Served, empty: str) -> None:
    """Declared or found while reading; says the limit and what to do."""
    limit = served.app.settings.max_body
    for body in (b" " * (limit + 1), iter([b" " * (limit // 8)] * 9)):
        answer = writer.post(f"/v1/logs/{empty}/events", content=body, headers={"Content-Type": "application/json"})
        document = check_problem(answer, 413)
        assert document["type"] == "urn:indelible:problem:body-too-large"
        assert document["limit"] == limit
        assert "several requests" in document["detail"]
    assert served.journaled(empty) == 0


def test_event_over_the_limit_is_413(writer: httpx.Client, served: Served, empty: str) -> None:
    """An entry is at most 65,535 bytes; the event is named and the advice given."""
    large = {**EVENT, "metadata": {"blob": "x" * 70_000}}
    alone = check_problem(writer.post(f"/v1/logs/{empty}/events", json=large), 413)
    assert (alone["type"], alone["limit"]) == ("urn:indelible:problem:event-too-large", 65_535)
    among = check_problem(writer.post(f"/v1/logs/{empty}/events", json=[EVENT, large]), 413)
    assert among["errors"][0]["pointer"] == "/1"
    assert served.journaled(empty) == 0


def test_too_many_events_are_413(writer: httpx.Client, served: Served, empty: str) -> None:
    """However small they are; the limit is told."""
    answer = send(
        writer, empty, b"\n".join([b'{"action":"a","actor":{"type":"a","id":"a"}}'] * 65_537), Content_Type=STREAM
    )
    document = check_problem(answer, 413)
    assert (document["type"], document["limit"]) == ("urn:indelible:problem:too-many-events", 65_536)
    assert served.journaled(empty) == 0


@pytest.mark.parametrize("size", [33 << 20, 1 << 30])
def test_gzip_bomb_is_413(writer: httpx.Client, served: Served, empty: str, size: int) -> None:
    """What would decompress to more than the limit is refused without ever being held."""
    compressor_input = b" " * (1 << 20)
    parts = [gzip.compress(compressor_input, 9)] * (size >> 20)
    answer = send(writer, empty, b"".join(parts), Content_Encoding="gzip")
    document = check_problem(answer, 413)
    assert document["type"] == "urn:indelible:problem:decompressed-body-too-large"
    assert document["limit"] == served.app.settings.max_decompressed
    assert served.journaled(empty) == 0


@pytest.mark.parametrize("body", [GOOD, gzip.compress(GOOD)[:-4], gzip.compress(GOOD) + b"x", b""])
def test_gzip_that_is_none_is_400(writer: httpx.Client, served: Served, empty: str, body: bytes) -> None:
    """Not gzip, cut short, or followed by something."""
    check_problem(send(writer, empty, body, Content_Encoding="gzip"), 400)
    assert served.journaled(empty) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": ""},
        {"Content-Encoding": "br"},
        {"Content-Encoding": "gzip, gzip"},
    ],
)
def test_other_content_is_415(writer: httpx.Client, served: Served, empty: str, headers: Mapping[str, str]) -> None:
    """The detail says what would be taken."""
    given = {"Content-Type": "application/json", **headers}
    answer = writer.post(f"/v1/logs/{empty}/events", content=GOOD, headers=given)
    document = check_problem(answer, 415)
    assert "application/json" in document["detail"] or "gzip" in document["detail"]
    assert served.journaled(empty) == 0


@pytest.mark.parametrize(
    "query", ["wait=soon", "wait=", "return=all", "x=1", "wait=published&wait=published", "wait=%ff"]
)
def test_bad_query_is_400(writer: httpx.Client, served: Served, empty: str, query: str) -> None:
    """Unknown names and values; nothing is guessed."""
    answer = writer.post(f"/v1/logs/{empty}/events?{query}", json=EVENT)
    check_problem(answer, 400)
    assert served.journaled(empty) == 0


def test_wrong_credentials_are_401_and_alike(served: Served, empty: str) -> None:
    """None, malformed, unknown, wrong, revoked: the same answer to the byte, and nothing written."""
    known = served.secrets["writer"].split("_")[1]
    wrong = [
        None,
        "",
        "Bearer",
        "Bearer nonsense",
        "Basic YWRtaW46YWRtaW4=",
        f"Bearer {Token.generate().text}",
        f"Bearer idl_{known}_{Token.generate().secret}",
        f"Bearer {served.secrets['writer']}x",
        "Bearer " + "x" * 9_000,
    ]
    answers = set()
    with served.client(None) as client:
        for credentials in wrong:
            headers = {} if credentials is None else {"Authorization": credentials}
            answer = client.post(f"/v1/logs/{empty}/events", json=EVENT, headers=headers)
            check_problem(answer, 401)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            answers.add(answer.content)
    assert len(answers) == 1
    assert served.journaled(empty) == 0


@pytest.mark.parametrize("role", ["reader", "auditor"])
def test_wrong_role_is_403(served: Served, empty: str, role: str) -> None:
    """Whoever reads cannot write; the answer is the same for a log that does not exist."""
    with served.client(role) as client:
        here = check_problem(client.post(f"/v1/logs/{empty}/events", json=EVENT), 403)
        nowhere = check_problem(client.post("/v1/logs/nowhere/events", json=EVENT), 403)
    assert "writer or admin" in here["detail"]
    assert here["detail"].replace(empty, "nowhere") == nowhere["detail"]
    assert served.journaled(empty) == 0


def test_system_log_is_403_even_for_an_admin(admin: httpx.Client, served: Served) -> None:
    """The server alone writes there."""
    before = served.journaled("_system")
    document = check_problem(admin.post("/v1/logs/_system/events", json=EVENT), 403)
    assert "server alone" in document["detail"]
    assert served.journaled("_system") == before


@pytest.mark.parametrize("name", ["nowhere", "NOWHERE", "a%20b", "..", "%2e%2e", "a" * 300, "%00", "%ff", "caf%C3%A9"])
def test_unknown_log_is_404(writer: httpx.Client, name: str) -> None:
    """Whatever the name; never a 500."""
    answer = writer.post(f"/v1/logs/{name}/events", json=EVENT)
    check_problem(answer, 404)


def test_same_id_with_other_content_is_409(writer: httpx.Client, served: Served, log: str) -> None:
    """The first index is named, and where the id stands; nothing of the request is written."""
    writer.post(f"/v1/logs/{log}/events", json=[EVENT, {**EVENT, "id": ID}])
    other = {**EVENT, "id": ID, "reason": "another"}
    alone = check_problem(writer.post(f"/v1/logs/{log}/events", json=other), 409, "/id")
    assert (alone["first_index"], alone["id"]) == (1, ID)
    check_problem(writer.post(f"/v1/logs/{log}/events", json=[EVENT, EVENT, other]), 409, "/2/id")
    stream = send(writer, log, ndjson([EVENT, other]), Content_Type=STREAM)
    check_problem(stream, 409, "/1/id")
    assert served.journaled(log) == 2


def test_same_id_twice_in_one_request_is_409(writer: httpx.Client, served: Served, log: str) -> None:
    """With other content; with the same content the second is a duplicate of the first."""
    first, other = {**EVENT, "id": ID}, {**EVENT, "id": ID, "reason": "another"}
    document = check_problem(writer.post(f"/v1/logs/{log}/events", json=[first, other]), 409, "/1/id")
    assert document["first_index"] is None
    assert served.journaled(log) == 0
    answer = writer.post(f"/v1/logs/{log}/events", json=[first, first])
    assert [event["duplicate"] for event in answer.json()["events"]] == [False, True]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("role", [None, "admin"])
def test_changing_a_record_is_405(served: Served, log: str, method: str, role: str | None) -> None:
    """For anybody, and the text says why there is no such thing."""
    with served.client("admin") as admin:
        event = admin.post(f"/v1/logs/{log}/events", json=EVENT).json()["events"][0]
    with served.client(role) as client:
        for path in (f"/events/{event['id']}", "/events/0", "/events", "/events/0/proof"):
            answer = client.request(method, f"/v1/logs/{log}{path}", json=EVENT)
            document = check_problem(answer, 405)
            assert "cannot be changed or deleted" in document["detail"]
            assert answer.headers["allow"]
    assert served.journaled(log) == 1


def test_request_ids_are_ours_and_differ(writer: httpx.Client, stranger: httpx.Client, log: str) -> None:
    """Every answer has its own, whatever the client claims, whichever way it took."""
    claimed = {"X-Request-Id": "mine"}
    answers = [
        writer.post(f"/v1/logs/{log}/events", json=EVENT, headers=claimed),
        writer.post(f"/v1/logs/{log}/events", content=b"x", headers=claimed),
        writer.get("/v1/logs", headers=claimed),
        stranger.get("/healthz", headers=claimed),
        stranger.get("/nowhere", headers=claimed),
    ]
    ids = [answer.headers.get_list("x-request-id") for answer in answers]
    assert all(len(each) == 1 for each in ids)
    assert len({each[0] for each in ids} | {"mine"}) == len(answers) + 1

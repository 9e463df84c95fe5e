"""Logs and API keys over HTTP, and who may administer what."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from indelible.access import Grant
from indelible.formats.tlog_policy import Policy
from indelible.formats.vkey import VerifierKey
from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_bad_input import check_problem
from tests.recorded_log import TEST

if TYPE_CHECKING:
    import httpx

    from tests.e2e.http.serving import Served


TRAIL = {
    "Records": [
        {
            "eventID": "00000000-0000-4000-8000-000000000000",
            "eventTime": "2026-01-31T08:00:00Z",
            "eventSource": "iam.amazonaws.com",
            "eventName": "CreateUser",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/ada"},
        }
    ]
}


def test_describe_log_says_what_a_verifier_needs(writer: httpx.Client, log: str) -> None:
    """Any role may see size, checkpoint and keys; the policy demands both of the log's own signatures."""
    writer.post(f"/v1/logs/{log}/events?wait=published", json=EVENT)
    document = writer.get(f"/v1/logs/{log}").json()
    assert (document["log"], document["size"], document["journaled"]) == (log, 1, 1)
    assert (document["read_only"], document["public"], document["witnesses"]) == (None, False, [])
    assert len([VerifierKey.parse(vkey) for vkey in document["vkeys"]]) == 2
    result = Policy.parse(document["policy"].encode()).check(document["checkpoint"].encode())
    assert result.quorum_met
    assert (result.checkpoint.origin, result.checkpoint.size) == (document["origin"], 1)
    assert result.checkpoint.root.hex() == document["root"]


def test_create_log_can_be_used_at_once(admin: httpx.Client, writer: httpx.Client) -> None:
    """201 with its path; a second of the same name is 409."""
    answer = admin.post("/v1/logs", json={"log": "created", "public": True})
    assert answer.status_code == 201
    assert answer.headers["location"] == "/v1/logs/created"
    assert answer.json() == admin.get("/v1/logs/created").json()
    assert answer.json()["public"] is True
    assert writer.post("/v1/logs/created/events", json=EVENT).status_code == 201
    check_problem(admin.post("/v1/logs", json={"log": "created"}), 409, "/log")


def test_create_log_takes_an_origin(admin: httpx.Client) -> None:
    """One that is given is used as it is."""
    answer = admin.post("/v1/logs", json={"log": "named", "origin": "audit.example.com/named"})
    assert answer.json()["origin"] == "audit.example.com/named"
    check_problem(admin.post("/v1/logs", json={"log": "other", "origin": "audit.example.com/named"}), 422)


@pytest.mark.parametrize(
    ("body", "status", "pointers"),
    [
        ({}, 422, ()),
        ({"log": 1}, 422, ("/log",)),
        ({"log": "x", "public": "yes"}, 422, ("/public",)),
        ({"log": "x", "colour": "red"}, 422, ()),
        ({"log": "Upper"}, 422, ()),
        ({"log": "../x"}, 422, ()),
        ({"log": ""}, 422, ()),
        ({"log": "a" * 64}, 422, ()),
        ({"log": "_mine"}, 422, ()),
        ({"log": "x", "origin": "a\nb"}, 422, ()),
        ([], 422, ()),
    ],
)
def test_create_log_refuses(admin: httpx.Client, body: Any, status: int, pointers: tuple[str, ...]) -> None:
    """What cannot name a log, and what is no such request."""
    before = [log["log"] for log in admin.get("/v1/logs").json()["logs"]]
    check_problem(admin.post("/v1/logs", json=body), status, *pointers)
    assert [log["log"] for log in admin.get("/v1/logs").json()["logs"]] == before


def test_list_logs_shows_those_with_a_role(served: Served, admin: httpx.Client) -> None:
    """Nobody learns of logs that are none of their business."""
    mine, other = served.new_log(), served.new_log()
    key = served.api_keys.create(name="one", grants=[Grant.parse(f"reader:{mine}")], by=TEST)
    headers = {"Authorization": f"Bearer {key.secret}"}
    with served.client(None) as client:
        assert [each["log"] for each in client.get("/v1/logs", headers=headers).json()["logs"]] == [mine]
        check_problem(client.get(f"/v1/logs/{other}", headers=headers), 403)
    names = [each["log"] for each in admin.get("/v1/logs").json()["logs"]]
    assert {mine, other, "main", "_system"} <= set(names)
    assert names == sorted(names)


def test_api_key_is_made_used_listed_and_revoked(served: Served, admin: httpx.Client, log: str) -> None:
    """Its whole life over HTTP: the secret is shown once, and revoking holds for the very next request."""
    new = {"name": "billing", "grants": [{"role": "writer", "log": log}], "expires_at": "2100-01-01T00:00:00Z"}
    made = admin.post("/v1/api-keys", json=new)
    assert made.status_code == 201
    document = made.json()
    assert made.headers["location"] == f"/v1/api-keys/{document['id']}"
    assert made.headers["cache-control"] == "no-store"
    assert (document["name"], document["grants"], document["revoked_at"]) == ("billing", new["grants"], None)
    secret = document.pop("secret")
    headers = {"Authorization": f"Bearer {secret}"}
    with served.client(None) as client:
        assert client.post(f"/v1/logs/{log}/events", json=EVENT, headers=headers).status_code == 201
        listed = admin.get("/v1/api-keys").json()["api_keys"]
        assert document in listed
        assert secret not in admin.get("/v1/api-keys").text
        assert admin.delete(f"/v1/api-keys/{document['id']}").status_code == 204
        check_problem(client.post(f"/v1/logs/{log}/events", json=EVENT, headers=headers), 401)
    assert served.journaled(log) == 1
    assert admin.delete(f"/v1/api-keys/{document['id']}").status_code == 204
    shown = next(each for each in admin.get("/v1/api-keys").json()["api_keys"] if each["id"] == document["id"])
    assert shown["revoked_at"]


def test_api_key_is_rotated_without_a_gap(served: Served, admin: httpx.Client, log: str) -> None:
    """The new key is another secret of the same principal; the old one works until its overlap is over."""
    made = admin.post("/v1/api-keys", json={"name": "ci", "grants": [{"role": "writer", "log": log}]}).json()
    answer = admin.post(f"/v1/api-keys/{made['id']}/rotate", json={"overlap": 3_600})
    assert answer.status_code == 201
    new = answer.json()
    assert answer.headers["location"] == f"/v1/api-keys/{new['id']}"
    for secret in (made["secret"], new["secret"]):
        headers = {"Authorization": f"Bearer {secret}"}
        with served.client(None) as client:
            answer = client.post(f"/v1/logs/{log}/events?wait=published", json=EVENT, headers=headers)
            assert answer.status_code == 201
            assert answer.json()["events"]
    reader = served.logs.get(log).log.reader
    assert {json.loads(reader.get(index).entry)["principal"] for index in (0, 1)} == {made["principal"]}
    old = admin.get(f"/v1/api-keys/{made['id']}").json()
    assert (old["rotated_to"], "secret" in old) == (new["id"], False)
    assert old["expires_at"]
    check_problem(admin.post(f"/v1/api-keys/{made['id']}/rotate", json={}), 409)
    assert admin.post(f"/v1/api-keys/{new['id']}/rotate", json={"overlap": 0}).status_code == 201
    with served.client(None) as client:
        check_problem(client.get("/v1/logs", headers={"Authorization": f"Bearer {new['secret']}"}), 401)


def test_api_key_is_held_to_its_rate(served: Served, admin: httpx.Client, log: str) -> None:
    """429 with a problem type of its own and Retry-After: for requests, and for events, all or nothing."""
    grants = [{"role": "writer", "log": log}]
    slow = admin.post("/v1/api-keys", json={"name": "slow", "grants": grants, "limit": {"requests_per_second": 1}})
    few = admin.post("/v1/api-keys", json={"name": "few", "grants": grants, "limit": {"events_per_second": 1}})
    assert slow.json()["limit"] == {"requests_per_second": 1, "events_per_second": None}
    with served.client(None) as client:
        client.headers["Authorization"] = f"Bearer {slow.json()['secret']}"
        answers = [client.get("/v1/logs") for _ in range(10)]
        assert answers[0].status_code == 200
        document = check_problem(answers[1], 429)
        assert document["type"] == "urn:indelible:problem:rate-limited"
        assert answers[1].headers["retry-after"] == "1"
        client.headers["Authorization"] = f"Bearer {few.json()['secret']}"
        assert client.post(f"/v1/logs/{log}/events", json=[EVENT] * 20).status_code == 201
        for path, body in (("events", EVENT), ("events", [EVENT, EVENT]), ("ingest/cloudtrail", TRAIL)):
            answer = client.post(f"/v1/logs/{log}/{path}", json=body)
            document = check_problem(answer, 429)
            assert document["type"] == "urn:indelible:problem:rate-limited"
            assert 10 <= int(answer.headers["retry-after"]) <= 20
    assert served.journaled(log) == 20


def test_api_key_shows_when_it_was_last_used(served: Served, admin: httpx.Client, log: str) -> None:
    """Once it has been written down, which no request waits for."""
    made = admin.post("/v1/api-keys", json={"name": "ci", "grants": [{"role": "reader", "log": log}]}).json()
    assert made["last_used_at"] is None
    with served.client(None) as client:
        client.get("/v1/logs", headers={"Authorization": f"Bearer {made['secret']}"})
    served.authenticator.write_uses()
    used = datetime.fromisoformat(admin.get(f"/v1/api-keys/{made['id']}").json()["last_used_at"])
    assert datetime.fromisoformat(made["created_at"]) - used < timedelta(seconds=1)
    assert used <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"limit": {"requests_per_second": 0}}, ("/limit/requests_per_second",)),
        ({"limit": {"events_per_second": 1.5}}, ("/limit/events_per_second",)),
        ({"limit": {"bytes_per_second": 1}}, ("/limit",)),
        ({"grants": []}, ()),
        ({"grants": [{"role": "owner", "log": "main"}]}, ("/grants/0/role",)),
        ({"grants": [{"role": "writer", "log": "main"}, {"role": "writer", "log": "a*b"}]}, ("/grants/1/log",)),
        ({"grants": "writer:main"}, ("/grants",)),
        ({"name": ""}, ()),
        ({"name": "a\nb"}, ()),
        ({"expires_at": "tomorrow"}, ("/expires_at",)),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ()),
        ({"expires_at": "2100-01-01T00:00:00"}, ()),
        ({"scopes": []}, ()),
    ],
)
def test_create_api_key_refuses(admin: httpx.Client, change: dict[str, Any], pointers: tuple[str, ...]) -> None:
    """422 with the place; no key is made."""
    before = len(admin.get("/v1/api-keys").json()["api_keys"])
    new = {"name": "x", "grants": [{"role": "writer", "log": "main"}], **change}
    check_problem(admin.post("/v1/api-keys", json=new), 422, *pointers)
    assert len(admin.get("/v1/api-keys").json()["api_keys"]) == before


def test_administration_reads_its_bodies_strictly(admin: httpx.Client) -> None:
    """Malformed JSON 400, another type 415, too large 413, a bad query 400."""
    for path in ("/v1/api-keys", "/v1/logs"):
        json_type = {"Content-Type": "application/json"}
        for body in (b"", b"{", b"\xff", b'{"log":"a","log":"b"}', b"[" * 60_000):
            check_problem(admin.post(path, content=body, headers=json_type), 400)
        check_problem(admin.post(path, content=b"{}", headers={"Content-Type": "text/plain"}), 415)
        check_problem(admin.post(path, content=b"{}", headers={**json_type, "Content-Encoding": "gzip"}), 415)
        check_problem(admin.post(path, content=b" " * 70_000, headers=json_type), 413)
        check_problem(admin.post(f"{path}?x=1", content=b"{}", headers=json_type), 400)


@pytest.mark.parametrize("role", ["writer", "reader", "auditor"])
def test_administration_needs_an_admin(served: Served, role: str) -> None:
    """Nobody else creates logs, or sees, makes or revokes keys."""
    with served.client(role) as client:
        check_problem(client.post("/v1/logs", json={"log": "x"}), 403)
        check_problem(client.get("/v1/api-keys"), 403)
        check_problem(client.post("/v1/api-keys", json={"name": "x", "grants": []}), 403)
        check_problem(client.get("/v1/api-keys/x"), 403)
        check_problem(client.post("/v1/api-keys/x/rotate", json={}), 403)
        check_problem(client.delete("/v1/api-keys/x"), 403)


def test_administrator_of_a_team_stays_within_it(served: Served, admin: httpx.Client) -> None:
    """Grants, keys and logs of others are out of reach, and other teams' keys do not even exist."""
    key = served.api_keys.create(name="team", grants=[Grant.parse("admin:team-a-*")], by=TEST)
    other = served.api_keys.create(name="other", grants=[Grant.parse("reader:main")], by=TEST)
    with served.client(None) as team:
        team.headers["Authorization"] = f"Bearer {key.secret}"
        assert team.post("/v1/logs", json={"log": "team-a-orders"}).status_code == 201
        check_problem(team.post("/v1/logs", json={"log": "team-b-orders"}), 403)
        within = {"name": "x", "grants": [{"role": "writer", "log": "team-a-*"}]}
        made = team.post("/v1/api-keys", json=within)
        assert made.status_code == 201
        for beyond in ("main", "*", "team-*"):
            grants = [*within["grants"], {"role": "reader", "log": beyond}]
            check_problem(team.post("/v1/api-keys", json={"name": "x", "grants": grants}), 403)
        listed = {each["id"] for each in team.get("/v1/api-keys").json()["api_keys"]}
        assert listed == {key.id, made.json()["id"]}
        check_problem(team.delete(f"/v1/api-keys/{other.id}"), 404)
        check_problem(team.get(f"/v1/api-keys/{other.id}"), 404)
        check_problem(team.post(f"/v1/api-keys/{other.id}/rotate", json={}), 404)
    assert served.api_keys.get(other.id).revoked_at is None
    check_problem(admin.delete("/v1/api-keys/nobody"), 404)

"""The log of the log: what is done to a server is recorded in it, and what cannot be recorded is not done."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from indelible.access import Grant
from tests.e2e.http.serving import serving
from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_bad_input import check_problem
from tests.recorded_log import TEST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.http.serving import Served


class Since:
    """The records of the system log from a moment on."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._begin = served.journaled("_system")

    @property
    def records(self) -> list[dict[str, Any]]:
        reader = self._served.logs.get("_system").log.reader
        return [json.loads(reader.get(index).entry) for index in range(self._begin, self._served.journaled("_system"))]

    def actions(self) -> list[tuple[str, str]]:
        """Action, without its prefix, and outcome."""
        return [(record["action"].removeprefix("indelible."), record["outcome"]) for record in self.records]


@pytest.fixture
def since(served: Served) -> Since:
    return Since(served)


def test_first_records_are_the_births_of_the_logs(served: Served) -> None:
    """Before anything else: that the log and its log were made, where, and by whom."""
    reader = served.logs.get("_system").log.reader
    births = [json.loads(reader.get(index).entry) for index in (0, 1)]
    assert [birth["targets"][0]["id"] for birth in births] == ["main", "_system"]
    for birth in births:
        assert (birth["action"], birth["actor"]["type"]) == ("indelible.log_created", "local")
        assert birth["metadata"]["origin"]


def test_every_administrative_act_is_recorded_twice(admin: httpx.Client, since: Since) -> None:
    """The intent before, the outcome after: who, on what, from where, under which request."""
    admin.post("/v1/logs", json={"log": "on-record"})
    key = admin.post("/v1/api-keys", json={"name": "ci", "grants": [{"role": "writer", "log": "on-record"}]}).json()
    rotated = admin.post(f"/v1/api-keys/{key['id']}/rotate", json={})
    grant = {"principal": key["principal"], "role": "reader", "log": "on-record"}
    made = admin.post("/v1/grants", json=grant).json()
    admin.delete(f"/v1/grants/{made['id']}")
    admin.delete(f"/v1/api-keys/{key['id']}")
    acts = ["log_created", "api_key_created", "api_key_rotated", "grant_changed", "grant_changed", "api_key_revoked"]
    assert since.actions() == [(act, outcome) for act in acts for outcome in ("unknown", "success")]
    intent, outcome = since.records[4:6]
    assert intent["actor"]["type"] == "api-key"
    assert intent["actor"]["name"] == "admin"
    assert intent["context"]["ip"] == "127.0.0.1"
    assert intent["context"]["user_agent"].startswith("python-httpx/")
    assert intent["context"]["request_id"] == rotated.headers["x-request-id"]
    assert outcome["metadata"]["intent"] == intent["id"]
    assert [record["metadata"]["change"] for record in since.records[6:10:2]] == ["granted", "taken back"]
    text = json.dumps(since.records)
    for secret in (key["secret"], rotated.json()["secret"]):
        assert secret.split("_")[2] not in text


def test_refused_administration_is_recorded_as_failed(admin: httpx.Client, since: Since) -> None:
    """A key that was rotated before, the last administrator: the attempt is on record."""
    own = next(each for each in admin.get("/v1/grants").json()["grants"] if each["role"] == "admin")
    check_problem(admin.delete(f"/v1/grants/{own['id']}"), 409)
    assert since.actions() == [("grant_changed", "unknown"), ("grant_changed", "failure")]
    assert "make another first" in since.records[1]["reason"]


def test_denials_are_added_up(served: Served, reader: httpx.Client, log: str, since: Since) -> None:
    """However often somebody knocks: one record for those that nobody knows, one for each that is known."""
    for _ in range(20):
        httpx.post(f"{served.url}/v1/logs/{log}/events", json=EVENT, headers={"Authorization": "Bearer nonsense"})
        httpx.get(f"{served.url}/v1/logs")
        reader.post(f"/v1/logs/{log}/events", json=EVENT)
    assert since.records == []  # nobody waits for it
    served.app.write_denials()
    records = {record["action"]: record for record in since.records}
    login, access = records["indelible.login_denied"], records["indelible.access_denied"]
    assert len(since.records) == 2
    assert (login["actor"]["type"], login["outcome"], login["context"]["ip"]) == ("anonymous", "denied", "127.0.0.1")
    assert login["metadata"]["count"] == 40
    assert login["metadata"]["routes"] == {"append": 20, "/v1/logs": 20}
    assert (access["actor"]["name"], access["metadata"]["count"]) == ("reader", 20)


@pytest.mark.parametrize("role", ["writer", "reader"])
def test_system_log_is_for_auditors_and_admins(served: Served, role: str) -> None:
    """Nobody else reads it, in whichever way."""
    with served.client(role) as client:
        for path in (
            "/v1/logs/_system",
            "/v1/logs/_system/events/0",
            "/v1/logs/_system/events/0/proof",
            "/v1/logs/_system/consistency?from=1&to=2",
            "/logs/_system/checkpoint",
            "/logs/_system/tile/0/000.p/1",
            "/logs/_system/tile/entries/000.p/1",
        ):
            check_problem(client.get(path), 403)


def test_reading_the_system_log_is_recorded_once(served: Served, since: Since) -> None:
    """One record for a reader and ten minutes, not one for each tile: else verifying it would never end."""
    key = served.api_keys.create(name="auditing", grants=[Grant.parse("auditor:_system")], by=TEST)
    with served.client(None) as client:
        client.headers["Authorization"] = f"Bearer {key.secret}"
        for path in ("/logs/_system/checkpoint", "/v1/logs/_system/events/0", "/v1/logs/_system/events/1"):
            assert client.get(path).status_code == 200
        assert client.get("/v1/logs/_system").status_code == 200
    reads = [record for record in since.records if record["action"] == "indelible.system_read"]
    assert [(read["actor"]["name"], read["targets"]) for read in reads] == [
        ("auditing", [{"type": "log", "id": "_system"}])
    ]


def test_questions_are_recorded_once(served: Served, admin: httpx.Client, log: str, since: Since) -> None:
    """Who asked what of which log: one record for all pages and pictures of an answer, one for each export."""
    admin.post(f"/v1/logs/{log}/events?wait=published", json=[EVENT] * 3)
    question = {"q": "actor:ada", "since": "2020-01-01T00:00:00Z"}
    first: dict[str, Any] = {"next": None}
    deadline = time.monotonic() + 30
    while first["next"] is None:  # until the index has taken in what was just published
        assert time.monotonic() < deadline
        first = admin.get(f"/v1/logs/{log}/events", params={**question, "limit": 1}).json()
    for path, more in (
        ("events", {"cursor": first["next"]}),
        ("histogram", {}),
        ("facets", {"field": "action"}),
    ):
        assert admin.get(f"/v1/logs/{log}/{path}", params={**question, **more}).status_code == 200
    for _ in range(2):
        assert admin.get(f"/v1/logs/{log}/export", params={**question, "format": "csv"}).status_code == 200
    with admin.stream("GET", f"/v1/logs/{log}/stream", params={"q": "actor:ada"}) as stream:
        assert stream.status_code == 200
    admin.get(f"/v1/logs/{log}/events", params={"q": "nofield:x"})  # no question at all
    assert [action for action, _ in since.actions()] == ["search", "export", "export", "stream_opened"]
    search, export, *_ = since.records
    assert search["metadata"] == {"query": "actor:ada", "since": "2020-01-01T00:00:00Z"}
    assert export["metadata"]["format"] == "csv"
    assert {record["targets"][0]["id"] for record in since.records} == {log}
    assert {record["actor"]["name"] for record in since.records} == {"admin"}


def test_scrub_that_finds_something_is_recorded(tmp_path: Path) -> None:
    """The server puts on record that its own data were altered: which log, how much, and where."""
    with serving(tmp_path) as served, served.client("admin") as admin:
        admin.post("/v1/logs/main/events?wait=published", json=EVENT)
        since = Since(served)
        bundle = tmp_path / "data" / "logs" / "main" / "tile" / "entries" / "000.p" / "1"
        bundle.chmod(0o644)
        bundle.write_bytes(bundle.read_bytes().replace(b"ada", b"eve"))
        served.logs.get("main").writable.scrubber.run(threading.Event())
        (record,) = since.records
    assert (record["action"], record["outcome"]) == ("indelible.verification_failed", "failure")
    assert record["targets"] == [{"type": "log", "id": "main"}]
    assert record["metadata"]["findings"] == 1
    assert record["metadata"]["first"] == ["entry_altered at tile/entries/000.p/1"]


def test_what_cannot_be_recorded_is_not_done(tmp_path: Path) -> None:
    """When the system log takes nothing, nothing is administered, and nobody reads it unseen; other logs go on."""
    with serving(tmp_path) as served, served.client("admin") as admin:
        served.logs.get("_system").writable._health.fail(OSError("the disk is gone"))
        listed = admin.get("/v1/api-keys").json()
        for answer in (
            admin.post("/v1/logs", json={"log": "other"}),
            admin.post("/v1/api-keys", json={"name": "x", "grants": [{"role": "writer", "log": "main"}]}),
            admin.post("/v1/grants", json={"principal": "oidc:ci:x", "role": "writer", "log": "main"}),
            admin.delete(f"/v1/api-keys/{listed['api_keys'][-1]['id']}"),
            admin.get("/v1/logs/_system/events/0"),
            admin.get("/v1/logs/main/events"),
        ):
            check_problem(answer, 503)
            assert answer.headers["retry-after"]
        assert admin.get("/v1/api-keys").json()["api_keys"] == listed["api_keys"]
        assert [log["log"] for log in admin.get("/v1/logs").json()["logs"]] == ["_system", "main"]
        assert admin.post("/v1/logs/main/events", json=EVENT).status_code == 201
        assert admin.get("/v1/logs/main/events/0").status_code == 200

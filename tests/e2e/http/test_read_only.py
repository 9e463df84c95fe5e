"""A server that only reads: it writes nothing at all, says so to whoever tries, and follows whoever does write."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import httpx
import pytest

import indelible
from indelible.cli.init import first_admin_key
from indelible.embedded import DataDirectory
from indelible.embedded.administration import administering
from indelible.errors import ReadOnly
from indelible.log.read_only import REFRESH_SECONDS
from tests.e2e.http.serving import serving_directory
from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_bad_input import check_problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INDELIBLE_STATE", str(tmp_path / "state"))
    with indelible.open(tmp_path / "data", create=True) as log:
        log.record_many([EVENT] * 3)
    return tmp_path / "data"


@pytest.fixture
def secret(data: Path) -> str:
    with DataDirectory.open(data) as directory:
        return first_admin_key(directory).secret


@pytest.fixture
def client(data: Path, secret: str) -> Iterator[httpx.Client]:
    """An administrator's client of a server that only reads."""
    headers = {"Authorization": f"Bearer {secret}"}
    with serving_directory(data, read_only=True) as url, httpx.Client(base_url=url, headers=headers) as client:
        yield client


def found(client: httpx.Client, query: str) -> list[int]:
    """What a search finds once the index has caught up."""
    deadline = time.monotonic() + 30
    while True:
        answer = client.get("/v1/logs/main/events", params={"q": query}).json()
        if answer["coverage"]["complete"]:
            return [event["index"] for event in answer["events"]]
        assert time.monotonic() < deadline, answer


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("control.sqlite-"))
    return {str(path): path.read_bytes() for path in files}


def test_read_only_server_serves_everything_and_writes_nothing(client: httpx.Client, data: Path) -> None:
    """Entries, by index and id, proofs, tiles, searches; and no byte changes, of the system log neither."""
    before = contents(data)
    entry = client.get("/v1/logs/main/events/2").json()
    assert client.get(f"/v1/logs/main/events/{entry['id']}").json() == entry
    assert client.get("/v1/logs/main/events/0/proof").text.startswith("c2sp.org/tlog-proof@v1")
    assert client.get("/logs/main/tile/0/000.p/3").status_code == 200
    assert found(client, "actor:ada") == [2, 1, 0]
    description = client.get("/v1/logs/main").json()
    assert (description["size"], description["read_only"]) == (3, "this server only reads")
    assert contents(data) == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/logs/main/events", EVENT),
        ("/v1/logs/main/events", [EVENT, EVENT]),
        ("/v1/logs/main/ingest/cloudevents", EVENT),
        ("/v1/logs", {"log": "another"}),
        ("/v1/api-keys", {"name": "b", "grants": [{"role": "writer", "log": "main"}]}),
        ("/v1/searches", {"name": "mine", "log": "main", "query": "actor:ada"}),
    ],
)
def test_read_only_server_refuses_to_write(client: httpx.Client, path: str, body: object) -> None:
    """With a reason, and not as a failure of its own."""
    problem = check_problem(client.post(path, json=body), 503)
    assert "only reads" in problem["detail"]


def test_read_only_server_is_ready(client: httpx.Client) -> None:
    """That it takes no appends is what it is for: neither readiness nor an alarm speaks of it."""
    assert client.get("/readyz").status_code == 200
    assert re.search(r'^indelible_log_read_only\{log="main"\} 0', client.get("/metrics").text, re.MULTILINE)


def test_read_only_server_follows_a_writer(client: httpx.Client, data: Path) -> None:
    """Without restart, and with ids that no run on disk has yet."""
    with indelible.open(data) as log:
        receipt = log.record("thing.done", actor="user:eve")
        receipt.wait_published()
        deadline = time.monotonic() + 30 * REFRESH_SECONDS
        while client.get("/v1/logs/main/events/3").status_code == 404:
            assert time.monotonic() < deadline
        assert client.get(f"/v1/logs/main/events/{receipt.id}").json()["index"] == 3
        assert client.get("/v1/logs/main").json()["size"] == 4


def test_closed_log_is_read_beside_others_that_are_written(data: Path, secret: str) -> None:
    """`read_only` in the configuration closes one log: the server and everybody else append to the others only."""
    with DataDirectory.open(data) as directory, administering(directory) as admin:
        directory.create_log("open", acts=admin.acts, by=admin.by)
    text = (data / "indelible.toml").read_text()
    (data / "indelible.toml").write_text(text.replace('[logs."main"]\n', '[logs."main"]\nread_only = true\n'))
    with DataDirectory.open(data) as directory, pytest.raises(ReadOnly, match="succeeded"):
        directory.open_log("main")
    headers = {"Authorization": f"Bearer {secret}"}
    with serving_directory(data, read_only=False) as url, httpx.Client(base_url=url, headers=headers) as client:
        assert "succeeded" in check_problem(client.post("/v1/logs/main/events", json=EVENT), 503)["detail"]
        assert client.get("/v1/logs/main/events/0").status_code == 200
        assert found(client, "action:*") == [2, 1, 0]
        assert client.post("/v1/logs/open/events", json=EVENT).status_code == 201
        assert client.get("/readyz").status_code == 200

"""search, tail, export and searches over a server: the same commands, the same answers, by role."""

from __future__ import annotations

import json
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from indelible.access import ApiKeys, Grant, Role
from indelible.embedded import DataDirectory
from indelible.embedded.administration import administering
from tests.e2e.cli.command import Command, InProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.cli.command import Serving

pytestmark = pytest.mark.xdist_group("cli-searching-server")

PATIENCE = 60


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data directory, and the keys of an admin and a reader."""
    folder = tmp_path_factory.mktemp("home")
    environment = {"INDELIBLE_STATE": str(folder / "server-state")}
    with (
        DataDirectory.create(folder / "data", environment=environment) as directory,
        administering(directory) as admin,
    ):
        keys = ApiKeys(admin.store, admin.acts)
        for role in (Role.ADMIN, Role.READER):
            key = keys.create(name=role.value, grants=[Grant(role, "*")], by=admin.by)
            (folder / role.value).write_text(key.secret + "\n")
    return folder


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Serving]:
    command = Command(home, {"INDELIBLE_STATE": str(home / "server-state")})
    with command.serving() as server:
        lines = [
            {"action": f"door.{number % 2}", "actor": {"type": "user", "id": "ada"}, "outcome": outcome}
            for number, outcome in enumerate(("success", "denied", "success", "failure") * 5)
        ]
        events = "\n".join(map(json.dumps, lines))
        imported = command("import", "ndjson", "-", "--url", server.url, "--api-key-file", "admin", given=events)
        imported.expect(0)
        yield server


@pytest.fixture
def cli(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> InProcess:
    """Commands of a user elsewhere, whose state directory knows nothing of the server's."""
    return InProcess(home, monkeypatch, capsys)


def test_answers_are_those_of_the_directory(cli: InProcess, server: Serving) -> None:
    """What a server answers, and what reading its directory beside it answers, is the same to the byte."""
    remote = ("--url", server.url, "--api-key-file", "reader")
    for asked in (
        ("search", "-outcome:success", "--all", "--json"),
        ("search", "--order", "asc", "--limit", "3"),
        ("search", "--histogram", "--buckets", "4", "--json"),
        ("search", "--facet", "outcome", "action:door.1", "--json"),
        ("search", "nothing.like.this"),
        ("tail", "-n", "4"),
    ):
        over_http, beside = cli(*asked, *remote).expect(0), cli(*asked).expect(0)
        assert over_http.out == beside.out, asked
    assert cli("search", "actr:ada", *remote).expect(2).err == cli("search", "actr:ada").expect(2).err


def test_proofs_and_exports_need_an_auditor(cli: InProcess, server: Serving) -> None:
    """A reader finds; proofs, checked under keys pinned at the first meeting, and exports are for auditors."""
    admin, reader = (("--url", server.url, "--api-key-file", who) for who in ("admin", "reader"))
    assert "auditor" in cli("search", "--proof", *reader).expect(2).err
    assert "auditor" in cli("export", "-o", "out", *reader).expect(2).err
    assert not (cli.folder / "out").exists()
    lines = cli("search", "--proof", "--limit", "2", *admin).expect(0).out.splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["proven", "proven"]
    cli("export", "-outcome:success", "-o", "out.ndjson", *admin).expect(0)
    exported = [json.loads(line)["index"] for line in (cli.folder / "out.ndjson").read_text().splitlines()]
    assert exported == [index for index in range(20) if index % 2]


def test_saved_searches_are_shared(cli: InProcess, server: Serving) -> None:
    """One saves, the other runs; only the owner and administrators change it."""
    admin, reader = (("--url", server.url, "--api-key-file", who) for who in ("admin", "reader"))
    cli("searches", "create", "bad", "-outcome:success", *admin).expect(0)
    assert cli("searches", "list", "--json", *reader).expect(0).json["searches"][0]["name"] == "bad"
    found = cli("search", "--saved", "bad", "outcome:denied", "--json", *reader).expect(0).json_lines
    assert [one["index"] for one in found] == [17, 13, 9, 5, 1]
    cli("searches", "delete", "bad", *reader).expect(2)
    assert "already" in cli("searches", "create", "bad", *admin).expect(2).err
    cli("searches", "create", "bad", "outcome:denied", "--replace", *admin).expect(0)
    assert cli("searches", "show", "bad", "--json", *admin).expect(0).json["query"] == "outcome:denied"
    cli("searches", "delete", "bad", *admin).expect(0)


def test_tail_follows_a_server(home: Path, cli: InProcess, server: Serving) -> None:
    """What another client records appears, filtered, and once."""
    remote = ("--url", server.url, "--api-key-file", "admin")
    following = Command(home).start("tail", "-f", "-n", "0", "action:live", "--json", *remote)
    shown = threading.Event()
    indices: list[int] = []

    def read() -> None:
        assert following.stdout is not None
        for line in following.stdout:
            indices.append(json.loads(line)["index"])
            shown.set()

    thread = threading.Thread(target=read)
    thread.start()
    recorded = []
    while not shown.wait(0.2):  # it may not listen yet
        recorded.append(cli("record", "live", "--actor", "user:ada", "--json", *remote).expect(0).json["index"])
        cli("record", "other", "--actor", "user:ada", *remote).expect(0)
        assert len(recorded) < PATIENCE
    last = cli("record", "live", "--actor", "user:ada", "--json", *remote).expect(0).json["index"]
    while indices[-1] < last:
        shown.clear()
        assert shown.wait(PATIENCE)
    following.send_signal(signal.SIGINT)
    assert following.wait(PATIENCE) == 0
    thread.join()
    for stream in (following.stdout, following.stderr):
        assert stream is not None
        stream.close()
    seen = [*recorded, last]
    assert indices == seen[seen.index(indices[0]) :]

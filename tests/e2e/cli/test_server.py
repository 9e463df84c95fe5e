"""The commands beside, and over, a server that is a process of its own."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import httpx
import pytest

from indelible.access import ApiKeys, Grant, Role
from indelible.embedded import DataDirectory
from indelible.embedded.administration import administering
from tests.e2e.cli.command import Command, InProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.cli.command import Serving

pytestmark = pytest.mark.xdist_group("cli-server")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data directory, an admin's key in ``admin`` and a writer's in ``writer``."""
    folder = tmp_path_factory.mktemp("home")
    environment = {"INDELIBLE_STATE": str(folder / "server-state")}
    with (
        DataDirectory.create(folder / "data", environment=environment) as directory,
        administering(directory) as admin,
    ):
        keys = ApiKeys(admin.store, admin.acts)
        for role in (Role.ADMIN, Role.WRITER):
            key = keys.create(name=role.value, grants=[Grant(role, "*")], by=admin.by)
            (folder / role.value).write_text(key.secret + "\n")
    return folder


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Serving]:
    environment = {"INDELIBLE_STATE": str(home / "server-state")}
    with Command(home, environment).serving() as server:
        yield server


@pytest.fixture
def cli(home: Path, server: Serving, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> InProcess:
    """Commands of a user elsewhere, whose state directory knows nothing of the server's."""
    return InProcess(home, monkeypatch, capsys)


def test_serve_answers_and_stops_cleanly(home: Path, tmp_path: Path) -> None:
    """It prints its address once it answers, creates nothing, drains on SIGTERM, and exits with 0."""
    shutil.copytree(home / "data", tmp_path / "data")
    command = Command(tmp_path)
    assert "indelible init" in command("serve", "--data", "nowhere").expect(2).err
    assert not (tmp_path / "nowhere").exists()
    with command.serving() as server:
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        assert server.stop() == 0


def test_a_directory_that_a_server_holds_is_read_and_never_written(cli: InProcess, server: Serving) -> None:
    """Writing is refused with the server's address and status 2; reading and verifying need no lock."""
    for arguments in (
        ("record", "a.b", "--actor", "user:ada"),
        ("logs", "create", "other"),
        ("api-keys", "create", "--name", "x", "--grant", "writer:main"),
        ("import", "github", "."),
    ):
        assert server.url in cli(*arguments).expect(2).err
    assert server.url in Command(cli.folder)("serve", "--listen", "127.0.0.1:0").expect(2).err
    assert cli("logs", "list", "--json").expect(0).json["logs"][0]["log"] == "main"
    assert cli("api-keys", "list", "--json").expect(0).json["api_keys"]
    cli("verify", "data").expect(0)


def test_commands_speak_to_a_server(cli: InProcess, server: Serving) -> None:
    """record, show, prove, import, logs and api-keys do over --url what they do over --data."""
    remote = ("--url", server.url, "--api-key-file", "admin")
    recorded = cli("record", "invoice.approve", "--actor", "user:ada", "--json", *remote).expect(0).json
    shown = cli("show", recorded["id"], "--json", *remote).expect(0).json
    assert (shown["index"], shown["leaf_hash"]) == (recorded["index"], recorded["leaf_hash"])
    assert shown["principal"].startswith("api-key:")

    (cli.folder / "events").write_text('{"action":"a.b","actor":{"type":"user","id":"ada"}}\n' * 3 + "{}\n")
    first = cli("import", "ndjson", "events", "--json", *remote).expect(1).json
    assert (first["added"], len(first["rejected"])) == (3, 1)
    assert "actor" in first["rejected"][0]["detail"]
    second = cli("import", "ndjson", "events", "--json", *remote).expect(1).json
    assert (second["added"], second["duplicates"]) == (0, 3)

    cli("prove", recorded["id"], "-o", "evidence", *remote).expect(0)
    vkeys = cli("logs", "show", "main", "--json", *remote).expect(0).json["vkeys"]
    keys = [argument for vkey in vkeys for argument in ("--vkey", vkey)]
    cli("verify", "evidence.tlog-proof", "--record", "evidence.json", *keys).expect(0)

    assert cli("logs", "create", "team-b", "--json", *remote).expect(0).json["size"] == 0
    assert "already" in cli("logs", "create", "team-b", *remote).expect(2).err
    key = cli("api-keys", "create", "--name", "ci", "--grant", "writer:team-b", "--json", *remote).expect(0).json
    record = ("record", "a.b", "--actor", "user:ada", "--log", "team-b", "--url", server.url)
    cli(*record, INDELIBLE_API_KEY=key["secret"]).expect(0)
    new = cli("api-keys", "rotate", key["id"], "--overlap", "1h", "--json", *remote).expect(0).json
    cli(*record, INDELIBLE_API_KEY=new["secret"]).expect(0)
    assert cli("api-keys", "show", key["id"], "--json", *remote).expect(0).json["rotated_to"] == new["id"]
    grant = cli("grants", "create", key["id"], "reader:team-b tenant:a", "--json", *remote).expect(0).json
    listed = cli("grants", "list", "--principal", key["id"], "--json", *remote).expect(0).json["grants"]
    assert listed[-1] == grant
    cli("grants", "delete", str(grant["id"]), *remote).expect(0)
    cli("api-keys", "revoke", key["id"], *remote).expect(0)
    assert "API key" in cli(*record, INDELIBLE_API_KEY=key["secret"]).expect(2).err


def test_verify_pins_a_server_at_first_use_and_says_so(cli: InProcess, server: Serving, tmp_path: Path) -> None:
    """A log never met is believed under the keys that it shows, once and aloud; then it must extend what was seen."""
    key, state = ("--api-key-file", "admin"), str(tmp_path)
    target = f"{server.url}/logs/main"
    cli("record", "a.b", "--actor", "user:ada", "--url", server.url, *key).expect(0)
    met = cli("verify", target, *key, INDELIBLE_STATE=state).expect(0)
    assert "pinned just now" in met.err
    again = cli("verify", target, "--json", *key, INDELIBLE_STATE=state).expect(0)
    assert "pinned just now" not in again.err
    assert again.json["logs"][0]["verdicts"]["consistent"]["status"] == "verified"
    whole = cli("verify", server.url, "--json", *key, INDELIBLE_STATE=state).expect(0)
    assert whole.json["logs"][0]["log"] == "main"


def test_credentials_and_addresses_that_do_not_work(cli: InProcess, server: Serving, tmp_path: Path) -> None:
    """Wrong use is 2, a server that is not there is 3; a writer's key writes, and reads nothing."""
    record = ("record", "a.b", "--actor", "user:ada", "--url", server.url)
    for command in (record, ("verify", server.url)):
        assert "with --api-key-file FILE or in INDELIBLE_API_KEY" in cli(*command).expect(2).err
    cli(*record, "--api-key-file", "writer").expect(0)
    assert cli("show", "0", "--url", server.url, "--api-key-file", "writer").expect(2).err
    assert cli("verify", f"{server.url}/logs/main", "--api-key-file", "writer").status in (2, 3)
    assert "cannot be reached" in cli("show", "0", "--url", "http://127.0.0.1:9").expect(3).err
    assert "not a server's address" in cli("show", "0", "--url", "ftp://x").expect(2).err
    assert "no credentials" in cli("show", "0", "--url", "http://me:secret@x").expect(2).err
    (tmp_path / "key").write_text("")
    assert "does not hold an API key" in cli(*record, "--api-key-file", str(tmp_path / "key")).expect(2).err


def test_server_log_lines_are_json_in_a_pipe_and_hold_no_secret(server: Serving, home: Path) -> None:
    """What the server says about itself, apart from its address, is one JSON object a line."""
    secrets = [(home / role).read_text().strip() for role in ("admin", "writer")]
    for line in server.lines:
        assert not any(secret in line for secret in secrets)
        if "listening on" not in line:
            assert json.loads(line)["event"]


def test_server_and_commands_leave_records_of_what_they_did(home: Path, tmp_path: Path) -> None:
    """Starting, stopping, and every act on the directory itself; the log of the log verifies like any other."""
    shutil.copytree(home / "data", tmp_path / "data")
    command = Command(tmp_path)
    before = command("logs", "show", "_system", "--json").expect(0).json["size"]
    key = command("api-keys", "create", "--name", "ci", "--grant", "writer:main", "--json").expect(0).json
    command("api-keys", "revoke", key["id"]).expect(0)
    command("logs", "create", "other").expect(0)
    with command.serving() as server:
        assert server.stop() == 0
    size = command("logs", "show", "_system", "--json").expect(0).json["size"]
    shown = [command("show", str(index), "--log", "_system", "--json").expect(0).json for index in range(before, size)]
    assert [(each["action"].removeprefix("indelible."), each["outcome"]) for each in shown] == [
        ("api_key_created", "unknown"),
        ("api_key_created", "success"),
        ("api_key_revoked", "unknown"),
        ("api_key_revoked", "success"),
        ("log_created", "unknown"),
        ("log_created", "success"),
        ("server_started", "success"),
        ("server_stopped", "success"),
    ]
    assert {each["actor"]["type"] for each in shown} == {"local"}
    assert sum(file.stat().st_size for file in (tmp_path / "data" / "reserve").iterdir()) == 16 << 20
    verified = command("verify", "data", "--log", "_system", "--json")
    assert verified.json["logs"][0]["verdicts"]["intact"]["status"] == "verified"

"""Backups while a server is being written to: restored, they verify, and hold what was acknowledged before them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.cli.command import Command, InProcess

BATCH = [{"action": "thing.done", "actor": {"type": "user", "id": "ada"}}] * 37
"""Not a divisor of 256: tiles and bundles fill up in the midst of requests."""


class Load:
    """Appends without a pause, and knows how much has been acknowledged."""

    def __init__(self, url: str, secret: str) -> None:
        self.acknowledged = 0
        self.failures: list[object] = []
        self._url = f"{url}/v1/logs/main/events?return=minimal"
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._append) for _ in range(2)]
        self._changed = threading.Condition()

    def _append(self) -> None:
        with httpx.Client(headers=self._headers) as client:
            while not self._stop.is_set():
                answer = client.post(self._url, json=BATCH)
                if answer.status_code != 201:
                    self.failures.append(answer.text)
                    break
                with self._changed:
                    self.acknowledged += len(BATCH)
                    self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until so many events have been acknowledged."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.acknowledged >= count, timeout=60)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def load(command: Command) -> Iterator[Load]:
    """A server under load."""
    secret = command("init", "--json").expect(0).json["key"]["secret"]
    with command.serving() as served, Load(served.url, secret) as load:
        yield load


def test_backup_under_load_restores_and_verifies(load: Load, command: Command) -> None:
    """Twice, the second sharing files with the first: nothing acknowledged before is missing, and no lock is needed."""
    counts: list[int] = []
    more: list[str] = []
    for name in ("first", "second"):
        load.wait_for((counts[-1] if counts else 0) + 1_000)
        counts.append(load.acknowledged)
        made = command("backup", name, "--json", *more).expect(0).json
        assert made["verified"] is True
        (main,) = [log for log in made["logs"] if log["log"] == "main"]
        assert main["size"] <= main["journaled"]
        assert main["journaled"] >= counts[-1]
        more = ["--previous", name]
    assert made["reused"] > 0
    assert load.failures == []
    for name, count in zip(("first", "second"), counts, strict=True):
        command("restore", name, "--data", f"{name}-restored").expect(0)
        command("record", "thing.restored", "--actor", "user:eve", "--data", f"{name}-restored").expect(0)
        report = command("verify", f"{name}-restored", "--json").expect(0).json
        assert report["logs"][0]["size"] > count
        # The next one is held against what is remembered of the first: each is verified by somebody who knows neither.
        for state in command.folder.glob("state/pins/*/checkpoint"):
            state.unlink()


def test_restore_of_an_old_backup_is_refused_and_says_how_to_go_on(made: InProcess) -> None:
    """As a command: exit status 1 and the remedy; with it, a successor and its keys."""
    made("record", "thing.done", "--actor", "user:ada").expect(0)
    made("backup", "old").expect(0)
    made("record", "thing.done", "--actor", "user:ada").expect(0)
    made("verify", "data").expect(0)
    assert "--successors" in made("restore", "old", "--data", "again").expect(1).err
    done = made("restore", "old", "--data", "again", "--successors").expect(0)
    assert "main.until-1 now, closed" in done.out
    listed = made("logs", "list", "--data", "again", "--json").expect(0).json["logs"]
    assert [log["log"] for log in listed] == ["main.until-1", "_system", "main"]
    assert made("record", "thing.done", "--actor", "user:ada", "--data", "again", "--json").json["index"] == 1
    made("verify", "again", "--log", "main").expect(0)


def test_backup_of_an_altered_directory_exits_with_1(made: InProcess) -> None:
    """And leaves nothing that could be taken for a backup."""
    made("record", "thing.done", "--actor", "user:ada").expect(0)
    (bundle,) = (made.folder / "data" / "logs" / "main" / "tile" / "entries").rglob("1")
    data = bundle.read_bytes().replace(b"ada", b"eve")
    bundle.unlink()
    bundle.write_bytes(data)
    assert "does not verify" in made("backup", "here").expect(1).err
    assert not list(made.folder.glob("here*"))


def test_backup_into_a_folder_of_backups_shares_with_the_newest(made: InProcess) -> None:
    """What a timer calls: each has its time for a name, and what is not a finished backup is passed over."""
    made("backup").expect(2)
    made("backup", "a", "--into", "b").expect(2)
    (made.folder / "backups" / "9999-not-a-backup").mkdir(parents=True)
    first = made("backup", "--into", "backups", "--json").expect(0).json
    (made.folder / first["backup"]).rename(made.folder / "backups" / "2020-01-01T000000Z")
    made("backup", "--into", "backups").expect(0)
    names = sorted(path.name for path in (made.folder / "backups").iterdir())
    assert names[0] == "2020-01-01T000000Z"
    assert names[-1] == "9999-not-a-backup"
    assert len(names) == 3
    made("restore", f"backups/{names[1]}", "--data", "again").expect(0)

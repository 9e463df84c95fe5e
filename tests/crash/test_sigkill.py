"""`SIGKILL` of the real server under load: nothing acknowledged is lost, nothing is there twice, every index stays.

The load names its events, and what it got no answer for it sends again under the same id after the restart, as a
client is told to: by then the log knows whether it has them.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from indelible.embedded.data_directory import DataDirectory
from indelible.events.identity import new_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INDELIBLE = [sys.executable, "-m", "indelible"]
CLIENTS = 4
BATCHES = (1, 3, 40, 300)


class Load:
    """Clients that append until the server dies, and remember what they were told."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._lock = threading.Lock()  # guards what follows
        self.acknowledged: dict[str, int] = {}
        self.unanswered: list[list[str]] = []

    def run(self, url: str, seed: int, progress: threading.Event) -> None:
        """Append batches until a request fails: those left open before go first."""
        rng = random.Random(seed)
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {self._key}"}, timeout=30) as client:
            while True:
                with self._lock:
                    batch = self.unanswered.pop() if self.unanswered else None
                batch = batch or new_ids(rng.choice(BATCHES), time.time_ns() // 1_000_000, os.urandom)
                try:
                    answer = client.post(
                        "/v1/logs/main/events",
                        content=b"\n".join(
                            b'{"id":"%s","action":"a.b","actor":{"type":"user","id":"ada"}}' % event_id.encode()
                            for event_id in batch
                        ),
                        headers={"Content-Type": "application/x-ndjson"},
                    )
                except httpx.TransportError:
                    with self._lock:
                        self.unanswered.append(batch)
                    return
                if answer.status_code in {429, 503}:
                    with self._lock:
                        self.unanswered.append(batch)
                    continue
                assert answer.status_code in {200, 201}, answer.text
                with self._lock:
                    for event in answer.json()["events"]:
                        known = self.acknowledged.setdefault(event["id"], event["index"])
                        assert known == event["index"], "an event moved"
                progress.set()


@contextmanager
def served(data: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The real server on a free port; killed at the end, if it still lives."""
    command = [*INDELIBLE, "serve", "--data", str(data), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("listening on "):
                break
        else:
            raise AssertionError("the server did not start:\n" + "".join(said))
        drain = threading.Thread(target=process.stderr.read)
        drain.start()
        try:
            yield line.removeprefix("listening on ").strip(), process
        finally:
            process.kill()
            drain.join()


def cycle(data: Path, load: Load, rng: random.Random) -> None:
    """Start, load, kill somewhere."""
    with served(data) as (url, process):
        progress = threading.Event()
        threads = [threading.Thread(target=load.run, args=(url, rng.getrandbits(32), progress)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        assert progress.wait(30), "nothing was acknowledged"
        time.sleep(rng.random() * 0.5)  # the point is to die at any moment
        process.send_signal(signal.SIGKILL)
        process.wait()
        for thread in threads:
            thread.join()


def check(data: Path, load: Load, environment: dict[str, str]) -> None:
    """Everything acknowledged is at its index, once, under a log that verifies."""
    with served(data) as (_, process):
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    verified = subprocess.run(
        [*INDELIBLE, "verify", str(data), "--json"], capture_output=True, text=True, env=environment, check=False
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    main = next(log for log in json.loads(verified.stdout)["logs"] if log["log"] == "main")
    reader = DataDirectory.open(data).open_reader("main")
    assert reader.size == main["size"]
    ids = [json.loads(entry)["id"] for _, entry in reader.entries(0, reader.size)]
    assert len(set(ids)) == len(ids), "an event is there twice"
    for event_id, index in load.acknowledged.items():
        assert ids[index] == event_id
    unknown = set(ids) - set(load.acknowledged) - {event_id for batch in load.unanswered for event_id in batch}
    assert not unknown, "the log holds what nobody sent"


@pytest.mark.parametrize(
    ("cycles", "seed"),
    [
        pytest.param(25, 1, marks=pytest.mark.timeout(1_200)),
        pytest.param(200, 2, marks=[pytest.mark.nightly, pytest.mark.timeout(3_600)]),
    ],
)
def test_sigkill_loses_and_repeats_nothing(cycles: int, seed: int, tmp_path: Path) -> None:
    """Whatever moment the server is killed at."""
    data, environment = tmp_path / "data", {**os.environ, "INDELIBLE_STATE": str(tmp_path / "state")}
    created = subprocess.run(
        [*INDELIBLE, "init", "--data", str(data), "--json"], capture_output=True, text=True, env=environment, check=True
    )
    load = Load(json.loads(created.stdout)["key"]["secret"])
    rng = random.Random(seed)
    for _ in range(cycles):
        cycle(data, load, rng)
    assert len(load.acknowledged) > cycles
    check(data, load, environment)

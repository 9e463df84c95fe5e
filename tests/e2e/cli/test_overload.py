"""Ten times what a server takes: it stays within its memory, says no to the rest, and loses nothing that it took."""

from __future__ import annotations

import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

if TYPE_CHECKING:
    from tests.e2e.cli.command import Command, Serving

CLIENTS = 40
SECONDS = 60
BATCH = json.dumps([{"action": "thing.done", "actor": {"type": "user", "id": "ada"}, "reason": "x" * 400}] * 500)
IN_FLIGHT = CLIENTS * len(BATCH) // 10
"""Of what the clients hold out at once, the server takes a tenth."""
MEMORY = 200 << 20
"""What a server may grow by: a few times the pool and the bodies, and far less than what is sent to it."""

LIMITS = {
    "INDELIBLE_SERVER_MAX_IN_FLIGHT": str(IN_FLIGHT),
    "INDELIBLE_SERVER_MAX_BODY": str(IN_FLIGHT),
    "INDELIBLE_LOG_POOL_ENTRIES": "5000",
    "INDELIBLE_LOG_POOL_BYTES": "4 MiB",
    "INDELIBLE_INDEX_ENABLED": "false",
}


@dataclass
class Tally:
    """What one client was told."""

    acknowledged: int = 0
    refused: int = 0
    unanswered: int = 0
    others: list[tuple[int, str]] = field(default_factory=list)


def send(served: Serving, secret: str, *, batches: int = 0, until: float = 0) -> Tally:
    """Send so many batches, and more until that monotonic time, without waiting when told to: the rudest client."""
    tally = Tally()
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=120) as client:
        for number in itertools.count():
            if number >= batches and time.monotonic() >= until:
                break
            try:
                answer = client.post("/v1/logs/main/events?return=minimal", content=BATCH)
            except httpx.RemoteProtocolError:  # a connection that was closed after a refusal, just as it was used again
                tally.unanswered += 1
                continue
            if answer.status_code == 201:
                tally.acknowledged += answer.json()["added"]
            elif answer.status_code == 429 and "retry-after" in answer.headers:
                tally.refused += 1
            else:
                tally.others.append((answer.status_code, answer.text))
    return tally


@pytest.mark.timeout(600)
def test_overload_is_refused_and_nothing_acknowledged_is_lost(command: Command) -> None:
    """Forty rude clients, for a minute: what leaks a little leaks a lot in that time."""
    secret = command("init", "--json").expect(0).json["key"]["secret"]
    command.environment.update(LIMITS)
    with command.serving() as served:
        process = psutil.Process(served.process.pid)
        send(served, secret, batches=2)
        before = process.memory_info().rss
        with ThreadPoolExecutor(CLIENTS) as clients:
            until = time.monotonic() + SECONDS
            sent = [clients.submit(send, served, secret, until=until) for _ in range(CLIENTS)]
            tallies = [client.result() for client in sent]
        grown = process.memory_info().rss - before
        assert [tally.others for tally in tallies if tally.others] == []
        assert sum(tally.refused for tally in tallies) > 0
        assert all(tally.acknowledged + tally.refused for tally in tallies)
        unanswered = sum(tally.unanswered for tally in tallies)
        assert unanswered <= sum(tally.refused for tally in tallies)
        # Whoever comes afterwards finds everything as it should be.
        acknowledged = 2 * 500 + sum(tally.acknowledged for tally in tallies)
        last = send(served, secret, batches=1)
        assert (last.acknowledged, last.refused) == (500, 0)
        assert httpx.get(f"{served.url}/readyz").status_code == 200
        assert grown < MEMORY, f"{grown / 2**20:.0f} MiB more than before"
        assert served.stop() == 0
    report = command("verify", "data", "--log", "main", "--json").expect(0).json
    # What got no answer may or may not be in the log, as a whole.
    more = report["logs"][0]["size"] - acknowledged - 500
    assert 0 <= more <= 500 * unanswered
    assert more % 500 == 0

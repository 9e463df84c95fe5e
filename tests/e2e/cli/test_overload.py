"""Ten times what a server takes: it stays within its memory, says no to the rest, and loses nothing that it took."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

if TYPE_CHECKING:
    from tests.e2e.cli.command import Command, Serving

CLIENTS = 40
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


def send(served: Serving, secret: str, batches: int) -> Tally:
    """Send without waiting when told to: the rudest client there is."""
    tally = Tally()
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=120) as client:
        for _ in range(batches):
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


def overload(command: Command, batches: int) -> None:
    secret = command("init", "--json").expect(0).json["key"]["secret"]
    command.environment.update(LIMITS)
    with command.serving() as served:
        process = psutil.Process(served.process.pid)
        send(served, secret, 2)
        before = process.memory_info().rss
        with ThreadPoolExecutor(CLIENTS) as clients:
            tallies = list(clients.map(lambda _: send(served, secret, batches), range(CLIENTS)))
        grown = process.memory_info().rss - before
        assert [tally.others for tally in tallies if tally.others] == []
        assert sum(tally.refused for tally in tallies) > 0
        assert all(tally.acknowledged + tally.refused for tally in tallies)
        unanswered = sum(tally.unanswered for tally in tallies)
        assert unanswered <= sum(tally.refused for tally in tallies)
        # Whoever comes afterwards finds everything as it should be.
        acknowledged = 2 * 500 + sum(tally.acknowledged for tally in tallies)
        last = send(served, secret, 1)
        assert (last.acknowledged, last.refused) == (500, 0)
        assert httpx.get(f"{served.url}/readyz").status_code == 200
        assert grown < MEMORY, f"{grown / 2**20:.0f} MiB more than before"
        assert served.stop() == 0
    report = command("verify", "data", "--log", "main", "--json").expect(0).json
    # What got no answer may or may not be in the log, as a whole.
    more = report["logs"][0]["size"] - acknowledged - 500
    assert 0 <= more <= 500 * unanswered
    assert more % 500 == 0


def test_overload_is_refused_and_nothing_acknowledged_is_lost(command: Command) -> None:
    """Forty rude clients, a few batches each."""
    overload(command, 5)


@pytest.mark.nightly
@pytest.mark.timeout(1_800)
def test_overload_goes_on_for_long(command: Command) -> None:
    """A minute or so of it: what leaks a little leaks a lot here."""
    overload(command, 150)

"""Whether a server should be sent work: a list of questions, each asked when ``/readyz`` is.

What adds a part that can be behind or broken adds its question here. A question costs no more than a look at numbers
that are there already, since load balancers ask often.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.log import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from indelible.config import Configuration
    from indelible.server.hosted_logs import HostedLogs

__all__ = ["Check", "Readiness", "behind", "server_readiness"]


@dataclass(frozen=True, slots=True)
class Check:
    """One question: ``ask`` gives the reason why not, or ``None``. The reason names no log: anyone may read it."""

    name: str
    ask: Callable[[], str | None]


class Readiness:
    """The questions of one server, asked in the order in which they were added."""

    def __init__(self, checks: Iterable[Check] = ()) -> None:
        self._checks = list(checks)

    def add(self, check: Check) -> None:
        """Ask one question more."""
        self._checks.append(check)

    def answers(self) -> dict[str, str | None]:
        """The reason for which each question says no, ``None`` where it says yes."""
        return {check.name: check.ask() for check in self._checks}


def behind(name: str, lags: Callable[[], Mapping[str, int]], limit: int, what: str) -> Check:
    """A question about parts that follow their logs: how many entries each is behind, by log, at most ``limit``."""

    def ask() -> str | None:
        late = [lag for lag in lags().values() if lag > limit]
        return f"{what} by up to {max(late):,} entries in {len(late)} logs; at most {limit:,}" if late else None

    return Check(name, ask)


def server_readiness(logs: HostedLogs, configuration: Configuration) -> Readiness:
    """The questions about what every server has: its logs, their indexes, and the disk below them."""
    settings = configuration.readiness

    def unpublished() -> dict[str, int]:
        statuses = {hosted.name: hosted.log.status for hosted in logs.all()}
        return {name: status.journaled - status.size for name, status in statuses.items()}

    return Readiness(
        [
            Check("appends", lambda: _appends(logs)),
            behind("publication", unpublished, settings.publish_lag, "signed checkpoints are behind"),
            behind("index", lambda: _index_lags(logs), settings.index_lag, "search indexes are behind"),
            Check("disk", lambda: _disk(logs.path, settings.min_free_disk)),
        ]
    )


def _appends(logs: HostedLogs) -> str | None:
    every = [hosted for hosted in logs.all() if isinstance(hosted.log, Log)]  # the others are only read on purpose
    stopped = sum(hosted.log.status.read_only is not None for hosted in every)
    if not stopped:
        return None
    return f"{stopped} of {len(every)} logs takes no appends until an operator has acted; reading goes on"


def _index_lags(logs: HostedLogs) -> dict[str, int]:
    return {hosted.name: hosted.index_lag for hosted in logs.all()}


def _disk(path: Path, least: int) -> str | None:
    free = shutil.disk_usage(path).free
    return None if free >= least else f"{free:,} bytes are free on the disk; at least {least:,} must be"

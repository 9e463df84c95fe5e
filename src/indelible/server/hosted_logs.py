"""The logs that a server has open, by name."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.config import check_log_name
from indelible.errors import NotFound, Unavailable
from indelible.formats.tlog_policy import Policy
from indelible.index import LogIndex, LogSource
from indelible.server.problem import Refusal

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from indelible.embedded.data_directory import DataDirectory
    from indelible.log import Log

__all__ = ["HostedLog", "HostedLogs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedLog:
    """One open log, and what is fixed about it.

    Attributes:
        name: Its name in this server's addresses.
        log: The log itself.
        searchable: What finds its events, if the configuration wants that.
        vkeys: Its public keys, C2SP verifier keys.
        policy: A C2SP tlog-policy that demands all of them.
        public: Whether its checkpoint and hash tiles are for anyone.
    """

    name: str
    log: Log
    searchable: LogIndex | None
    vkeys: tuple[str, ...]
    policy: str
    public: bool

    @property
    def index(self) -> LogIndex:
        """What finds its events.

        Raises:
            Unavailable: the configuration does without.
        """
        if self.searchable is None:
            raise Unavailable(
                "this server keeps no search index: [index] enabled is false in its configuration", retry_after=60.0
            )
        return self.searchable


class HostedLogs:
    """Every log of one data directory, open for appending. Safe to use from several threads."""

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self._logs: dict[str, HostedLog] = {}
        self._lock = threading.Lock()  # one creation at a time; look-ups need none

    @classmethod
    def open(cls, directory: DataDirectory) -> Self:
        """Open every log of the directory; recovery runs here and may take a while.

        Raises:
            IndelibleError: one of them cannot be opened; none stays open.
        """
        logs = cls(directory)
        try:
            for name in directory.log_names():
                logs._open(name)
        except BaseException:
            logs.close()
            raise
        return logs

    def get(self, name: str) -> HostedLog:
        """The log of this name.

        Raises:
            NotFound: there is none.
        """
        hosted = self.find(name)
        if hosted is None:
            detail = f"there is no log {name!r}"
            raise NotFound(detail)
        return hosted

    def find(self, name: str) -> HostedLog | None:
        """The log of this name, or ``None``."""
        return self._logs.get(name)

    def all(self) -> list[HostedLog]:
        """Every log, by name."""
        return [self._logs[name] for name in sorted(self._logs)]

    def create(self, name: str, *, origin: str | None, public: bool) -> HostedLog:
        """Create a log and open it. Blocks.

        Raises:
            UsageError: the name or origin is not allowed.
            Refusal: 409: there is a log of this name.
        """
        check_log_name(name)
        with self._lock:
            if name in self._logs:
                detail = f"there is a log {name!r} already"
                raise Refusal(409, "already-exists", detail, pointer="/log")
            self._directory.create_log(name, origin=origin, public=public)
            return self._open(name)

    def close(self) -> None:
        """Write and publish everything that was taken, then close the logs, all at once."""
        with ThreadPoolExecutor(max_workers=max(1, min(len(self._logs), 16))) as executor:
            list(executor.map(_close, self._logs.values()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, name: str) -> HostedLog:
        configuration = self._directory.log(name)
        log = self._directory.open_log(name)
        hosted = HostedLog(
            name=name,
            log=log,
            searchable=self._index(name, log),
            vkeys=configuration.vkeys,
            policy=Policy.for_log(*configuration.vkeys).encode().decode(),
            public=configuration.public,
        )
        self._logs[name] = hosted
        return hosted

    def _index(self, name: str, log: Log) -> LogIndex | None:
        settings = self._directory.configuration.index
        if not settings.enabled:
            return None
        index = LogIndex.open(self._directory.path / "index" / name, LogSource(log), settings=settings)
        index.start()
        return index


def _close(hosted: HostedLog) -> None:
    if hosted.searchable is not None:
        hosted.searchable.close()
    hosted.log.close()

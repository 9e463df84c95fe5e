"""The logs that a server has open, by name."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from indelible.config import check_log_name
from indelible.embedded.data_directory import SYSTEM_LOG
from indelible.embedded.read_only import SERVER_READS
from indelible.errors import IndelibleError, NotFound, ReadOnly
from indelible.formats.tlog_policy import Policy
from indelible.helper_process import HelperProcess
from indelible.log import Log, ReadOnlyLog
from indelible.server.hosted_index import HostedIndex
from indelible.server.problem import Refusal
from indelible.system_log import SYSTEM_PRINCIPAL, Action, Caller, SystemEvent, SystemLog, UnrecordedSystemLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from indelible.embedded.data_directory import DataDirectory
    from indelible.index import LogIndex
    from indelible.log.measures import Publication
    from indelible.system_log.acts import Acts
    from indelible.verify.verdicts import LogReport

__all__ = ["HostedLog", "HostedLogs"]

_log = logging.getLogger("indelible.server")

_SHOWN_FINDINGS = 10
_WAKE_SECONDS = 0.25
_CLOSED_RETRY = 3_600.0  # seconds: nothing will change by waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedLog:
    """One open log, and what is fixed about it.

    Attributes:
        name: Its name in this server's addresses.
        log: The log itself; one that is only read on purpose is another kind.
        vkeys: Its public keys, C2SP verifier keys.
        policy: A C2SP tlog-policy that demands all of them.
        public: Whether its checkpoint and hash tiles are for anyone.
    """

    name: str
    log: Log | ReadOnlyLog
    vkeys: tuple[str, ...]
    policy: str
    public: bool
    _index: HostedIndex

    @property
    def searchable(self) -> bool:
        """Whether there is an index: the configuration may do without."""
        return self._index.wanted

    @property
    def index(self) -> LogIndex:
        """What finds its events. Blocks while it is opened, the first time.

        Raises:
            Unavailable: the configuration does without, or the server is stopping.
        """
        return self._index.get()

    @property
    def index_lag(self) -> int:
        """How many acknowledged entries could not be found yet."""
        return self._index.lag

    def wake(self) -> None:
        """Open the index when the log has something for it to do. Blocks while it does."""
        self._index.wake()

    def close(self) -> None:
        """Stop the index, then write and publish what was taken, and close the log."""
        try:
            self._index.close()
        finally:
            self.log.close()

    @property
    def writable(self) -> Log:
        """The log, for appending.

        Raises:
            ReadOnly: it is only read here, on purpose.
        """
        if isinstance(self.log, ReadOnlyLog):
            raise ReadOnly(f"log {self.name} takes no appends: {self.log.reason}", retry_after=_CLOSED_RETRY)
        return self.log


class HostedLogs:
    """Every log of one data directory, open. Safe to use from several threads."""

    def __init__(self, directory: DataDirectory, *, read_only: bool) -> None:
        self._directory = directory
        self._read_only = read_only
        self.on_publication: Callable[[str, Publication], None] | None = None
        """Called on a log's own thread with its name after each publication; must not block or raise."""
        self._logs: dict[str, HostedLog] = {}
        self._helper = HelperProcess()
        self._lock = threading.Lock()  # one creation at a time; look-ups need none
        self._closing = threading.Event()
        self._waker = threading.Thread(target=self._wake_indexes, name="indelible-index-waker", daemon=True)

    @classmethod
    def open(cls, directory: DataDirectory, *, read_only: bool = False) -> Self:
        """Open every log of the directory; recovery runs here and may take a while.

        With ``read_only`` none is opened for appending, no lock is taken, and nothing is written.

        Raises:
            IndelibleError: one of them cannot be opened; none stays open.
        """
        logs = cls(directory, read_only=read_only)
        try:
            for name in directory.log_names():
                logs._open(name)
        except BaseException:
            logs.close()
            raise
        logs._waker.start()
        return logs

    @property
    def path(self) -> Path:
        """The data directory."""
        return self._directory.path

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

    @property
    def system(self) -> SystemLog:
        """The log of the server's own events, to write to. A server that only reads records nothing.

        Raises:
            NotFound: the directory has none.
            ReadOnly: it is closed.
        """
        if self._read_only:
            return UnrecordedSystemLog()
        return SystemLog(self.get(SYSTEM_LOG).writable, reserve=self._directory.reserve)

    def create(self, name: str, *, acts: Acts, by: Caller, origin: str | None, public: bool) -> HostedLog:
        """Create a log, on the record, and open it. Blocks.

        Raises:
            Unavailable: it cannot be recorded, so it was not created.
            UsageError: the name or origin is not allowed.
            Refusal: 409: there is a log of this name.
            ReadOnly: this server only reads.
        """
        if self._read_only:
            raise ReadOnly(SERVER_READS, retry_after=_CLOSED_RETRY)
        check_log_name(name)
        with self._lock:
            if name in self._logs:
                detail = f"there is a log {name!r} already"
                raise Refusal(409, "already-exists", detail, pointer="/log")
            self._directory.create_log(name, acts=acts, by=by, origin=origin, public=public)
            return self._open(name)

    def close(self) -> None:
        """Write and publish everything that was taken, then close the logs, all at once."""
        self._closing.set()
        if self._waker.ident is not None:
            self._waker.join()
        with self._helper, ThreadPoolExecutor(max_workers=max(1, min(len(self._logs), 16))) as executor:
            list(executor.map(HostedLog.close, self._logs.values()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wake_indexes(self) -> None:
        while not self._closing.wait(_WAKE_SECONDS):
            for hosted in list(self._logs.values()):
                try:
                    hosted.wake()
                except Exception as error:  # noqa: BLE001 - one log's index must not keep the others asleep
                    _log.error("index_not_opened", extra={"log_name": hosted.name, "reason": type(error).__name__})

    def _open(self, name: str) -> HostedLog:
        configuration = self._directory.log(name)
        to_read = self._read_only or configuration.read_only
        log = self._directory.open_to_read(name) if to_read else self._directory.open_log(name, helper=self._helper)
        hosted = HostedLog(
            name=name,
            log=log,
            vkeys=configuration.vkeys,
            policy=Policy.for_log(*configuration.vkeys).encode().decode(),
            public=configuration.public,
            _index=HostedIndex(
                self._directory.path / "index" / name,
                log,
                self._directory.configuration.index,
                writable=not self._read_only,
            ),
        )
        hosted.log.measures.on_publication = partial(self._published, name)
        self._logs[name] = hosted
        if isinstance(log, Log):
            log.scrubber.on_findings = partial(self._record_findings, name)
        return hosted

    def _published(self, name: str, publication: Publication) -> None:
        if self.on_publication is not None:
            self.on_publication(name, publication)

    def _record_findings(self, name: str, report: LogReport) -> None:
        """Put on record that a scrub found a log altered: the places of the first findings, and how many there are."""
        found = [f"{finding.kind} at {finding.path or finding.index}" for finding in report.findings[:_SHOWN_FINDINGS]]
        event = SystemEvent(
            action=Action.VERIFICATION_FAILED,
            by=Caller(id=SYSTEM_PRINCIPAL),
            targets=(("log", name),),
            outcome="failure",
            details={"findings": len(report.findings) + report.omitted_findings, "first": found},
        )
        try:
            self.system.record(event)
        except IndelibleError as error:
            _log.error("findings_not_recorded", extra={"log_name": name, "reason": type(error).__name__})

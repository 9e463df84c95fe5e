"""Scrubbing: a running log reads all of itself again, slowly, so that rot is noticed while good copies still exist.

The publisher's read-back guards against our own bugs and memory, and sees what the page cache has; this sees what the
disk gives back days later. It is the verification of :mod:`indelible.verify`, with the log's own keys and at a bounded
pace. It is no evidence to others, since the server itself says so; for that somebody else verifies.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import Unavailable
from indelible.verify.fsck import FsckOptions
from indelible.verify.trusted_keys import TrustedKeys
from indelible.verify.verification import LogTarget, VerifyOptions, verify_log

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from indelible.storage.protocols import ObjectReader
    from indelible.verify.verdicts import LogReport

__all__ = ["Scrubber"]

_log = logging.getLogger("indelible.log.scrub")


class _StoppedError(Exception):
    """The log is closing: the rest of this scrub is left for the next time."""


@dataclass(frozen=True, slots=True)
class _StoreFetcher:
    """The object store as a verifier sees it."""

    objects: ObjectReader

    def get(self, path: str) -> bytes:
        """See :class:`indelible.verify.fetch.Fetcher`."""
        return self.objects.get(path)


class Scrubber:
    """Verifies one log from within. One thread uses it."""

    def __init__(self, *, name: str, objects: ObjectReader, vkeys: tuple[str, ...], rate: int) -> None:
        """``vkeys`` are the log's own keys; ``rate`` is how many entries are read in a second at most."""
        self._target = LogTarget(
            name=name,
            fetcher=_StoreFetcher(objects),
            trusted=TrustedKeys.from_vkeys(vkeys, source="the log's own keys"),
        )
        self._rate = rate
        self.findings: int | None = None
        """How much was wrong when the last scrub ended; ``None`` before the first has."""
        self.on_findings: Callable[[LogReport], None] | None = None
        """Called, on the scrubbing thread, with a report that found something."""
        self.finished_at: float | None = None
        """When that was, in seconds since the epoch."""

    def run(self, stopping: threading.Event) -> LogReport | None:
        """Scrub once; findings are logged, each with its place. ``None`` when the log was closed before the end."""
        started = time.monotonic()

        def pace(done: int, _: int) -> None:
            ahead = done / self._rate - (time.monotonic() - started)
            if stopping.wait(max(0.0, ahead)):
                raise _StoppedError

        options = VerifyOptions(fsck=FsckOptions(workers=1, chunk_bundles=1, on_progress=pace))
        try:
            report = verify_log(self._target, options)
        except _StoppedError:
            return None
        except Unavailable as error:
            _log.warning("scrub_incomplete", extra={"log_name": self._target.name, "reason": str(error)})
            return None
        for finding in report.findings:
            place = {"kind": finding.kind.value, "index": finding.index, "path": finding.path}
            _log.error("scrub_finding", extra={"log_name": self._target.name, **place})
        self.findings = len(report.findings) + report.omitted_findings
        self.finished_at = time.time()
        _log.info(
            "scrub_finished", extra={"log_name": self._target.name, "size": report.size, "findings": self.findings}
        )
        if self.findings and self.on_findings is not None:
            self.on_findings(report)
        return report

"""Whether a log still takes appends. Once it does not, only a restart, which verifies first, can change that."""

from __future__ import annotations

import logging
import threading

from indelible.errors import ReadOnly

__all__ = ["Health"]

_log = logging.getLogger("indelible.log")


class Health:
    """The first reason for which a log went read-only, if any. Safe to use from any thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._reason: str | None = None

    @property
    def reason(self) -> str | None:
        """Why the log is read-only, or ``None`` while it takes appends."""
        return self._reason

    def fail(self, error: BaseException) -> None:
        """Make the log read-only. The first reason stays: later failures are usually its consequences."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = f"{type(error).__name__}: {error}"
        _log.error("log_read_only", extra={"log_name": self._name, "reason": self._reason}, exc_info=error)

    def check(self) -> None:
        """Raise when the log is read-only.

        Raises:
            ReadOnly: with the reason and what to do.
        """
        if self._reason is not None:
            raise ReadOnly(
                f"log {self._name} is read-only: {self._reason}. Run `indelible verify`, then restart the server; "
                "it checks the log before it appends again",
                retry_after=30.0,
            )

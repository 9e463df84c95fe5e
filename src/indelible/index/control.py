"""The bounds of one query: a deadline, and a way to cancel it from another thread.

DuckDB stops a statement only when another thread interrupts it, and forgets an interrupt that comes between two
statements. So a guard thread watches over each query and interrupts again until the query has noticed.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from indelible.errors import QueryCancelled, QueryTimeout

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

__all__ = ["Control"]

_INSIST = 0.02


class Control:
    """Stops one query when it has run too long, or when whoever asked has gone. Safe to use from any thread."""

    def __init__(self, *, seconds: float | None = None) -> None:
        """Bound a query to ``seconds`` from now; ``None`` for no bound but :meth:`cancel`."""
        self._seconds = seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._cancelled = False
        self._guards: list[threading.Condition] = []  # of what runs on the database

    def cancel(self) -> None:
        """Stop the query: the thread that runs it gets ``QueryCancelled``, at once or when it begins."""
        self._cancelled = True  # first: a guard that begins later sees it
        for changed in tuple(self._guards):
            with changed:
                changed.notify_all()

    def check(self) -> None:
        """Raise when the query has to stop.

        Raises:
            QueryCancelled: it was cancelled.
            QueryTimeout: its time is over.
        """
        if self._cancelled:
            raise QueryCancelled("the query was cancelled")
        if self._deadline is not None and time.monotonic() >= self._deadline:
            raise QueryTimeout(
                f"the query ran longer than {self._seconds:g} seconds; narrow it by time or by a field",
                seconds=self._seconds or 0.0,
            )

    @contextmanager
    def guard(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Interrupt what runs on ``connection`` within this block when the query has to stop."""
        self.check()
        finished = False
        changed = threading.Condition()

        def watch() -> None:
            with changed:
                while not finished:
                    if self._is_over():
                        connection.interrupt()
                        changed.wait(_INSIST)
                    else:
                        left = None if self._deadline is None else max(self._deadline - time.monotonic(), 0.0)
                        changed.wait(left)

        self._guards.append(changed)
        thread = threading.Thread(target=watch, name="indelible-query-guard", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with changed:
                finished = True
                changed.notify_all()
            thread.join()
            self._guards.remove(changed)

    def _is_over(self) -> bool:
        return self._cancelled or (self._deadline is not None and time.monotonic() >= self._deadline)

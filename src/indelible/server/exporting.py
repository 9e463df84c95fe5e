"""What an export holds: its format, and its pieces, made one at a time as they are taken."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from indelible.events.exports import write_export

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from indelible.events.exports import ExportFormat, Row
    from indelible.index import Control
    from indelible.log import Reader
    from indelible.server.hosted_logs import HostedLog
    from indelible.server.question import Question

__all__ = ["Export"]


class Export:
    """One export under way. Its methods block; they may be called from different threads, one after another."""

    def __init__(
        self,
        hosted: HostedLog,
        question: Question,
        form: ExportFormat,
        *,
        order: Literal["asc", "desc"],
        control: Control,
    ) -> None:
        """Nothing is read before the first piece is asked for.

        Raises:
            Unavailable: this server keeps no index.
        """
        found = hosted.index.matches(question.query, order=order, control=control)
        self._control = control
        self._lock = threading.Lock()  # closing waits for a piece that is being made
        self._pieces = write_export(form, _rows(hosted.log.reader, found))

    def next_piece(self) -> bytes:
        """The next piece; empty at the end.

        Raises:
            QueryCancelled: the export was closed.
        """
        with self._lock:
            self._control.check()
            return next(self._pieces, b"")

    def close(self) -> None:
        """Stop reading, also in the middle of a piece."""
        self._control.cancel()
        with self._lock:
            self._pieces = iter(())


def _rows(reader: Reader, found: Iterator[list[int]]) -> Iterator[Row]:
    for indices in found:
        for index in indices:
            stored = reader.get(index)
            yield index, stored.entry, stored.published

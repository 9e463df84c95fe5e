"""What an export holds: its format, and its pieces, made one at a time as they are taken."""

from __future__ import annotations

import threading
from itertools import chain
from typing import TYPE_CHECKING

from indelible.events.exports import FORMATS, write_export

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Literal

    from indelible.index import Control
    from indelible.server.hosted_logs import HostedLog
    from indelible.server.question import Question

__all__ = ["EXPORT_FORMATS", "Export"]

_PARQUET = "parquet"

EXPORT_FORMATS: Mapping[str, tuple[str, str]] = {
    **{name: (form.media_type, form.suffix) for name, form in FORMATS.items()},
    _PARQUET: ("application/vnd.apache.parquet", ".parquet"),
}
"""Every format by its name in the API: its media type, and the end of a file's name."""


class Export:
    """One export under way. Its methods block; they may be called from different threads, one after another."""

    def __init__(
        self,
        hosted: HostedLog,
        question: Question,
        form: str,
        *,
        order: Literal["asc", "desc"],
        control: Control,
    ) -> None:
        """Nothing is read before the first piece is asked for. ``form`` is a name in ``EXPORT_FORMATS``.

        Raises:
            Unavailable: this server keeps no index.
        """
        index = hosted.index
        self._control = control
        self._lock = threading.Lock()  # closing waits for a piece that is being made
        self._pieces: Iterator[bytes]
        if form == _PARQUET:
            self._pieces = index.parquet(question.query, order=order, control=control)
        else:
            found = index.matches(question.query, order=order, control=control)
            runs = chain.from_iterable(map(hosted.log.reader.pick, found))
            self._pieces = write_export(FORMATS[form], runs, log=hosted.log.origin)

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

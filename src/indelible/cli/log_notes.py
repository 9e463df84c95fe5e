"""What a part of the program logs, as notes of the command that uses it."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indelible.cli.terminal import Terminal

__all__ = ["notes_of"]


@contextmanager
def notes_of(logger: str, words: Callable[[logging.LogRecord], str], terminal: Terminal) -> Iterator[None]:
    """While the block runs, print each warning of a logger as a note, in the ``words`` made of it."""

    class Note(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:  # type: ignore[explicit-override]  # of Python 3.12
            terminal.note(words(record), style="yellow")

    handler, log = Note(logging.WARNING), logging.getLogger(logger)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)

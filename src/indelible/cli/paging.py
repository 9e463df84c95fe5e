"""A pager for what is longer than the screen, as git has it: ``PAGER``, else ``less``, and none for a short answer."""

from __future__ import annotations

import os
import shlex
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from indelible.cli.interruption import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

__all__ = ["Pager", "PagerLeft"]


class PagerLeft(Exception):  # noqa: N818 - no error: whoever read has seen enough
    """The pager was left while there was more to write.

    Not a ``BrokenPipeError``, at which rich ends the process, with a status that means something else here.
    """


class Pager:
    """A text stream that turns into a pager's input once more lines than fit have been written."""

    def __init__(self, screen: TextIO, height: Callable[[], int]) -> None:
        self._screen = screen
        self._height = height
        self._held: list[str] = []
        self._lines = 0
        self._process: subprocess.Popen[str] | None = None
        self._decided = False

    def write(self, text: str) -> int:
        """Write some text.

        Raises:
            PagerLeft: nobody reads any more.
        """
        if self._decided:
            with self._noticing_who_leaves():
                return self._out.write(text)
        self._held.append(text)
        self._lines += text.count("\n")
        if self._lines > self._height() - 2:  # the next prompt takes a line
            self._start()
        return len(text)

    def flush(self) -> None:
        """Write out what a pager, or none, is to show."""
        if self._decided:
            with self._noticing_who_leaves():
                self._out.flush()

    def isatty(self) -> bool:
        """What is written here reaches a terminal in the end."""
        return True

    def close(self) -> None:
        """Show what was short, or wait until the pager has been left."""
        if not self._decided:
            self._decided = True
            self._release()
        if self._process is None or self._process.stdin is None:
            return
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        while self._process.poll() is None:
            with suppress(Interrupted):  # Control-C is the pager's own while it shows something
                self._process.wait()

    @property
    def _out(self) -> TextIO:
        if self._process is not None and self._process.stdin is not None:
            return self._process.stdin  # type: ignore[return-value]  # opened as text
        return self._screen

    def _start(self) -> None:
        self._decided = True
        command = shlex.split(os.environ.get("PAGER", "less"))
        if command and command != ["cat"]:
            environment = {"LESS": "FRX", "LV": "-c", **os.environ}
            with suppress(OSError):  # there is no such pager: the screen scrolls
                self._process = subprocess.Popen(  # noqa: S603 - the user's own PAGER
                    command, stdin=subprocess.PIPE, env=environment, text=True, encoding="utf-8"
                )
        self._release()

    def _release(self) -> None:
        held, self._held = "".join(self._held), []
        with self._noticing_who_leaves():
            self._out.write(held)
            self._out.flush()

    @contextmanager
    def _noticing_who_leaves(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError as error:
            if self._process is None:
                raise
            raise PagerLeft from error

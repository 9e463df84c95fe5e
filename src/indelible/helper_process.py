"""A Python interpreter beside this one that computes for it.

Hashing holds the interpreter's lock, so threads do not help; and a library must not fork a process that has threads,
nor make its caller's script be imported again, as :mod:`multiprocessing` does. So a helper is a new interpreter that
imports this module, takes calls over its standard input and gives answers over its standard output, pickled. Nobody
else holds the other ends of those pipes, which is why unpickling is in order. It ends when its input does, and so with
the process that started it, however that ends.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import logging
import pickle
import signal
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

from indelible.errors import HelperEnded, IndelibleError, InternalError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["HelperProcess", "main"]

_log = logging.getLogger("indelible.helper_process")

P = ParamSpec("P")
T = TypeVar("T")

# Nothing is imported before the path is ours: until then the working folder stands first in it.
_START = "import sys; sys.path[:] = sys.argv[1:]; from indelible.helper_process import main; main()"


class HelperProcess:
    """One helper. Started by its first call, and again by the next one after it has ended; callers take turns."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._numbers = itertools.count()  # of the calls, so that no answer is taken for that of another one
        self._closed = False
        self._answered = False  # by the process that runs
        self._starts = 0
        self._warming = threading.Lock()

    @property
    def is_warm(self) -> bool:
        """Whether it runs and has answered before, so that a call takes little more than its work."""
        process = self._process
        return self._answered and process is not None and process.poll() is None

    def warm_up(self, function: Callable[P, object], *arguments: P.args, **named: P.kwargs) -> None:
        """Have it started, and a function called that imports what calls will need; waits for nothing."""

        def warm() -> None:
            with self._warming, contextlib.suppress(IndelibleError):  # whoever calls it learns why it cannot
                self.call(function, *arguments, **named)

        if not self._warming.locked():
            threading.Thread(target=warm, name="indelible-helper", daemon=True).start()

    def call(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """What a function of a module gives, computed by the helper; arguments and result are pickled.

        Raises:
            HelperEnded: the helper ended before it answered, or could not be started.
            IndelibleError: the function raised it.
            InternalError: the function raised anything else.
            pickle.PicklingError: an argument cannot be pickled; so may ``TypeError`` and ``AttributeError`` say.
        """
        number = next(self._numbers)
        # Before the helper is asked: an argument that cannot be pickled is no reason to end it.
        data = pickle.dumps((number, function, arguments, named), pickle.HIGHEST_PROTOCOL)
        with self._lock:
            answer = self._exchange(number, data)
        if isinstance(answer, Exception):
            raise answer
        result: T = answer[0]
        return result

    def kill(self) -> None:
        """End it at once; a call that is under way fails."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Let a call that is under way finish, and end it."""
        with self._lock:
            self._closed = True
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(self, number: int, data: bytes) -> Any:  # noqa: ANN401 - whatever the function gives
        try:
            answer = self._ask(number, data)
        except BaseException as error:
            # Whatever it was: what the helper still has to say must not be taken for the answer to the next call.
            if self._process is not None:
                self._process.kill()
            self._end()
            if isinstance(error, (OSError, EOFError, pickle.UnpicklingError)):
                raise HelperEnded(f"a helper process ended before it answered: {error}") from error
            raise
        self._answered = True
        return answer

    def _ask(self, number: int, data: bytes) -> Any:  # noqa: ANN401 - as above
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise InternalError("a helper process has no pipes")
        process.stdin.write(data)
        process.stdin.flush()
        answered, answer = pickle.load(process.stdout)  # noqa: S301 - from the process that we have started
        if answered != number:
            raise EOFError(f"it answered call {answered} and not call {number}")
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise HelperEnded("the helper process has been closed")
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            # More than once in a server's life it is a helper that ends again and again, for want of memory say.
            _log.log(logging.WARNING if self._starts else logging.INFO, "helper_started", extra={"ended": self._starts})
            self._starts += 1
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, with our own module search path
                [sys.executable, "-c", _START, *sys.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.communicate()  # closes its input, which ends it
            self._process = None
            self._answered = False


def main() -> None:
    """Answer calls until there are no more: what a helper process runs."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the one who started this gets them, too, and decides when to stop
        signal.signal(number, signal.SIG_IGN)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray print must not be taken for an answer
    with contextlib.suppress(EOFError, pickle.UnpicklingError, BrokenPipeError):  # the one who started this is gone
        _answer(source, sink)
        gc.freeze()  # what the first call has imported stays; walking it again and again would find nothing
        while True:
            _answer(source, sink)


def _answer(source: IO[bytes], sink: IO[bytes]) -> None:
    number, function, arguments, named = pickle.load(source)  # noqa: S301 - from the process that has started this one
    try:
        answer = pickle.dumps((number, (function(*arguments, **named),)), pickle.HIGHEST_PROTOCOL)
    except IndelibleError as error:
        answer = pickle.dumps((number, error), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - raised again by whoever asked
        answer = pickle.dumps((number, InternalError(f"{type(error).__name__}: {error}")))
    sink.write(answer)
    sink.flush()

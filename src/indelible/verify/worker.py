"""A process that checks chunks: tasks in over standard input, results out over standard output, until the input ends.

Started by :mod:`indelible.verify.workers` only, which is also why unpickling is in order here: nobody else holds the
other end of the pipe. What goes wrong is an answer too, and is raised again on the other side.
"""

from __future__ import annotations

import gc
import pickle
import signal
import sys

from indelible.errors import InternalError, Unavailable
from indelible.verify.chunk import check_chunk

__all__ = ["main"]


def main() -> None:
    """Answer tasks until there are no more."""
    gc.freeze()  # what has been imported stays; walking it again and again would find nothing
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started this decides when to stop
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray print must not be taken for an answer
    while True:
        try:
            task = pickle.load(source)  # noqa: S301 - from the process that has started this one
        except EOFError:
            return
        try:
            answer = pickle.dumps(check_chunk(task))
        except Unavailable as error:
            answer = pickle.dumps(Unavailable(str(error), retry_after=error.retry_after))
        except Exception as error:  # noqa: BLE001 - raised again by whoever asked
            answer = pickle.dumps(InternalError(f"{type(error).__name__}: {error}"))
        sink.write(answer)
        sink.flush()

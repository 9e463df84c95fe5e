"""Chunks checked side by side in processes of their own, results in order.

Hashing holds Python's lock, so threads do not help; and a library must not fork a process that has threads, nor make
its caller's script be imported again, as multiprocessing does. So each worker is a new interpreter that runs
:mod:`indelible.verify.worker`, and a thread here that talks to it over its pipes. At most two chunks a worker are under
way, so memory does not grow with the log.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import pickle
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

from indelible.errors import InternalError, Unavailable
from indelible.verify.chunk import ChunkResult, check_chunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future
    from types import TracebackType

    from indelible.verify.chunk import ChunkTask

__all__ = ["check_chunks"]

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from indelible.verify.worker import main; main()"


def check_chunks(tasks: Iterable[ChunkTask], *, workers: int) -> Iterator[ChunkResult]:
    """Check chunks with so many processes, or in this one when ``workers`` is 1; results come in the tasks' order.

    Raises:
        Unavailable: something could not be had now, or a worker ended; nothing is known about the chunk.
    """
    if workers <= 1 or not sys.executable:
        yield from map(check_chunk, tasks)
        return
    waiting = iter(tasks)
    with _Workers(workers) as pool:
        running = deque(pool.submit(task) for task in itertools.islice(waiting, 2 * workers))
        while running:
            result = running.popleft().result()
            running.extend(pool.submit(task) for task in itertools.islice(waiting, 1))
            yield result


class _Workers:
    """A fixed number of worker processes, each used by one thread at a time."""

    def __init__(self, count: int) -> None:
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="indelible-verify")
        for _ in range(count):
            process = subprocess.Popen(  # noqa: S603 - our own interpreter, with our own module search path
                [sys.executable, "-c", _START, json.dumps(sys.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            self._processes.append(process)
            self._idle.put(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            for process in self._processes:
                process.kill()  # a thread that waits for an answer gets the end of the file instead
        self._threads.shutdown(wait=True, cancel_futures=True)
        for process in self._processes:
            with contextlib.suppress(BrokenPipeError):
                process.communicate()  # closes its input, which ends it

    def submit(self, task: ChunkTask) -> Future[ChunkResult]:
        return self._threads.submit(self._check, task)

    def _check(self, task: ChunkTask) -> ChunkResult:
        process = self._idle.get()
        if process.stdin is None or process.stdout is None:
            raise InternalError("a verification worker has no pipes")
        try:
            pickle.dump(task, process.stdin)
            process.stdin.flush()
            answer = pickle.load(process.stdout)  # noqa: S301 - from the process that we have started
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise Unavailable("a verification worker ended before it answered; run the verification again") from error
        finally:
            self._idle.put(process)  # also one that has ended: whoever takes it next learns it at once
        if isinstance(answer, BaseException):
            raise answer
        if not isinstance(answer, ChunkResult):
            raise InternalError("a verification worker gave an answer of another kind")
        return answer

"""Chunks checked side by side in processes of their own, results in order.

At most two chunks a process are under way, so memory does not grow with the log.
"""

from __future__ import annotations

import itertools
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

from indelible.errors import HelperEnded, Unavailable
from indelible.helper_process import HelperProcess
from indelible.verify.chunk import check_chunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future
    from types import TracebackType

    from indelible.verify.chunk import ChunkResult, ChunkTask

__all__ = ["check_chunks"]


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
    """A fixed number of helper processes, each used by one thread at a time."""

    def __init__(self, count: int) -> None:
        self._processes = [HelperProcess() for _ in range(count)]
        self._idle: SimpleQueue[HelperProcess] = SimpleQueue()
        for process in self._processes:
            self._idle.put(process)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="indelible-verify")

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
            process.close()

    def submit(self, task: ChunkTask) -> Future[ChunkResult]:
        return self._threads.submit(self._check, task)

    def _check(self, task: ChunkTask) -> ChunkResult:
        process = self._idle.get()
        try:
            return process.call(check_chunk, task)
        except HelperEnded as error:
            raise Unavailable("a verification worker ended before it answered; run the verification again") from error
        finally:
            self._idle.put(process)

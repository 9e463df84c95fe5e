"""One wake-up for a group, and nobody forgotten."""

from __future__ import annotations

import asyncio
import threading

from indelible.server.completions import Completions


def test_complete_wakes_the_loop_once_for_a_group() -> None:
    """Everything completed before the loop looks costs one call into it."""

    async def run() -> int:
        loop = asyncio.get_running_loop()
        calls = 0
        original = loop.call_soon_threadsafe

        def counting(*args: object) -> asyncio.Handle:
            nonlocal calls
            calls += 1
            return original(*args)  # type: ignore[arg-type]

        loop.call_soon_threadsafe = counting  # type: ignore[method-assign, assignment]
        completions = Completions(loop)
        futures = [loop.create_future() for _ in range(100)]

        def group() -> None:
            for future in futures:
                completions.complete(future)

        thread = threading.Thread(target=group)
        thread.start()
        thread.join()  # the loop is held up, so that it cannot drain in between
        await asyncio.gather(*futures)
        return calls

    assert asyncio.run(run()) == 1


def test_complete_from_many_threads_loses_nobody() -> None:
    """Whoever waits goes on, whatever the interleaving."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        completions = Completions(loop)
        futures = [loop.create_future() for _ in range(4_000)]

        def some(start: int) -> None:
            for future in futures[start::4]:
                completions.complete(future)

        threads = [threading.Thread(target=some, args=(start,)) for start in range(4)]
        for thread in threads:
            thread.start()
        await asyncio.wait_for(asyncio.gather(*futures), 30)
        for thread in threads:
            thread.join()

    asyncio.run(run())


def test_complete_ignores_who_no_longer_waits() -> None:
    """A cancelled request, and a loop that has ended, do no harm to the thread that completes."""

    async def run() -> tuple[Completions, asyncio.Future[None]]:
        loop = asyncio.get_running_loop()
        completions = Completions(loop)
        cancelled, waiting = loop.create_future(), loop.create_future()
        cancelled.cancel()
        completions.complete(cancelled)
        completions.complete(waiting)
        await waiting
        return completions, loop.create_future()

    completions, late = asyncio.run(run())
    completions.complete(late)

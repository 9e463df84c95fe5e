"""The pool is bounded, keeps the order of arrival, and loses nothing when it closes."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from indelible.errors import Closed, Overloaded
from indelible.log.pool import Pool
from indelible.log.submission import Submission

if TYPE_CHECKING:
    from indelible.events.preparation import Prepared


def submission(count: int, size: int = 10) -> Submission:
    event = cast("Prepared", SimpleNamespace(template=b"x" * size))
    return Submission([event] * count, lambda _: None)


@pytest.fixture
def pool() -> Pool:
    return Pool(max_entries=10, max_bytes=1_000)


def test_pool_take_returns_requests_in_order_of_arrival(pool: Pool) -> None:
    """Requests leave in the order in which they came, as many as fit the asked number of entries."""
    first, second, third = submission(3), submission(3), submission(3)
    for one in (first, second, third):
        pool.put(one)
    assert pool.take(6) == [first, second]
    assert pool.take(6) == [third]
    assert (pool.entries, pool.bytes) == (0, 0)


def test_pool_take_returns_a_request_larger_than_asked(pool: Pool) -> None:
    """A request is never split: one that alone exceeds the group's size travels alone."""
    large = submission(10)
    pool.put(large)
    assert pool.take(1) == [large]


@pytest.mark.parametrize(("count", "size"), [(2, 1), (1, 500)])
def test_pool_put_refuses_beyond_its_bounds(pool: Pool, count: int, size: int) -> None:
    """Entries and bytes are bounded; what was taken before stays."""
    pool.put(submission(9, size=60))
    with pytest.raises(Overloaded):
        pool.put(submission(count, size))
    assert pool.entries == 9


def test_pool_put_takes_an_oversized_request_when_empty(pool: Pool) -> None:
    """A request beyond the pool's bounds would otherwise wait for ever."""
    pool.put(submission(100))
    with pytest.raises(Overloaded):
        pool.put(submission(1))


def test_pool_close_refuses_new_requests_and_gives_out_the_rest(pool: Pool) -> None:
    """Draining: nothing new, everything old."""
    waiting = submission(1)
    pool.put(waiting)
    pool.close()
    with pytest.raises(Closed):
        pool.put(submission(1))
    assert [pool.drained, pool.take(10), pool.drained] == [False, [waiting], True]
    assert pool.take(10) == []


def test_pool_wake_lets_take_return_without_requests(pool: Pool) -> None:
    """The sequencer has other work than requests: it must not sleep through it."""
    taken: list[list[Submission]] = []
    thread = threading.Thread(target=lambda: taken.append(pool.take(10)))
    thread.start()
    pool.wake()
    thread.join(10)
    assert taken == [[]]

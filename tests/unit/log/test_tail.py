"""The tail holds what is journaled and not yet published, what was published last, and who waits for a size."""

from __future__ import annotations

import sys

from indelible.log.tail import Tail
from indelible.merkle import leaf_hash

MEMORY = sys.getsizeof(b"entry-0") + 8
"""Bytes of one of these entries, and of its place in a list."""


def entries(start: int, end: int) -> list[bytes]:
    return [b"entry-%d" % index for index in range(start, end)]


def filled(start: int, end: int, *, recent: int = 0) -> Tail:
    tail = Tail(start, recent_bytes=recent * MEMORY)
    added = entries(start, end)
    tail.extend(added, [leaf_hash(entry) for entry in added])
    return tail


def test_tail_get_knows_only_what_it_holds() -> None:
    """Below ``start`` and from ``end`` on there is nothing."""
    tail = filled(5, 8)
    assert tail.get(4) is None
    assert tail.get(5) == (b"entry-5", leaf_hash(b"entry-5"))
    assert tail.get(8) is None
    assert (tail.start, tail.end, tail.length) == (5, 8, 3)


def test_tail_published_drops_what_is_covered() -> None:
    """What a checkpoint covers is looked up in the objects from then on."""
    tail = filled(5, 8)
    tail.published(7)
    assert tail.get(6) is None
    assert tail.snapshot(10) == ([b"entry-7"], [leaf_hash(b"entry-7")])
    assert (tail.start, tail.end) == (7, 8)


def test_tail_reads_on_across_what_is_published() -> None:
    """The index gets the entries that were published last, too, and those that are not."""
    tail = filled(5, 9, recent=10)
    tail.published(7)
    tail.published(8)
    assert tail.first == 5
    assert tail.read(5, 9, recent=True) == entries(5, 8)
    assert tail.read(6, 7, recent=True) == entries(6, 7)
    assert tail.read(7, 9) is None, "only for those who ask for it"
    assert tail.read(8, 12) == entries(8, 9)
    assert tail.read(9, 12) == []
    assert tail.read(4, 9, recent=True) is None


def test_tail_forgets_the_oldest_of_what_is_published() -> None:
    """What stays is bounded in memory, however much is published at once, and makes room for what comes."""
    tail = filled(0, 8, recent=3)
    for size, first in ((2, 0), (3, 0), (4, 1), (8, 5)):
        tail.published(size)
        assert tail.first == first
        assert tail.read(first, 8, recent=True) == entries(first, size)
        assert tail.read(first - 1, 8, recent=True) is None


def test_tail_without_room_forgets_what_is_published() -> None:
    """It is read from the objects then, which hold what was signed, whatever had been journaled before."""
    tail = filled(5, 7)
    tail.published(10)
    more = entries(10, 12)
    tail.extend(more, [leaf_hash(entry) for entry in more])
    assert tail.first == 10
    assert tail.read(6, 12, recent=True) is None
    assert tail.read(10, 12) == more


def test_tail_when_published_calls_in_order_of_size_and_once() -> None:
    """Each waiter is called when its size is reached, not before, and not again."""
    tail = filled(0, 4)
    called: list[int] = []
    for size in (4, 2, 3):
        tail.when_published(size, lambda size=size: called.append(size))  # type: ignore[misc]
    tail.published(3)
    assert called == [2, 3]
    tail.published(4)
    assert called == [2, 3, 4]
    tail.when_published(1, lambda: called.append(1))
    assert called == [2, 3, 4, 1]


def test_tail_stop_calls_everyone_who_waits() -> None:
    """Nobody waits for ever for a log that has stopped."""
    tail = filled(0, 4)
    called: list[int] = []
    tail.when_published(9, lambda: called.append(9))
    tail.stop()
    tail.when_published(10, lambda: called.append(10))
    assert called == [9, 10]

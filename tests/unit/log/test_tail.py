"""The tail holds exactly what is journaled and not yet published, and calls those who wait for a size."""

from __future__ import annotations

from indelible.log.tail import Tail
from indelible.merkle import leaf_hash


def entries(start: int, end: int) -> list[bytes]:
    return [b"entry-%d" % index for index in range(start, end)]


def filled(start: int, end: int) -> Tail:
    tail = Tail(start)
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
    """What a checkpoint covers is read from the objects from then on."""
    tail = filled(5, 8)
    tail.published(7)
    assert tail.get(6) is None
    assert tail.snapshot(10) == ([b"entry-7"], [leaf_hash(b"entry-7")])
    assert (tail.start, tail.end) == (7, 8)


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

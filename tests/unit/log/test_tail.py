"""The tail holds exactly what is journaled and not yet published, and calls those who wait for a size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.log.tail import Tail
from indelible.merkle import leaf_hash

if TYPE_CHECKING:
    import pytest


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


def test_tail_reads_on_across_what_is_published() -> None:
    """Who follows the log gets the entries that were published last, too, each run of them for itself."""
    tail = filled(5, 9)
    tail.published(7)
    tail.published(8)
    assert tail.read(5, 9) == entries(5, 7)
    assert tail.read(6, 7) == entries(6, 7)
    assert tail.read(7, 9) == entries(7, 8)
    assert tail.read(8, 12) == entries(8, 9)
    assert tail.read(9, 12) == []
    assert tail.read(4, 9) is None


def test_tail_forgets_the_oldest_of_what_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stays is bounded in bytes, and makes room for what comes."""
    monkeypatch.setattr("indelible.log.tail._RECENT_BYTES", 3 * len(b"entry-0"))
    tail = filled(0, 6)
    for size in (2, 3, 4):
        tail.published(size)
    assert tail.read(1, 6) is None
    assert tail.read(2, 6) == entries(2, 3)
    tail.published(6)
    assert tail.read(3, 6) == entries(3, 4)
    assert tail.read(4, 6) == entries(4, 6)


def test_tail_knows_nothing_of_entries_that_it_never_held() -> None:
    """A log that something else writes may be published beyond what was read of its journal."""
    tail = filled(5, 7)
    tail.published(10)
    more = entries(10, 12)
    tail.extend(more, [leaf_hash(entry) for entry in more])
    assert tail.read(6, 12) == entries(6, 7)
    assert tail.read(7, 12) is None
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

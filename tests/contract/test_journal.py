"""What every journal does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from indelible.errors import InternalError
from tests.contract.states import state

if TYPE_CHECKING:
    from tests.contract.backends import AnyStores, Backend


def entries(first: int, count: int) -> list[bytes]:
    return [f'{{"n":{index}}}'.encode() for index in range(first, first + count)]


def numbered(first: int, count: int) -> list[tuple[int, bytes]]:
    return list(enumerate(entries(first, count), first))


def test_journal_begins_empty(stores: AnyStores) -> None:
    """Nothing is held, and the first entry will be entry 0."""
    assert (stores.journal.start, stores.journal.end) == (0, 0)
    assert list(stores.journal.replay(0)) == []


def test_journal_replays_what_was_appended(stores: AnyStores) -> None:
    """Entries come back in order under their indices, across groups, from any start."""
    for first, count in ((0, 1), (1, 255), (256, 257), (513, 1_000)):
        stores.journal.append(first, entries(first, count))
    assert stores.journal.end == 1_513
    assert list(stores.journal.replay(0)) == numbered(0, 1_513)
    for start in (1, 255, 256, 300, 1_512):
        assert list(stores.journal.replay(start)) == numbered(start, 1_513 - start)
    assert list(stores.journal.replay(1_513)) == []


@pytest.mark.parametrize("size", [1, 127, 65_535])
def test_journal_takes_entries_of_every_size(stores: AnyStores, size: int) -> None:
    """Bytes are bytes: zeros, text, and what looks like something else."""
    odd = [bytes(size), b"\xf7grp" * size, b"\xff" * size, b"{}"]
    stores.journal.append(0, odd)
    assert [entry for _, entry in stores.journal.replay(0)] == odd


@pytest.mark.parametrize("first_index", [0, 2, 4, 100])
def test_journal_refuses_a_group_that_does_not_follow(stores: AnyStores, first_index: int) -> None:
    """Indices have no gap and are never used twice; a refused group leaves nothing."""
    stores.journal.append(0, entries(0, 3))
    with pytest.raises(InternalError):
        stores.journal.append(first_index, entries(first_index, 2))
    assert list(stores.journal.replay(0)) == numbered(0, 3)


def test_journal_refuses_an_empty_group(stores: AnyStores) -> None:
    """A group is something."""
    with pytest.raises(InternalError):
        stores.journal.append(0, [])


def test_journal_trims_only_below(stores: AnyStores) -> None:
    """Entries from the trim point on stay; those below may be forgotten; replay never yields a gap."""
    stores.journal.append(0, entries(0, 1_000))
    for below in (0, 256, 768):
        stores.journal.trim(below)
        assert stores.journal.start <= below
        assert list(stores.journal.replay(below)) == numbered(below, 1_000 - below)
        assert list(stores.journal.replay(0)) == numbered(stores.journal.start, 1_000 - stores.journal.start)
    stores.journal.append(1_000, entries(1_000, 24))
    stores.journal.trim(1_024)
    assert (stores.journal.end, list(stores.journal.replay(1_024))) == (1_024, [])
    stores.journal.append(1_024, entries(1_024, 1))
    assert list(stores.journal.replay(1_024)) == numbered(1_024, 1)


def test_journal_refuses_to_trim_beyond_its_end(stores: AnyStores) -> None:
    """What is not there cannot be published, so it cannot be trimmed."""
    stores.journal.append(0, entries(0, 10))
    with pytest.raises(InternalError):
        stores.journal.trim(256)
    assert list(stores.journal.replay(0)) == numbered(0, 10)


def test_journal_is_the_same_after_closing(backend: Backend, stores: AnyStores) -> None:
    """Closing loses nothing, trimmed or not, and appending goes on where it ended."""
    stores.journal.append(0, entries(0, 700))
    stores.journal.trim(512)
    stores.checkpoints.swap(None, state(0))
    stores.close()
    again = backend.reopen()
    assert again.journal.end == 700
    assert list(again.journal.replay(512)) == numbered(512, 188)
    again.journal.append(700, entries(700, 1))
    again.close()
    last = backend.reopen()
    assert list(last.journal.replay(600)) == numbered(600, 101)
    last.close()

"""What every id index does."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from indelible.errors import InternalError
from tests.contract.states import state

if TYPE_CHECKING:
    from tests.contract.backends import AnyStores, Backend


def make_ids(seed: int, count: int) -> list[bytes]:
    random = Random(seed)
    return [random.randbytes(16) for _ in range(count)]


def test_id_index_begins_empty(stores: AnyStores) -> None:
    """No id is known, and none is durable."""
    assert (stores.ids.end, stores.ids.watermark) == (0, 0)
    assert stores.ids.lookup(make_ids(1, 3)) == [None, None, None]
    assert stores.ids.lookup([]) == []


def test_id_index_finds_what_was_inserted(stores: AnyStores) -> None:
    """Each id is found under the index of its entry, in any order, asked for together with unknown ones."""
    ids = make_ids(2, 3_000)
    stores.ids.insert(0, ids[:1])
    stores.ids.insert(1, ids[1:1_000])
    stores.ids.insert(1_000, ids[1_000:])
    assert stores.ids.end == 3_000
    unknown = make_ids(3, 2)
    asked = [unknown[0], *reversed(ids), unknown[1], ids[7], ids[7]]
    assert stores.ids.lookup(asked) == [None, *reversed(range(3_000)), None, 7, 7]


@pytest.mark.parametrize("first_index", [0, 9, 11])
def test_id_index_refuses_ids_that_do_not_follow(stores: AnyStores, first_index: int) -> None:
    """Ids have no gap: the index is that of the entry."""
    stores.ids.insert(0, make_ids(4, 10))
    with pytest.raises(InternalError):
        stores.ids.insert(first_index, make_ids(5, 1))
    assert stores.ids.end == 10


@pytest.mark.parametrize("wrong", [b"", bytes(15), bytes(17)])
def test_id_index_refuses_what_is_no_id(stores: AnyStores, wrong: bytes) -> None:
    """An id has 16 bytes."""
    with pytest.raises(InternalError):
        stores.ids.insert(0, [bytes(16), wrong])
    assert stores.ids.end == 0


def test_id_index_takes_ids_that_share_their_halves(stores: AnyStores) -> None:
    """Whoever sends ids chooses them: those that differ in one half only are still different."""
    ids = [high.to_bytes(8) + low.to_bytes(8) for high in range(20) for low in range(20)]
    stores.ids.insert(0, ids)
    assert stores.ids.lookup(ids) == list(range(400))
    assert stores.ids.lookup([(20).to_bytes(8) + bytes(8), bytes(8) + (20).to_bytes(8)]) == [None, None]


def test_id_index_keeps_what_is_below_the_watermark(backend: Backend, stores: AnyStores) -> None:
    """After closing, the index holds at least the ids below its watermark, and goes on from its end."""
    ids = make_ids(6, 5_000)
    stores.ids.insert(0, ids[:4_000])
    watermark = stores.ids.watermark
    stores.checkpoints.swap(None, state(0))
    stores.close()
    again = backend.reopen()
    assert watermark <= again.ids.end <= 4_000
    again.ids.insert(again.ids.end, ids[again.ids.end :])
    assert again.ids.lookup(ids) == list(range(5_000))
    again.close()

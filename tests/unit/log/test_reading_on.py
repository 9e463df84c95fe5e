"""Reading what is acknowledged: from the tiles as far as they go, then from the tail, as one."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from indelible.errors import NotFound
from indelible.formats import entry_bundle
from indelible.log import Reader

if TYPE_CHECKING:
    from tests.stepped_log import SteppedLog


@pytest.fixture(params=[0, 20_000, 1 << 20], ids=["none-in-memory", "some-in-memory", "all-in-memory"])
def stepped(stepped: SteppedLog, request: pytest.FixtureRequest) -> SteppedLog:
    """300 published entries, none, some or all of which stay in memory, and 30 that are not published."""
    stepped.settings = replace(stepped.settings, recent_bytes=request.param)
    stepped.reopen()
    stepped.append(300)
    stepped.publish()
    stepped.append(30)
    return stepped


@pytest.mark.parametrize(
    ("start", "end"), [(0, 330), (0, 10), (250, 310), (299, 301), (300, 330), (310, 999), (5, 5), (330, 400)]
)
def test_read_gives_published_and_journaled_entries_in_order(stepped: SteppedLog, start: int, end: int) -> None:
    """As one run, wherever the checkpoint stands, up to what there is."""
    reader = stepped.log.reader
    assert reader.acknowledged == 330
    expected = [(at, reader.get(at).entry) for at in range(start, min(end, 330))]
    assert list(reader.read(start, end)) == expected
    assert list(reader.read(start, end, recent=True)) == expected


@pytest.mark.parametrize("recent", [False, True])
def test_read_goes_on_when_entries_are_published_meanwhile(stepped: SteppedLog, *, recent: bool) -> None:
    """What has left the tail since is read from the tiles, or from what stays in memory."""
    reader = stepped.log.reader
    entries = reader.read(290, 330, recent=recent)
    read = [next(entries) for _ in range(15)]
    stepped.publish()
    stepped.append(5)
    assert [at for at, _ in [*read, *entries]] == list(range(290, 330))


def test_read_without_a_tail_ends_at_the_checkpoint(stepped: SteppedLog) -> None:
    """A reader of the objects alone knows of no journal."""
    reader = Reader.open(stepped.stores.objects)
    assert reader.acknowledged == 300
    assert [at for at, _ in reader.read(295, 330)] == list(range(295, 300))


def test_bundle_is_given_when_it_is_full(stepped: SteppedLog) -> None:
    """256 published entries as they are stored; a partial bundle would be out of date at once."""
    reader = stepped.log.reader
    entries = entry_bundle.decode(reader.bundle(0), 256)
    assert entries == [reader.get(at).entry for at in range(256)]
    with pytest.raises(NotFound, match="not full"):
        reader.bundle(1)


def test_wait_acknowledged_ends_when_there_is_more(stepped: SteppedLog) -> None:
    """At once when there is, after the time when there is not, and as soon as something comes."""
    reader = stepped.log.reader
    reader.wait_acknowledged(329, 60)
    reader.wait_acknowledged(330, 0.0)
    waiting = threading.Thread(target=reader.wait_acknowledged, args=(330, 60))
    waiting.start()
    stepped.append(1)
    waiting.join(30)
    assert not waiting.is_alive()

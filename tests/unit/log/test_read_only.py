"""Reading a log that something else writes: what it shows, and when it moves on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from indelible.errors import Damaged, NotFound, NotYetPublished
from indelible.events.record import decode_record
from indelible.formats import entry_bundle
from indelible.index import LogSource
from indelible.log import ReadOnlyLog
from indelible.log.read_only import REFRESH_SECONDS
from tests.stepped_log import ORIGIN, SteppedLog, TurnedClock

if TYPE_CHECKING:
    from collections.abc import Sequence


class NoIds:
    """An id index of which nothing is on disk."""

    end = 0

    def lookup(self, ids: Sequence[bytes]) -> list[int | None]:
        return [None] * len(ids)


def read(stepped: SteppedLog) -> ReadOnlyLog:
    return ReadOnlyLog(
        name="main",
        origin=ORIGIN,
        reason="by choice",
        objects=stepped.stores.objects,
        ids=NoIds(),
        journaled=stepped.stores.journal.replay,
        clock=stepped.clock,
    )


def turn(clock: TurnedClock) -> None:
    clock.seconds += REFRESH_SECONDS


def test_read_only_log_shows_what_was_acknowledged_when_it_was_opened(stepped: SteppedLog) -> None:
    """Published or not; only what is published can be proven."""
    stepped.append(2)
    stepped.publish()
    stepped.append(3)
    log = read(stepped)
    assert [log.reader.get(index).published for index in range(5)] == [True, True, False, False, False]
    assert (log.status.size, log.status.journaled, log.status.read_only) == (2, 5, "by choice")
    with pytest.raises(NotYetPublished):
        log.reader.prove(2)


@pytest.mark.parametrize(("note", "said"), [(b"", "checkpoint: it is empty"), (b"nonsense", "checkpoint: a note has")])
def test_read_only_log_refuses_a_checkpoint_that_is_none(stepped: SteppedLog, note: bytes, said: str) -> None:
    """It is damage, which names the file and what to do, and nobody's wrong use."""
    stepped.stores.objects.publish(note)
    with pytest.raises(Damaged, match=f"{said}.*signed again"):
        read(stepped)


def test_read_only_log_finds_ids_that_no_run_has(stepped: SteppedLog) -> None:
    """Of entries published, journaled, and published later; each is read once."""
    stepped.append(2)
    stepped.publish()
    stepped.append(1)
    log = read(stepped)
    ids = [decode_record(log.reader.get(index).entry)["id"] for index in range(3)]
    assert [log.reader.find(id_) for id_ in ids] == [0, 1, 2]
    stepped.append(1)
    stepped.publish()
    later = decode_record(stepped.log.reader.get(3).entry)["id"]
    assert log.reader.find(later) is None
    turn(stepped.clock)
    assert log.reader.find(later) == 3
    assert [log.reader.find(id_) for id_ in ids] == [0, 1, 2]


def test_read_only_log_moves_on_now_and_then(stepped: SteppedLog) -> None:
    """Not with every question, but before what it shows is old; and every entry is there at each moment."""
    stepped.append(1)
    log = read(stepped)
    assert log.status.size == 0
    stepped.publish()
    assert log.status.size == 0
    turn(stepped.clock)
    assert (log.status.size, log.reader.get(0).published) == (1, True)
    stepped.append(300)
    stepped.publish()
    with pytest.raises(NotFound):
        log.reader.get(1)
    turn(stepped.clock)
    assert log.reader.get(300).index == 300
    assert log.status.checkpoint_age == 0
    turn(stepped.clock)
    assert log.status.checkpoint_age == REFRESH_SECONDS


def test_read_only_log_moves_on_for_its_index(stepped: SteppedLog) -> None:
    """What follows it sees what a writer publishes, although nobody else asks the log for anything."""
    stepped.append(2)
    stepped.publish()
    source = LogSource(read(stepped))
    stepped.append(3)
    stepped.publish()
    turn(stepped.clock)
    assert source.acknowledged() == 5
    assert [index for index, _ in source.entries(0, 9)] == [0, 1, 2, 3, 4]


def test_read_only_log_finds_ids_beside_an_entry_that_is_no_record(stepped: SteppedLog) -> None:
    """One that holds the id of the event that it was is found by it, so that it is not called missing."""
    ids = [f"017f22e2-79b0-7cc3-98c4-dc0c0c07398{digit}" for digit in "abc"]
    stepped.sequence(stepped.prepare("a", "b", "c", ids=ids))
    stepped.publish()
    entries = [entry for _, entry in stepped.log.reader.entries(0, 3)]
    entries[1] = entries[1][:-1]
    stepped.stores.objects.put([("tile/entries/000.p/3", entry_bundle.encode(entries))], replace=True)
    log = read(stepped)
    assert [log.reader.find(event_id) for event_id in ids] == [0, 1, 2]
    assert log.reader.find(ids[0][:-1] + "d") is None
    assert [log.reader.look(index).damage is None for index in range(3)] == [True, False, True]

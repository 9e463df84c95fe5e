"""A request is in as a whole or not at all, every new event has the next index, and an id means one thing for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from indelible.errors import DamagedObject, IdConflict, ReadOnly, StorageFull
from indelible.formats import entry_bundle
from indelible.merkle import leaf_hash

if TYPE_CHECKING:
    from tests.stepped_log import SteppedLog

A, B, C = (f"017f22e2-79b0-7cc3-98c4-dc0c0c07398{digit}" for digit in "abc")


def test_sequencer_gives_consecutive_indices_in_order(stepped: SteppedLog) -> None:
    """Requests of one group follow one another; each one's new events are consecutive."""
    first, second = stepped.sequence(stepped.prepare("a", "b"), stepped.prepare("c"))
    assert [receipt.index for receipt in first.result().events] == [0, 1]
    assert (first.result().first_index, second.result().first_index) == (0, 2)
    for receipt in (*first.result().events, *second.result().events):
        stored = stepped.log.reader.get(receipt.index)
        assert leaf_hash(stored.entry) == receipt.leaf_hash
        assert msgspec.json.decode(stored.entry)["id"] == receipt.id


def test_sequencer_assigns_one_received_at_a_group(stepped: SteppedLog) -> None:
    """The time is assigned with the index, once a group, and stands for occurred_at where that was left out."""
    stepped.sequence(stepped.prepare("a"), stepped.prepare("b"))
    records = [msgspec.json.decode(stepped.log.reader.get(index).entry) for index in (0, 1)]
    assert {record["received_at"] for record in records} == {"2023-11-14T22:13:20.000000Z"}
    assert {record["occurred_at"] for record in records} == {"2023-11-14T22:13:20.000000Z"}


@pytest.mark.parametrize("published", [False, True])
def test_sequencer_answers_a_known_event_with_its_first_index(stepped: SteppedLog, *, published: bool) -> None:
    """The same id with the same content adds nothing, be its entry in the journal or a bundle, or after a restart."""
    (first,) = stepped.sequence(stepped.prepare("a", "b", ids=[A, B]))
    if published:
        stepped.publish()
        stepped.reopen()
    stepped.clock.microseconds += 5_000_000
    (again,) = stepped.sequence(stepped.prepare("new", "b", ids=[C, B]))
    assert [(r.index, r.duplicate) for r in again.result().events] == [(2, False), (1, True)]
    assert again.result().events[1].leaf_hash == first.result().events[1].leaf_hash
    assert (again.result().first_index, again.result().added, again.result().duplicates) == (2, 1, 1)
    assert stepped.log.status.journaled == 3


def test_sequencer_answers_with_no_index_when_nothing_is_new(stepped: SteppedLog) -> None:
    """``first_index`` is None then, and the journal is not touched."""
    stepped.sequence(stepped.prepare("a", ids=[A]))
    (again,) = stepped.sequence(stepped.prepare("a", ids=[A]))
    assert (again.result().first_index, again.result().added) == (None, 0)
    assert stepped.log.status.journaled == 1


@pytest.mark.parametrize("published", [False, True])
def test_sequencer_refuses_an_id_with_other_content(stepped: SteppedLog, *, published: bool) -> None:
    """The whole request fails, names the first index, and leaves no trace; its neighbours in the group are in."""
    stepped.sequence(stepped.prepare("a", ids=[A]))
    if published:
        stepped.publish()
    bad, good = stepped.sequence(stepped.prepare("fresh", "other", ids=[B, A]), stepped.prepare("fresh", ids=[B]))
    with pytest.raises(IdConflict) as conflict:
        bad.result()
    assert (conflict.value.first_index, conflict.value.event_id, conflict.value.pointer) == (0, A, "/1")
    assert [(r.index, r.duplicate) for r in good.result().events] == [(1, False)]


def test_sequencer_finds_duplicates_within_one_request(stepped: SteppedLog) -> None:
    """The second of two equal events in one request is a duplicate of the first."""
    (submission,) = stepped.sequence(stepped.prepare("a", "a", "b", ids=[A, A, B]))
    assert [(r.index, r.duplicate) for r in submission.result().events] == [(0, False), (0, True), (1, False)]


def test_sequencer_refuses_a_conflict_within_one_request(stepped: SteppedLog) -> None:
    """There is no first index to name: nothing of the request is in."""
    (submission,) = stepped.sequence(stepped.prepare("a", "b", ids=[A, A]))
    with pytest.raises(IdConflict, match="earlier in the same request") as conflict:
        submission.result()
    assert conflict.value.first_index is None
    assert stepped.log.status.journaled == 0


def test_sequencer_finds_duplicates_across_requests_of_a_group(stepped: SteppedLog) -> None:
    """Two requests that race with the same event: one adds it, the other is told where it is."""
    first, second = stepped.sequence(stepped.prepare("a", ids=[A]), stepped.prepare("a", "b", ids=[A, B]))
    assert [(r.index, r.duplicate) for r in first.result().events] == [(0, False)]
    assert [(r.index, r.duplicate) for r in second.result().events] == [(0, True), (1, False)]
    assert first.result().events[0].leaf_hash == second.result().events[0].leaf_hash


def test_sequencer_refuses_a_group_that_does_not_fit_and_goes_on(
    stepped: SteppedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk fails the group without a trace; when there is space again, the same events are taken."""

    def full(first_index: int, entries: object) -> None:
        raise StorageFull("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(stepped.stores.journal, "append", full)
        (refused,) = stepped.sequence(stepped.prepare("a", ids=[A]))
        with pytest.raises(StorageFull):
            refused.result()
    (taken,) = stepped.sequence(stepped.prepare("a", ids=[A]))
    assert (taken.result().first_index, taken.result().added) == (0, 1)


def test_sequencer_makes_the_log_read_only_when_durability_is_unknown(
    stepped: SteppedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed sync nothing is appended until a restart has verified what is there."""

    def broken(first_index: int, entries: object) -> None:
        raise ReadOnly("fdatasync failed")

    with monkeypatch.context() as patch:
        patch.setattr(stepped.stores.journal, "append", broken)
        (refused,) = stepped.sequence(stepped.prepare("a"))
        with pytest.raises(ReadOnly):
            refused.result()
    (later,) = stepped.sequence(stepped.prepare("b"))
    with pytest.raises(ReadOnly, match="fdatasync failed"):
        later.result()
    assert "fdatasync failed" in (stepped.log.status.read_only or "")
    assert not stepped.publish()


def test_sequencer_fails_only_the_request_whose_recorded_event_is_damaged(stepped: SteppedLog) -> None:
    """Sent again, an event is compared with what is left of it; those beside it in the group are taken."""
    stepped.sequence(stepped.prepare("a", ids=[A]))
    stepped.publish()
    stepped.stores.objects.put([("tile/entries/000.p/1", entry_bundle.encode([b"{"]))], replace=True)
    again, other = stepped.sequence(stepped.prepare("b", "a", ids=[B, A]), stepped.prepare("c", ids=[C]))
    with pytest.raises(DamagedObject, match="entry 0 is no record any more"):
        again.result()
    assert other.result().first_index == 1
    (late,) = stepped.sequence(stepped.prepare("b", ids=[B]))
    assert late.result().first_index == 2

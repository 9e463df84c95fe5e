"""What a log measures of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.log import Log, Stores, create_log
from indelible.log.measures import BOUNDS, Durations, Publication
from indelible.storage.memory import MemoryStores
from tests.stepped_log import ORIGIN, SteppedLog
from tests.unit.log.test_log import prepare

if TYPE_CHECKING:
    from indelible.trust.signer import LogSigner


def test_durations_fall_into_the_bucket_that_bounds_them() -> None:
    """A bound belongs to its bucket; what is beyond all of them is counted, too."""
    durations = Durations()
    for seconds in (0.0, BOUNDS[0], BOUNDS[0] * 1.1, 1e9):
        durations.add(seconds)
    assert durations.buckets[:2] == [2, 1]
    assert durations.buckets[-1] == 1
    assert sum(durations.buckets) == 4
    assert durations.seconds > 1e9


def test_log_counts_each_group_once(stepped: SteppedLog) -> None:
    """One write of the journal for one group, however many requests and events are in it."""
    stepped.sequence(stepped.prepare("a", "b"), stepped.prepare("c"))
    stepped.sequence(stepped.prepare("d"))
    assert sum(stepped.log.measures.journal_writes.buckets) == 2


def test_log_tells_of_each_publication(signer: LogSigner) -> None:
    """With the size that is covered now, and a span of time that has passed."""
    memory = MemoryStores()
    stores = Stores(journal=memory.journal, ids=memory.ids, objects=memory.objects, checkpoints=memory.checkpoints)
    create_log(stores, origin=ORIGIN, signer=signer)
    told: list[Publication] = []
    with Log.open(stores, name="main", origin=ORIGIN, signer=signer) as log:
        log.measures.on_publication = told.append
        log.append(prepare(log, 3), wait="published")
        log.append(prepare(log, 1), wait="published")
    assert [publication.size for publication in told] == [3, 4]
    assert all(publication.began <= publication.ended for publication in told)
    assert sum(log.measures.publications.buckets) == 2

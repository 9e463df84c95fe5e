"""The running log: requests from many threads, acknowledged, published, drained."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from indelible.errors import Closed, NotYetPublished, ReadOnly, Unavailable
from indelible.formats.tlog_policy import Policy
from indelible.formats.tlog_proof import TlogProof
from indelible.log import Log, LogSettings, Stores, create_log
from indelible.storage.memory import MemoryStores
from tests.stepped_log import ORIGIN

if TYPE_CHECKING:
    from indelible.events import Prepared
    from indelible.log import Appended
    from indelible.trust.signer import LogSigner

SLOW = LogSettings(publish_interval=3_600)


@pytest.fixture
def stores(signer: LogSigner) -> Stores:
    memory = MemoryStores()
    stores = Stores(journal=memory.journal, ids=memory.ids, objects=memory.objects, checkpoints=memory.checkpoints)
    create_log(stores, origin=ORIGIN, signer=signer)
    return stores


def prepare(log: Log, count: int) -> list[Prepared]:
    events = [{"action": "thing.done", "actor": {"type": "user", "id": "ada"}}] * count
    return log.preparer.prepare_objects(events, principal="test", now_ms=1_700_000_000_000, random=os.urandom)


def test_log_takes_requests_from_many_threads(stores: Stores, signer: LogSigner) -> None:
    """Every request's new events are consecutive, no index is given twice, none is left out; all of it is published."""
    with Log.open(stores, name="main", origin=ORIGIN, signer=signer) as log:

        def work(_: int) -> list[Appended]:
            return [log.append(prepare(log, count)) for count in (1, 7, 2)]

        with ThreadPoolExecutor(8) as threads:
            answers = [answer for answers in threads.map(work, range(16)) for answer in answers]
        log.wait_published(160, timeout=30)
        assert log.reader.size == 160
    indices = []
    for answer in answers:
        own = [receipt.index for receipt in answer.events]
        assert own == list(range(own[0], own[0] + len(own)))
        indices += own
    assert sorted(indices) == list(range(160))


def test_log_append_published_returns_when_a_proof_can_be_had(stores: Stores, signer: LogSigner) -> None:
    """`wait="published"`: the answer comes when a signed checkpoint covers every event of it."""
    with Log.open(stores, name="main", origin=ORIGIN, signer=signer) as log:
        answer = log.append(prepare(log, 3), wait="published", timeout=30)
        for receipt in answer.events:
            proof = TlogProof.parse(log.reader.prove(receipt.index))
            proof.verify(log.reader.get(receipt.index).entry, Policy.for_log(*signer.vkeys))


def test_log_append_published_gives_up_after_its_timeout(stores: Stores, signer: LogSigner) -> None:
    """The entries are durable all the same, and the error says so."""
    with Log.open(stores, name="main", origin=ORIGIN, signer=signer, settings=SLOW) as log:
        with pytest.raises(NotYetPublished, match="durable"):
            log.append(prepare(log, 3), wait="published", timeout=0.01)
        assert log.status.journaled == 3


def test_log_close_publishes_what_was_taken(stores: Stores, signer: LogSigner) -> None:
    """Draining: everything submitted is journaled, everything journaled is published, nothing new is taken."""
    log = Log.open(stores, name="main", origin=ORIGIN, signer=signer, settings=SLOW)
    done: list[int] = []
    for _ in range(50):
        log.submit(prepare(log, 10), lambda submission: done.append(submission.result().added))
    log.close()
    assert done == [10] * 50
    assert log.reader.size == 500
    with pytest.raises(Closed):
        log.append(prepare(log, 1))


def test_log_publishes_early_when_many_entries_wait(stores: Stores, signer: LogSigner) -> None:
    """The memory that unpublished entries take is bounded, however long the interval."""
    settings = LogSettings(publish_interval=3_600, publish_entries=100, unpublished_entries=200)
    with Log.open(stores, name="main", origin=ORIGIN, signer=signer, settings=settings) as log:
        for _ in range(20):
            log.append(prepare(log, 50))
        log.wait_published(900, timeout=30)
        assert log.status.journaled == 1_000


def test_log_tells_those_who_wait_when_it_goes_read_only(
    stores: Stores, signer: LogSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for a checkpoint that will never come; reads go on."""

    def broken(checkpoint: bytes) -> None:
        raise ReadOnly("fsync failed")

    log = Log.open(stores, name="main", origin=ORIGIN, signer=signer)
    log.append(prepare(log, 1), wait="published", timeout=30)
    with monkeypatch.context() as patch:
        patch.setattr(stores.objects, "publish", broken)
        with pytest.raises(Unavailable, match="fsync failed"):
            log.append(prepare(log, 1), wait="published", timeout=30)
    assert log.reader.get(1).published is False
    assert log.reader.size == 1
    with pytest.raises(ReadOnly):
        log.append(prepare(log, 1))
    log.close()


def test_log_trims_the_journal_behind_the_publisher(stores: Stores, signer: LogSigner) -> None:
    """What full bundles under a checkpoint hold, the journal may forget; it keeps the rest."""
    with Log.open(stores, name="main", origin=ORIGIN, signer=signer) as log:
        log.append(prepare(log, 600), wait="published", timeout=30)
        log.append(prepare(log, 1), wait="published", timeout=30)
    assert (stores.journal.start, stores.journal.end) == (512, 601)

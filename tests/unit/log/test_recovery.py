"""A log opens where it was left, or says why not; what it opened with is never signed over unchecked."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from indelible.errors import Damaged, IntegrityError, RolledBack, UsageError
from indelible.formats.checkpoint import Checkpoint
from indelible.log import Stores, create_log
from indelible.log.assembly import assemble
from indelible.log.recovery import check_remembered
from indelible.storage.memory import MemoryStores
from indelible.storage.protocols import CheckpointState
from indelible.trust.signer import LogSigner, generate_log_keys
from tests.stepped_log import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stepped_log import SteppedLog


def flip(stepped: SteppedLog, path: str, position: int = 0) -> None:
    """Change one bit of a stored object behind the log's back."""
    data = bytearray(stepped.stores.objects.get(path))
    data[position] ^= 1
    replace_object(stepped, path, bytes(data))


def replace_object(stepped: SteppedLog, path: str, data: bytes) -> None:
    """Replace an object behind the log's back."""
    if path == "checkpoint":
        stepped.stores.objects.publish(data)
    else:
        stepped.stores.objects.put([(path, data)], replace=True)


def test_recovery_continues_where_the_log_was_left(stepped: SteppedLog) -> None:
    """Published, journaled, ids and time: all as before, and the next entry has the next index."""
    stepped.append(300)
    stepped.publish()
    stepped.append(7)
    before = [stepped.log.reader.get(index).entry for index in range(307)]
    stepped.clock.microseconds -= 60_000_000
    stepped.reopen()
    assert (stepped.log.reader.size, stepped.log.status.journaled) == (300, 307)
    assert [stepped.log.reader.get(index).entry for index in range(307)] == before
    stepped.append(1)
    assert b'"received_at":"2023-11-14T22:13:20.000000Z"' in stepped.log.reader.get(307).entry
    assert stepped.publish()
    assert stepped.log.reader.size == 308


def test_recovery_refuses_a_log_that_was_never_created(signer: LogSigner) -> None:
    """An absent state means that something was lost, unless someone says `create`."""
    memory = MemoryStores()
    stores = Stores(journal=memory.journal, ids=memory.ids, objects=memory.objects, checkpoints=memory.checkpoints)
    with pytest.raises(UsageError, match="create it first"):
        assemble(stores, name="main", origin=ORIGIN, signer=signer)
    create_log(stores, origin=ORIGIN, signer=signer)
    with pytest.raises(UsageError, match="exists already"):
        create_log(stores, origin=ORIGIN, signer=signer)


def test_recovery_signs_a_state_whose_signature_a_crash_prevented(
    stepped: SteppedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the swap and `checkpoint` the state is ahead by one interval: it is signed at the next start."""

    def crash(checkpoint: bytes) -> None:
        raise KeyboardInterrupt

    stepped.append(5)
    with monkeypatch.context() as patch:
        patch.setattr(stepped.stores.objects, "publish", crash)
        with pytest.raises(KeyboardInterrupt):
            stepped.publish()
    stepped.reopen()
    assert stepped.log.reader.size == 5
    assert stepped.log.reader.prove(4)


@pytest.mark.parametrize("path", ["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44", "checkpoint"])
@pytest.mark.parametrize("position", [0, 10, -1])
def test_recovery_never_signs_over_a_flipped_bit_on_the_right_edge(
    stepped: SteppedLog, path: str, position: int
) -> None:
    """What the next checkpoint would be computed from is compared with the last signed root first."""
    stepped.append(300)
    stepped.publish()
    stepped.append(1)
    flip(stepped, path, position)
    signed = stepped.stores.objects.get("checkpoint")
    with pytest.raises(IntegrityError):
        stepped.reopen()
    assert stepped.stores.objects.get("checkpoint") == signed


def test_recovery_refuses_objects_that_end_before_the_state(stepped: SteppedLog) -> None:
    """An old copy of the log's folder was restored."""
    stepped.append(300)
    stepped.publish()
    stepped.stores.objects.delete(["tile/0/001.p/44"])
    with pytest.raises(RolledBack, match="old copy"):
        stepped.reopen()


def test_recovery_refuses_a_state_behind_the_checkpoint(stepped: SteppedLog) -> None:
    """An old copy of the state was restored: signing from there would fork the log."""
    stepped.append(3)
    stepped.publish()
    old = stepped.stores.checkpoints.load()
    assert old is not None
    stepped.append(3)
    stepped.publish()
    fresh = MemoryStores()
    fresh.checkpoints.swap(None, old)
    stepped.stores = Stores(
        journal=stepped.stores.journal,
        ids=stepped.stores.ids,
        objects=stepped.stores.objects,
        checkpoints=fresh.checkpoints,
    )
    with pytest.raises(RolledBack, match="ahead of the committed state"):
        stepped.reopen()


def test_recovery_refuses_a_journal_of_another_moment(stepped: SteppedLog) -> None:
    """A journal that ends before the published size, or begins after it, is not this log's at this moment."""
    stepped.append(3)
    stepped.publish()
    lost = MemoryStores()
    stepped.stores = Stores(
        journal=lost.journal,
        ids=stepped.stores.ids,
        objects=stepped.stores.objects,
        checkpoints=stepped.stores.checkpoints,
    )
    with pytest.raises(RolledBack, match="not the journal of this log"):
        stepped.reopen()


def test_recovery_refuses_a_journal_that_contradicts_what_is_published(
    stepped: SteppedLog, make_log: Callable[[], SteppedLog]
) -> None:
    """Journal and bundle hold the same entries where both hold any."""
    stepped.append(3)
    stepped.publish()
    other = make_log()
    other.clock.microseconds += 1
    other.append(3)
    stepped.stores = Stores(
        journal=other.stores.journal,
        ids=stepped.stores.ids,
        objects=stepped.stores.objects,
        checkpoints=stepped.stores.checkpoints,
    )
    with pytest.raises(Damaged, match="differs from the published one"):
        stepped.reopen()


def test_recovery_refuses_an_id_index_that_knows_more_than_the_log(
    stepped: SteppedLog, make_log: Callable[[], SteppedLog]
) -> None:
    """Then entries are gone from the log that were there when their ids were written."""
    stepped.append(3)
    other = make_log()
    other.append(2)
    stepped.stores = Stores(
        journal=other.stores.journal,
        ids=stepped.stores.ids,
        objects=other.stores.objects,
        checkpoints=other.stores.checkpoints,
    )
    with pytest.raises(RolledBack, match="id index"):
        stepped.reopen()


def test_recovery_fills_an_id_index_from_the_log(stepped: SteppedLog) -> None:
    """Ids are inserted again from bundles and journal, so duplicates are found as before."""
    first = stepped.prepare(*["a"] * 300)
    stepped.sequence(first)
    stepped.publish()
    second = stepped.prepare("b")
    stepped.sequence(second)
    stepped.stores = Stores(
        journal=stepped.stores.journal,
        ids=MemoryStores().ids,
        objects=stepped.stores.objects,
        checkpoints=stepped.stores.checkpoints,
    )
    stepped.reopen()
    assert [stepped.log.reader.find(event.id) for event in (*first, *second)] == list(range(301))


def test_recovery_refuses_keys_of_another_log(stepped: SteppedLog) -> None:
    """The checkpoint there must bear both signatures of the keys at hand."""
    stepped.append(3)
    stepped.publish()
    stepped.signer = LogSigner(generate_log_keys(ORIGIN))
    with pytest.raises(Damaged, match="checkpoint"):
        stepped.reopen()


def test_recovery_compares_with_a_remembered_checkpoint(
    stepped: SteppedLog, make_log: Callable[[], SteppedLog]
) -> None:
    """A copy of everything is consistent with itself; what is remembered elsewhere shows it."""
    stepped.append(5)
    stepped.publish()
    old = stepped.log.reader.published.checkpoint
    stepped.append(5)
    stepped.publish()
    new = stepped.log.reader.published.checkpoint
    check_remembered(stepped.log.reader, old)
    check_remembered(stepped.log.reader, new)
    restored = make_log()
    restored.append(5)
    restored.publish()
    with pytest.raises(RolledBack, match="old copy"):
        check_remembered(restored.log.reader, new)
    with pytest.raises(IntegrityError):
        check_remembered(stepped.log.reader, Checkpoint(origin=ORIGIN, size=7, root=old.root))
    with pytest.raises(UsageError):
        check_remembered(stepped.log.reader, Checkpoint(origin="other.example", size=5, root=old.root))


def test_recovery_replaces_objects_that_a_crash_left_above_the_state(stepped: SteppedLog) -> None:
    """Only what no committed checkpoint covers may be replaced, and only by the first publication."""
    stepped.append(5)
    stepped.stores.objects.put([("tile/entries/000.p/5", b"left by a crash")])
    stepped.reopen()
    assert stepped.publish()
    stepped.append(1)
    stepped.stores.objects.put([("tile/entries/000.p/6", b"nobody may have written this")])
    assert not stepped.publish()
    assert stepped.log.status.read_only is not None


def test_recovery_says_what_it_found(stepped: SteppedLog, caplog: pytest.LogCaptureFixture) -> None:
    """An operator sees how much was published and how much was waiting."""
    stepped.append(3)
    with caplog.at_level(logging.INFO):
        stepped.reopen()
    (record,) = [record for record in caplog.records if record.message == "log_opened"]
    assert (record.__dict__["size"], record.__dict__["unpublished"]) == (0, 3)


def test_checkpoint_state_never_goes_back(stepped: SteppedLog) -> None:
    """The swap refuses a smaller tree, and another root for the same size."""
    stepped.append(3)
    stepped.publish()
    state = stepped.stores.checkpoints.load()
    assert state is not None
    for bad in (
        CheckpointState(size=2, root=state.root),
        CheckpointState(size=3, root=type(state.root)(bytes(32))),
    ):
        with pytest.raises(RolledBack):
            stepped.stores.checkpoints.swap(state, bad)

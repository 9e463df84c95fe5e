"""A checkpoint is signed only over what was written, read back, and found to be right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from indelible.errors import InternalError, StorageFull
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note
from indelible.formats.tlog_policy import Policy
from indelible.formats.tlog_proof import TlogProof
from indelible.log.integrate import RightEdge
from indelible.merkle import leaf_hashes, tree_root, verify_consistency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.stepped_log import SteppedLog


def test_publisher_signs_the_tree_of_the_journaled_entries(stepped: SteppedLog) -> None:
    """The checkpoint verifies under both keys and has the root of an independent computation."""
    stepped.append(300)
    assert stepped.publish()
    stored = [stepped.log.reader.get(index).entry for index in range(300)]
    result = Policy.for_log(*stepped.signer.vkeys).check(stepped.stores.objects.get("checkpoint"))
    assert (result.checkpoint.size, result.checkpoint.root) == (300, tree_root(leaf_hashes(stored)))
    assert result.quorum_met


def test_publisher_has_nothing_to_do_without_entries(stepped: SteppedLog) -> None:
    """No new entries, no new checkpoint."""
    before = stepped.stores.objects.get("checkpoint")
    assert not stepped.publish()
    assert stepped.stores.objects.get("checkpoint") == before


def test_publisher_signs_an_idle_head_again(stepped: SteppedLog) -> None:
    """The ML-DSA timestamp says "the largest tree at this time": it must not grow old. Size and root stay."""
    stepped.append(3)
    stepped.publish()
    before = stepped.stores.objects.get("checkpoint")
    stepped.clock.seconds += stepped.settings.resign_interval
    stepped.clock.microseconds += int(stepped.settings.resign_interval * 1e6)
    assert not stepped.publish()
    after = stepped.stores.objects.get("checkpoint")
    assert after != before
    assert Checkpoint.parse(Note.parse(after).text) == Checkpoint.parse(Note.parse(before).text)


def test_publisher_deletes_partial_objects_once_the_full_one_is_durable(stepped: SteppedLog) -> None:
    """Partial objects of published sizes stay until they are replaced, then none of them is left."""
    for count in (100, 100, 100):
        stepped.append(count)
        stepped.publish()
    assert set(stepped.stores.objects.list("tile/")) == {
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    }


def test_publisher_signs_nothing_when_the_disk_is_full_and_catches_up_later(
    stepped: SteppedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entries stay in the tail; the next interval tries the same objects again."""

    def full(objects: Sequence[tuple[str, bytes]], *, replace: bool = False) -> None:
        raise StorageFull("no space left on device")

    stepped.append(5)
    with monkeypatch.context() as patch:
        patch.setattr(stepped.stores.objects, "put", full)
        assert not stepped.publish()
    assert (stepped.log.reader.size, stepped.log.status.read_only) == (0, None)
    assert stepped.publish()
    assert stepped.log.reader.size == 5


@pytest.mark.parametrize("path", ["tile/entries/000.p/5", "tile/0/000.p/5"])
def test_publisher_signs_nothing_when_what_it_reads_back_differs(
    stepped: SteppedLog, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """One flipped bit between writing and reading back: the log goes read-only, the checkpoint stays."""
    stepped.append(5)
    before = stepped.stores.objects.get("checkpoint")
    get = stepped.stores.objects.get

    def flipped(wanted: str) -> bytes:
        data = get(wanted)
        return data[:-1] + bytes([data[-1] ^ 1]) if wanted == path else data

    with monkeypatch.context() as patch:
        patch.setattr(stepped.stores.objects, "get", flipped)
        assert not stepped.publish()
    assert "read back" in (stepped.log.status.read_only or "")
    assert stepped.stores.objects.get("checkpoint") == before
    state = stepped.stores.checkpoints.load()
    assert state is not None
    assert state.size == 0


def test_publisher_signs_nothing_when_its_memory_of_the_edge_is_damaged(stepped: SteppedLog) -> None:
    """The right edge must give the last signed root each time: a hash that changed in memory is not signed over."""
    stepped.append(5)
    stepped.publish()
    stepped.append(5)
    edge = stepped.log.publisher._edge
    levels = ((edge.levels[0][1], *edge.levels[0][1:]),)
    stepped.log.publisher._edge = RightEdge(size=5, levels=levels, entries=edge.entries)
    entries, hashes = stepped.log._tail.snapshot(5)
    with pytest.raises(InternalError, match="right edge"):
        stepped.log.publisher.publish(entries, hashes)
    assert stepped.log.reader.size == 5


def test_publisher_checkpoints_extend_one_another(stepped: SteppedLog) -> None:
    """Each checkpoint is consistent with every earlier one, by the proofs that the reader gives."""
    history = []
    for count in (1, 2, 254, 1, 300):
        stepped.append(count)
        stepped.publish()
        history.append(stepped.log.reader.published.checkpoint)
    for old in history:
        for new in history:
            if old.size <= new.size:
                proof = stepped.log.reader.consistency(old.size, new.size)
                verify_consistency(
                    old_size=old.size, new_size=new.size, old_root=old.root, new_root=new.root, proof=proof
                )


def test_reader_proofs_verify_for_every_entry(stepped: SteppedLog) -> None:
    """A proof leads from the entry's bytes to the signed checkpoint, with nothing but the public keys."""
    stepped.append(300)
    stepped.publish()
    stepped.append(1)
    policy = Policy.for_log(*stepped.signer.vkeys)
    for index in (*range(0, 300, 37), 255, 256, 299):
        proof = TlogProof.parse(stepped.log.reader.prove(index))
        assert proof.index == index
        proof.verify(stepped.log.reader.get(index).entry, policy)

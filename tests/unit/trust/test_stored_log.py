"""A log in a data directory: its journal, id runs and checkpoint state are verified with it, and named when damaged."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from indelible.merkle import leaf_hashes, tree_root
from indelible.storage.posix import LogPaths, PosixStores
from indelible.storage.protocols import CheckpointState
from indelible.trust.stored_log import beside_log
from indelible.verify.beside import Beside, JournalRecords
from indelible.verify.verdicts import Finding, FindingKind, LogReport, Status, VerdictName
from tests.fabricated_log import FabricatedLog, event_id, record, records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PUBLISHED = 300
JOURNALED = 310


@dataclass
class StoredLog:
    """A published log with everything that lies beside it."""

    paths: LogPaths
    files: FabricatedLog

    @classmethod
    def create(
        cls,
        data: Path,
        *,
        journal: Sequence[bytes],
        published: int = PUBLISHED,
        ids: Sequence[int] | None = None,
        committed: CheckpointState | None = None,
    ) -> StoredLog:
        """Write one; ``ids[index]`` says which record's id the index gives to an entry."""
        data.mkdir(exist_ok=True)
        stores = PosixStores.create(data, "main")
        files = FabricatedLog(LogPaths(data, "main").objects)
        files.write(records(published))
        root = tree_root(leaf_hashes(records(published)))
        stores.checkpoints.swap(None, committed or CheckpointState(size=published, root=root))
        for at in range(0, len(journal), 7):
            stores.journal.append(stores.journal.end, journal[at : at + 7])
        numbers = range(len(journal)) if ids is None else ids
        stores.ids.insert(0, [uuid.UUID(event_id(number)).bytes for number in numbers])
        stores.close()
        return cls(LogPaths(data, "main"), files)

    def verify(self) -> LogReport:
        return self.files.verify(beside=beside_log(self.paths))

    def damage(self) -> Finding:
        """The one finding that verification must have."""
        report = self.verify()
        assert report.verdicts[VerdictName.INTACT].status is Status.FAILED
        (finding,) = report.findings
        return finding


@pytest.fixture
def log(tmp_path: Path) -> StoredLog:
    return StoredLog.create(tmp_path, journal=records(JOURNALED))


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    path.chmod(0o644)
    return path


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_stored_log_is_verified_with_what_lies_beside_it(log: StoredLog) -> None:
    """A sound directory: journaled records beyond the checkpoint are counted."""
    report = log.verify()
    assert report.findings == ()
    assert report.notes == ()
    assert "10 journaled records beyond them are whole" in report.verdicts[VerdictName.INTACT].detail


def test_stored_log_without_journaled_records_is_verified(tmp_path: Path) -> None:
    """A journal may be empty, with nothing to add."""
    log = StoredLog.create(tmp_path, journal=[], published=0)
    assert log.verify().findings == ()


@pytest.mark.parametrize("place", [3, 30, 100, -3])
def test_stored_log_names_a_damaged_journal(log: StoredLog, place: int) -> None:
    """A flipped byte in the journal is located by file and place."""
    path = only_file(log.paths.journal)
    flip(path, place)
    finding = log.damage()
    assert finding.kind is FindingKind.MALFORMED
    assert finding.path == f"journal/main/{path.name}"
    assert "byte " in finding.detail


def test_stored_log_names_a_journal_that_is_gone(log: StoredLog) -> None:
    """A journal that is not there has lost what was acknowledged."""
    only_file(log.paths.journal).unlink()
    log.paths.journal.rmdir()
    assert log.damage().path == "journal/main"


def test_stored_log_says_when_the_journal_ends_in_a_torn_group(log: StoredLog) -> None:
    """What a crash cut short is no damage; it is said."""
    path = only_file(log.paths.journal)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 5)
    report = log.verify()
    assert report.verdicts[VerdictName.INTACT].status is Status.VERIFIED
    assert any("cut short" in note and f"journal/main/{path.name}" in note for note in report.notes)


def test_stored_log_names_a_journal_cut_below_the_published_size(log: StoredLog) -> None:
    """Nothing below the published size is ever cut from the end of a journal."""
    path = only_file(log.paths.journal)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 3)
    finding = log.damage()
    assert finding.kind is FindingKind.ENTRY_MISSING
    assert finding.index is not None
    assert finding.index < PUBLISHED


def test_stored_log_notices_a_journal_that_begins_too_late(log: StoredLog) -> None:
    """Records between the tree and the journal are nowhere."""
    late = JournalRecords(start=305, end=306, records=[(305, record(305))])
    report = log.files.verify(beside=Beside(journal=lambda: late))
    (finding,) = report.findings
    assert (finding.kind, finding.index, finding.found) == (FindingKind.ENTRY_MISSING, 300, "305")


def test_stored_log_notices_a_journal_with_a_gap(log: StoredLog) -> None:
    """Records within a journal follow each other."""
    gapped = JournalRecords(start=299, end=303, records=[(index, record(index)) for index in (299, 300, 302)])
    report = log.files.verify(beside=Beside(journal=lambda: gapped))
    (finding,) = report.findings
    assert (finding.kind, finding.index, finding.found) == (FindingKind.ENTRY_MISSING, 301, "302")


def test_stored_log_compares_the_journal_with_the_published_entries(tmp_path: Path) -> None:
    """The journal's copy of a published entry is the same, or one of the two was altered."""
    journal = records(JOURNALED)
    journal[280] = record(280, outcome="failure")
    finding = StoredLog.create(tmp_path, journal=journal).damage()
    assert (finding.kind, finding.index, finding.event_id) == (FindingKind.ENTRY_ALTERED, 280, event_id(280))
    assert finding.path == "journal"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (record(305, log="example.com/other"), "belongs to the log"),
        (record(3, received_at="2026-07-22T10:00:00.000305Z"), "bears the same id"),
        (record(305, received_at="2026-07-22T09:00:00.000000Z"), "decreases"),
        (b"nonsense", "not a record"),
    ],
)
def test_stored_log_reads_the_journals_records(tmp_path: Path, wrong: bytes, said: str) -> None:
    """Records beyond the checkpoint are held to the same laws."""
    journal = records(JOURNALED)
    journal[305] = wrong
    report = StoredLog.create(tmp_path, journal=journal, ids=range(305)).verify()
    finding = report.findings[0]
    assert (finding.kind, finding.index) == (FindingKind.MALFORMED, 305)
    assert said in finding.detail


@pytest.mark.parametrize("place", [0, 20, 260, 3000, -1])
def test_stored_log_names_a_damaged_id_run(log: StoredLog, place: int) -> None:
    """A flipped byte in an id run is located by file."""
    path = only_file(log.paths.ids)
    flip(path, place)
    finding = log.damage()
    assert (finding.kind, finding.path) == (FindingKind.MALFORMED, f"state/main/ids/{path.name}")


def test_stored_log_names_the_entry_that_the_id_index_gets_wrong(tmp_path: Path) -> None:
    """An id index that is whole, but of another log, contradicts the entries."""
    numbers = [*range(JOURNALED)]
    numbers[7] = 99_999
    finding = StoredLog.create(tmp_path, journal=records(JOURNALED), ids=numbers).damage()
    assert (finding.kind, finding.index, finding.expected) == (FindingKind.MALFORMED, 7, event_id(7))
    assert finding.found == event_id(99_999)
    assert finding.path is not None
    assert finding.path.startswith("state/main/ids/")


def test_stored_log_knows_the_id_of_an_entry_that_is_gone(log: StoredLog) -> None:
    """What an entry that was taken out was called, the id index still knows."""
    entries = log.files.entries_of_bundle(280)
    del entries[280 - 256]
    log.files.rewrite_bundle(280, entries)
    finding = log.damage()
    assert (finding.kind, finding.index, finding.event_id) == (FindingKind.ENTRY_MISSING, 280, event_id(280))


def test_stored_log_names_a_gap_between_id_runs(log: StoredLog) -> None:
    """A run that does not follow on the one before it is damage."""
    path = only_file(log.paths.ids)
    path.rename(path.with_name("00000000000000000005-00000000000000000310.ids"))
    assert log.damage().kind is FindingKind.MALFORMED


def test_stored_log_notices_that_its_folder_is_an_old_copy(tmp_path: Path) -> None:
    """A checkpoint state ahead of the log's folder, whose tree is not there, shows an old copy."""
    committed = CheckpointState(size=305, root=tree_root(leaf_hashes(records(305))))
    log = StoredLog.create(tmp_path, journal=records(JOURNALED), committed=committed)
    finding = log.damage()
    assert (finding.kind, finding.index, finding.expected) == (FindingKind.ROLLED_BACK, 300, "size >= 305")


def test_stored_log_accepts_a_state_ahead_of_the_checkpoint_when_its_tree_is_there(tmp_path: Path) -> None:
    """A crash between the two leaves exactly this, and so does a running log."""
    committed = CheckpointState(size=305, root=tree_root(leaf_hashes(records(305))))
    log = StoredLog.create(tmp_path, journal=records(JOURNALED), committed=committed)
    checkpoint = log.files.get("checkpoint")
    log.files.write(records(305))
    log.files.put("checkpoint", checkpoint)
    log.files.entries = records(300)
    assert log.verify().findings == ()


def test_stored_log_notices_a_state_that_contradicts_the_tree(tmp_path: Path) -> None:
    """A state below the checkpoint is one of the tree's earlier selves."""
    good = CheckpointState(size=256, root=tree_root(leaf_hashes(records(256))))
    assert StoredLog.create(tmp_path / "good", journal=records(JOURNALED), committed=good).verify().findings == ()
    bad = CheckpointState(size=256, root=tree_root(leaf_hashes(records(255))))
    finding = StoredLog.create(tmp_path / "bad", journal=records(JOURNALED), committed=bad).damage()
    assert (finding.kind, finding.path) == (FindingKind.INCONSISTENT, "state")


@pytest.mark.parametrize("harm", ["flip", "remove"])
def test_stored_log_names_a_damaged_checkpoint_state(log: StoredLog, harm: str) -> None:
    """A state that cannot be read, or is gone, is named."""
    path = log.paths.checkpoint_state
    if harm == "flip":
        path.chmod(0o644)
        flip(path, 20)
    else:
        path.unlink()
    finding = log.damage()
    assert (finding.kind, finding.path) == (FindingKind.MALFORMED, "state/main/checkpoint-state")


def flips_of(path: Path) -> Iterator[int]:
    """Flip each byte of a file, one at a time; the file is whole again afterwards."""
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])
        yield place
    path.write_bytes(data)


def test_stored_log_notices_every_flip_beside_the_folder(tmp_path: Path) -> None:
    """Some 1,500 cases: each byte of a small journal, of its id run, and of the checkpoint state."""
    log = StoredLog.create(tmp_path, journal=records(3), published=2)
    for path in (only_file(log.paths.journal), only_file(log.paths.ids), log.paths.checkpoint_state):
        path.chmod(0o644)
        for _ in flips_of(path):
            finding = log.damage()
            assert (finding.kind, finding.path) == (FindingKind.MALFORMED, path.relative_to(tmp_path).as_posix())
    assert log.verify().findings == ()


def test_stored_log_notices_every_truncation_of_id_runs_and_state(tmp_path: Path) -> None:
    """Each shorter file; of the journal, the end of what is not published may be missing undetectably."""
    log = StoredLog.create(tmp_path, journal=records(3), published=2)
    for path in (only_file(log.paths.ids), log.paths.checkpoint_state):
        path.chmod(0o644)
        data = path.read_bytes()
        for length in range(len(data)):
            path.write_bytes(data[:length])
            finding = log.damage()
            assert (finding.kind, finding.path) == (FindingKind.MALFORMED, path.relative_to(tmp_path).as_posix())
        path.write_bytes(data)


def test_stored_log_notices_truncations_of_the_journal_below_the_published_size(tmp_path: Path) -> None:
    """A journal cut where published records stood is noticed, wherever the cut is."""
    log = StoredLog.create(tmp_path, journal=records(3), published=3)
    path = only_file(log.paths.journal)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert log.damage().kind in {FindingKind.ENTRY_MISSING, FindingKind.MALFORMED}

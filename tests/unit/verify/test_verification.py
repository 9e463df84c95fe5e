"""The verification of whole logs: sound ones are verified, and each kind of damage is named and located."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from indelible.formats import entry_bundle
from indelible.formats.note import Note
from indelible.formats.policy_members import Witness
from indelible.formats.tile import Tile
from indelible.formats.tlog_policy import Policy
from indelible.formats.vkey import VerifierKey
from indelible.merkle import leaf_hash, leaf_hashes, tree_root
from indelible.trust.signer import generate_log_keys
from indelible.verify.fetch import MAX_OBJECT_BYTES
from indelible.verify.fsck import FsckOptions
from indelible.verify.trusted_keys import TrustedKeys
from indelible.verify.verdicts import MAX_FINDINGS, Finding, FindingKind, LogReport, Status, VerdictName
from indelible.verify.verification import VerifyOptions
from tests.fabricated_log import ORIGIN, FabricatedLog, event_id, log_keys, record, records

if TYPE_CHECKING:
    from pathlib import Path

SIZES = (0, 1, 255, 256, 257, 513)


@pytest.fixture
def log(tmp_path: Path) -> FabricatedLog:
    """A log of 600 entries, published at 1, 300 and 600; 300's partials are still there."""
    log = FabricatedLog(tmp_path / "log")
    for size in (1, 300, 600):
        log.write(records(size))
    return log


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> FabricatedLog:
    """A log of 66,000 entries, so that there are full tiles above the leaves. Tests must put back what they change."""
    log = FabricatedLog(tmp_path_factory.mktemp("tall"))
    log.write(records(66_000))
    return log


def statuses(report: LogReport) -> dict[str, str]:
    return {name.value: verdict.status.value for name, verdict in report.verdicts.items()}


def only(report: LogReport) -> Finding:
    """The one finding that there is."""
    (finding,) = report.findings
    return finding


def located(report: LogReport) -> set[tuple[str, int | None, str | None]]:
    return {(finding.kind.value, finding.index, finding.path) for finding in report.findings}


# Sound logs


@pytest.mark.parametrize("size", SIZES)
def test_verify_log_verifies_a_sound_log(tmp_path: Path, size: int) -> None:
    """Intact and signed, at the sizes where tiles begin and end; the rest is not checked, and says why."""
    log = FabricatedLog(tmp_path)
    log.write(records(size))
    report = log.verify()
    assert report.findings == ()
    assert statuses(report) == {
        "intact": "verified",
        "signed": "verified",
        "consistent": "not_checked",
        "witnessed": "not_checked",
        "timestamped": "not_checked",
        "complete": "not_checked",
        "authentic": "not_checked",
    }
    assert all(verdict.detail for verdict in report.verdicts.values())
    assert (report.log, report.origin, report.size) == ("main", ORIGIN, size)
    assert report.root == tree_root(leaf_hashes(records(size)))
    assert report.worst() is Status.VERIFIED
    json.dumps(report.to_json())


def test_verify_log_verifies_a_tall_log_in_processes(tall: FabricatedLog) -> None:
    """66,000 entries in worker processes give the same as in one, with progress up to the end."""
    seen: list[tuple[int, int]] = []
    options = VerifyOptions(fsck=FsckOptions(workers=2, on_progress=lambda done, of: seen.append((done, of))))
    report = tall.verify(options)
    assert report.findings == ()
    assert report.worst() is Status.VERIFIED
    assert seen == sorted(seen)
    assert seen[-1] == (66_000, 66_000)
    assert len(seen) > 4


def test_verify_log_accepts_earlier_partials(log: FabricatedLog) -> None:
    """The files of smaller trees may stay."""
    assert (log.root / "tile/0/001.p/44").exists()
    assert (log.root / "tile/0/000.p/1").exists()
    assert log.verify().findings == ()


def test_verify_log_accepts_full_files_in_the_place_of_partial_ones(log: FabricatedLog) -> None:
    """tlog-tiles: where the full tile exists, the partial one may be gone, as when a log grows meanwhile."""
    checkpoint = log.get("checkpoint")
    log.write(records(800))
    for path in ("tile/0/002.p/88", "tile/entries/002.p/88"):
        (log.root / path).unlink()
    log.put("checkpoint", checkpoint)
    report = log.verify()
    assert report.findings == ()
    assert report.verdicts[VerdictName.INTACT].status is Status.VERIFIED
    assert any("beyond the checkpoint" in note for note in report.notes)


def test_verify_log_says_so_when_no_key_is_known(log: FabricatedLog) -> None:
    """Without a key nothing is signed, which is not the same as wrongly signed."""
    report = log.verify(trusted=None)
    assert report.verdicts[VerdictName.SIGNED].status is Status.UNVERIFIABLE
    assert report.verdicts[VerdictName.INTACT].status is Status.VERIFIED
    assert report.worst() is Status.UNVERIFIABLE


# Entries


def test_verify_log_names_an_altered_entry(log: FabricatedLog) -> None:
    """Index, id, file, the hash that was recorded and the one that is found."""
    entries = log.entries_of_bundle(300)
    entries[44] = record(300, outcome="failure")
    log.rewrite_bundle(300, entries)
    finding = only(log.verify())
    assert (finding.kind, finding.index, finding.event_id) == (FindingKind.ENTRY_ALTERED, 300, event_id(300))
    assert finding.path == "tile/entries/001"
    assert finding.expected == leaf_hash(record(300)).hex()
    assert finding.found == leaf_hash(record(300, outcome="failure")).hex()


def test_verify_log_names_an_altered_entry_whose_leaf_hash_was_altered_too(log: FabricatedLog) -> None:
    """An insider who also fixes the leaf tile is caught by the tile above."""
    forged = record(300, outcome="failure")
    entries = log.entries_of_bundle(300)
    entries[44] = forged
    log.rewrite_bundle(300, entries)
    tile = log.get("tile/0/001")
    log.put("tile/0/001", tile[: 44 * 32] + leaf_hash(forged) + tile[45 * 32 :])
    report = log.verify()
    bundle_finding = next(finding for finding in report.findings if finding.path == "tile/entries/001")
    assert (bundle_finding.kind, bundle_finding.index) == (FindingKind.ENTRY_ALTERED, 256)
    assert "256 to 511" in bundle_finding.detail
    # The earlier partial bundle and tile still hold what was there.
    assert {(finding.index, finding.path) for finding in report.findings} >= {(256, "tile/entries/001")}


def test_verify_log_tells_an_altered_entry_from_an_altered_hash_beside_it(log: FabricatedLog) -> None:
    """Damage to an entry and to another entry's hash in the same tile is told apart."""
    entries = log.entries_of_bundle(256)
    entries[3] = record(259, outcome="failure")
    log.rewrite_bundle(256, entries)
    tile = log.get("tile/0/001")
    log.put("tile/0/001", tile[: 9 * 32] + bytes(32) + tile[10 * 32 :])
    assert located(log.verify()) >= {
        ("entry_altered", 259, "tile/entries/001"),
        ("tile_altered", 265, "tile/0/001"),
    }
    assert {path for _, _, path in located(log.verify())} == {"tile/entries/001", "tile/0/001"}


@pytest.mark.parametrize("index", [10, 300, 599])
def test_verify_log_names_a_deleted_entry(log: FabricatedLog, index: int) -> None:
    """An entry taken out of its bundle is missing at its index."""
    entries = log.entries_of_bundle(index)
    del entries[index % 256]
    log.rewrite_bundle(index, entries)
    finding = only(log.verify())
    assert (finding.kind, finding.index, finding.path) == (FindingKind.ENTRY_MISSING, index, log.bundle(index))
    assert finding.expected == leaf_hash(record(index)).hex()


def test_verify_log_names_swapped_entries(log: FabricatedLog) -> None:
    """Two entries that changed places are named both, and where each belongs."""
    entries = log.entries_of_bundle(300)
    entries[44], entries[50] = entries[50], entries[44]
    log.rewrite_bundle(300, entries)
    first, second = log.verify().findings
    assert (first.kind, first.index, first.event_id) == (FindingKind.ENTRY_ALTERED, 300, event_id(306))
    assert (second.kind, second.index, second.event_id) == (FindingKind.ENTRY_ALTERED, 306, event_id(300))
    assert "recorded at index 306" in first.detail
    assert "recorded at index 300" in second.detail


def test_verify_log_names_an_inserted_entry(log: FabricatedLog) -> None:
    """An entry too many is located where it was put."""
    entries = log.entries_of_bundle(599)
    entries.insert(20, record(9999))
    log.rewrite_bundle(599, entries)
    finding = only(log.verify())
    assert (finding.kind, finding.index) == (FindingKind.MALFORMED, 532)


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/entries/002.p/88"])
def test_verify_log_names_a_missing_bundle(log: FabricatedLog, path: str) -> None:
    """A bundle that is gone is missing entries from its first index on."""
    (log.root / path).unlink()
    finding = only(log.verify())
    assert (finding.kind, finding.path) == (FindingKind.ENTRY_MISSING, path)
    assert finding.index == (0 if path.endswith("000") else 512)


def test_verify_log_reads_a_bundle_that_is_much_too_large(log: FabricatedLog) -> None:
    """A file beyond all bounds is malformed, and not read."""
    with (log.root / "tile/entries/000").open("r+b") as file:
        file.truncate(1 << 40)  # sparse
    finding = only(log.verify())
    assert (finding.kind, finding.path) == (FindingKind.MALFORMED, "tile/entries/000")


# Tiles


@pytest.mark.parametrize(
    ("path", "place", "index"),
    [("tile/0/000", 7, 7), ("tile/0/001", 255, 511), ("tile/0/002.p/88", 3, 515), ("tile/1/000.p/2", 1, 256)],
)
def test_verify_log_names_an_altered_hash(log: FabricatedLog, path: str, place: int, index: int) -> None:
    """A hash in a tile at any level is located by the first entry that it stands for."""
    data = log.get(path)
    log.put(path, data[: place * 32] + bytes(32) + data[place * 32 + 32 :])
    finding = only(log.verify())
    assert (finding.kind, finding.index, finding.path) == (FindingKind.TILE_ALTERED, index, path)
    assert finding.expected == data[place * 32 : place * 32 + 32].hex()
    assert finding.found == "00" * 32


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2"])
def test_verify_log_names_a_missing_tile(log: FabricatedLog, path: str) -> None:
    """A tile that is gone is missing, though it could be made again."""
    (log.root / path).unlink()
    finding = only(log.verify())
    assert (finding.kind, finding.path) == (FindingKind.TILE_MISSING, path)


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2"])
@pytest.mark.parametrize("length", [0, 31, 33, 9000])
def test_verify_log_names_a_tile_of_the_wrong_length(log: FabricatedLog, path: str, length: int) -> None:
    """A tile is as long as its width says."""
    log.put(path, bytes(length))
    finding = only(log.verify())
    assert (finding.kind, finding.path) == (FindingKind.MALFORMED, path)


@pytest.mark.parametrize(
    ("path", "place", "index"),
    [("tile/0/255", 1, 65281), ("tile/1/000", 9, 2304), ("tile/1/001.p/1", 0, 65536), ("tile/2/000.p/1", 0, 0)],
)
def test_verify_log_names_an_altered_hash_at_any_level_of_a_tall_log(
    tall: FabricatedLog, path: str, place: int, index: int
) -> None:
    """Full tiles above the leaves are checked from the root down, and mended from below."""
    data = tall.get(path)
    tall.put(path, data[: place * 32] + bytes(32) + data[place * 32 + 32 :])
    try:
        finding = only(tall.verify())
    finally:
        tall.put(path, data)
    assert (finding.kind, finding.index, finding.path) == (FindingKind.TILE_ALTERED, index, path)


def test_verify_log_finds_its_way_when_a_tile_and_a_leaf_below_it_are_damaged(tall: FabricatedLog) -> None:
    """Two damages on the same path to the root are told apart, and entries are held against the right hashes."""
    upper, leaf = tall.get("tile/1/000"), tall.get("tile/0/004")
    tall.put("tile/1/000", upper[: 9 * 32] + bytes(32) + upper[10 * 32 :])
    tall.put("tile/0/004", leaf[:32] + bytes(32) + leaf[64:])
    try:
        found = located(tall.verify())
    finally:
        tall.put("tile/1/000", upper)
        tall.put("tile/0/004", leaf)
    assert found == {("tile_altered", 2304, "tile/1/000"), ("tile_altered", 1025, "tile/0/004")}


def test_verify_log_makes_missing_upper_tiles_again(tall: FabricatedLog) -> None:
    """Tiles that are gone are named, and the entries below them are verified all the same."""
    files = {path: tall.get(path) for path in ("tile/1/000", "tile/2/000.p/1", "tile/0/007", "tile/1/001.p/1")}
    for path in files:
        (tall.root / path).unlink()
    try:
        report = tall.verify()
    finally:
        for path, data in files.items():
            tall.put(path, data)
    assert {(finding.kind, finding.path) for finding in report.findings} == {
        (FindingKind.TILE_MISSING, path) for path in files
    }


def test_verify_log_names_an_altered_earlier_partial(log: FabricatedLog) -> None:
    """Earlier partials are the beginnings of later files, so they are checked too."""
    tile = log.get("tile/0/001.p/44")
    log.put("tile/0/001.p/44", tile[:64] + bytes(32) + tile[96:])
    entries = log.entries_of_bundle(256)[:44]
    entries[5] = record(261, outcome="failure")
    log.put("tile/entries/001.p/44", entry_bundle.encode(entries))
    assert located(log.verify()) == {
        ("tile_altered", 258, "tile/0/001.p/44"),
        ("entry_altered", 261, "tile/entries/001.p/44"),
    }


def test_verify_log_does_not_blame_an_earlier_partial_for_damage_to_the_full_file(log: FabricatedLog) -> None:
    """Where the later file is the damaged one, only that is named."""
    tile = log.get("tile/0/001")
    log.put("tile/0/001", tile[:64] + bytes(32) + tile[96:])
    assert located(log.verify()) == {("tile_altered", 258, "tile/0/001")}
    log.put("tile/0/001", tile)
    entries = log.entries_of_bundle(256)
    entries[5] = record(261, outcome="failure")
    log.rewrite_bundle(256, entries)
    assert located(log.verify()) == {("entry_altered", 261, "tile/entries/001")}


@pytest.mark.parametrize(
    "path",
    ["notes.txt", "tile/0/01", "tile/0/000.p/256", "tile/entries/000.p/044", "tile/x", "tile/64/000", "checkpoint.bak"],
)
def test_verify_log_names_files_that_do_not_belong_to_a_log(log: FabricatedLog, path: str) -> None:
    """A log's folder holds nothing but a log."""
    log.put(path, b"x")
    finding = only(log.verify())
    assert (finding.kind, finding.path) == (FindingKind.MALFORMED, path)


def test_verify_log_follows_no_links_and_waits_for_no_pipes(log: FabricatedLog) -> None:
    """A link or a pipe in the place of a file is not the file, whatever it leads to."""
    for path in ("tile/0/000", "tile/entries/000"):
        (log.root / path).rename(log.root.parent / "moved")
        (log.root / path).symlink_to(log.root.parent / "moved")
    report = log.verify()
    assert {finding.path for finding in report.findings} == {"tile/0/000", "tile/entries/000"}


def test_verify_log_keeps_a_bounded_number_of_findings(tmp_path: Path) -> None:
    """However much is wrong, the report stays small and says how much it left out."""
    log = FabricatedLog(tmp_path)
    log.write(records(1500))
    for start in range(0, 1500, 256):
        log.rewrite_bundle(start, [record(index, reason="forged") for index in range(start, min(start + 256, 1500))])
    report = log.verify()
    assert len(report.findings) == MAX_FINDINGS
    assert report.omitted_findings == 500
    assert "1500 findings" in report.verdicts[VerdictName.INTACT].detail


# The checkpoint and who signed it


def test_verify_log_notices_a_tree_rewritten_without_the_keys(log: FabricatedLog) -> None:
    """Entries, tiles and root that agree with each other, under the old signed checkpoint, are not intact."""
    checkpoint = log.get("checkpoint")
    forged = records(600)
    forged[7] = record(7, outcome="failure")
    log.write(forged, keep_partials=False)
    log.put("checkpoint", checkpoint)
    report = log.verify()
    finding = only(report)
    assert (finding.kind, finding.path) == (FindingKind.INCONSISTENT, "checkpoint")
    assert finding.expected == tree_root(leaf_hashes(records(600))).hex()
    assert finding.found == tree_root(leaf_hashes(forged)).hex()
    assert statuses(report)["intact"] == "failed"
    assert statuses(report)["signed"] == "verified"


def test_verify_log_notices_another_root_in_the_checkpoint(log: FabricatedLog) -> None:
    """A checkpoint edited by somebody without the keys is altered, and not signed."""
    note = Note.parse(log.get("checkpoint"))
    other = note.text.replace("600", "300")
    log.put("checkpoint", Note(other, note.signatures).encode())
    report = log.verify()
    kinds = {finding.kind for finding in report.findings}
    assert kinds == {FindingKind.CHECKPOINT_ALTERED, FindingKind.SIGNATURE_INVALID}
    assert statuses(report)["intact"] == statuses(report)["signed"] == "failed"


def test_verify_log_does_not_look_for_a_tree_that_an_unsigned_checkpoint_makes_up(log: FabricatedLog) -> None:
    """A size of nine quintillions, signed by nobody, costs nothing."""
    note = Note.parse(log.get("checkpoint"))
    log.put("checkpoint", Note(note.text.replace("600", "9000000000000000000"), note.signatures).encode())
    report = log.verify()
    assert statuses(report)["intact"] == "failed"
    assert len(report.findings) < 30


@pytest.mark.parametrize("data", [None, b"", b"nonsense", b"\xff\xfe", b"x" * 2_000_000])
def test_verify_log_without_a_readable_checkpoint_still_uses_the_remembered_one(
    log: FabricatedLog, data: bytes | None
) -> None:
    """Without a checkpoint nothing is signed; damage is looked for under the one that is remembered."""
    remembered = log.get("checkpoint")
    if data is None:
        (log.root / "checkpoint").unlink()
    else:
        log.put("checkpoint", data)
    entries = log.entries_of_bundle(300)
    entries[44] = record(300, outcome="failure")
    log.rewrite_bundle(300, entries)
    report = log.verify()
    assert {finding.path for finding in report.findings} == {"checkpoint"}
    assert statuses(report)["signed"] == "failed"
    report = log.verify(remembered=remembered)
    assert ("entry_altered", 300, "tile/entries/001") in located(report)
    assert statuses(report)["consistent"] == "unverifiable"
    assert report.worst() is Status.FAILED


@pytest.mark.parametrize(
    ("data", "said"), [(b"", "checkpoint: it is empty"), (b"x" * (MAX_OBJECT_BYTES + 1), "larger")]
)
def test_verify_log_says_what_is_wrong_with_the_checkpoint(log: FabricatedLog, data: bytes, said: str) -> None:
    """An empty file is called empty, and one that is too large is not."""
    log.put("checkpoint", data)
    report = log.verify()
    assert said in report.verdicts[VerdictName.INTACT].detail
    assert ("empty" in str(report.findings[0])) == (not data)


@pytest.mark.parametrize("kept", [0, 1])
def test_verify_log_demands_every_key(log: FabricatedLog, kept: int) -> None:
    """One of two signatures is not enough."""
    note = Note.parse(log.get("checkpoint"))
    log.put("checkpoint", Note(note.text, (note.signatures[kept],)).encode())
    report = log.verify()
    finding = only(report)
    assert (finding.kind, finding.path) == (FindingKind.SIGNATURE_MISSING, "checkpoint")
    assert statuses(report) | {"signed": "failed", "intact": "verified"} == statuses(report)


def test_verify_log_lets_nobody_else_claim_to_be_the_log(log: FabricatedLog) -> None:
    """A signature under the log's name by a key that nobody vouches for is a finding, even beside good ones."""
    mine = Note.parse(log.get("checkpoint"))
    log.sign(600, tree_root(leaf_hashes(records(600))), keys=log_keys(1))
    others = Note.parse(log.get("checkpoint"))
    log.put("checkpoint", Note(mine.text, (*mine.signatures, others.signatures[0])).encode())
    finding = only(log.verify())
    assert finding.kind is FindingKind.SIGNATURE_INVALID
    assert finding.found is not None
    assert finding.found.startswith(ORIGIN)


def test_verify_log_notices_keys_that_are_not_the_pinned_ones(log: FabricatedLog) -> None:
    """A log signed again under new keys is not signed by the old ones."""
    log.sign(600, tree_root(leaf_hashes(records(600))), keys=log_keys(1))
    kinds = [finding.kind for finding in log.verify().findings]
    assert kinds.count(FindingKind.SIGNATURE_MISSING) == 2
    assert kinds.count(FindingKind.SIGNATURE_INVALID) == 2


def test_verify_log_notices_the_log_of_another_origin(log: FabricatedLog) -> None:
    """Another log's files in the place of this one's are not this log."""
    other = TrustedKeys(origin="example.com/other", own=log.target().trusted.own, source="the test")  # type: ignore[union-attr]
    kinds = {finding.kind for finding in log.verify(trusted=other).findings}
    assert FindingKind.CHECKPOINT_ALTERED in kinds


def test_verify_log_follows_a_policy(log: FabricatedLog) -> None:
    """A policy with the log's own cosigner demands both signatures, and names no witnesses."""
    policy = Policy.for_log(*log.keys.vkeys)
    trusted = TrustedKeys.from_policy(policy, ORIGIN, source="the policy")
    assert trusted.vkeys == log.keys.vkeys
    report = log.verify(trusted=trusted)
    assert statuses(report) | {"signed": "verified", "witnessed": "not_checked"} == statuses(report)
    assert "names no witnesses besides the log's own key" in report.verdicts[VerdictName.WITNESSED].detail
    note = Note.parse(log.get("checkpoint"))
    log.put("checkpoint", Note(note.text, note.signatures[:1]).encode())
    assert only(log.verify(trusted=trusted)).kind is FindingKind.SIGNATURE_MISSING


def test_verify_log_takes_no_key_of_the_log_for_a_witness(log: FabricatedLog) -> None:
    """A quorum that the log's own key meets demands no witness, so the log is not witnessed by it."""
    own = Policy.for_log(*log.keys.vkeys)
    other = Witness("other", VerifierKey.parse(generate_log_keys("witness.example/w").vkeys[1]))
    policy = Policy(logs=own.logs, witnesses=(*own.witnesses, other), quorum=own.quorum)
    report = log.verify(trusted=TrustedKeys.from_policy(policy, ORIGIN, source="the policy"))
    verdict = report.verdicts[VerdictName.WITNESSED]
    assert (verdict.status, "no witness has cosigned" in verdict.detail) == (Status.NOT_CHECKED, True)
    without = TrustedKeys.from_policy(Policy(logs=own.logs), ORIGIN, source="the policy")
    assert log.verify(trusted=without).verdicts[VerdictName.WITNESSED].detail == "the policy names no witnesses"


# Consistency


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 300, 600])
def test_verify_log_is_consistent_with_any_earlier_self(tmp_path: Path, size: int) -> None:
    """A log that has only grown extends whatever was remembered of it."""
    log = FabricatedLog(tmp_path)
    log.write(records(size))
    remembered = log.get("checkpoint")
    log.write(records(600))
    report = log.verify(remembered=remembered)
    assert report.findings == ()
    assert statuses(report)["consistent"] == "verified"
    assert report.remembered_size == size


def test_verify_log_notices_an_old_copy(log: FabricatedLog) -> None:
    """A copy of an earlier day is sound in itself; whoever remembers more sees it."""
    remembered = log.get("checkpoint")
    log.write(records(300), keep_partials=False)
    report = log.verify()
    assert report.worst() is Status.VERIFIED
    report = log.verify(remembered=remembered)
    finding = only(report)
    assert (finding.kind, finding.index) == (FindingKind.ROLLED_BACK, 300)
    assert statuses(report) | {"intact": "verified", "signed": "verified", "consistent": "failed"} == statuses(report)
    assert report.worst() is Status.FAILED


@pytest.mark.parametrize("grown", [600, 601, 1000])
def test_verify_log_notices_history_rewritten_with_the_stolen_key(log: FabricatedLog, grown: int) -> None:
    """A forged log, signed by the real keys, is sound to a stranger; whoever remembers a checkpoint sees it."""
    remembered = log.get("checkpoint")
    forged = records(grown)
    forged[300] = record(300, outcome="failure")
    log.write(forged, keep_partials=False)
    assert log.verify().worst() is Status.VERIFIED
    report = log.verify(remembered=remembered)
    finding = only(report)
    assert finding.kind is FindingKind.INCONSISTENT
    assert finding.expected == tree_root(leaf_hashes(records(600))).hex()
    assert finding.found == tree_root(leaf_hashes(forged[:600])).hex()
    assert statuses(report)["consistent"] == "failed"


def test_verify_log_does_not_take_damage_for_a_rewritten_history(log: FabricatedLog) -> None:
    """Tiles too damaged to prove anything make consistency unverifiable, and the damage is what is reported."""
    log.write(records(300), keep_partials=False)
    remembered = log.get("checkpoint")
    log.write(records(600), keep_partials=False)
    tile = log.get("tile/0/001")
    log.put("tile/0/001", bytes(32) + tile[32:])
    report = log.verify(remembered=remembered)
    assert located(report) == {("tile_altered", 256, "tile/0/001")}
    assert statuses(report) | {"intact": "failed", "consistent": "unverifiable"} == statuses(report)


def test_verify_log_says_so_when_what_is_remembered_cannot_be_read(log: FabricatedLog) -> None:
    """A damaged memory is not taken for none."""
    report = log.verify(remembered=b"nonsense")
    assert statuses(report)["consistent"] == "unverifiable"
    assert report.worst() is Status.UNVERIFIABLE


# Records


def record_case(tmp_path: Path, index: int, **changes: Any) -> tuple[FabricatedLog, LogReport]:
    """A log whose record at ``index`` is other than a sound server would have written it, but properly signed."""
    log = FabricatedLog(tmp_path)
    entries = records(600)
    entries[index] = record(index, **changes)
    log.write(entries)
    return log, log.verify()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"log": "example.com/other"}, "belongs to the log"),
        ({"id": event_id(3)}, "the entry at index 3 bears the same id"),
        ({"id": None}, "not a UUIDv7"),
        ({"received_at": "2026-07-22T09:00:00.000000Z"}, "before that of an earlier record"),
        ({"v": 2}, "schema version"),
    ],
)
@pytest.mark.parametrize("index", [100, 256, 599])
def test_verify_log_checks_the_records_themselves(
    tmp_path: Path, index: int, changes: dict[str, Any], said: str
) -> None:
    """Whoever has the key can sign nonsense; it is named all the same."""
    _, report = record_case(tmp_path, index, **changes)
    finding = only(report)
    assert (finding.kind, finding.index) == (FindingKind.MALFORMED, index)
    assert said in finding.detail or "received_at decreases" in finding.detail
    assert statuses(report) | {"intact": "failed", "signed": "verified"} == statuses(report)


def test_verify_log_finds_gaps_in_producers_sequences(tmp_path: Path) -> None:
    """*complete* fails on a missing number, and *intact* does not."""
    log = FabricatedLog(tmp_path)
    numbers = [*range(300), *range(301, 601)]
    log.write([record(n, producer={"id": "billing", "seq": seq}) for n, seq in enumerate(numbers)])
    report = log.verify()
    finding = only(report)
    assert (finding.kind, finding.index, finding.expected) == (FindingKind.SEQUENCE_GAP, 300, "300")
    assert statuses(report) | {"intact": "verified", "complete": "failed"} == statuses(report)
    assert report.worst() is Status.VERIFIED
    assert report.worst({VerdictName.COMPLETE}) is Status.FAILED


def test_verify_log_verifies_complete_sequences(tmp_path: Path) -> None:
    """Sequences without gaps, across bundles, are complete."""
    log = FabricatedLog(tmp_path)
    producers = [{"id": f"p{n % 3}", "seq": n // 3} for n in range(600)]
    log.write([record(n, producer=producer) for n, producer in enumerate(producers)])
    assert statuses(log.verify())["complete"] == "verified"


def test_verify_log_does_not_call_signed_records_authentic_without_keys(tmp_path: Path) -> None:
    """Producers' signatures under unknown keys are unverifiable."""
    _, report = record_case(tmp_path, 5, signature={"alg": "ed25519", "key_id": "k", "value": "v"})
    assert statuses(report) | {"authentic": "unverifiable", "intact": "verified"} == statuses(report)


# Quick


def test_verify_log_quickly_looks_at_no_entry(log: FabricatedLog) -> None:
    """The quick check sees checkpoint, right edge and consistency; it says that it has not looked further."""
    remembered = log.get("checkpoint")
    (log.root / "tile/entries/000").unlink()
    report = log.verify(VerifyOptions(quick=True), remembered=remembered)
    assert statuses(report) | {"intact": "not_checked", "signed": "verified"} == statuses(report)
    assert report.findings == ()
    assert report.worst() is Status.VERIFIED
    assert report.worst({VerdictName.INTACT}) is Status.NOT_CHECKED


def test_verify_log_quickly_notices_a_damaged_right_edge(log: FabricatedLog) -> None:
    """What the root hangs on is looked at."""
    path = Tile(0, 2, 88).path
    log.put(path, bytes(88 * 32))
    report = log.verify(VerifyOptions(quick=True))
    assert statuses(report)["intact"] == "failed"
    assert report.worst() is Status.FAILED

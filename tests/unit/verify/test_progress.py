"""Interrupted verifications: what is gone on with, what is not believed, and workers that end."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from indelible.errors import InternalError, NotFound, Unavailable
from indelible.formats.tile import TILE_WIDTH
from indelible.verify.chunk import ChunkTask
from indelible.verify.fetch import DirectoryFetcher
from indelible.verify.fsck import FsckOptions
from indelible.verify.progress import ProgressFolder
from indelible.verify.verdicts import FindingKind, LogReport, Status, VerdictName
from indelible.verify.verification import VerifyOptions
from indelible.verify.workers import check_chunks
from tests.fabricated_log import ORIGIN, FabricatedLog, FileFetcher, event_id, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIZE = 40 * TILE_WIDTH + 17
CHUNK = 1  # bundles: progress is saved every 16 chunks


@dataclass
class Flaky:
    """A log's files, until so many have been fetched; then the line is cut. Counts what was fetched."""

    files: FileFetcher
    left: int = 10**9
    fetched: int = 0

    def get(self, path: str) -> bytes:
        if self.left == 0:
            raise Unavailable("the line was cut")
        self.left -= 1
        self.fetched += path.startswith("tile/entries/")
        return self.files.get(path)

    def paths(self) -> Iterator[str]:
        return self.files.paths()


@dataclass(frozen=True)
class Murderous:
    """Kills the process that fetches with it; ``how`` may also be to raise what nobody expects."""

    how: str

    def get(self, path: str) -> bytes:
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "unavailable":
            raise Unavailable("later", retry_after=7)
        raise ZeroDivisionError(path)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> FabricatedLog:
    log = FabricatedLog(tmp_path_factory.mktemp("log"))
    log.write([record(n, producer={"id": f"p{n % 2}", "seq": n // 2}) for n in range(SIZE)])
    return log


@pytest.fixture
def progress(tmp_path: Path) -> ProgressFolder:
    return ProgressFolder(tmp_path / "progress")


def verify(log: FabricatedLog, fetcher: Flaky, progress: ProgressFolder, *, resume: bool = True) -> LogReport:
    options = FsckOptions(workers=1, chunk_bundles=CHUNK, progress=progress, resume=resume)
    return log.verify(VerifyOptions(fsck=options), fetcher=fetcher)


def interrupt(log: FabricatedLog, progress: ProgressFolder) -> None:
    """Leave the progress of a verification that was cut off after 32 of 40 bundles had been saved."""
    with pytest.raises(Unavailable):
        verify(log, Flaky(FileFetcher.load(log), left=2 + 2 * 38), progress)
    assert progress.load(ORIGIN) is not None


def test_progress_lets_an_interrupted_verification_go_on(log: FabricatedLog, progress: ProgressFolder) -> None:
    """The second run fetches only what the first had not verified, says so, and comes to the same end."""
    interrupt(log, progress)
    again = Flaky(FileFetcher.load(log))
    report = verify(log, again, progress)
    assert report.findings == ()
    assert report.verdicts[VerdictName.INTACT].status is Status.VERIFIED
    assert report.verdicts[VerdictName.COMPLETE].detail.startswith(f"{SIZE} records of 2 producers")
    assert again.fetched == 9
    assert any(f"{32 * TILE_WIDTH} entries were verified by an earlier run" in note for note in report.notes)
    assert progress.load(ORIGIN) is None


def test_progress_is_not_used_unless_asked_for(log: FabricatedLog, progress: ProgressFolder) -> None:
    """A verification that must trust nothing reads everything."""
    interrupt(log, progress)
    again = Flaky(FileFetcher.load(log))
    report = verify(log, again, progress, resume=False)
    assert again.fetched == 41
    assert report.notes == ()


def test_progress_serves_a_log_that_has_grown(log: FabricatedLog, progress: ProgressFolder, tmp_path: Path) -> None:
    """What was verified is the beginning of the larger tree, which is checked."""
    interrupt(log, progress)
    grown = FabricatedLog(tmp_path / "grown")
    grown.write([*log.entries, *(record(n) for n in range(SIZE, SIZE + 300))])
    again = Flaky(FileFetcher.load(grown))
    report = verify(grown, again, progress)
    assert report.findings == ()
    assert again.fetched < 12


def test_progress_of_another_history_is_not_believed(
    log: FabricatedLog, progress: ProgressFolder, tmp_path: Path
) -> None:
    """Where the tree begins otherwise than the one that was verified, everything is read again."""
    interrupt(log, progress)
    other = FabricatedLog(tmp_path / "other")
    entries = list(log.entries)
    entries[5] = record(5, outcome="failure", producer={"id": "p1", "seq": 2})
    other.write(entries)
    again = Flaky(FileFetcher.load(other))
    report = verify(other, again, progress)
    assert again.fetched == 41
    assert report.findings == ()


def test_progress_that_was_tampered_with_is_not_believed(log: FabricatedLog, progress: ProgressFolder) -> None:
    """Any changed byte, a missing key, a key that others can read, and missing ids make it worthless."""

    def flip() -> None:
        path = progress.folder / "progress"
        data = bytearray(path.read_bytes())
        data[-3] ^= 1
        path.write_bytes(data)

    def truncate_ids() -> None:
        with (progress.folder / "ids").open("r+b") as file:
            file.truncate(1000)

    harms: list[Callable[[], object]] = [
        flip,
        truncate_ids,
        lambda: (progress.folder / "key").write_bytes(bytes(32)),
        lambda: (progress.folder / "key").write_bytes(bytes(5)),
        lambda: (progress.folder / "key").chmod(0o644),
        (progress.folder / "key").unlink,
        lambda: (progress.folder / "progress").write_bytes(b""),
    ]
    for harm in harms:
        interrupt(log, progress)
        harm()
        again = Flaky(FileFetcher.load(log))
        assert verify(log, again, progress).findings == ()
        assert again.fetched == 41


def test_progress_finds_what_spans_the_interruption(
    log: FabricatedLog, progress: ProgressFolder, tmp_path: Path
) -> None:
    """An id used again after the interruption, and a gap across it, are found as in one run."""
    bad = FabricatedLog(tmp_path / "bad")
    entries = list(log.entries)
    entries[SIZE - 1] = record(SIZE - 1, id=event_id(3), producer={"id": "p0", "seq": 9999})
    bad.write(entries)
    with pytest.raises(Unavailable):
        verify(bad, Flaky(FileFetcher.load(bad), left=2 + 2 * 38), progress)
    report = verify(bad, Flaky(FileFetcher.load(bad)), progress)
    assert any("earlier run" in note for note in report.notes)
    assert {(finding.kind, finding.index) for finding in report.findings} == {
        (FindingKind.MALFORMED, SIZE - 1),
        (FindingKind.SEQUENCE_GAP, SIZE - 1),
    }


def test_progress_is_not_kept_once_something_is_wrong(log: FabricatedLog, progress: ProgressFolder) -> None:
    """What has been found must be found again, so there is nothing to go on from."""
    files = FileFetcher.load(log).with_file("tile/entries/003", b"")
    with pytest.raises(Unavailable):
        verify(log, Flaky(files, left=2 + 2 * 38), progress)
    assert progress.load(ORIGIN) is None


@pytest.mark.parametrize(
    ("how", "error"), [("kill", Unavailable), ("unavailable", Unavailable), ("raise", InternalError)]
)
def test_check_chunks_raises_what_happens_in_a_worker(how: str, error: type[Exception]) -> None:
    """A worker that ends, and what it raises, comes out here; nothing hangs, and nothing is taken for sound."""
    tasks = [ChunkTask(fetcher=Murderous(how), origin=ORIGIN, first_bundle=n, parents=(None,)) for n in range(9)]
    with pytest.raises(error):
        list(check_chunks(tasks, workers=2))


def test_check_chunks_keeps_the_order_and_stops_early(log: FabricatedLog) -> None:
    """Results come in the order of the tasks, and whoever stops looking leaves no process behind."""
    fetcher = DirectoryFetcher(log.root)
    tasks = (ChunkTask(fetcher=fetcher, origin=ORIGIN, first_bundle=n, parents=(None,)) for n in range(40))
    results = check_chunks(tasks, workers=2)
    assert [next(results).reading.first_index for _ in range(5)] == [n * TILE_WIDTH for n in range(5)]
    results.close()  # type: ignore[attr-defined]
    with pytest.raises(StopIteration):
        next(results)


def test_directory_fetcher_refuses_what_is_no_file(tmp_path: Path) -> None:
    """Folders, pipes, links and paths through files are not there."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    fetcher = DirectoryFetcher(tmp_path)
    for path in ("pipe", "folder", "link", "file/below", "nothing"):
        with pytest.raises(NotFound):
            fetcher.get(path)
    assert sorted(fetcher.paths()) == ["file", "link", "pipe"]

"""Segments: a pure function of the log, noticed when they are not, and made anew from it."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import duckdb
import pytest

from indelible.errors import Unavailable
from indelible.index import IndexSettings, LogIndex
from indelible.index.indexer import Indexer
from indelible.index.segment_file import is_as_written
from indelible.index.segment_folder import SegmentFolder
from indelible.query.fields import FIELDS
from tests.unit.index.conftest import SEGMENT, SMALL, encode, make_entries, make_record, query
from tests.unit.index.listed_log import ListedLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from indelible.index.parts import Part


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_segments_cover_what_is_full_and_published(log: ListedLog, index: LogIndex, tmp_path: Path) -> None:
    """One segment for each full block below the checkpoint, named by its range, with its hash beside it."""
    names = {f"{first}-{first + SEGMENT}" for first in range(0, 3 * SEGMENT, SEGMENT)}
    files = contents(tmp_path / "index")
    assert set(files) == {f"{name}{end}" for name in names for end in (".parquet", ".sha256")}
    for name in names:
        digest = hashlib.sha256(files[f"{name}.parquet"]).hexdigest()
        assert files[f"{name}.sha256"].decode() == f"{digest}  {name}.parquet\n"


def test_segments_wait_for_the_checkpoint(open_index: Callable[..., LogIndex], tmp_path: Path) -> None:
    """A block that is full but not published stays in memory, and is found there."""
    log = ListedLog(make_entries(0, SEGMENT + 1))
    log.publish(SEGMENT - 1)
    index = open_index(log)
    index.catch_up()
    assert contents(tmp_path / "index") == {}
    assert index.search(query("")).indices[0] == SEGMENT
    log.publish(SEGMENT)
    index.catch_up()
    assert len(contents(tmp_path / "index")) == 2


def test_segments_are_the_same_whoever_writes_them(
    log: ListedLog, open_index: Callable[..., LogIndex], tmp_path: Path
) -> None:
    """Two processes that write a segment at once write the same bytes, in whatever pieces the entries came to them."""
    whole = open_index(log, tmp_path / "whole")
    whole.catch_up()
    followed = ListedLog()
    pieces = open_index(followed, tmp_path / "pieces")
    for start in range(0, len(log.all), 100):
        followed.append(*log.all[start : start + 100])
        followed.publish()
        pieces.catch_up()
    assert contents(tmp_path / "whole") == contents(tmp_path / "pieces") != {}


def test_segments_hold_every_entry_whole(log: ListedLog, index: LogIndex, tmp_path: Path) -> None:
    """Open data: any reader of Parquet gets each record back byte for byte, in the order of the log."""
    pattern = str(tmp_path / "index" / "*.parquet")
    rows = duckdb.connect().execute("SELECT index, record FROM read_parquet(?) ORDER BY index", [pattern]).fetchall()
    assert rows == [(place, entry.decode()) for place, entry in enumerate(log.all[: 3 * SEGMENT])]


def test_segments_hold_what_says_an_address_that_is_none(open_index: Callable[..., LogIndex]) -> None:
    """An insider may have written it; it is in no network, and keeps no segment from being written."""
    entries = make_entries(0, SEGMENT + 3)
    for at in (7, SEGMENT + 1):
        entries[at] = encode(make_record(at, context={"ip": "10.0.0"}))
    index = open_index(ListedLog(entries))
    index.catch_up()
    for _ in range(2):
        assert len(index._parts.view.sealed) == 1
        assert index.search(query("-ip:10.0.0.0/8"), order="asc").indices == [7, SEGMENT + 1]
        index.hold_columns()


@pytest.mark.parametrize("name", ["a b", "it's", "a=b", "[ab]*?", "{a,b}", "%s", "東京"])
def test_segments_lie_in_folders_of_any_name(
    log: ListedLog, open_index: Callable[..., LogIndex], tmp_path: Path, name: str
) -> None:
    """What is a pattern, a quote or a partition elsewhere is a name here."""
    index = open_index(log, tmp_path / name)
    index.catch_up()
    assert len(contents(tmp_path / name)) == 6
    assert index.search(query("metadata.amount:<=3"), order="asc").indices == [0, 1, 2, 3]
    assert open_index(log, tmp_path / name).coverage.indexed == 3 * SEGMENT


def test_index_gives_the_same_answers_when_it_is_made_again(
    log: ListedLog, open_index: Callable[..., LogIndex], tmp_path: Path
) -> None:
    """Everything is derived: a deleted folder comes back, and nothing that can be asked changes."""
    folder = tmp_path / "index"

    def answers() -> list[object]:
        index = open_index(log, folder)
        index.catch_up()
        asked = [query(text) for text in ("", "outcome:denied actor:ada", "ip:10.0.2.0/24", "target:invoice:3 -ada")]
        histograms = [index.histogram(one, buckets=7) for one in asked]
        return [[index.search(one, limit=1_000) for one in asked], histograms, contents(folder)]

    first = answers()
    assert first == answers()
    shutil.rmtree(folder)
    assert first == answers()


DAMAGES = {
    "bytes at the end": lambda data: data[:-40] + bytes(40),
    "a bit among the values": lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
    "cut short": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "zeroes": lambda data: bytes(len(data)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_segments_that_are_damaged_are_made_anew(
    damage: Callable[[bytes], bytes],
    log: ListedLog,
    open_index: Callable[..., LogIndex],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever happened to its file, a segment is noticed, said, and written again with the same bytes."""
    folder = tmp_path / "index"
    open_index(log).catch_up()
    before = contents(folder)
    path = folder / f"{SEGMENT}-{2 * SEGMENT}.parquet"
    path.write_bytes(damage(before[path.name]))
    index = open_index(log)
    with caplog.at_level(logging.WARNING, "indelible.index"):
        index.catch_up()
        while index._indexer.check():
            pass
    assert [record.message for record in caplog.records] == ["index_segment_discarded"]
    assert contents(folder) == before
    assert index.search(query("metadata.amount:300..302"), order="asc").indices == [300, 301, 302]


def test_segments_that_fail_while_they_are_read_are_made_anew(log: ListedLog, index: LogIndex, tmp_path: Path) -> None:
    """A query that meets damage gives the right answer, not an error."""
    folder = tmp_path / "index"
    before = contents(folder)
    for path in folder.glob("*.parquet"):
        path.write_bytes(path.read_bytes()[:100])
    assert index.search(query("metadata.amount:300..302"), order="asc").indices == [300, 301, 302]
    assert index.coverage.complete
    assert contents(folder) == before


def test_segment_that_many_find_damaged_is_made_anew_once(
    index: LogIndex, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who comes late does not undo it, and everybody gets an answer."""
    index.catch_up()
    part = index._parts.view.sealed[0]
    assert part.file is not None
    expected = index.search(query("metadata.amount:>=0"), limit=10_000).indices
    together = threading.Barrier(6)
    find = SegmentFolder.is_ready

    def wait(self: SegmentFolder, path: Path) -> bool:
        ready = find(self, path)
        if path == part.file and not ready:
            together.wait(60)
        return ready

    monkeypatch.setattr(SegmentFolder, "is_ready", wait)
    part.file.write_bytes(b"")
    with caplog.at_level(logging.WARNING, "indelible.index"), ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(index.search, query("metadata.amount:>=0"), limit=10_000) for _ in range(6)]
        assert [each.result(60).indices for each in asked] == [expected] * 6
    assert [record.message for record in caplog.records] == ["index_segment_discarded"]


def alter(path: Path, columns: str, *, metadata: Mapping[str, str] | None = None) -> None:
    """Rewrite a segment as an insider who knows Parquet would: it can be read, and looks untouched."""
    with duckdb.connect() as connection:
        said = dict(
            connection.execute("SELECT decode(key), decode(value) FROM parquet_kv_metadata(?)", [str(path)]).fetchall()
        )
        pairs = ", ".join(f"\"{key}\": '{value}'" for key, value in {**said, **(metadata or {})}.items())
        staged = path.with_suffix(".altered")
        connection.execute(
            f"COPY (SELECT {columns} FROM read_parquet('{path}') ORDER BY index) TO '{staged}'"  # noqa: S608
            f" (FORMAT parquet, KV_METADATA {{{pairs}}})"
        )
    before = path.stat()
    staged.replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def answers(index: LogIndex, folder: Path) -> list[object]:
    """What can be asked, in every way that reads segments."""
    asked = [query(text) for text in ("", "actor:ada outcome:denied", "metadata.amount:300..302")]
    exported = folder / "exported.parquet"
    exported.write_bytes(b"".join(index.parquet(query("action:thing.*"))))
    return [
        [index.search(one, limit=10_000, order="asc").indices for one in asked],
        [index.histogram(one, buckets=5).buckets for one in asked],
        [index.facets(one, FIELDS["actor"].field).values for one in asked],
        [[at for some in index.matches(one, order="desc") for at in some] for one in asked],
        index.values(FIELDS["actor"].field, "", 10),
        duckdb.execute("SELECT * FROM read_parquet(?) ORDER BY index", [str(exported)]).fetchall(),
    ]


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize(
    "columns",
    [
        "* REPLACE ('mallory' AS actor_id)",
        "* REPLACE (CASE index % 2 WHEN 0 THEN 'success' ELSE outcome END AS outcome)",
        "* REPLACE ('{}' AS record)",
    ],
)
def test_segments_that_somebody_has_altered_are_made_anew(
    log: ListedLog,
    open_index: Callable[..., LogIndex],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    columns: str,
    *,
    is_open: bool,
    held: bool,
) -> None:
    """The database reads them without complaint; no answer comes from them, whatever is asked first."""
    index, folder = open_index(log), tmp_path / "index"
    index.catch_up()
    expected, before = answers(index, tmp_path), contents(folder)
    for first in (0, 2 * SEGMENT):
        alter(folder / f"{first}-{first + SEGMENT}.parquet", columns)
    if not is_open:
        index = open_index(log)
        index.catch_up()
        index.check_segments()
    if held:
        index.hold_columns()
    assert answers(index, tmp_path) == expected
    assert contents(folder) == before
    assert [record.message for record in caplog.records] == ["index_segment_discarded"] * 2


def test_segments_that_say_of_themselves_what_is_not_so_are_found_before_the_first_answer(
    log: ListedLog, open_index: Callable[..., LogIndex], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whose times lie outside of a question is not read for it."""
    open_index(log).catch_up()
    before = contents(tmp_path / "index")
    alter(tmp_path / "index" / f"0-{SEGMENT}.parquet", "*", metadata={"occurred": "1 2", "received": "1 2"})
    index = open_index(log)
    index.catch_up()
    index.check_segments()
    asked = query("occurred:2026-01-01..2026-12-31")
    assert index.search(asked, limit=10_000, order="asc").indices == list(range(len(log.all)))
    assert contents(tmp_path / "index") == before
    assert [record.message for record in caplog.records] == ["index_segment_discarded"]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the segments that have been checked."""
    names: list[str] = []

    def see(path: Path) -> bool:
        names.append(path.name)
        return is_as_written(path)

    monkeypatch.setattr("indelible.index.segment_folder.is_as_written", see)
    return names


def test_segment_is_read_to_be_checked_once_unless_it_changes(
    index: LogIndex, open_index: Callable[..., LogIndex], log: ListedLog, tmp_path: Path, hashed: list[str]
) -> None:
    """What this process has written needs no check, and what was there is checked before somebody asks."""
    asked = query("metadata.amount:>=0")
    expected = index.search(asked, limit=10_000).indices
    assert hashed == []
    another = open_index(log)
    another.catch_up()
    for _ in range(2):
        another.check_segments()
        assert another.search(asked, limit=10_000).indices == expected
    assert len(hashed) == len(set(hashed)) == 3
    os.utime(tmp_path / "index" / f"0-{SEGMENT}.parquet")
    for _ in range(2):
        assert another.search(asked, limit=10_000).indices == expected
    assert hashed[3:] == [f"0-{SEGMENT}.parquet"]


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_segments_that_cannot_be_checked_for_a_moment_are_kept(
    index: LogIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    """A machine that is short of something says nothing of them."""
    before = contents(tmp_path / "index")
    for path in (tmp_path / "index").glob("*.parquet"):
        os.utime(path)

    def refuse(path: Path) -> bool:
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr("indelible.index.segment_folder.is_as_written", refuse)
    assert index.search(query("metadata.amount:300..302"), order="asc").indices == [300, 301, 302]
    assert contents(tmp_path / "index") == before
    assert caplog.records == []


def test_segments_that_many_find_changed_are_checked_once(index: LogIndex, tmp_path: Path, hashed: list[str]) -> None:
    """After a backup that links files, or a change of owner: not by every question for itself."""
    for path in (tmp_path / "index").glob("*.parquet"):
        os.utime(path)
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(index.histogram, query("metadata.amount:>=0")) for _ in range(6)]
        assert len({str(each.result(60).buckets) for each in asked}) == 1
    assert len(hashed) == len(set(hashed)) == 3


def test_segments_that_are_altered_again_and_again_end_a_question(
    index: LogIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An insider keeps nobody busy for ever."""
    monkeypatch.setattr("indelible.index.query_runner._MOST_REPLACED", 3)
    rebuild = Indexer.rebuild

    def spoil(self: Indexer, part: Part, reason: str) -> None:
        rebuild(self, part, reason)
        (tmp_path / "index" / f"0-{SEGMENT}.parquet").write_bytes(b"PAR1")

    monkeypatch.setattr(Indexer, "rebuild", spoil)
    (tmp_path / "index" / f"0-{SEGMENT}.parquet").write_bytes(b"PAR1")
    with pytest.raises(Unavailable, match="again and again"):
        index.search(query("metadata.amount:>=0"), limit=10_000)


def test_segments_that_are_gone_are_made_anew(log: ListedLog, index: LogIndex, tmp_path: Path) -> None:
    """Also when somebody deletes the whole folder under a running index."""
    before = contents(tmp_path / "index")
    shutil.rmtree(tmp_path / "index")
    assert index.search(query("metadata.amount:300..302"), order="asc").indices == [300, 301, 302]
    assert contents(tmp_path / "index") == before


def test_segments_of_another_log_are_not_used(
    log: ListedLog, open_index: Callable[..., LogIndex], tmp_path: Path
) -> None:
    """Origin and version stand in a segment; neither a copied nor an outdated one is taken for this log's."""
    other = ListedLog(make_entries(5_000, 5_000 + SEGMENT), origin="log.example/other")
    open_index(other, tmp_path / "index").catch_up()
    index = open_index(log)
    assert index.coverage.indexed == 0
    index.catch_up()
    assert index.search(query("metadata.amount:>=5000")).indices == []


def test_segments_of_a_longer_log_are_not_used(log: ListedLog, open_index: Callable[..., LogIndex]) -> None:
    """A log put back to an older state has published less than its index holds."""
    open_index(log).catch_up()
    shorter = ListedLog(log.all[: 2 * SEGMENT + 10])
    assert open_index(shorter).coverage.indexed == 2 * SEGMENT


def test_segments_of_a_log_that_went_on_otherwise_are_made_anew(
    log: ListedLog, open_index: Callable[..., LogIndex]
) -> None:
    """A log put back and appended to since has other entries; the segment's last leaf hash tells."""
    open_index(log).catch_up()
    other = ListedLog([*log.all[:300], *make_entries(9_000, 9_700)])
    index = open_index(other)
    index.catch_up()
    while index._indexer.check():
        pass
    assert index.search(query("metadata.amount:9000..9002"), order="asc").indices == [300, 301, 302]


def test_segments_of_another_size_are_made_anew(
    log: ListedLog, open_index: Callable[..., LogIndex], tmp_path: Path
) -> None:
    """Blocks are aligned: files of another size would overlap with them."""
    open_index(log, settings=IndexSettings(segment_entries=64, threads=1)).catch_up()
    index = open_index(log)
    index.catch_up()
    assert {path.name for path in (tmp_path / "index").glob("*.parquet")} == {
        f"{first}-{first + SEGMENT}.parquet" for first in range(0, 3 * SEGMENT, SEGMENT)
    }


def test_index_in_a_folder_that_cannot_be_written_is_read(
    log: ListedLog, open_index: Callable[..., LogIndex], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Segments that are there are used; those that are not are kept elsewhere, and nothing is left of them."""
    folder = tmp_path / "index"
    writer = open_index(log, folder)
    writer.catch_up()
    writer.close()
    for path in folder.glob(f"{SEGMENT}-*"):
        path.unlink()
    before = contents(folder)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("indelible.index.scratch.Scratch.within", refuse)
    index = LogIndex.open(folder, log, settings=SMALL)
    elsewhere = index._segments.scratch.path
    index.catch_up()
    assert index.coverage.complete
    assert len(index.search(query("outcome:denied"), limit=1_000).indices) == len(range(0, len(log.all), 5))
    assert contents(folder) == before
    assert [path.name for path in elsewhere.glob("*.parquet")] == [f"{SEGMENT}-{2 * SEGMENT}.parquet"]
    index.close()
    assert not elsewhere.exists()

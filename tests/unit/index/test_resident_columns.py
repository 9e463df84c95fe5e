"""Columns in memory: when they are taken in, what they answer, and what they leave to the database."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from indelible.errors import Closed, QueryCancelled
from indelible.index import Control, IndexSettings, selection
from indelible.index.asked import Asked
from indelible.index.postings import MOST_LISTED
from indelible.index.resident_columns import ResidentColumns
from indelible.index.resident_scan import ResidentScan
from indelible.index.selection import compile_selection
from indelible.query.fields import FIELDS
from tests.unit.index.conftest import SECOND, SEGMENT, START_US, encode, make_entries, make_record, query
from tests.unit.index.listed_log import ListedLog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from indelible.index import LogIndex
    from indelible.index.answers import Coverage
    from indelible.index.chosen import Rows
    from indelible.index.held_columns import TextColumn
    from indelible.index.parts import Part
    from indelible.index.scan import Scan

FIVE = 5 * SEGMENT
COLUMN = SEGMENT * 8
EMPTY = 200
"""Bytes that the dictionaries take while nothing is in them."""


@pytest.fixture
def five(open_index: Callable[..., LogIndex]) -> LogIndex:
    """Five sealed segments and a hot tail."""
    log = ListedLog(make_entries(0, FIVE))
    log.append(*make_entries(FIVE, FIVE + 20))
    index = open_index(log)
    index.catch_up()
    return index


def expected(end: int, **changes: Any) -> list[int]:
    return [at for at in range(end) if all(make_record(at)[name] == value for name, value in changes.items())]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "actor:ada",
        "actor:user:ben outcome:denied",
        "actor:*a -outcome:denied",
        "(action:*.read OR actor:ben) -ip:10.0.1.0/24",
        "actor:nobody",
        "tenant:*",
        "-tenant:*",
        "ip:10.0.2.1",
        f"index:>{FIVE - 3}",
        "occurred:>2026-02-02T02:44:19Z outcome:denied",
        "-received:>2026-02-02T02:44:19Z",
        "service:x OR outcome:denied",
        '"cleo"',
        '"cleo" outcome:denied',
        '-"cleo" action:thing.read',
        '"cleo" OR ("10.0.2.1" actor:ada)',
        '"no such words"',
    ],
)
def test_columns_answer_without_the_database(five: LogIndex, read: list[int], text: str) -> None:
    """All forms of question that name such fields, with the same answers; only the hot tail is not in columns."""

    def ask() -> list[Any]:
        asked = query(text)
        return [
            five.search(asked, limit=10_000).indices,
            five.search(asked, order="asc", after=300, limit=5).indices,
            five.search(asked, after=300, limit=5).indices,
            [at for found in five.matches(asked) for at in found],
            [at for found in five.matches(asked, order="desc") for at in found],
            five.histogram(asked, buckets=7).buckets,
            five.histogram(asked, since_us=START_US + 200 * SECOND, until_us=START_US + 290 * SECOND).buckets,
            *[five.facets(asked, FIELDS[name].field, limit=2) for name in ("actor", "action", "tenant", "ip")],
            five.facets(asked, FIELDS["actor"].field, since_us=START_US + 200 * SECOND, until_us=START_US + 10**12),
        ]

    before = ask()
    assert read or text.startswith("index")
    five.hold_columns()
    read.clear()
    assert ask() == before
    assert read == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("actor:eve", [1, 3]),
        ("actor:user:eve", [1, 3]),
        ("actor:eve action:thing.read", [1, 3]),
        ("actor:eve OR actor:mallory", [1, 2, 3]),
        ("actor:eve actor:mallory", []),
        ("actor:eve OR outcome:denied", [0, 1, 2, 3]),
        ("-actor:eve", [0, 1, 2, 3]),
        ("actor:e*e", [0, 1, 2, 3]),
        ("actor:nobody", []),
    ],
)
def test_question_looks_only_at_segments_where_its_values_occur(
    open_index: Callable[..., LogIndex], text: str, where: list[int]
) -> None:
    """The dictionary knows; also after columns were let go of and numbered anew."""
    entries = make_entries(0, 4 * SEGMENT)
    for at, name in ((SEGMENT + 7, "eve"), (2 * SEGMENT, "mallory"), (4 * SEGMENT - 1, "eve")):
        entries[at] = encode(make_record(at, actor={"type": "user", "id": name}))
    index = open_index(ListedLog(entries))
    index.catch_up()
    before = index.search(query(text), limit=10_000).indices
    index.hold_columns()

    def concerned() -> list[int]:
        return index._queries.run(
            lambda scan, _: [part.first // SEGMENT for part in scan.parts], Asked(query=query(text)), None
        )

    assert concerned() == where
    index._columns._let_go = 4
    index.hold_columns()
    assert concerned() == where
    assert index.search(query(text), limit=10_000).indices == before
    assert index.search(query(text), limit=1).indices == before[:1]
    assert index.search(query(text), order="asc", limit=1).indices == before[-1:]


@pytest.mark.parametrize("sealed", [1, MOST_LISTED, MOST_LISTED + 1])
def test_entries_of_a_rare_value_are_listed(
    open_index: Callable[..., LogIndex], monkeypatch: pytest.MonkeyPatch, sealed: int
) -> None:
    """Then no segment is looked at, and it makes no difference to pages, exports and counts; nor does the hot tail."""
    entries = make_entries(0, FIVE + 20)
    having = [*[*range(3, FIVE, FIVE // sealed)][:sealed], FIVE + 5]
    for at in having:
        entries[at] = encode(make_record(at, actor={"type": "user", "id": "eve"}))
    index = open_index(ListedLog(entries))
    index.catch_up()
    asked = query("actor:eve")
    before = [index.facets(asked, FIELDS["action"].field), index.histogram(asked)]
    index.hold_columns()
    assert [index.facets(asked, FIELDS["action"].field), index.histogram(asked)] == before
    chosen: list[int] = []
    choose = ResidentScan._choose

    def seen(scan: ResidentScan, part: Part, low: int, high: int) -> Rows:
        chosen.append(part.first)
        return choose(scan, part, low, high)

    monkeypatch.setattr(ResidentScan, "_choose", seen)
    assert index.search(asked, limit=1_000).indices == having[::-1]
    assert index.search(asked, limit=1_000, order="asc").indices == having
    after, pages = None, list[int]()
    while pages == [] or after is not None:
        found = index.search(asked, limit=7, after=after)
        pages, after = pages + found.indices, found.next
    assert pages == having[::-1]
    assert (chosen == []) == (sealed <= MOST_LISTED)
    assert [at for some in index.matches(asked) for at in some] == having
    assert [at for some in index.matches(asked, order="desc") for at in some] == having[::-1]


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("index:<=50 OR index:300 OR index:400", lambda at: at <= 50 or at in (300, 400)),
        ("-(index:..200 OR index:300 OR index:301)", lambda at: at > 200 and at not in (300, 301)),
        ("index:..50 OR actor:ada OR actor:ben", lambda at: at <= 50 or at % 3 < 2),
        ("index:1000.. OR actor:ada", lambda at: at >= 1_000 or at % 3 == 0),
    ],
)
def test_bounds_that_lie_outside_a_segment_choose_none_of_it(
    five: LogIndex, text: str, matches: Callable[[int], bool], *, held: bool
) -> None:
    """Beside something else, for which it is looked at."""
    if held:
        five.hold_columns()
    found = five.search(query(text), order="asc", limit=10_000).indices
    assert found == list(filter(matches, range(FIVE + 20)))


def test_what_has_not_begun_is_not_waited_for(five: LogIndex) -> None:
    """An interrupt may come between making a block and entering it."""
    five._queries.counted(Control())
    five._parts.reading()
    five.close()


def test_id_of_many_types_is_looked_up_once(
    open_index: Callable[..., LogIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes may call an actor anything; a question about their common id compares no more for that."""
    entries = [encode(make_record(at, actor={"type": f"t{at}", "id": f"x{at % 3}"})) for at in range(2 * SEGMENT)]
    index = open_index(ListedLog(entries))
    index.catch_up()
    index.hold_columns()
    compared: list[int] = []
    compare = selection._with_places

    def count(column: TextColumn, places: Sequence[int], rows: Rows) -> Rows:
        compared.append(len(places))
        return compare(column, places, rows)

    monkeypatch.setattr(selection, "_with_places", count)
    for text, kept in (("actor:x1", [1]), ("-actor:x1", [0, 2]), ("actor:x1 OR actor:t0:x0", [1])):
        expected = [at for at in range(2 * SEGMENT) if at % 3 in kept or (at == 0 and "t0" in text)]
        assert index.search(query(text), order="asc", limit=10_000).indices == expected
    assert sum(compared) <= 2


def test_columns_leave_other_fields_to_the_database(five: LogIndex, read: list[int]) -> None:
    """Also where a field of columns stands beside them."""
    five.hold_columns()
    assert five.search(query("actor:ada metadata.amount:300")).indices == [300]
    assert five.search(query("actor:ada target:invoice:3 index:<30"), order="asc").indices == [3, 24]
    assert five.facets(query("actor:ada"), FIELDS["target"].field, limit=1).values == [("invoice:0", 62)]
    assert read


def test_columns_are_held_of_what_was_asked(five: LogIndex, read: list[int]) -> None:
    """A field that nobody names takes no memory."""
    assert five.search(query("actor:ada outcome:denied"), limit=1).indices
    five.hold_columns(frozenset())
    read.clear()
    assert five.search(query("actor:ada"), limit=10_000).indices == [at for at in range(FIVE + 20) if at % 3 == 0][::-1]
    assert read == []
    assert five.search(query("action:thing.read"), limit=1_000).indices
    assert read != []


def test_columns_are_taken_in_by_whoever_follows_the_log(open_index: Callable[..., LogIndex], read: list[int]) -> None:
    """Of what was asked, and of what is sealed later."""
    log = ListedLog(make_entries(0, FIVE))
    index = open_index(log)
    index.start()
    asked = query("actor:nobody")
    deadline = time.monotonic() + 60

    def await_columns() -> None:
        while True:
            read.clear()
            assert index.search(asked).indices == []
            if index.coverage.indexed == len(log.all) and not read:
                return
            assert time.monotonic() < deadline

    await_columns()
    log.append(*make_entries(FIVE, FIVE + SEGMENT, actor={"type": "user", "id": "nobody"}))
    log.publish()
    while len(index.search(asked, limit=1_000).indices) < SEGMENT:
        assert time.monotonic() < deadline
    asked = query("actor:dora")
    await_columns()


def test_columns_take_no_more_memory_than_they_may(open_index: Callable[..., LogIndex], read: list[int]) -> None:
    """The newest segments are held; when newer ones come, the oldest make room."""
    log = ListedLog(make_entries(0, FIVE))
    index = open_index(
        log, settings=IndexSettings(segment_entries=SEGMENT, threads=1, column_memory=2 * COLUMN + EMPTY)
    )
    index.catch_up()
    fields = frozenset({"occurred"})
    index.hold_columns(fields)
    asked = query("occurred:<2000-01-01 OR occurred:>2001-01-01")

    def asked_of_the_database() -> list[int]:
        read.clear()
        assert index.search(asked, limit=10_000).indices == list(range(len(log.all)))[::-1]
        return sorted(read)

    assert asked_of_the_database() == [0, 256, 512]
    log.append(*make_entries(FIVE, FIVE + SEGMENT))
    log.publish()
    index.catch_up()
    index.hold_columns(fields)
    assert asked_of_the_database() == [0, 256, 512, 768]


def test_columns_can_be_done_without(open_index: Callable[..., LogIndex], log: ListedLog, read: list[int]) -> None:
    """With no memory for them everything is asked of the database."""
    index = open_index(log, settings=IndexSettings(segment_entries=SEGMENT, threads=1, column_memory=0))
    index.catch_up()
    index.hold_columns()
    assert index.search(query("actor:nobody")).indices == []
    assert sorted(read) == [0, 256, 512]


def test_columns_of_a_segment_that_is_made_anew_are_read_again(
    open_index: Callable[..., LogIndex], log: ListedLog, tmp_path: Path
) -> None:
    """What was held of a file that turned out to be damaged is not what is answered from."""
    index = open_index(log)
    index.catch_up()
    index.hold_columns()
    (path,) = (tmp_path / "index").glob("256-*.parquet")
    path.write_bytes(path.read_bytes()[:-100])
    assert index.search(query("actor:ada metadata.amount:300")).indices == [300]  # the database meets it
    index.hold_columns()
    assert index.search(query("actor:ada index:290..300"), order="asc").indices == [291, 294, 297, 300]


def test_columns_of_a_damaged_segment_are_those_of_the_log(
    open_index: Callable[..., LogIndex],
    log: ListedLog,
    tmp_path: Path,
    read: list[int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is made anew by whoever meets it."""
    index = open_index(log)
    index.catch_up()
    (path,) = (tmp_path / "index").glob("256-*.parquet")
    path.write_bytes(b"PAR1" + bytes(len(path.read_bytes()) - 8) + b"PAR1")
    index.hold_columns()
    assert "index_segment_discarded" in caplog.text
    read.clear()
    assert index.search(query("actor:ada index:290..300"), order="asc").indices == [291, 294, 297, 300]


def test_columns_tell_of_entries_without_times(open_index: Callable[..., LogIndex]) -> None:
    """What is no record has none, and no other value either."""
    entries = [*make_entries(0, SEGMENT - 2), b"no record", b"{}", *[encode({}) for _ in range(SEGMENT)]]
    index = open_index(ListedLog(entries))
    index.catch_up()
    for _ in range(2):
        assert index.search(query("occurred:*"), limit=1_000).indices == list(range(SEGMENT - 2))[::-1]
        assert index.search(query("-occurred:*"), limit=1_000).indices == list(range(SEGMENT - 2, 2 * SEGMENT))[::-1]
        assert sum(sum(one.counts.values()) for one in index.histogram(query("")).buckets) == SEGMENT - 2
        assert index.facets(query("-outcome:denied"), FIELDS["outcome"].field).values == [("success", 203)]
        index.hold_columns()


@pytest.mark.parametrize("text", ["service:*", "actor:cleo service:x", "-actor:ada service:*"])
def test_columns_are_counted_where_buckets_lie_elsewhere(open_index: Callable[..., LogIndex], text: str) -> None:
    """Bounds that are missing are where what matches begins and ends; other segments are older, and newer."""
    entries = make_entries(0, 3 * SEGMENT)
    entries[SEGMENT + 1] = encode(make_record(SEGMENT + 1, context={"service": "x"}))
    index = open_index(ListedLog(entries))
    index.catch_up()
    moment = START_US + (SEGMENT + 1) * SECOND
    for _ in range(2):
        for since, until in ((None, None), (moment, None), (None, moment + 1)):
            (bucket,) = index.histogram(query(text), since_us=since, until_us=until).buckets
            assert (bucket.since_us, bucket.until_us, bucket.counts) == (moment, moment + 1, {"success": 1})
        index.hold_columns()


def test_columns_do_not_keep_a_question_that_nobody_waits_for(five: LogIndex) -> None:
    """Cancelling and closing end it as they end what the database runs."""
    five.hold_columns()
    control = Control()
    control.cancel()
    with pytest.raises(QueryCancelled):
        five.search(query("actor:ada"), control=control)
    five.close()
    with pytest.raises(Closed):
        five.hold_columns()


@pytest.mark.parametrize("text", ["actor:*a*", "ip:10.0.0.0/8"])
def test_columns_do_not_keep_a_question_that_has_many_values_to_look_at(five: LogIndex, text: str) -> None:
    """A dictionary is looked through a little at a time, and each time somebody may have gone."""
    five.hold_columns()
    part = five._parts.view.parts[0]
    control = Control()
    select = compile_selection(query(text), five._columns.dictionaries, control)
    control.cancel()
    with pytest.raises(QueryCancelled):
        select.rows(part, part.columns, {}, range(SEGMENT))


def test_dictionary_that_has_grown_too_large_is_left_to_the_database(
    five: LogIndex, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its column would take more memory than it saves time."""
    monkeypatch.setattr("indelible.index.resident_columns._MOST_VALUES", 3)
    five.hold_columns(frozenset({"actor"}))
    assert len(five.search(query("actor:ada"), limit=10_000).indices) == len(
        expected(FIVE + 20, actor={"type": "user", "id": "ada"})
    )
    assert sorted(read) == [0, 256, 512, 768]


def test_segment_that_cannot_be_read_keeps_no_others_out(
    five: LogIndex, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left to the database, which may be able to later, and is tried again after the others."""
    take = ResidentColumns._read_texts

    def fail(self: ResidentColumns, cursor: duckdb.DuckDBPyConnection, part: Part, field: str) -> TextColumn | None:
        if part.first == 3 * SEGMENT:
            raise duckdb.OutOfMemoryException("no memory")
        return take(self, cursor, part, field)

    monkeypatch.setattr(ResidentColumns, "_read_texts", fail)
    monkeypatch.setattr(five._columns, "_retry_interval", 600)
    fields = frozenset({"actor"})
    five.hold_columns(fields)  # up to it
    five.hold_columns(fields)  # what is left
    assert five.search(query("actor:nobody")).indices == []
    assert read == [3 * SEGMENT]


def test_asking_does_not_wait_for_columns_that_are_taken_in(five: LogIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even for the first question of its kind, which wants more of them."""
    answered: list[list[int]] = []

    def ask(*_: object) -> bool:
        asking = threading.Thread(target=lambda: answered.append(five.search(query("outcome:unknown")).indices))
        asking.start()
        asking.join(60)
        return False

    monkeypatch.setattr(ResidentColumns, "_take_in", ask)
    five.hold_columns(frozenset({"actor"}))
    assert answered == [[]]


def test_looking_for_room_in_vain_looks_once(
    open_index: Callable[..., LogIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many segments have no columns: all of them would have to be added up for each of them."""
    index = open_index(
        ListedLog(make_entries(0, FIVE)), settings=IndexSettings(segment_entries=SEGMENT, threads=1, column_memory=1)
    )
    index.catch_up()
    looked: list[Part] = []
    make_room = ResidentColumns._make_room

    def watch(self: ResidentColumns, part: Part, field: str, parts: Sequence[Part]) -> bool:
        looked.append(part)
        return make_room(self, part, field, parts)

    monkeypatch.setattr(ResidentColumns, "_make_room", watch)
    index.hold_columns()
    assert [part.first for part in looked] == [4 * SEGMENT]


def make_varied(start: int, end: int) -> list[bytes]:
    """Entries of which each has an actor of its own."""
    return [encode(make_record(at, actor={"type": "user", "id": f"u{at}"})) for at in range(start, end)]


def test_dictionary_forgets_what_no_column_has_any_more(open_index: Callable[..., LogIndex], read: list[int]) -> None:
    """Otherwise values of segments that were let go of long ago would take all the room."""
    log = ListedLog()
    index = open_index(log, settings=IndexSettings(segment_entries=SEGMENT, threads=1, column_memory=400_000))
    actors = frozenset({"actor"})
    for start in range(0, 8 * SEGMENT, SEGMENT):
        log.append(*make_varied(start, start + SEGMENT))
        log.publish()
        index.catch_up()
        index.hold_columns(actors)
        index.hold_columns(actors)  # once more where room came from dictionaries
        read.clear()
        assert index.search(query("actor:nobody")).indices == []
        assert start not in read
        for asked in {0, start // 2, start, start + SEGMENT - 1}:
            assert index.search(query(f"actor:u{asked}")).indices == [asked]
            assert index.facets(query(f"actor:user:u{asked}"), FIELDS["actor"].field).values == [(f"user:u{asked}", 1)]
        assert len(index._columns.dictionaries["actor"].values) <= 1 + 4 * SEGMENT


def test_question_keeps_the_dictionary_that_it_began_with(five: LogIndex, read: list[int]) -> None:
    """Values are numbered anew while it runs, and those of the segments that it has not come to are others."""
    five.hold_columns()
    asked = query("actor:cleo OR actor:ben outcome:denied")
    expected = five.search(asked, limit=10_000).indices
    pages = five.matches(asked, order="desc")
    found = next(pages) + next(pages)
    columns = five._columns
    scans: list[list[int]] = []

    def renumber(scan: Scan, _: Coverage) -> None:
        part = scan.parts[0]
        part.columns.clear()
        columns._let_go = FIVE
        five.hold_columns()
        scans.append([int(row) for one in scan.parts[:5] for row in scan.resident.rows(one, one.first, one.end)])

    before = columns.dictionaries["actor"]
    five._queries.run(renumber, Asked(query=asked), None)
    assert columns.dictionaries["actor"] is not before
    assert scans == [[at for at in expected[::-1] if at < FIVE]]
    read.clear()
    assert found + [at for page in pages for at in page] == expected
    assert five.search(asked, limit=10_000).indices == expected
    assert read == []


def test_texts_of_a_segment_that_would_take_all_the_room_are_left_to_the_database(
    open_index: Callable[..., LogIndex], read: list[int]
) -> None:
    """They are not even read; the other segments are, and other fields of this one."""
    entries = [*make_varied(0, SEGMENT), *make_entries(SEGMENT, 2 * SEGMENT)]
    settings = IndexSettings(segment_entries=SEGMENT, threads=1, column_memory=100_000)
    index = open_index(ListedLog(entries), settings=settings)
    index.catch_up()
    index.hold_columns(frozenset({"actor", "outcome"}))
    assert index.search(query("actor:u7")).indices == [7]
    assert read == [0]
    assert index.search(query("outcome:unknown")).indices == []
    assert read == [0]

"""Exports as a whole: framed, in pieces, in constant memory."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from indelible.errors import DamagedObject
from indelible.events.exports import FORMATS, write_export
from indelible.events.exports.format import DAMAGED
from tests.insider import NO_RECORDS
from tests.unit.events.exports.conftest import alone, entry_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.events.exports import Run

FORMAT_NAMES = sorted(FORMATS)
OBJECTS = {"another object", "without an actor", "an actor that is a text", "a time that is none"}
ODD_OBJECTS = {
    "on two lines",
    "with white space behind it",
    "with another index",
}
TAKEN = {"ndjson": OBJECTS, "csv": OBJECTS | ODD_OBJECTS}
"""What is a JSON object still, and can stand in a row: more is not looked at, for that is what proofs are for."""


def count_records(name: str, content: bytes) -> int:
    """How many records a reader of the format finds."""
    if name == "csv":
        return len(list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))) - 1
    if name == "cloudevents":
        return len(json.loads(content))
    return len([json.loads(line) for line in content.splitlines()])


def test_formats_are_those_that_http_names() -> None:
    """Each under its own name, with a suffix of its own."""
    assert FORMAT_NAMES == ["cloudevents", "csv", "ecs", "ndjson", "ocsf"]
    assert all(form.name == name for name, form in FORMATS.items())
    assert len({form.suffix for form in FORMATS.values()}) == len(FORMATS)


@pytest.mark.parametrize("name", FORMAT_NAMES)
@pytest.mark.parametrize("count", [0, 1, 2, 700])
def test_write_export_holds_every_record_once(name: str, count: int, samples: tuple[bytes, ...]) -> None:
    """None, one or many: the whole is what a reader of the format expects, with as many records."""
    rows = [(index, entry, index % 2 == 0) for index, entry in enumerate(samples[:count])]
    assert count_records(name, b"".join(write_export(FORMATS[name], alone(rows)))) == count


@pytest.mark.parametrize("name", FORMAT_NAMES)
@pytest.mark.parametrize("published", [None, True, False])
def test_write_export_gives_the_same_however_records_come(
    name: str, published: bool | None, samples: tuple[bytes, ...]
) -> None:
    """One by one, or many at once; also more of them than are looked at together."""
    entries = samples[-700:]
    together = b"".join(write_export(FORMATS[name], [(range(9, 709), entries, published)]))
    rows = ((index, entry, published) for index, entry in enumerate(entries, 9))
    assert together == b"".join(write_export(FORMATS[name], alone(rows)))


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_write_export_takes_runs_as_pieces_are_taken(name: str, samples: tuple[bytes, ...]) -> None:
    """A piece is on its way before the next is begun: memory does not grow with the export."""
    taken = 0

    def runs() -> Iterator[Run]:
        nonlocal taken
        for start in range(0, 8 * len(samples), 200):
            entries = [samples[index % len(samples)] for index in range(start, start + 200)]
            taken += len(entries)
            yield range(start, start + 200), entries, None

    pieces = write_export(FORMATS[name], runs())
    sizes = []
    before = 0
    for piece in pieces:
        sizes.append(len(piece))
        # 256 KiB of entries are looked at together: a piece never holds much more.
        assert len(piece) < 2 * 524_288
        assert taken - before <= 1_400
        before = taken
    assert len(sizes) > 10
    assert all(size >= 524_288 for size in sizes[:-1])


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_encode_is_a_function_of_its_arguments(name: str, full: bytes) -> None:
    """The same record gives the same bytes; whether it is published is told, or left out."""
    encode = FORMATS[name].encode
    assert encode(5, full, True) == encode(5, full, True)
    assert len({encode(5, full, published) for published in (None, True, False)}) == 3


@pytest.mark.parametrize("name", ["csv", "ndjson"])
@pytest.mark.parametrize("what", NO_RECORDS)
def test_write_export_goes_on_past_what_is_no_record(name: str, what: str, samples: tuple[bytes, ...]) -> None:
    """In its place stands its index, and that it is damaged; the others are as they would be without it."""
    altered = NO_RECORDS[what](entry_of({"action": "door.open", "actor": {"type": "user", "id": "ada"}}))
    damage = "" if what in TAKEN[name] else DAMAGED
    content = b"".join(write_export(FORMATS[name], [([0, 1, 2], [samples[0], altered, samples[2]], True)]))
    whole = b"".join(write_export(FORMATS[name], [([0, 2], [samples[0], samples[2]], True)]))
    if name == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))
        assert [(row["index"], row["damaged"]) for row in rows] == [("0", ""), ("1", damage), ("2", "")]
        assert not damage or not (rows[1]["action"] or rows[1]["leaf_hash"])
        assert [rows[0], rows[2]] == list(csv.DictReader(io.StringIO(whole.decode(), newline=""), strict=True))
    else:
        lines = content.splitlines()
        shown = {"damaged": damage} if damage else json.loads(altered)
        assert json.loads(lines[1]) == {"index": 1, "published": True, **shown}
        assert [lines[0], lines[2]] == whole.splitlines()


@pytest.mark.parametrize("name", ["ocsf", "ecs", "cloudevents"])
def test_write_export_in_the_schema_of_others_ends_at_what_is_no_record(name: str, samples: tuple[bytes, ...]) -> None:
    """They have no place for it, and leaving it out would be a lie; the error names it, and formats that go on."""
    with pytest.raises(DamagedObject, match=r"^entry 1 of the log: .* NDJSON and CSV"):
        list(write_export(FORMATS[name], [([0, 1], [samples[0], b"{"], True)]))

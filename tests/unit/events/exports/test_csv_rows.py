"""CSV: what the standard library reads back, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indelible.events.exports import FORMATS, write_export
from indelible.events.exports.csv_rows import COLUMNS, defused, defused_json
from indelible.merkle import leaf_hash
from tests.unit.events.exports.conftest import record_of

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
hostile = st.text(st.sampled_from("=+-@\t\r\n,;|\"'\\ \u00a0\uff1d1e.ax{}[]:"), max_size=24)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | hostile,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile, inner, max_size=4),
    max_leaves=12,
)


def read(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter, strict=delimiter == ","))


def is_formula(cell: str) -> bool:
    """What a careful reader takes for a formula, white space before it aside; a number is none."""
    bare = cell.strip()
    return bare[:1] != "" and bare[0] in SIGNS and not NUMBER.fullmatch(bare)


def rows_of(*entries: bytes) -> list[dict[str, str]]:
    header, *rows = read(b"".join(write_export(FORMATS["csv"], [(range(len(entries)), entries, True)])))
    assert header == list(COLUMNS)
    assert {len(row) for row in rows} == {len(COLUMNS)}
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_csv_reads_back_as_the_record(full: bytes) -> None:
    """Each column has its field: text as it is, structure as JSON, what is absent empty."""
    (row,) = rows_of(full)
    record = record_of(full)
    assert row["index"] == "0"
    assert row["actor_id"] == "u-1"
    assert row["context_http_status"] == "403"
    assert row["context_user_agent"] == "browser/1"
    assert row["producer_seq"] == "3"
    assert (row["target_type"], row["target_id"]) == ("invoice", "9")
    assert row["leaf_hash"] == leaf_hash(full).hex()
    assert row["published"] == "true"
    for column in ("targets", "changes", "metadata", "attachments", "tags"):
        assert json.loads(row[column]) == record[column]
    assert json.loads(row["actor_on_behalf_of"]) == record["actor"]["on_behalf_of"]
    assert [column for column in COLUMNS if row[column] == ""] == ["damaged"]


def test_csv_rows_of_samples_hold_their_records(samples: tuple[bytes, ...]) -> None:
    """Every real record: a row of the header's width, with what identifies it."""
    rows = rows_of(*samples)
    assert len(rows) == len(samples)
    for index, (row, entry) in enumerate(zip(rows, samples, strict=True)):
        record = record_of(entry)
        assert row["index"] == str(index)
        assert [row[name] for name in ("id", "occurred_at", "outcome")] == [
            record[name] for name in ("id", "occurred_at", "outcome")
        ]
        assert row["actor_id"] == record["actor"]["id"]
        assert json.loads(row["targets"] or "[]") == record.get("targets", [])
        assert row["upstream_sha256"] == record["upstream"]["sha256"]


def test_csv_tells_absent_from_empty() -> None:
    """An empty text is a quoted cell, an absent one is not; lines end in CR LF."""
    entry = b'{"action":"","id":"x"}'
    line = FORMATS["csv"].encode(3, entry)
    assert line.startswith(b'3,"x",,,"",,')
    assert line.endswith(b"\r\n")
    assert b"\xef\xbb\xbf" not in FORMATS["csv"].header


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t'=1"),
        ("\rx", "'\rx"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("a,=1", "a,'=1"),
        ("a; =1", "a;' =1"),
        ('x"=1', "x\"'=1"),
        ("line\n@x", "line\n'@x"),
        ("-5", "-5"),
        ("+1.5e3", "+1.5e3"),
        ("1,-5,+6", "1,'-5,'+6"),
        ("-5;A1", "'-5;A1"),
        ("-5x", "'-5x"),
        ("a=b", "a=b"),
        ("ada@example.com", "ada@example.com"),
        ("2026-01-01", "2026-01-01"),
        ("", ""),
    ],
)
def test_defused_marks_formulas_and_leaves_the_rest(text: str, expected: str) -> None:
    """An apostrophe stands wherever a cell could begin with a formula, and nowhere else."""
    assert defused(text) == expected


@given(hostile, st.sampled_from([",", ";", "|", "\t"]))
@example("a;=1", ";")
@example("'\t=1,\"", "\t")
def test_defused_cells_are_no_formulas_whatever_the_separator(text: str, separator: str) -> None:
    """Split at any separator, quote or line end, no piece is a formula; without apostrophes it is the text again."""
    marked = defused(text)
    assert not is_formula(marked)
    assert not marked.lstrip(" \u00a0").startswith(("\t", "\r"))
    assert not any(is_formula(piece) for piece in re.split(rf"[{separator}\r\n\"]", marked))
    assert marked.replace("'", "") == text.replace("'", "")


@given(hostile)
def test_csv_cells_read_with_another_separator_are_no_formulas(text: str) -> None:
    """A spreadsheet that takes semicolons finds no formula in a row either."""
    entry = json.dumps({"action": text, "metadata": {text: [text]}}).encode()
    line = FORMATS["csv"].encode(0, entry)
    for separator in (",", ";", "|", "\t"):
        assert not any(is_formula(cell) for row in read(line, separator) for cell in row)


@given(json_values)
@example(["=1", "-1+cmd", -5, [-0.5, 1e-7]])
@example({"a;=1": "b; -x", "c": -1e300})
def test_defused_json_is_the_same_value_without_formulas(value: Any) -> None:
    """Escaped, it means the same; no piece of it begins with a formula."""
    text = json.dumps([value], ensure_ascii=False, separators=(",", ":"))
    escaped = defused_json(text)
    assert json.loads(escaped) == json.loads(text)
    for separator in ",;|\t":
        for piece in re.split(rf"[{separator}\r\n\"']", escaped):
            # Brackets behind a number cannot make a formula of it.
            assert not is_formula(re.sub(r"[\]}]+\Z", "", piece))


@pytest.mark.timeout(30)
@pytest.mark.parametrize("unit", ["\t", " ", ",", "-", "1", ", ", "=1;", "\u00a0", ",- "])
def test_defused_looks_at_no_text_again_and_again(unit: str) -> None:
    """A text as large as an entry, made to be searched from each of its characters, is done at once."""
    text = unit * (65_535 // len(unit))
    assert len(defused(text)) >= len(text)
    assert len(defused_json(text)) >= len(text)

"""Bars of characters: as long as their counts, and nothing that is there is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from indelible.cli.chart import facet_lines, histogram_lines, stacked
from indelible.cli.outcomes import OUTCOMES
from indelible.sdk.found import Bucket, Coverage, Facets, Histogram

COVERAGE = Coverage(size=0, root="", indexed=0, complete=True)
COUNTS = st.dictionaries(st.sampled_from(OUTCOMES), st.integers(0, 10**7))


def histogram(*counts: dict[str, int], length: timedelta = timedelta(minutes=5)) -> Histogram:
    start = datetime(2026, 1, 31, 8, tzinfo=UTC)
    buckets = tuple(
        Bucket(start=start + place * length, end=start + (place + 1) * length, counts=one)
        for place, one in enumerate(counts)
    )
    return Histogram(buckets=buckets, coverage=COVERAGE)


@given(COUNTS, st.integers(4, 200), st.integers(0, 10**7))
def test_stacked_shows_all_that_is_there(counts: dict[str, int], cells: int, more: int) -> None:
    """Every outcome that occurs gets a cell, none that does not; together no more than there are."""
    total = sum(counts.values())
    parts = stacked(counts, cells, max(total + more, 1))
    assert set(parts) == {outcome for outcome, count in counts.items() if count}
    assert all(part >= 1 for part in parts.values())
    assert sum(parts.values()) <= cells


def test_stacked_is_in_proportion() -> None:
    """The largest total fills the bar, half of it half, and parts are as large as their share."""
    assert stacked({"success": 30, "denied": 10}, 40, 40) == {"success": 30, "denied": 10}
    assert stacked({"success": 30, "denied": 10}, 40, 80) == {"success": 15, "denied": 5}
    assert stacked({"success": 10**6, "denied": 1}, 40, 10**6 + 1) == {"success": 39, "denied": 1}
    assert stacked({}, 40, 10) == {}


@given(st.lists(COUNTS, min_size=1, max_size=5), st.integers(60, 200))
def test_histogram_lines_fit(counts: list[dict[str, int]], width: int) -> None:
    """No bar is wider than the terminal, and there is one for each bucket, empty ones too."""
    lines = list(histogram_lines(histogram(*counts), width))
    assert len(lines) == len(counts) + 1
    assert all(cell_len(line.plain) <= width for line in lines[:-1])


def test_histogram_lines_say_when_and_how_many() -> None:
    """Labels are as fine as the buckets are; the last line names what fillings mean, and the totals."""
    lines = [line.plain for line in histogram_lines(histogram({"success": 3, "denied": 1}, {}), 40)]
    assert lines == [
        "2026-01-31 08:00  ██████████████▒▒▒▒▒  4",
        "2026-01-31 08:05                       0",
        "█ success 3   ▒ denied 1   total 4",
    ]
    for length, label in (
        (timedelta(seconds=1), "2026-01-31 08:00:00 "),
        (timedelta(microseconds=10), "2026-01-31 08:00:00.000000 "),
    ):
        assert next(histogram_lines(histogram({"success": 1}, length=length), 60)).plain.startswith(label)
    assert next(histogram_lines(histogram({}), 40)).plain.endswith("0")
    assert [line.plain for line in histogram_lines(histogram(), 40)] == ["total 0"]


def test_facet_lines_cut_labels_on_a_terminal_only() -> None:
    """A label takes half of a terminal's width at most; in a pipe it stands whole."""
    facets = Facets(field="actor", values=(("a" * 60, 5), ("b", 1)), distinct=2, total=6, coverage=COVERAGE)
    labels = [value for value, _ in facets.values]
    cut = [line.plain for line in facet_lines(facets, labels, 60, cut=True)]
    assert all(cell_len(line) <= 60 for line in cut)
    assert "…" in cut[0]
    assert next(facet_lines(facets, labels, 60, cut=False)).plain.startswith("a" * 60 + "  ")

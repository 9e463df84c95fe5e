"""Counts over resident parts, from their columns alone: histograms and facets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indelible.index.chosen import narrowed, taken
from indelible.index.held_columns import NEVER, text_column, time_column
from indelible.index.parts import Span

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from indelible.index.chosen import Rows
    from indelible.index.held_columns import TextColumn, TimeColumn
    from indelible.index.resident_scan import ResidentScan

__all__ = ["UNKNOWN", "add_outcomes", "most_frequent", "resident_spans", "resident_values"]

UNKNOWN: Final = "unknown"
"""The outcome of entries that say none."""


def resident_spans(scan: ResidentScan) -> list[Span | None]:
    """When what matches occurred, of each resident part."""
    return [_span(time_column(columns, "occurred"), rows) for columns, rows in scan.selections()]


def add_outcomes(scan: ResidentScan, starts: range, counts: Sequence[Counter[str]]) -> None:
    """Count what matches in buckets of time that begin at ``starts``, by outcome."""
    names = scan.values("outcome")
    found = np.zeros((len(starts), len(names)), np.int64)
    for columns, rows in scan.selections():
        _add_outcomes(found, time_column(columns, "occurred"), text_column(columns, "outcome"), rows, starts)
    for bucket, number in np.argwhere(found).tolist():
        counts[bucket][names[number] if number else UNKNOWN] += int(found[bucket, number])


def _add_outcomes(
    found: NDArray[np.int64], occurred: TimeColumn, outcomes: TextColumn, rows: Rows, starts: range
) -> None:
    if occurred.low is None or occurred.high is None:
        return
    first = max((occurred.low - starts.start) // starts.step, 0)
    last = min((occurred.high - starts.start) // starts.step, len(starts) - 1)
    if first > last:  # none of what matches here says when: the buckets lie where other parts have some
        return
    rows = _known(occurred, rows)
    keys = taken(outcomes.places, rows)
    width = len(outcomes.values)
    if first < last:
        keys = ((taken(occurred.times, rows) - starts.start) // starts.step - first) * width + keys
    counted = np.bincount(keys, minlength=(last - first + 1) * width)
    found[first : last + 1, outcomes.values] += counted.reshape(-1, width)


def resident_values(scan: ResidentScan, field: str) -> NDArray[np.int64]:
    """In how many entries that match each value of a field occurs, by its number in the dictionary."""
    counts = np.zeros(len(scan.values(field)), np.int64)
    for columns, rows in scan.selections():
        column = text_column(columns, field)
        if len(rows) == len(column.places):
            counts[column.values] += column.counts
        else:
            counts[column.values] += np.bincount(taken(column.places, rows), minlength=len(column.values))
    counts[0] = 0
    return counts


def most_frequent(
    names: Sequence[str], counts: NDArray[np.int64], more: Mapping[str, int], limit: int
) -> tuple[list[tuple[str, int]], int]:
    """The values with the highest counts, then by value; and how many have any. ``more`` are other entries' counts."""
    left = dict(more)
    for number in np.flatnonzero(counts).tolist() if left else ():
        counts[number] += left.pop(names[number], 0)
    occurring = np.flatnonzero(counts)
    distinct = len(occurring) + len(left)
    if len(occurring) > limit:
        least = np.partition(counts[occurring], -limit)[-limit]
        occurring = occurring[counts[occurring] >= least]
    found = [(names[number], int(counts[number])) for number in occurring.tolist()]
    return sorted([*found, *left.items()], key=lambda item: (-item[1], item[0]))[:limit], distinct


def _span(occurred: TimeColumn, rows: Rows) -> Span | None:
    if occurred.low is None or occurred.high is None:
        return None
    if len(rows) == len(occurred.times):
        return Span(occurred.low, occurred.high)
    times = taken(occurred.times, _known(occurred, rows))
    return Span(int(times.min()), int(times.max())) if len(times) else None


def _known(occurred: TimeColumn, rows: Rows) -> Rows:
    """Those that say when they occurred."""
    return rows if occurred.complete else narrowed(rows, occurred.times, lambda times: times != NEVER)

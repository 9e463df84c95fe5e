"""Counts as bars of characters: one a line, stacked by outcome, as wide as there is room."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from indelible.cli.columns import shorten
from indelible.cli.outcomes import OUTCOME_FILLINGS, OUTCOME_STYLES, OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from indelible.sdk.found import Facets, Histogram

__all__ = ["facet_lines", "histogram_lines", "stacked"]

_NARROWEST = 10
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


def histogram_lines(histogram: Histogram, width: int, *, local: bool = False) -> Iterator[Text]:
    """A line for each bucket: when it begins, its bar, how many; then what the fillings mean, and the totals."""
    labels = [_label(bucket.start, bucket.end - bucket.start, local=local) for bucket in histogram.buckets]
    counts = [bucket.counts for bucket in histogram.buckets]
    yield from _bars(labels, counts, width)
    totals = {outcome: sum(one.get(outcome, 0) for one in counts) for outcome in OUTCOMES}
    legend = Text("")
    for outcome in OUTCOMES:
        if totals[outcome]:
            legend.append(OUTCOME_FILLINGS[outcome], OUTCOME_STYLES[outcome])
            legend.append(f" {outcome} {totals[outcome]:,}   ")
    legend.append(f"total {histogram.total:,}", "bold")
    yield legend


def facet_lines(facets: Facets, labels: Sequence[str], width: int, *, cut: bool) -> Iterator[Text]:
    """A line for each value: its label, safe to print and perhaps to be ``cut``; its bar; how many."""
    if cut:
        counts = max((len(f"{count:,}") for _, count in facets.values), default=0)
        widest = max(width - counts - _NARROWEST - 4, _NARROWEST)  # a bar may be short: its number stands beside it
        labels = [label if cell_len(label) <= widest else shorten(label, widest, middle=True) for label in labels]
    yield from _bars(labels, [{"success": count} for _, count in facets.values], width, style="cyan")


def stacked(counts: Mapping[str, int], cells: int, most: int) -> dict[str, int]:
    """How many of ``cells`` each outcome gets, where ``most`` would fill them all. What is there is seen: at least one.

    The whole bar is as long as the total demands; rounding takes from the longest part.
    """
    there = {outcome: counts[outcome] for outcome in OUTCOMES if counts.get(outcome, 0) > 0}
    total = sum(there.values())
    if not total or cells < len(there):
        return {}
    length = max(len(there), round(cells * total / most))
    parts = {outcome: max(1, round(length * count / total)) for outcome, count in there.items()}
    while (excess := sum(parts.values()) - length) != 0:
        longest = max(parts, key=lambda outcome: parts[outcome])
        parts[longest] -= 1 if excess > 0 else -1
    return parts


def _bars(labels: Sequence[str], counts: Sequence[Mapping[str, int]], width: int, *, style: str = "") -> Iterator[Text]:
    totals = [sum(one.values()) for one in counts]
    if not totals:
        return
    label_width = max(map(cell_len, labels))
    count_width = max(len(f"{total:,}") for total in totals)
    cells = max(width - label_width - count_width - 4, _NARROWEST)
    for label, one, total in zip(labels, counts, totals, strict=True):
        line = Text(label + " " * (label_width - cell_len(label) + 2))
        drawn = stacked(one, cells, max(totals) or 1)
        for outcome, length in drawn.items():
            line.append(OUTCOME_FILLINGS[outcome] * length, style or OUTCOME_STYLES[outcome])
        line.append(" " * (cells - sum(drawn.values()) + 2) + f"{total:,}".rjust(count_width))
        yield line


def _label(start: datetime, length: timedelta, *, local: bool) -> str:
    if local:
        start = start.astimezone()
    text = start.strftime("%Y-%m-%d %H:%M:%S.%f")
    if length >= _DAY and not local:
        return text[:16] if start.hour or start.minute else text[:10]
    return text[:16] if length >= _MINUTE else text[:19] if length >= _SECOND else text

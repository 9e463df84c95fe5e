"""Merging runs of the id index: which ones, and how, in bounded memory.

A run's tier is the number of octal digits of its count. Two rules keep the number of runs logarithmic and the number of
times an id is written, too: tiers never rise from older runs to newer ones, and no tier has eight runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indelible.storage.posix.id_columns import Keys, insertion_points, sort_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indelible.storage.posix.run_file import Run, RunWriter

__all__ = ["FAN_OUT", "MAX_MERGED", "merge_runs", "runs_to_merge"]

FAN_OUT = 8
MAX_MERGED = 1 << 26
"""No merge gives more ids than these, because its Bloom filter is built in memory. From here on the number of runs
grows with the log, but by one in 33 million entries."""
_SAMPLED = 4_096
"""One id of so many is a candidate for a bound between chunks: a chunk has at most 2 * runs * so many ids."""


def runs_to_merge(counts: Sequence[int]) -> slice | None:
    """Which neighbours among runs of these counts, oldest first, should be merged now, if any."""
    tiers = [(count.bit_length() + 2) // 3 for count in counts]
    for position in range(1, len(tiers)):
        first = position
        while first > 0 and tiers[first - 1] < tiers[position]:
            first -= 1
        if first < position:
            return slice(first, position + 1)
    for first, tier in enumerate(tiers):
        together = slice(first, first + FAN_OUT)
        if tiers[together] == [tier] * FAN_OUT and sum(counts[together]) <= MAX_MERGED:
            return together
    return None


def merge_runs(runs: Sequence[Run], writer: RunWriter) -> Iterator[int]:
    """Write the ids of neighbouring runs, oldest first, into one; yields after each chunk how many are written."""
    written = 0
    divisions = _bounds(runs)
    bounds = [insertion_points(run.keys, divisions).tolist() for run in runs]
    starts = [0] * len(runs)
    for ends in [*zip(*bounds, strict=True), tuple(len(run.keys) for run in runs)]:
        parts = [(run, slice(start, end)) for run, start, end in zip(runs, starts, ends, strict=True)]
        starts = list(ends)
        keys = Keys(
            np.concatenate([run.keys.low[part] for run, part in parts]),
            np.concatenate([run.keys.high[part] for run, part in parts]),
        )
        if not len(keys):
            continue
        shift = runs[0].header.first
        indices = np.concatenate([run.indices[part] + np.uint32(run.header.first - shift) for run, part in parts])
        order = sort_order(keys)
        writer.write(keys.take(order), indices[order])
        for run in runs:
            run.forget()
        written += len(keys)
        yield written


def _bounds(runs: Sequence[Run]) -> Keys:
    """Ids that divide the runs into chunks of bounded size, whatever the ids are."""
    samples = Keys(
        np.concatenate([run.keys.low[_SAMPLED::_SAMPLED] for run in runs]),
        np.concatenate([run.keys.high[_SAMPLED::_SAMPLED] for run in runs]),
    )
    order = sort_order(samples)
    return samples.take(order[len(runs) - 1 :: len(runs)])

"""Merging keeps the runs few and loses nothing, whatever the ids and sizes are."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.storage.durable import Disk
from indelible.storage.posix import run_merge
from indelible.storage.posix.id_columns import keys_of
from indelible.storage.posix.run_file import Run, RunWriter, verify_run
from indelible.storage.posix.run_format import run_name
from indelible.storage.posix.run_merge import FAN_OUT, MAX_MERGED, merge_runs, runs_to_merge
from indelible.storage.posix.staging import Staging
from tests.unit.storage.posix.test_run_file import make_ids, write_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def settle(counts: list[int]) -> int:
    """Merge as long as something is due; returns how many ids were written again."""
    written = 0
    while chosen := runs_to_merge(counts):
        assert len(counts[chosen]) > 1
        merged = sum(counts[chosen])
        written += merged
        counts[chosen] = [merged]
    return written


def tier(count: int) -> int:
    return len(oct(count)) - 2


@given(st.lists(st.integers(min_value=1, max_value=200_000), max_size=300))
def test_runs_stay_few(flushed: list[int]) -> None:
    """After each flush: tiers never rise towards newer runs, and none has eight, so their number is logarithmic."""
    counts: list[int] = []
    for count in flushed:
        counts.append(count)
        settle(counts)
        tiers = list(map(tier, counts))
        assert tiers == sorted(tiers, reverse=True)
        assert all(tiers.count(each) < FAN_OUT for each in tiers)
    assert sum(counts) == sum(flushed)


@pytest.mark.parametrize("size", [1, 65_536, 65_000])
def test_runs_of_equal_size_are_written_a_logarithmic_number_of_times(size: int) -> None:
    """An id is written again once for each tier that it climbs."""
    counts: list[int] = []
    written = 0
    for _ in range(1_000):
        counts.append(size)
        written += settle(counts)
    assert written <= 5 * sum(counts)
    assert len(counts) <= 7 * 5


def test_runs_are_not_merged_beyond_a_limit() -> None:
    """The largest runs stay as they are; smaller ones after them are merged all the same."""
    huge = MAX_MERGED // FAN_OUT + 1
    assert runs_to_merge([huge] * 20) is None
    assert runs_to_merge([huge] * 20 + [5] * 8) == slice(20, 28)


def merge(folder: Path, runs: Sequence[Run]) -> Path:
    first, end = runs[0].header.first, runs[-1].header.end
    writer = RunWriter(Staging(Disk(), folder / "tmp"), first, end)
    written = list(merge_runs(runs, writer))
    assert written[-1] == end - first
    writer.finish()
    writer.close()
    return writer.path.rename(folder / run_name(first, end))


@pytest.mark.parametrize("kind", ["random", "one low half", "one high half", "halves interleaved"])
def test_merged_run_holds_the_ids_of_all(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every id under its index, in bounded chunks, for ids of any kind."""
    monkeypatch.setattr(run_merge, "_SAMPLED", 16)
    ids = {
        "random": make_ids(3_000),
        "one low half": [number.to_bytes(8) + bytes(8) for number in Random(1).sample(range(10**9), 3_000)],
        "one high half": [bytes(8) + number.to_bytes(8) for number in Random(2).sample(range(10**9), 3_000)],
        "halves interleaved": [(number // 7).to_bytes(8) + (number % 7).to_bytes(8) for number in range(3_000)],
    }[kind]
    bounds = [0, 1, 40, 1_000, 1_001, 2_900, 3_000]
    runs = [Run(write_run(tmp_path, 500 + start, ids[start:end])) for start, end in pairwise(bounds)]
    chunks: list[int] = []
    write = RunWriter.write

    def counting(self: RunWriter, keys: object, indices: object) -> None:
        chunks.append(len(indices))  # type: ignore[arg-type]
        write(self, keys, indices)  # type: ignore[arg-type]

    monkeypatch.setattr(RunWriter, "write", counting)
    path = merge(tmp_path, runs)
    verify_run(path)
    assert max(chunks) <= 2 * len(runs) * 16
    keys = keys_of(ids)
    positions, indices = Run(path).find(keys, keys.hashes())
    assert positions.tolist() == list(range(3_000))
    assert indices.tolist() == list(range(500, 3_500))


def test_merged_run_is_the_same_as_one_written_at_once(tmp_path: Path) -> None:
    """A run is a function of its ids: whoever has the log can make it again, byte for byte."""
    ids = make_ids(400)
    (tmp_path / "parts").mkdir()
    runs = [Run(write_run(tmp_path / "parts", start, ids[start : start + 50])) for start in range(0, 400, 50)]
    merged = merge(tmp_path / "parts", runs)
    assert merged.read_bytes() == write_run(tmp_path, 0, ids).read_bytes()
    assert np.array_equal(np.sort(Run(merged).indices), np.arange(400))

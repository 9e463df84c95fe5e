"""Inclusion proofs from a directory at rest, beside pymerkle, a Merkle tree library in Python that many use."""

from __future__ import annotations

import random
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from indelible.bench.data import open_reader
from indelible.bench.definitions import DEFINITIONS
from indelible.bench.measurement import alone, interleave, summarise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from indelible.bench.measurement import Result
    from indelible.bench.room import Room

__all__ = ["measure"]


def measure(room: Room, directory: Path) -> Iterator[Result]:
    """Figure ``proof_p50``; it stands alone where pymerkle is not installed."""
    definition, scale = DEFINITIONS["proof_p50"], room.scale
    room.say(definition.title)
    chance = random.Random(scale.proofs)  # noqa: S311 - which entries are proven is no secret
    size = open_reader(directory).size
    details: dict[str, float | str] = {"entries": float(size), "proofs a measurement": float(scale.proofs)}

    def ours() -> float:
        return median(_proof_seconds(directory, chance.randrange(size)) for _ in range(scale.proofs)) * 1e3

    try:
        proof_seconds = _pymerkle(scale.pymerkle_entries)
    except ModuleNotFoundError:
        value = median(ours() for _ in range(scale.pairs))
        yield alone(definition, value, {**details, "pymerkle": "not installed"})
        return

    def theirs() -> float:
        numbers = [chance.randrange(scale.pymerkle_entries) for _ in range(scale.pymerkle_proofs)]
        return median(map(proof_seconds, numbers)) * 1e3

    details |= {"pymerkle's entries": float(scale.pymerkle_entries), "its proofs": float(scale.pymerkle_proofs)}
    yield summarise(definition, interleave(scale.pairs, ceiling=theirs, ours=ours), details)


def _proof_seconds(directory: Path, index: int) -> float:
    reader = open_reader(directory)
    began = perf_counter()
    reader.prove(index)
    return perf_counter() - began


def _pymerkle(entries: int) -> Callable[[int], float]:
    """A tree of so many entries; the result times the proof of an index in seconds."""
    import pymerkle  # type: ignore[import-untyped]  # noqa: PLC0415 - present for development only

    tree = pymerkle.InmemoryTree(algorithm="sha256", disable_cache=True)
    tree.append_entries(b"entry %d" % number for number in range(entries))

    def proof_seconds(index: int) -> float:
        began = perf_counter()
        tree.prove_inclusion(index + 1)
        return perf_counter() - began

    return proof_seconds

"""Verification of a directory at rest beside a bare loop that only hashes the same entries."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from indelible.bench import ceilings
from indelible.bench.data import directory_environment, open_reader
from indelible.bench.definitions import DEFINITIONS
from indelible.bench.measurement import interleave, summarise
from indelible.embedded.data_directory import DataDirectory
from indelible.embedded.verification import verify_stored_log
from indelible.errors import InternalError
from indelible.trust.pins import Pins
from indelible.verify.verdicts import Report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.bench.measurement import Result
    from indelible.bench.room import Room

__all__ = ["measure"]

_BUNDLE = 256


def measure(room: Room, directory: Path) -> Iterator[Result]:
    """Figure ``verify``."""
    definition = DEFINITIONS["verify"]
    size = open_reader(directory).size
    room.say(definition.title)
    pairs = interleave(
        room.scale.pairs,
        ceiling=lambda: size / _hash_seconds(directory),
        ours=lambda: size / _verify_seconds(directory),
    )
    yield summarise(definition, pairs, {"entries": float(size)})


def _hash_seconds(directory: Path) -> float:
    """The time of the bare loop alone: each bundle's entries are in memory before its clock starts."""
    reader = open_reader(directory)
    seconds = 0.0
    for first in range(0, reader.size, _BUNDLE):
        entries = [entry for _, entry in reader.entries(first, min(first + _BUNDLE, reader.size))]
        began = perf_counter()
        ceilings.bare_tree(entries)
        seconds += perf_counter() - began
    return seconds


def _verify_seconds(directory: Path) -> float:
    """The time of the real thing, which must find the log sound."""
    environment = directory_environment(directory)
    began = perf_counter()
    data = DataDirectory.open(directory, environment=environment)
    report = verify_stored_log(data, "main", pins=Pins.load(environment))
    seconds = perf_counter() - began
    if Report(target=str(directory), logs=(report,)).exit_status(None):
        raise InternalError(f"the log of the benchmark does not verify: {report.findings}")
    return seconds

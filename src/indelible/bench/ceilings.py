"""What the machine can do at best: the bare work that each figure is compared with.

No part of Indelible runs here but the choice of the system's call that makes data durable. Whatever a caller could
leave out is left out (validation, identity, recovery, formats); what remains is plain Python with the same libraries.
"""

from __future__ import annotations

import hashlib
import os
import sys
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from indelible.storage.system_calls import system_calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["bare_ingest_rate", "bare_tree", "durable_bandwidth", "sync_times"]

_MEBIBYTE = 1024 * 1024
_LEAF = hashlib.sha256(b"\x00")
_NODE = hashlib.sha256(b"\x01")


def durable_bandwidth(directory: Path, mebibytes: int) -> float:
    """Bytes a second of writing a new file in pieces of 1 MiB and syncing it once at the end."""
    datasync, block = system_calls(sys.platform).datasync, os.urandom(_MEBIBYTE)
    path = directory / "bandwidth"
    with path.open("xb", buffering=0) as file:
        began = perf_counter()
        for _ in range(mebibytes):
            file.write(block)
        datasync(file.fileno())
        seconds = perf_counter() - began
    path.unlink()
    return mebibytes * _MEBIBYTE / seconds


def sync_times(directory: Path, count: int, size: int = 600) -> list[float]:
    """Seconds of each of ``count`` times: write ``size`` bytes to the end of a file and sync it."""
    datasync, data = system_calls(sys.platform).datasync, os.urandom(size)
    path = directory / "sync"
    times = []
    with path.open("xb", buffering=0) as file:
        for _ in range(count):
            began = perf_counter()
            file.write(data)
            datasync(file.fileno())
            times.append(perf_counter() - began)
    path.unlink()
    return times


def bare_tree(entries: Iterable[bytes]) -> bytes:
    """The root over ``entries``: leaf hashes, then node hashes level by level; the odd one of a level moves up."""
    leaf, node = _LEAF.copy, _NODE.copy
    level = []
    for entry in entries:
        state = leaf()
        state.update(entry)
        level.append(state.digest())
    while len(level) > 1:
        above = []
        for left, right in zip(level[::2], level[1::2], strict=False):
            state = node()
            state.update(left + right)
            above.append(state.digest())
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def bare_ingest_rate(directory: Path, bodies: Sequence[bytes]) -> float:
    """Events a second of the bare loop: decode, encode sorted, hash, write and sync, one body after another."""
    decoder = msgspec.json.Decoder()
    encoder = msgspec.json.Encoder(order="sorted")
    datasync = system_calls(sys.platform).datasync
    path = directory / "loop"
    events = 0
    with path.open("xb", buffering=0) as file:
        began = perf_counter()
        for body in bodies:
            entries = [encoder.encode(value) for value in decoder.decode_lines(body)]
            bare_tree(entries)
            file.write(b"\n".join(entries))
            datasync(file.fileno())
            events += len(entries)
        seconds = perf_counter() - began
    path.unlink()
    return events / seconds

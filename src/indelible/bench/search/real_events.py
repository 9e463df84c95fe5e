"""A long history made of the bundled real events, in which questions have answers of every size.

Event ``number`` is always the same. A million events are a week. Who acted follows Zipf's law over 50,000 actors, what
was done follows the samples, and one event in a hundred concerns a thing that nothing else concerns. Each actor has an
address of its own; each event its own id, request and time, which comes a little out of order, as events do.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

import numpy as np

from indelible.bench.search.shapes import read_shapes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["ACTORS", "COMMON_ACTOR", "RealEvents", "occurred_us"]

ACTORS: Final = 50_000
COMMON_ACTOR: Final = "user-00000"
"""The name of the actor of most events."""

_FIRST_US = 1_735_689_600_000_000  # the start of 2025
_US_PER_EVENT = 604_800  # a week for a million
_DELAY_US = 120_000_000  # what an event may be late by
_THINGS = 5_000
_RARE = 100
_CHOICES = 4
_DIGITS = 146
_LANES = _CHOICES + -(-_DIGITS // 16)  # random words of 64 bits that an event has: for choices, then for digits
_ODD = np.uint64(0x9E3779B97F4A7C15)


def occurred_us(number: int) -> int:
    """When event ``number`` occurred at the latest, in microseconds since 1970."""
    return _FIRST_US + number * _US_PER_EVENT


class RealEvents:
    """An endless row of events. Making one costs a few microseconds."""

    def __init__(self, samples: Path) -> None:
        """``samples`` is the folder of the bundled events."""
        shapes = read_shapes(samples)
        self._templates = [shape.template for shape in shapes]
        self._shape_ends = _shares([shape.weight for shape in shapes])
        self._actor_ends = _shares([1 / rank for rank in range(1, ACTORS + 1)])

    def ndjson(self, first: int, count: int) -> bytes:
        """The events ``[first, first + count)``, one a line."""
        numbers = np.arange(first, first + count, dtype=np.uint64)
        lanes = _mixed(numbers)
        digits = lanes.tobytes().hex().encode()
        shapes = np.searchsorted(self._shape_ends, _fractions(lanes[:, 0]), side="right").tolist()
        actors = np.searchsorted(self._actor_ends, _fractions(lanes[:, 1]), side="right").tolist()
        delays = (lanes[:, 2] % np.uint64(_DELAY_US)).astype(np.int64)
        late = _FIRST_US + numbers.astype(np.int64) * _US_PER_EVENT
        times = np.datetime_as_string((late - delays).view("datetime64[us]")).astype(bytes).tolist()
        things = (lanes[:, 3] % np.uint64(_THINGS)).tolist()
        rare = (lanes[:, 3] >> np.uint64(32)) % np.uint64(_RARE) == 0
        lines = []
        for place, (shape, actor, time, thing, is_rare, milliseconds) in enumerate(
            zip(shapes, actors, times, things, rare.tolist(), (late // 1000).tolist(), strict=True)
        ):
            at = (place * _LANES + _CHOICES) * 16
            lines.append(
                self._templates[shape]
                % _fillings(
                    time=time,
                    milliseconds=b"%012x" % milliseconds,
                    actor=actor,
                    thing=b"rare-%08x" % (first + place) if is_rare else b"%04d" % thing,
                    digits=digits[at : at + _DIGITS],
                )
            )
        return b"\n".join([*lines, b""])


def _fillings(*, time: bytes, milliseconds: bytes, actor: int, thing: bytes, digits: bytes) -> dict[bytes, bytes]:
    """What fills the holes of a shape."""
    return {
        b"id": b"%b-%b-7%b-a%b-%b" % (milliseconds[:8], milliseconds[8:], digits[:3], digits[3:6], digits[6:18]),
        b"time": time + b"Z",
        b"name": b"user-%05d" % actor,
        b"ip": b"10.%d.%d.%d" % (actor >> 8, actor & 255, actor % 250 + 1),
        b"request": _uuid(digits[18:50]),
        b"event": _uuid(digits[50:82]),
        b"sha256": digits[82:146],
        b"thing": thing,
    }


def _uuid(digits: bytes) -> bytes:
    return b"%b-%b-%b-%b-%b" % (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])


def _shares(weights: list[float]) -> NDArray[np.float64]:
    """Where the share of each weight in ``[0, 1)`` ends."""
    ends: NDArray[np.float64] = np.array(list(accumulate(weights)))
    return ends / float(ends[-1])


def _fractions(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    return (words >> np.uint64(11)).astype(np.float64) / 2.0**53


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Words without a pattern, ``_LANES`` for each number (the finalizer of splitmix64)."""
    words = np.arange(1, _LANES + 1, dtype=np.uint64) + numbers[:, None] * np.uint64(_LANES)
    words *= _ODD
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words

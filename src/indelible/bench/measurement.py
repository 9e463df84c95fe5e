"""Samples, pairs and results: how figures are taken and summarised.

A *pair* is a ceiling and a value measured one directly after the other. Results are medians of several pairs, and the
ratio is the median of the pairs' ratios, so that a disk that slows down for a while weighs on both sides alike.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from indelible.bench.definition import Definition

__all__ = ["Pair", "Result", "alone", "interleave", "quantile", "summarise"]


class Pair(NamedTuple):
    """A ceiling and a value, taken one after the other, in the same unit."""

    ceiling: float
    value: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One measured figure, as ``indelible bench --json`` prints it.

    ``ceiling`` is what it is compared with and ``ratio`` is value ÷ ceiling; both are ``None`` where a figure stands
    for itself. ``met`` says whether it keeps its bar, ``None`` where there is none. ``pairs`` are the measurements.
    ``recorded`` is when the run ended whose figures were kept, RFC 3339 in UTC; nothing where none were.
    """

    name: str
    value: float
    unit: str
    ceiling: float | None
    ratio: float | None
    bar: str | None
    met: bool | None
    pairs: tuple[Pair, ...] = ()
    details: dict[str, float | str] = {}
    recorded: str = ""


def quantile(samples: Sequence[float], fraction: float) -> float:
    """The smallest sample that at least ``fraction`` of all samples do not exceed (nearest rank).

    Raises:
        ValueError: there are no samples, or ``fraction`` is not in ``[0, 1]``.
    """
    if not samples or not 0 <= fraction <= 1:
        raise ValueError(f"no quantile {fraction} of {len(samples)} samples")
    ordered = sorted(samples)
    return ordered[max(0, -int(-fraction * len(ordered) // 1) - 1)]


def interleave(count: int, *, ceiling: Callable[[], float], ours: Callable[[], float]) -> tuple[Pair, ...]:
    """Measure ``count`` pairs by turns, the ceiling first."""
    return tuple(Pair(ceiling(), ours()) for _ in range(count))


def alone(definition: Definition, value: float, details: Mapping[str, float | str] | None = None) -> Result:
    """The result of a figure that stands for itself."""
    return Result(
        name=definition.name,
        value=value,
        unit=definition.unit,
        ceiling=None,
        ratio=None,
        bar=definition.bar,
        met=definition.keeps(value, None),
        details=dict(details or {}),
    )


def summarise(
    definition: Definition, pairs: Sequence[Pair], details: Mapping[str, float | str] | None = None
) -> Result:
    """The result of pairs: medians of both sides, and of the ratios."""
    value = median(pair.value for pair in pairs)
    ceiling = median(pair.ceiling for pair in pairs)
    ratio = median(pair.value / pair.ceiling for pair in pairs)
    return Result(
        name=definition.name,
        value=value,
        unit=definition.unit,
        ceiling=ceiling,
        ratio=ratio,
        bar=definition.bar,
        met=definition.keeps(value, ratio),
        pairs=tuple(pairs),
        details=dict(details or {}),
    )

"""How samples become figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.bench.definition import Definition
from indelible.bench.measurement import Pair, alone, interleave, quantile, summarise

SAMPLES = st.lists(st.floats(min_value=0, max_value=1e9), min_size=1, max_size=300)


@given(samples=SAMPLES, fraction=st.floats(min_value=0, max_value=1))
def test_quantile_is_the_smallest_sample_that_covers_the_fraction(samples: list[float], fraction: float) -> None:
    """At least that fraction of the samples does not exceed it, and no smaller sample has this property."""
    found = quantile(samples, fraction)
    covered = [each for each in sorted(set(samples)) if sum(s <= each for s in samples) >= fraction * len(samples)]
    assert found == covered[0]


@pytest.mark.parametrize(("samples", "fraction"), [([], 0.5), ([1.0], 1.5), ([1.0], -0.1)])
def test_quantile_refuses_what_has_none(samples: list[float], fraction: float) -> None:
    """No samples, or a fraction outside [0, 1], have no quantile."""
    with pytest.raises(ValueError, match="no quantile"):
        quantile(samples, fraction)


def test_interleave_takes_ceiling_and_value_by_turns() -> None:
    """The ceiling comes first in every pair, and nothing is measured ahead."""
    order: list[str] = []

    def take(name: str) -> float:
        order.append(name)
        return float(len(order))

    pairs = interleave(3, ceiling=lambda: take("ceiling"), ours=lambda: take("ours"))
    assert order == ["ceiling", "ours"] * 3
    assert pairs == (Pair(1, 2), Pair(3, 4), Pair(5, 6))


def test_summarise_takes_medians_and_the_median_of_ratios() -> None:
    """The ratio is the median of the pairs' ratios, not the ratio of the medians."""
    definition = definition_with(least_ratio=0.4)
    result = summarise(definition, [Pair(100, 50), Pair(10, 9), Pair(1000, 300)])
    assert (result.value, result.ceiling, result.ratio, result.met) == (50, 100, 0.5, True)


@pytest.mark.parametrize(
    ("bar", "value", "ratio", "kept"),
    [
        ({"least_ratio": 0.4}, 1.0, 0.4, True),
        ({"least_ratio": 0.4}, 1.0, 0.39, False),
        ({"greatest_ratio": 0.1, "greatest_value": 1.0}, 0.9, 0.1, True),
        ({"greatest_ratio": 0.1, "greatest_value": 1.0}, 0.9, 0.11, False),
        ({"greatest_ratio": 0.1, "greatest_value": 1.0}, 1.1, 0.1, False),
        ({"greatest_value": 25.0}, 25.0, None, True),
        ({"greatest_value": 25.0}, 25.1, 0.1, False),
        ({"greatest_ratio": 0.1, "greatest_value": 1.0}, 0.5, None, None),
        ({"greatest_ratio": 0.1, "greatest_value": 1.0}, 1.5, None, False),
        ({"least_value": 2.0}, 2.0, None, True),
        ({"least_value": 2.0}, 1.9, None, False),
        ({}, 1.0, 1.0, None),
    ],
)
def test_keeps_holds_every_limit_of_the_bar(
    bar: dict[str, float], value: float, ratio: float | None, kept: bool | None
) -> None:
    """A bar is kept when each of its limits is; it is undecided without a ratio that it asks for, or without a bar."""
    assert definition_with(**bar).keeps(value, ratio) is kept


def test_alone_has_neither_ceiling_nor_ratio() -> None:
    """A figure that stands for itself is still held to its bar."""
    result = alone(definition_with(greatest_value=2.0), 3.0, {"entries": 4.0})
    assert (result.ceiling, result.ratio, result.met, result.details) == (None, None, False, {"entries": 4.0})


def definition_with(
    *,
    least_value: float | None = None,
    least_ratio: float | None = None,
    greatest_ratio: float | None = None,
    greatest_value: float | None = None,
) -> Definition:
    bar = "some bar" if least_value or least_ratio or greatest_ratio or greatest_value else None
    return Definition(
        name="some",
        title="some figure",
        unit="ms",
        measures="something",
        bar=bar,
        least_value=least_value,
        least_ratio=least_ratio,
        greatest_ratio=greatest_ratio,
        greatest_value=greatest_value,
    )

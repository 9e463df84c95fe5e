"""One figure: what it means, what it is compared with, and the bar it is held to."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Definition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One figure.

    Attributes:
        name: As in the JSON output.
        title: A line for tables.
        unit: Of the value and of its ceiling.
        measures: What is measured, exactly.
        ceiling: What it is compared with, exactly; ``None`` where the figure stands for itself.
        bar: The bar in words; ``None`` where there is none.
        least_value: The smallest value that keeps the bar.
        least_ratio: The smallest ratio that keeps the bar.
        greatest_ratio: The greatest ratio that keeps it.
        greatest_value: The greatest value that keeps it.
    """

    name: str
    title: str
    unit: str
    measures: str
    ceiling: str | None = None
    bar: str | None = None
    least_value: float | None = None
    least_ratio: float | None = None
    greatest_ratio: float | None = None
    greatest_value: float | None = None

    def keeps(self, value: float, ratio: float | None) -> bool | None:
        """Whether a measurement keeps every limit of the bar; ``None`` without a bar or without a ratio it needs."""
        if self.bar is None:
            return None
        broken = (
            (self.least_value is not None and value < self.least_value)
            or (self.greatest_value is not None and value > self.greatest_value)
            or (self.least_ratio is not None and ratio is not None and ratio < self.least_ratio)
            or (self.greatest_ratio is not None and ratio is not None and ratio > self.greatest_ratio)
        )
        if broken:
            return False
        undecided = ratio is None and (self.least_ratio is not None or self.greatest_ratio is not None)
        return None if undecided else True

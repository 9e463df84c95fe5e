"""One setting's value: what it may be, and how it is written in TOML and in an environment variable.

A :class:`Rule` rides on the field of a settings dataclass. Sizes may be written with a unit (``"8 MiB"``), so may
durations (``"30s"``, ``"12h"``); a bare number is bytes or seconds.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

from indelible.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Rule", "Unit", "Value", "from_text", "from_toml", "setting"]

T = TypeVar("T")
Value = bool | int | float | str | tuple[str, ...]
Unit = Literal["bytes", "seconds", "entries", "entries/s", "requests", "threads", "proofs", "segments", ""]

_BYTES: dict[str, float] = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_QUANTITY = re.compile(r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,9})?) ?(?P<unit>[A-Za-z]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What the values of one setting may be.

    Attributes:
        unit: What a number counts.
        low: The smallest number allowed.
        high: The largest number allowed.
        multiple: What a number must be a multiple of.
        choices: The texts allowed; any text when empty.
        variable: The environment variable, where it is not ``INDELIBLE_<SECTION>_<KEY>``.
        check: Raises ConfigurationError for a text that cannot be meant.
    """

    unit: Unit = ""
    low: float = -math.inf
    high: float = math.inf
    multiple: int = 1
    choices: tuple[str, ...] = ()
    variable: str | None = None
    check: Callable[[str], object] | None = None


_ANY = Rule()


def setting(default: T, rule: Rule = _ANY) -> T:
    """A field of a settings dataclass, with its default and what else it may be."""
    return field(default=default, metadata={"rule": rule})  # which to a type checker is its default


def from_toml(value: object, default: Value, rule: Rule) -> Value:
    """The value that TOML holds for a setting whose default, and so whose type, this is.

    Raises:
        ConfigurationError: it is of another type, or out of range; says what would do, not where.
    """
    match default:
        case bool():
            if not isinstance(value, bool):
                raise ConfigurationError("must be true or false")
            return value
        case int() | float():
            return _number(value, default, rule)
        case str():
            if not isinstance(value, str):
                raise ConfigurationError("must be a text")
            return _checked(value, rule)
        case _:
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise ConfigurationError("must be a list of texts")
            return tuple(_checked(item, rule) for item in value)


def from_text(text: str, default: Value, rule: Rule) -> Value:
    """The value that an environment variable holds; a list is written with commas.

    Raises:
        ConfigurationError: as :func:`from_toml`.
    """
    match default:
        case bool():
            if text not in {"true", "false"}:
                raise ConfigurationError("must be true or false")
            return text == "true"
        case tuple():
            return from_toml([item.strip() for item in text.split(",") if item.strip()], default, rule)
        case _:
            return from_toml(text, default, rule)


def _number(value: object, default: float, rule: Rule) -> Value:
    number = _quantity(value, rule) if isinstance(value, str) else value
    whole = isinstance(default, int)
    if (
        isinstance(number, bool)
        or not isinstance(number, int | float)
        or (whole and number != int(number if math.isfinite(number) else 0))
        or not rule.low <= number <= rule.high
        or (whole and number % rule.multiple)
    ):
        raise ConfigurationError(f"must be {_expected(rule, whole=whole)}")
    return int(number) if whole else float(number)


def _expected(rule: Rule, *, whole: bool) -> str:
    what: str = rule.unit or ("a whole number" if whole else "a number")
    if rule.multiple > 1:
        what = f"a multiple of {rule.multiple} {rule.unit}"
    return (
        f"{what} between {rule.low:,g} and {rule.high:,g}" if rule.high < math.inf else f"{what}, {rule.low:g} or more"
    )


def _quantity(text: str, rule: Rule) -> float | None:
    units: dict[str, float] = {"bytes": _BYTES, "seconds": _SECONDS}.get(rule.unit, {"": 1})
    found = _QUANTITY.fullmatch(text)
    if found is None or found["unit"] not in units:
        return None
    number = found["number"]
    return (float(number) if "." in number else int(number)) * units[found["unit"]]


def _checked(text: str, rule: Rule) -> str:
    if rule.choices and text not in rule.choices:
        raise ConfigurationError(f"must be one of {', '.join(rule.choices)}")
    if rule.check is not None and text:
        rule.check(text)
    return text

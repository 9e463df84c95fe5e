"""The sections of the configuration and their settings, listed: for reading them, for showing them, for documenting.

A setting's meaning is taken from its dataclass's docstring, its rule and default from the field: nothing stands twice.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from indelible.config.settings import Configuration

if TYPE_CHECKING:
    from indelible.config.values import Rule, Value

__all__ = ["Section", "Setting", "attributes", "sections", "summary"]

_ATTRIBUTE = re.compile(r"^    (\w+): (.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: ``key`` in its section, and the variable that overrides it."""

    section: str
    key: str
    default: Value
    rule: Rule
    meaning: str

    @property
    def variable(self) -> str:
        """The environment variable."""
        return self.rule.variable or f"INDELIBLE_{self.section}_{self.key}".upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section, and the dataclass that holds its values."""

    name: str
    kind: type[Any]
    settings: tuple[Setting, ...]


def sections() -> tuple[Section, ...]:
    """Every section of settings, in the order of the structure. Logs and certificates are tables of their own."""
    defaults = Configuration()
    values = [(field.name, getattr(defaults, field.name)) for field in dataclasses.fields(Configuration)]
    return tuple(_section(name, type(value)) for name, value in values if dataclasses.is_dataclass(value))


def _section(name: str, kind: type[Any]) -> Section:
    meanings, defaults = attributes(kind), kind()
    settings = tuple(
        Setting(
            section=name,
            key=field.name,
            default=getattr(defaults, field.name),
            rule=field.metadata["rule"],
            meaning=meanings[field.name],
        )
        for field in dataclasses.fields(kind)
    )
    return Section(name=name, kind=kind, settings=settings)


def summary(kind: type[Any]) -> str:
    """What a dataclass's docstring says before its attributes."""
    return " ".join((inspect.getdoc(kind) or "").partition("\nAttributes:")[0].split())


def attributes(kind: type[Any]) -> dict[str, str]:
    """The meaning of each field, from the docstring's *Attributes*; lines that are indented further continue one."""
    found: dict[str, str] = {}
    key = ""
    for line in (inspect.getdoc(kind) or "").partition("\nAttributes:")[2].splitlines():
        if match := _ATTRIBUTE.match(line):
            key = match[1]
            found[key] = match[2]
        elif key and line.strip():
            found[key] += f" {line.strip()}"
    return found

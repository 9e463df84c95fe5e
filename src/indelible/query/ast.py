"""The abstract syntax of a query: what the grammar yields, what the index compiles and the evaluator tests.

A query is a formula over *matches*, each of which tests one field of a record, and *free texts*. Everything relative
(``24h``, ``today``) has been made absolute before it stands here, so the same tree means the same tomorrow. A tree is
a value: nodes are frozen, compare by content and hold no connection to anything.

A field may have several values in one record (``tag``, ``target``, an array in ``metadata``) or none; a match holds
when *any* value passes its test, so ``-tag:x`` is every record without the tag, those without tags included.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

__all__ = [
    "And",
    "Everything",
    "Field",
    "FreeText",
    "Kind",
    "Match",
    "Network",
    "Not",
    "Or",
    "Pattern",
    "Present",
    "Query",
    "Range",
    "Test",
    "Value",
]


class Kind(StrEnum):
    """What the values of a field are, and with that which tests it takes."""

    TEXT = "text"
    """Compared exactly and case-sensitively, or with a :class:`Pattern`."""
    INTEGER = "integer"
    """A whole number: :class:`Value` or :class:`Range`."""
    TIME = "time"
    """A moment, in microseconds since 1970 in UTC: :class:`Value` or :class:`Range`."""
    ADDRESS = "address"
    """An IP address: :class:`Network`, :class:`Pattern`, or :class:`Value`, which only IPv4 needs.

    One IPv6 address has many spellings, and records keep the one they came in; so a single one is a network of one.
    """
    ENTITY = "entity"
    """An actor or a target: the text is its id, or its ``type:id``."""
    JSON = "json"
    """Free JSON: a string, number, boolean or null, or an array of them, of which any may match."""


@dataclass(frozen=True, slots=True)
class Field:
    """Where in a record a match looks.

    Attributes:
        name: The field's name in the query language (``actor.type``), or the first part of a path (``metadata``).
        kind: What its values are.
        path: For :attr:`Kind.JSON`, the names of members from there on: ``("amount",)``. Empty for all others.
    """

    name: str
    kind: Kind
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Present:
    """There is a value, whatever it is: ``tenant:*``.

    For :attr:`Kind.JSON` the member exists; ``null``, an object and an empty array are also something.
    """


@dataclass(frozen=True, slots=True)
class Value:
    """Equal to this. An ``int`` for numbers and times, text for everything else.

    For :attr:`Kind.JSON` the text equals a string of the same characters; and when it is written as JSON writes a
    number, ``true``, ``false`` or ``null``, also that (numbers by their value as IEEE 754 doubles).
    """

    value: str | int


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text with holes: ``parts`` in this order, anything (also nothing) between two of them.

    ``aws.iam.*`` is ``("aws.iam.", "")``; there are at least two parts, of which only the first and the last may be
    empty, and not both of a pair. Only strings match a pattern.
    """

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Between two bounds, of which either may be missing; ``low`` is not above ``high``.

    Bounds are numbers only: for times and integers ``int``. For :attr:`Kind.JSON` only numbers match, compared as IEEE
    754 doubles: without bounds, any number.
    """

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    """Whether ``low`` itself is outside; only where there is one."""
    high_open: bool = False
    """Whether ``high`` itself is outside; only where there is one."""


@dataclass(frozen=True, slots=True)
class Network:
    """An address within this network. Never matches across versions of IP, or text that is no address."""

    network: IPv4Network | IPv6Network


Test: TypeAlias = Present | Value | Pattern | Range | Network


@dataclass(frozen=True, slots=True)
class Everything:
    """Every record: the empty query."""


@dataclass(frozen=True, slots=True)
class Match:
    """Any value of the field passes the test."""

    field: Field
    test: Test


@dataclass(frozen=True, slots=True)
class FreeText:
    """The text stands somewhere within one of the record's strings, names of members included; case does not matter.

    Not empty. Case: ``A`` to ``Z`` are folded, and, where the text holds a character beyond ASCII, both sides are
    compared in lower case (``str.lower``).
    """

    text: str


@dataclass(frozen=True, slots=True)
class And:
    """Every one of two or more parts, none of which is an ``And``."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of two or more parts, none of which is an ``Or``."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not the part, which is no ``Not`` itself."""

    part: Query


Query: TypeAlias = Everything | Match | FreeText | And | Or | Not

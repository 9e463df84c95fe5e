"""Why an event is not valid: every place, what was expected there, and what to do about it.

A decoder stops at the first thing it dislikes; a producer with five mistakes should not need five tries. This walks a
parsed event along the declarations of :mod:`indelible.events.record` (the one schema, read by introspection) and names
them all. It runs only after something was found wrong, and accepts exactly what the decoder and the rules accept: a
property test holds them together.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from msgspec import inspect

from indelible.errors import Place
from indelible.events.json_values import MAX_PLACES, Json, child
from indelible.events.record import RESERVED_FIELDS, SERVER_FIELDS, Event
from indelible.events.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Explainer"]

_KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "an array",
    tuple: "an array",
    str: "a string",
    bool: "true or false",
    int: "an integer",
    float: "a number with a fraction",
    type(None): "null",
}

_LONGEST_MISSPELT = 64  # no field's name is near that long, and comparing takes its time


class Explainer:
    """The schema of an event, ready to say what is wrong with one."""

    def __init__(self) -> None:
        self._schema = inspect.type_info(Event[Any])

    def problems(self, value: Json, pointer: str = "") -> list[Place]:
        """Every place, up to 100, where ``value``, an event standing at ``pointer``, departs from the schema."""
        places: list[Place] = []
        for place in self._visit(self._schema, value, pointer, top=True):
            places.append(place)
            if len(places) == MAX_PLACES:
                break
        return places

    def _visit(self, schema: inspect.Type, value: object, pointer: str, *, top: bool = False) -> Iterator[Place]:
        extra: dict[str, Any] = {}
        if isinstance(schema, inspect.Metadata):
            extra = schema.extra or {}
            schema = schema.type
        match schema:
            case inspect.StructType():
                yield from self._visit_struct(schema, value, pointer, top=top)
            case inspect.ListType():
                yield from self._visit_list(schema, value, pointer)
            case inspect.StrType():
                yield from _check_text(schema, extra, value, pointer)
            case inspect.IntType():
                yield from _check_integer(schema, value, pointer)
            case inspect.LiteralType():
                yield from _check_choice(schema, value, pointer)
            case inspect.DictType() | inspect.BoolType():
                expected = dict if isinstance(schema, inspect.DictType) else bool
                if type(value) is not expected:
                    yield _unexpected(pointer, _KINDS[expected], value)
            case _:  # free-form JSON
                return

    def _visit_struct(self, schema: inspect.StructType, value: object, pointer: str, *, top: bool) -> Iterator[Place]:
        if type(value) is not dict:
            yield _unexpected(pointer, "an object", value)
            return
        fields = {field.name: field for field in schema.fields}
        for name, inner in value.items():
            field = fields.get(name)
            if field is None:
                yield Place(child(pointer, name), _unknown(name, tuple(fields), top=top))
            elif inner is None and not (isinstance(field.type, inspect.AnyType) and name in {"old", "new"}):
                yield Place(child(pointer, name), _NULL if not field.required else "is required and must not be null")
            else:
                yield from self._visit(field.type, inner, child(pointer, name))
        for name, field in fields.items():
            if field.required and name not in value:
                yield Place(child(pointer, name), f"is required: {_expectation(field.type)}")

    def _visit_list(self, schema: inspect.ListType, value: object, pointer: str) -> Iterator[Place]:
        if type(value) is not list and type(value) is not tuple:
            yield _unexpected(pointer, "an array", value)
            return
        if schema.max_length is not None and len(value) > schema.max_length:
            yield Place(pointer, f"at most {schema.max_length} items, not {len(value)}; split the event")
            return
        for index, item in enumerate(value):
            yield from self._visit(schema.item_type, item, child(pointer, index))


_NULL = "must not be null; leave the field out instead"


def _unexpected(pointer: str, expected: str, value: object) -> Place:
    return Place(pointer, f"expected {expected}, not {_KINDS.get(type(value), f'a Python {type(value).__name__}')}")


def _expectation(schema: inspect.Type) -> str:
    if isinstance(schema, inspect.Metadata):
        schema = schema.type
    match schema:
        case inspect.StructType():
            required = ", ".join(field.name for field in schema.fields if field.required)
            return f"an object with {required}" if required else "an object"
        case inspect.StrType():
            return "a string"
        case inspect.IntType():
            return "an integer"
        case _:
            return "a value"


def _unknown(name: str, known: tuple[str, ...], *, top: bool) -> str:
    if top and name in SERVER_FIELDS:
        return "is set by the server; leave it out"
    if top and name in RESERVED_FIELDS:
        return "is reserved: signed events are not supported yet; leave it out"
    near = difflib.get_close_matches(name, known, n=1) if len(name) <= _LONGEST_MISSPELT else []
    meant = f"did you mean {near[0]}? " if near else ""
    if top:
        return f"unknown field; {meant}your own fields go into metadata"
    own = "your own fields go into attributes" if "attributes" in known else "your own fields go into metadata"
    return f"unknown field; {meant}{own}"


def _check_text(schema: inspect.StrType, extra: dict[str, Any], value: object, pointer: str) -> Iterator[Place]:
    if type(value) is not str:
        yield _unexpected(pointer, "a string", value)
        return
    if schema.min_length and len(value) < schema.min_length:
        yield Place(pointer, "must not be empty")
    elif schema.max_length is not None and len(value) > schema.max_length:
        yield Place(pointer, f"at most {schema.max_length} characters, not {len(value)}")
    elif schema.pattern is not None and re.search(schema.pattern, value) is None:
        yield Place(pointer, f"expected {extra['expected']}")
    elif "rule" in extra:
        problem = RULES[extra["rule"]](value)
        if problem is not None:
            yield Place(pointer, problem)


def _check_integer(schema: inspect.IntType, value: object, pointer: str) -> Iterator[Place]:
    if type(value) is not int:
        yield _unexpected(pointer, "an integer", value)
    elif (schema.ge is not None and value < schema.ge) or (schema.le is not None and value > schema.le):
        yield Place(pointer, f"must be {schema.ge} to {schema.le}, not {value}")


def _check_choice(schema: inspect.LiteralType, value: object, pointer: str) -> Iterator[Place]:
    if value not in schema.values or type(value) is not str:
        yield Place(pointer, f"expected one of {', '.join(map(str, schema.values))}")

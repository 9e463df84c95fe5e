"""The values of a field: what facets count and completion lists, and how rows are grouped by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import UsageError
from indelible.index.fragment import Fragment
from indelible.index.json_tests import json_value
from indelible.index.places import JSON_COLUMNS, LIST_FIELDS, SCALAR_FIELDS, context_expression
from indelible.query.ast import Kind

if TYPE_CHECKING:
    from indelible.query.ast import Field

__all__ = ["Values", "field_values"]

_ONE_TARGET = "[target_types[1] || ':' || target_ids[1]]"
_TARGETS = "list_transform(list_zip(target_types, target_ids), lambda item: item[1] || ':' || item[2])"
_COUNTABLE = frozenset({Kind.TEXT, Kind.ADDRESS, Kind.ENTITY, Kind.JSON})


@dataclass(frozen=True, slots=True)
class Values:
    """Texts that a query finds again.

    Attributes:
        columns: What to select, for one row or several, of each entry that matches.
        value: The text, as an expression over those columns; ``NULL`` is no value.
        keys: The columns that are alike where, and only where, the texts are.
    """

    columns: Fragment
    value: str = "value"
    keys: str = "value"


_ACTORS = Values(Fragment("actor_type, actor_id"), "actor_type || ':' || actor_id", "actor_type, actor_id")


def field_values(field: Field, *, ids_only: bool = False) -> Values:
    """The values of a field. An actor or a target is ``type:id``, or with ``ids_only`` its id.

    Raises:
        UsageError: the field has another value in nearly every entry.
    """
    if field.kind not in _COUNTABLE:
        raise UsageError(f"the values of {field.name} cannot be listed: nearly every event has its own")
    if field.name == "actor" and not ids_only:
        return _ACTORS  # two columns are grouped sooner than the texts made of them
    value = _value(field, ids_only=ids_only)
    return Values(Fragment(f"{value.sql} AS value", value.values))


def _value(field: Field, *, ids_only: bool) -> Fragment:
    if field.name == "actor":
        return Fragment("actor_id")
    if field.name == "target":
        return _distinct("target_ids") if ids_only else _each("target_ids", _ONE_TARGET, _TARGETS)
    if field.name in LIST_FIELDS:
        return _distinct(LIST_FIELDS[field.name])
    if field.kind is not Kind.JSON:
        return Fragment(SCALAR_FIELDS[field.name])
    if field.name in JSON_COLUMNS:
        return _json_values(JSON_COLUMNS[field.name], field.path)
    expression = context_expression(field)
    return Fragment("NULL" if expression in {None, "context_http"} else f"{expression}::VARCHAR")


def _distinct(column: str) -> Fragment:
    return _each(column, column, column)


def _each(column: str, one: str, several: str) -> Fragment:
    """The texts of a list, each once: ``several``, or ``one`` where there is no more, which is quicker and the rule."""
    return Fragment(f"unnest(CASE WHEN len({column}) < 2 THEN {one} ELSE list_distinct({several}) END)")


def _json_values(column: str, path: tuple[str, ...]) -> Fragment:
    value = json_value(column, path)
    return Fragment(
        f"unnest(list_distinct(flatten(list_transform([{value.sql}], lambda whole: CASE json_type(whole)"
        " WHEN 'ARRAY' THEN list_transform(json_extract(whole, '$[*]'), lambda item: CASE json_type(item)"
        " WHEN 'VARCHAR' THEN json_extract_string(item, '$') WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL"
        " ELSE item::VARCHAR END) WHEN 'OBJECT' THEN [] WHEN 'VARCHAR' THEN [json_extract_string(whole, '$')]"
        " ELSE [whole::VARCHAR] END))))",
        value.values,
    )

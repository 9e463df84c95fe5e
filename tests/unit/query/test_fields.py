"""The table of fields points to where records have them."""

from __future__ import annotations

from typing import Any, get_args, get_origin

import msgspec
import pytest

from indelible.events.record import Actor, Record
from indelible.query.ast import Field, Kind
from indelible.query.fields import FIELDS, JSON_ROOTS, FieldPlace, find_field


def _types(hint: Any) -> list[Any]:
    """A type and those of which it is made: optional, annotated, lists."""
    return [hint, *(inner for part in get_args(hint) for inner in _types(part))]


def _struct(hint: Any) -> type[msgspec.Struct] | None:
    for part in _types(hint):
        plain = get_origin(part) or part
        if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
            return plain
    return None


def _hint(members: tuple[str, ...]) -> Any:
    """What the record's declaration says about the place at the end of ``members``."""
    hint: Any = Record
    for name in members:
        struct = _struct(hint)
        assert struct is not None, members
        hint = next(field.type for field in msgspec.structs.fields(struct) if field.name == name)
    return hint


@pytest.mark.parametrize("place", FIELDS.values(), ids=FIELDS)
def test_fields_stand_where_the_record_declares_them(place: FieldPlace) -> None:
    """Every place exists in the record; an entity is one with type and id, everything else text, or its choices."""
    if place.field.kind is Kind.INTEGER:
        assert place.members == ()
        return
    hint = _hint(place.members)
    if place.field.kind is Kind.ENTITY:
        assert {"type", "id"} <= set(_struct(hint).__struct_fields__)  # type: ignore[union-attr]
    elif place.choices:
        assert set(place.choices) <= set(_types(hint))
    else:
        assert str in _types(hint)


def test_json_roots_stand_where_the_record_declares_them() -> None:
    """Every root exists in the record."""
    assert all(_hint(members) is not None for members in JSON_ROOTS.values())
    assert "attributes" in Actor.__struct_fields__


def test_find_field_prefers_a_name_of_its_own() -> None:
    """A name, else a path below a root; a root alone is no field."""
    assert find_field(["actor", "type"]) == FIELDS["actor.type"].field
    assert find_field(["context", "ip"]) == Field("context", Kind.JSON, ("ip",))
    assert find_field(["actor", "attributes", "a.b", "c"]) == Field("actor.attributes", Kind.JSON, ("a.b", "c"))
    assert [find_field(parts) for parts in (["metadata"], ["actor", "attributes"], ["actor", "email"], [""])] == [
        None
    ] * 4

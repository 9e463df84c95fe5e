"""A record that is being mapped: what is taken is gone, so what is left has no place of its own in the other format.

That is how a mapping loses nothing: nobody lists what to keep, it is what nobody took.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indelible.events.json_values import Json

__all__ = ["Remainder"]


class Remainder:
    """What is left of a record. The record itself is not changed."""

    __slots__ = ("_left",)

    def __init__(self, record: dict[str, Json]) -> None:
        # `raw` may be large, and is taken whole or not at all.
        self._left = {name: value if name == "raw" else _own(value) for name, value in record.items()}

    def take(self, *path: str) -> Json:
        """Removes what lies at ``path``, a sequence of member names; ``None`` when nothing does."""
        parent = self._parent(path)
        return None if parent is None else self._remove(parent, path)

    def take_text(self, *path: str) -> str | None:
        """Removes the text at ``path``. What is there and is no text (a sealed value, say) stays."""
        parent = self._parent(path)
        value = None if parent is None else parent.get(path[-1])
        if parent is None or not isinstance(value, str):
            return None
        self._remove(parent, path)
        return value

    def take_texts(self, *path: str) -> list[Json]:
        """Removes the list of texts at ``path``; an empty list when what is there is anything else, which stays."""
        parent = self._parent(path)
        value = None if parent is None else parent.get(path[-1])
        if parent is None or not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            return []
        self._remove(parent, path)
        return value

    def put_back(self, name: str, part: Json) -> None:
        """Leaves ``part`` of a top-level field that has been taken; nothing when it is empty."""
        if part not in (None, [], {}):
            self._left[name] = part

    def left(self) -> dict[str, Json]:
        """What nobody has taken; objects of which all has been taken are gone too."""
        return self._left

    def _parent(self, path: tuple[str, ...]) -> dict[str, Json] | None:
        node = self._left
        for name in path[:-1]:
            inner = node.get(name)
            if not isinstance(inner, dict):
                return None
            node = inner
        return node

    def _remove(self, parent: dict[str, Json], path: tuple[str, ...]) -> Json:
        value = parent.pop(path[-1], None)
        if not parent and value is not None and len(path) > 1:
            self.take(*path[:-1])
        return value


def _own(value: Json) -> Json:
    return {name: _own(inner) for name, inner in value.items()} if isinstance(value, dict) else value

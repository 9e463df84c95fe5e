"""Saved searches, wherever they are kept: on a server or in a directory."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from indelible.cli.control_data import reading_control, writing_control
from indelible.cli.target import ServerTarget
from indelible.client import Administration
from indelible.control import SearchStore
from indelible.embedded import DataDirectory
from indelible.embedded.principal import local_principal
from indelible.errors import NotFound

if TYPE_CHECKING:
    from indelible.cli.target import Target

__all__ = ["SavedSearches"]


class SavedSearches:
    """The saved searches of a target, as the JSON objects that INTERFACES defines."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def list(self) -> list[dict[str, Any]]:
        """All of them, by name."""
        if isinstance(self._target, ServerTarget):
            with self._server(self._target) as server:
                return server.searches()
        try:
            with reading_control(self._target.path) as store:
                return [asdict(saved) for saved in SearchStore(store).list()]
        except NotFound:
            DataDirectory.open(self._target.path).close()
            return []  # a directory that was made in process, and never served

    def get(self, name: str) -> dict[str, Any]:
        """One of them; ``NotFound`` when there is none."""
        if isinstance(self._target, ServerTarget):
            with self._server(self._target) as server:
                return server.search(name)
        for saved in self.list():
            if saved["name"] == name:
                return saved
        raise NotFound(f"there is no saved search {name!r}; indelible searches list shows those that there are")

    def save(self, name: str, *, log: str, query: str, description: str, replace: bool) -> dict[str, Any]:
        """Keep a search under a name: a new one, or with ``replace`` one that is taken."""
        if isinstance(self._target, ServerTarget):
            with self._server(self._target) as server:
                keep = server.replace_search if replace else server.create_search
                return keep(name, log=log, query=query, description=description)
        with writing_control(self._target.path) as control:
            store = SearchStore(control)
            if replace:
                return asdict(store.replace(name, log=log, query=query, description=description))
            made = store.create(name, log=log, query=query, description=description, created_by=local_principal())
            return asdict(made)

    def delete(self, name: str) -> None:
        """Forget one; ``NotFound`` when there is none."""
        if isinstance(self._target, ServerTarget):
            with self._server(self._target) as server:
                server.delete_search(name)
            return
        with writing_control(self._target.path) as control:
            SearchStore(control).delete(name)

    def _server(self, target: ServerTarget) -> Administration:
        return Administration(target.url, api_key=target.api_key)

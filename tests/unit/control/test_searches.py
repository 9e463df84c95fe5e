"""Saved searches: kept, listed, replaced and forgotten by name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from indelible.control import ControlStore, SavedSearch, SearchStore
from indelible.errors import Conflict, NotFound, QueryError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SearchStore]:
    with ControlStore.open(tmp_path / "control.sqlite") as control:
        yield SearchStore(control, now=lambda: NOON)


def test_search_store_keeps_what_it_is_given(store: SearchStore) -> None:
    """What create returns is what get finds, times in the query as relative as they were written."""
    made = store.create("denied", log="main", query="outcome:denied since:24h", created_by="user:ada")
    assert made == SavedSearch(
        name="denied",
        log="main",
        query="outcome:denied since:24h",
        description="",
        created_at="2026-01-31T12:00:00.000000Z",
        created_by="user:ada",
    )
    assert store.get("denied") == made


def test_search_store_lists_by_name(store: SearchStore) -> None:
    """The order is that of the names, whenever they were taken."""
    for name in ("zebra", "apple", "mango"):
        store.create(name, log="main", query="", created_by="x")
    assert [saved.name for saved in store.list()] == ["apple", "mango", "zebra"]


def test_search_store_gives_a_name_once(store: SearchStore) -> None:
    """A second search under a name is refused, and the first one stays."""
    first = store.create("denied", log="main", query="outcome:denied", created_by="x")
    with pytest.raises(Conflict, match="already"):
        store.create("denied", log="main", query="outcome:failure", created_by="y")
    assert store.list() == (first,)


def test_search_store_replaces_all_but_the_beginning(store: SearchStore) -> None:
    """Log, query and description become others; who took the name, and when, stays."""
    store.create("denied", log="main", query="outcome:denied", description="old", created_by="user:ada")
    replaced = store.replace("denied", log="team-a", query="outcome:failure")
    assert (replaced.log, replaced.query, replaced.description) == ("team-a", "outcome:failure", "")
    assert replaced.created_by == "user:ada"
    assert store.get("denied") == replaced


def test_search_store_forgets_what_is_deleted(store: SearchStore) -> None:
    """A deleted name is free again."""
    store.create("denied", log="main", query="outcome:denied", created_by="x")
    store.delete("denied")
    assert store.list() == ()
    store.create("denied", log="main", query="", created_by="x")


def test_search_store_says_when_there_is_none(store: SearchStore) -> None:
    """Reading, replacing and deleting want a search that is there."""
    for act in (
        lambda: store.get("none"),
        lambda: store.replace("none", log="main", query=""),
        lambda: store.delete("none"),
    ):
        with pytest.raises(NotFound, match="'none'"):
            act()


@pytest.mark.parametrize("name", ["", "Denied", "-x", "a/b", "a" * 64, "a\n"])
def test_search_store_refuses_names(store: SearchStore, name: str) -> None:
    """A name must stand in an address and on a command line as it is."""
    with pytest.raises(UsageError, match="cannot name a search"):
        store.create(name, log="main", query="", created_by="x")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"query": "outcom:denied"}, QueryError),
        ({"query": "x" * 4_097}, QueryError),
        ({"description": "x" * 1_025}, UsageError),
        ({"log": "No Log"}, UsageError),
    ],
)
def test_search_store_refuses_what_could_not_be_run(
    store: SearchStore, wrong: dict[str, str], error: type[Exception]
) -> None:
    """A new search and a replacement alike need a query that can be read, a log's name and a short description."""
    store.create("s", log="_system", query="", created_by="x")
    fields = {"log": "main", "query": "", **wrong}
    with pytest.raises(error):
        store.create("t", **fields, created_by="x")
    with pytest.raises(error):
        store.replace("s", **fields)
    assert [(saved.name, saved.log) for saved in store.list()] == [("s", "_system")]

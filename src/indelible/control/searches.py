"""Searches saved under a name: ``/v1/searches`` and ``indelible searches`` keep them here.

A saved search is its text. Times in it such as ``since:24h`` stay relative: they mean the day on which it is run, not
the one on which it was saved. A text that the query language does not know is refused when it is saved, not when it is
needed. Who may see or change which search is decided by whoever calls.
"""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from indelible.config import check_log_name
from indelible.control.schema import searches
from indelible.errors import Conflict, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection

    from indelible.control.store import ControlStore

__all__ = ["SavedSearch", "SearchStore"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_MAX_DESCRIPTION = 1_024
_ROW = select(searches)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A query under a name.

    Attributes:
        name: 1 to 63 of ``a-z 0-9 . _ -``, beginning with a letter or digit.
        log: The log that it searches.
        query: The query's text; empty finds everything.
        description: For people, at most 1,024 characters; empty when there is none.
        created_at: When the name was taken, as RFC 3339 text in UTC.
        created_by: The principal that took it.
    """

    name: str
    log: str
    query: str
    description: str
    created_at: str
    created_by: str


class SearchStore:
    """The saved searches of a control store. Every change is durable when its method returns."""

    def __init__(self, store: ControlStore, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._now = now

    def list(self) -> tuple[SavedSearch, ...]:
        """Every saved search, by name."""
        with self._store.snapshot() as connection:
            rows = connection.execute(_ROW.order_by(searches.c.name)).mappings()
            return tuple(SavedSearch(**row) for row in rows)

    def get(self, name: str) -> SavedSearch:
        """One saved search.

        Raises:
            NotFound: no search has this name.
        """
        with self._store.snapshot() as connection:
            return _read(connection, name)

    def create(self, name: str, *, log: str, query: str, description: str = "", created_by: str) -> SavedSearch:
        """Save a search under a new name.

        Raises:
            UsageError: the name, the log's name or the description is not allowed.
            QueryError: the query cannot be read.
            Conflict: the name is taken.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot name a search: use 1 to 63 of a-z 0-9 . _ -, beginning with a letter or digit"
            )
        _check(log, query, description)
        created_at = self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        saved = SavedSearch(
            name=name, log=log, query=query, description=description, created_at=created_at, created_by=created_by
        )
        with self._store.transaction() as connection:
            try:
                connection.execute(insert(searches).values(asdict(saved)))
            except IntegrityError:
                raise Conflict(
                    f"there is a saved search {name!r} already; replace it (--replace, or PUT), or choose another name"
                ) from None
        return saved

    def replace(self, name: str, *, log: str, query: str, description: str = "") -> SavedSearch:
        """Give a name to another search. When and by whom the name was taken stays.

        Raises:
            UsageError: the log's name or the description is not allowed.
            QueryError: the query cannot be read.
            NotFound: no search has this name.
        """
        _check(log, query, description)
        with self._store.transaction() as connection:
            connection.execute(
                update(searches).where(searches.c.name == name).values(log=log, query=query, description=description)
            )
            return _read(connection, name)

    def delete(self, name: str) -> None:
        """Forget a search.

        Raises:
            NotFound: no search has this name.
        """
        with self._store.transaction() as connection:
            _read(connection, name)
            connection.execute(delete(searches).where(searches.c.name == name))


def _read(connection: Connection, name: str) -> SavedSearch:
    row = connection.execute(_ROW.where(searches.c.name == name)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"there is no saved search {name!r}")
    return SavedSearch(**row)


def _check(log: str, query: str, description: str) -> None:
    check_log_name(log, system=True)
    _check_query(query)
    if len(description) > _MAX_DESCRIPTION:
        raise UsageError(f"a description has at most {_MAX_DESCRIPTION:,} characters, not {len(description):,}")


def _check_query(query: str) -> None:
    try:
        from indelible.query.parser import parse_query  # noqa: PLC0415 - the rest of control data needs no grammar
    except ModuleNotFoundError as error:
        raise UsageError(
            "this is the bare install, without the query language: pip install 'indelible[server]'"
        ) from error
    parse_query(query, now_us=time.time_ns() // 1_000)

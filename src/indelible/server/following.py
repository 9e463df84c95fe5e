"""Live tails: what a log acknowledges from now on, filtered, in order, without a gap.

Each stream pulls: it remembers how far it has come and reads the log from there, so nothing is kept for it and a slow
one costs writers nothing. One watcher a log looks whether there is more and wakes them. A stream that has little to
catch up on tests the records itself; one that is far behind asks the index, which finds what matches without reading
the rest.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from indelible.errors import Overloaded, QueryTooCostly
from indelible.events.record import decode_record
from indelible.query.evaluate import compile_query

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from indelible.index import Control
    from indelible.log import StoredEntry
    from indelible.query.ast import Query
    from indelible.server.blocking import Blocking
    from indelible.server.hosted_logs import HostedLog
    from indelible.server.searching import Searching

__all__ = ["Following"]

_LOOK = 0.05  # seconds between two looks at a log that somebody follows
_NEAR = 1_000  # entries that a stream tests itself; beyond them the index is asked
_PAGE = 256  # matches that are sent before it is looked again
_LATER = 0.2


class Following:
    """The streams of one server, on one event loop."""

    def __init__(
        self, *, blocking: Blocking, searching: Searching, most: int, most_of_one: int, heartbeat: float
    ) -> None:
        """``most`` streams at once, ``most_of_one`` of a principal; each says something every ``heartbeat`` seconds."""
        self._blocking = blocking
        self._searching = searching
        self._most = most
        self._most_of_one = most_of_one
        self._heartbeat = heartbeat
        self._grown: dict[str, asyncio.Event] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._followers: dict[str, int] = {}
        self._of_principal: Counter[str] = Counter()
        self._stopping = False

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return sum(self._followers.values())

    def stop(self) -> None:
        """End every stream at its next turn: the server is about to stop, and clients resume elsewhere or later."""
        self._stopping = True
        for event in self._grown.values():
            event.set()

    def check_room(self, principal: str) -> None:
        """Raise when no more streams are taken, or no more of this principal.

        Raises:
            Overloaded: there are as many as there may be.
        """
        if self._stopping or self.streams >= self._most:
            detail = f"{self._most} streams are open already, which is as many as may be"
            raise Overloaded(detail, retry_after=5.0, what="streams")
        if self._of_principal[principal] >= self._most_of_one:
            detail = f"{self._most_of_one} streams of yours are open already, which is as many as may be; close one"
            raise Overloaded(detail, retry_after=5.0, what="streams")

    async def follow(
        self, hosted: HostedLog, query: Query, *, after: int, principal: str
    ) -> AsyncGenerator[list[StoredEntry], None]:
        """Yield what matches beyond the index ``after``, in order; nothing when it is time for a sign of life."""
        matches = compile_query(query)
        position = after + 1

        def near(end: int) -> list[StoredEntry]:
            reader = hosted.log.reader
            return [
                stored
                for stored in map(reader.look, range(position, end))
                # One that is no record any more has no fields, as the index sees it.
                if matches(decode_record(stored.entry) if stored.damage is None else {}, stored.index)
            ]

        def far(control: Control) -> tuple[list[StoredEntry], int]:
            found = hosted.index.search(query, order="asc", limit=_PAGE, after=position - 1, control=control)
            entries = [hosted.log.reader.look(index) for index in found.indices]
            return entries, found.coverage.indexed if found.next is None else found.next + 1

        grown = self._enter(hosted, principal)
        clock = asyncio.get_running_loop().time
        said = clock()
        try:
            while not self._stopping:
                grown.clear()
                end = hosted.log.reader.acknowledged
                entries: list[StoredEntry] = []
                if end <= position:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(max(said + self._heartbeat - clock(), 0)):
                            await grown.wait()
                elif end - position <= _NEAR or not hosted.searchable:
                    end = min(end, position + _NEAR)
                    entries = await self._blocking(partial(near, end))
                    position = end
                else:
                    try:
                        entries, reached = await self._searching.unwatched(far)
                    except (Overloaded, QueryTooCostly):
                        reached = position
                    if reached <= position:  # too much at once, or the index lags: in a moment it may be otherwise
                        await asyncio.sleep(_LATER)
                    position = max(position, reached)
                if entries or clock() - said >= self._heartbeat:
                    said = clock()
                    yield entries
        finally:
            self._leave(hosted, principal)

    def _enter(self, hosted: HostedLog, principal: str) -> asyncio.Event:
        name = hosted.name
        self._of_principal[principal] += 1
        self._followers[name] = self._followers.get(name, 0) + 1
        if name not in self._watchers:
            self._grown[name] = asyncio.Event()
            self._watchers[name] = asyncio.create_task(self._watch(hosted))
        return self._grown[name]

    def _leave(self, hosted: HostedLog, principal: str) -> None:
        name = hosted.name
        self._of_principal[principal] -= 1
        if not self._of_principal[principal]:
            del self._of_principal[principal]
        self._followers[name] -= 1
        if not self._followers[name]:
            del self._followers[name], self._grown[name]
            self._watchers.pop(name).cancel()

    async def _watch(self, hosted: HostedLog) -> None:
        seen = hosted.log.reader.acknowledged
        while True:
            await asyncio.sleep(_LOOK)
            now = hosted.log.reader.acknowledged
            if now != seen:
                seen = now
                # Every stream clears the event for itself before it looks, so setting it wakes all and loses none.
                self._grown[hosted.name].set()

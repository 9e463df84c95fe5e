"""Single events that arrive together travel together, from the event loop on.

An event prepared or handed over alone costs several times its share of a group. So the small events of one writer for
one log that arrive within one turn of the event loop, or while the group before them is being written, are prepared as
lines of one stream and submitted as one request to the log. Nobody may notice: when anything about the group is not as
it should be, each event goes alone, and only the one at fault fails.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from indelible.errors import IdConflict, Overloaded
from indelible.log import Appended

if TYPE_CHECKING:
    import asyncio

    from indelible.events import Prepared
    from indelible.log import Log, Submission
    from indelible.server.completions import Completions

__all__ = ["SingleEvents"]

_ENOUGH = 65_536
"""Bytes of bodies that do not wait for more: a group is prepared on the event loop, which others need."""

_Key: TypeAlias = "tuple[str, str]"
"""A log's name and a principal."""


@dataclass(slots=True)
class _Group:
    """The events of one writer for one log, each with whoever waits for it."""

    log: Log
    principal: str
    key: _Key
    bodies: list[bytes] = field(default_factory=list)
    waiting: list[asyncio.Future[Appended]] = field(default_factory=list)
    bytes: int = 0
    due: bool = False
    """Whether it goes in this turn of the event loop."""


class SingleEvents:
    """Groups events on one event loop. Used on that loop only."""

    def __init__(self, completions: Completions) -> None:
        self._completions = completions
        self._groups: dict[_Key, _Group] = {}  # those that gather
        self._under_way: Counter[_Key] = Counter()  # submissions of those that are being written

    def append(self, log: Log, principal: str, body: bytes) -> asyncio.Future[Appended]:
        """Append the one event in ``body``, a JSON object, with those that arrive now.

        The future's errors are those of preparing it and of appending it.
        """
        key = (log.name, principal)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(log, principal, key)
        future: asyncio.Future[Appended] = self._completions.loop.create_future()
        group.bodies.append(body)
        group.waiting.append(future)
        group.bytes += len(body)
        # What a log has no room for is refused now, and not when the group before it is written.
        gathers = self._under_way[key] and group.bytes < _ENOUGH and log.has_room(len(group.bodies))
        if not gathers:
            self._send_soon(group)
        return future

    def _send_soon(self, group: _Group) -> None:
        if not group.due:
            group.due = True
            self._completions.loop.call_soon(self._send, group.key)

    def _send(self, key: _Key) -> None:
        group = self._groups.pop(key)
        events = _prepare_together(group) if len(group.bodies) > 1 else None
        if events is None:
            for body, future in zip(group.bodies, group.waiting, strict=True):
                self._send_alone(group, body, future)
        else:
            self._submit(group, events, group.waiting)

    def _send_alone(self, group: _Group, body: bytes, future: asyncio.Future[Appended]) -> None:
        now_ms = time.time_ns() // 1_000_000
        try:
            events = group.log.preparer.prepare_json(body, principal=group.principal, now_ms=now_ms, random=os.urandom)
        except Exception as error:  # noqa: BLE001 - it is the waiting request's to raise
            _fail([future], error)
        else:
            self._submit(group, events, [future])

    def _submit(self, group: _Group, events: list[Prepared], waiting: list[asyncio.Future[Appended]]) -> None:
        def on_done(submission: Submission) -> None:
            self._completions.call(partial(self._finish, group, submission, waiting))

        try:
            group.log.submit(events, on_done)
        except Exception as error:  # noqa: BLE001 - as above
            if len(events) > 1 and isinstance(error, Overloaded):
                for event, future in zip(events, waiting, strict=True):  # there may be room for some of them
                    self._submit(group, [event], [future])
            else:
                _fail(waiting, error)
        else:
            self._under_way[group.key] += 1

    def _finish(self, group: _Group, submission: Submission, waiting: list[asyncio.Future[Appended]]) -> None:
        self._under_way[group.key] -= 1
        if not self._under_way[group.key]:
            del self._under_way[group.key]
            if group.key in self._groups:
                self._send_soon(self._groups[group.key])
        try:
            appended = submission.result()
        except IdConflict as error:
            if len(waiting) == 1:
                _fail(waiting, error)
                return
            for event, future in zip(submission.events, waiting, strict=True):
                self._submit(group, [event], [future])
        except Exception as error:  # noqa: BLE001 - as above
            _fail(waiting, error)
        else:
            for receipt, future in zip(appended.events, waiting, strict=True):
                if not future.done():
                    first = None if receipt.duplicate else receipt.index
                    added = 0 if receipt.duplicate else 1
                    future.set_result(Appended(first_index=first, added=added, events=(receipt,)))


def _prepare_together(group: _Group) -> list[Prepared] | None:
    """The events prepared as lines of one stream; ``None`` when that does not give one event for each."""
    stream = b"\n".join(group.bodies)
    if stream.count(b"\n") != len(group.bodies) - 1:
        return None  # one of them stands on several lines
    try:
        events = group.log.preparer.prepare_ndjson(
            stream, principal=group.principal, now_ms=time.time_ns() // 1_000_000, random=os.urandom
        )
    except Exception:  # noqa: BLE001 - each of them is prepared alone then, and raises what is its own
        return None
    return events if len(events) == len(group.bodies) else None


def _fail(waiting: list[asyncio.Future[Appended]], error: Exception) -> None:
    for future in waiting:
        if not future.done():
            future.set_exception(error)

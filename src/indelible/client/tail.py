"""Following a log on a server: ``GET /v1/logs/{log}/stream``, through whatever the network and the server do.

A stream is resumed strictly after the last event that it gave, and what comes twice all the same is dropped, so nothing
is lost and nothing is repeated. That needs a place from the very beginning: without one the log's present size is asked
for first, since a connection that breaks before its first event would otherwise begin again *later*.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from indelible.client.event_stream import EventStream
from indelible.client.exchange import Close, Exchange, Open, Opened, Pause, Read
from indelible.client.problem import error_of
from indelible.client.records import entry_of
from indelible.errors import PeerError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.client.exchange import Stream
    from indelible.sdk.answers import LogDescription
    from indelible.sdk.found import FoundEntry
    from indelible.sdk.plan import Plan

__all__ = ["TailStream"]

_log = logging.getLogger("indelible.client")

_INDEX = re.compile(r"0|[1-9][0-9]{0,18}")
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
_NAP = 0.2  # how long a pause may last after `stop`
_HEADERS = {"Accept": "text/event-stream", "Accept-Encoding": "identity", "Cache-Control": "no-store"}


class TailStream:
    """What matches a query beyond an index, as it is recorded; see :class:`indelible.sdk.feed.Feed`.

    Until it has been connected once, it tries for ``patience`` seconds, so that a wrong address is told from a server
    that restarts. After that it tries for as long as it is not stopped; the log ``indelible.client`` says so.
    """

    def __init__(
        self,
        log: str,
        query: str,
        after: int | None,
        *,
        describe: Callable[[], Plan[LogDescription]],
        patience: float,
    ) -> None:
        self._log = log
        self._describe = describe
        self._query = query
        self._after = after
        self._deadline: float | None = time.monotonic() + patience  # None once it has been connected
        self._pause = _FIRST_PAUSE
        self._stream: Stream | None = None
        self._events = EventStream()
        self._reading = False  # whether a plan was abandoned while it read, and with it what it had read
        self._stopped = threading.Event()

    def next(self) -> Plan[list[FoundEntry] | None]:
        """See :class:`indelible.sdk.feed.Feed`."""
        while not self._stopped.is_set():
            try:
                if self._stream is None or self._reading:
                    yield from self._connect()
                found = yield from self._read()
            except Unavailable as error:
                yield from self._disconnect()
                if self._stopped.is_set():
                    break
                yield from self._wait(error)
            else:
                if found:
                    return found
        return None

    def stop(self) -> None:
        """See :class:`indelible.sdk.feed.Feed`."""
        self._stopped.set()
        if self._stream is not None:
            self._stream.wake()

    def close(self) -> Plan[None]:
        """See :class:`indelible.sdk.feed.Feed`."""
        yield from self._disconnect()

    def _connect(self) -> Plan[None]:
        yield from self._disconnect()
        if self._after is None:
            self._after = (yield from self._describe()).journaled - 1
        parameters = {**({"q": self._query} if self._query else {}), "after": str(self._after)}
        path = f"/v1/logs/{self._log}/stream?{urlencode(parameters)}"
        opened: Opened = yield Open(Exchange(method="GET", path=path, headers=_HEADERS))
        if opened.stream is None:
            raise error_of(opened.answer)
        self._stream = opened.stream
        self._events = EventStream()
        self._deadline = None

    def _disconnect(self) -> Plan[None]:
        stream, self._stream, self._reading = self._stream, None, False
        if stream is not None:
            yield Close(stream)

    def _read(self) -> Plan[list[FoundEntry]]:
        if self._stream is None:  # stopped while it was being opened
            return []
        self._reading = True
        piece: bytes = yield Read(self._stream)
        self._reading = False
        if not piece:
            raise Unavailable("the server has ended the stream", retry_after=0.0)
        self._pause = max(_FIRST_PAUSE, self._events.retry or 0.0)
        found = [_entry(event.data) for event in self._events.feed(piece)]
        fresh = []
        for entry in found:
            if self._after is None or entry.index > self._after:
                fresh.append(entry)
                self._after = entry.index
        if _INDEX.fullmatch(self._events.last_id):  # a heartbeat may bear one, past what does not match
            self._after = max(int(self._events.last_id), -1 if self._after is None else self._after)
        return fresh

    def _wait(self, error: Unavailable) -> Plan[None]:
        pause = min(max(self._pause, error.retry_after), _LONGEST_PAUSE)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        if self._deadline is not None and time.monotonic() + pause >= self._deadline:
            raise error
        _log.warning("stream_interrupted", extra={"log_name": self._log, "after": self._after, "reason": str(error)})
        until = time.monotonic() + pause * random.uniform(0.5, 1.0)  # noqa: S311 - so that not all come back at once
        while not self._stopped.is_set() and (left := until - time.monotonic()) > 0:
            yield Pause(min(left, _NAP))


def _entry(data: str) -> FoundEntry:
    try:
        return entry_of(msgspec.json.decode(data, type=dict[str, Any]))
    except msgspec.MsgspecError as error:
        raise PeerError(f"the server's stream holds something else than records: {error}") from error

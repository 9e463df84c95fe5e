"""``text/event-stream``, read as it arrives: WHATWG HTML, section 9.2.6, "Interpreting an event stream".

Pure: bytes go in, in whatever pieces the network gives them, events come out as soon as their blank line has been
seen. An event that is cut off by the end of the stream is not one. Beyond the standard there is one bound: an event
of more than :data:`MAX_EVENT_BYTES` is an error, since something has to bound what a peer can make us hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from indelible.errors import PeerError

__all__ = ["MAX_EVENT_BYTES", "EventStream", "StreamEvent"]

MAX_EVENT_BYTES = 1 << 20

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"
_DIGITS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent:
    """One event: its type (``message`` unless it names another), its data, and the last id at its end."""

    type: str
    data: str
    id: str


class EventStream:
    """Reads one stream. ``last_id`` and ``retry`` outlive it: a new stream begins with what the last one has told."""

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        """The id to resume after; events without an id of their own leave it as it is."""
        self.retry: float | None = None
        """Seconds that the server wants a client to wait before it connects again, if it has said so."""
        self._id = last_id
        self._type = ""
        self._data: list[str] = []
        self._held = 0
        self._rest = b""
        self._after_cr = False
        self._at_start = True

    def feed(self, chunk: bytes) -> list[StreamEvent]:
        """Take the next bytes of the stream; gives the events that they complete.

        Raises:
            PeerError: an event is larger than any may be.
        """
        if not chunk:
            return []
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")  # the other half of a CRLF, whose first half ended the line already
        self._after_cr = chunk.endswith(b"\r")
        *lines, self._rest = _LINE_END.split(self._rest + chunk)
        events = []
        for line in lines:
            event = self._take(line)
            if event is not None:
                events.append(event)
        if self._held + len(self._rest) > MAX_EVENT_BYTES:
            raise PeerError(f"the server's stream holds an event of more than {MAX_EVENT_BYTES} bytes")
        return events

    def _take(self, line: bytes) -> StreamEvent | None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        self._held += len(line)
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        match name:
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case "event":
                self._type = value
            case "retry" if _DIGITS.fullmatch(value):
                self.retry = int(value) / 1_000
        return None

    def _dispatch(self) -> StreamEvent | None:
        self.last_id = self._id
        data, kind = self._data, self._type
        self._data, self._type, self._held = [], "", 0
        return StreamEvent(type=kind or "message", data="\n".join(data), id=self.last_id) if data else None

"""Reading ``text/event-stream``: what the standard says, however the network cuts the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.client.event_stream import MAX_EVENT_BYTES, EventStream, StreamEvent
from indelible.errors import PeerError


def read(*chunks: bytes) -> list[tuple[str, str, str]]:
    stream = EventStream()
    return [(event.type, event.data, event.id) for chunk in chunks for event in stream.feed(chunk)]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (b"id: 7\ndata: {}\n\n", [("message", "{}", "7")]),
        (b"data: a\ndata: b\n\n", [("message", "a\nb", "")]),
        (b"data:no space\ndata:  two\n\n", [("message", "no space\n two", "")]),
        (b"data\n\n", [("message", "", "")]),
        (b"event: x\ndata: a\n\ndata: b\n\n", [("x", "a", ""), ("message", "b", "")]),
        (b"id: 1\ndata: a\n\ndata: b\n\n", [("message", "a", "1"), ("message", "b", "1")]),
        (b": heartbeat\n\n: another\n\n", []),
        (b"\xef\xbb\xbfdata: a\n\n", [("message", "a", "")]),
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\n", [("message", "a", ""), ("message", "b", ""), ("message", "c", "")]),
        (b"unknown: x\nretry: soon\ndata: a\n\n", [("message", "a", "")]),
        (b"id: 1\0\ndata: a\n\n", [("message", "a", "")]),
        (b"data: cut off\n", []),
        (b"data: \xff\n\n", [("message", "\ufffd", "")]),
    ],
)
def test_event_stream_reads_as_the_standard_says(text: bytes, events: list[tuple[str, str, str]]) -> None:
    """Fields, comments, ends of lines and ids have the meaning of WHATWG HTML, section 9.2.6."""
    assert read(text) == events


def test_event_stream_gives_an_event_with_its_last_byte() -> None:
    """Nothing waits for more than the blank line, a lone CR included."""
    assert read(b"data: a\r", b"\r") == [("message", "a", "")]
    assert read(b"data: a\r\n", b"\r") == [("message", "a", "")]
    assert read(b"data: a\r\n\r", b"\ndata: b\r\n\r\n") == [("message", "a", ""), ("message", "b", "")]


def test_event_stream_moves_on_by_an_id_without_data() -> None:
    """A heartbeat that bears an id is no event, and yet moves the place from which to resume; so does none cut off."""
    stream = EventStream(last_id="3")
    assert stream.feed(b"id: 9\n\n") == []
    assert stream.last_id == "9"
    stream.feed(b"id: 10\ndata: x\n")
    assert stream.last_id == "9"
    assert stream.feed(b"\n") == [StreamEvent(type="message", data="x", id="10")]


def test_event_stream_notes_how_long_to_wait() -> None:
    """``retry`` is in milliseconds, and only digits."""
    stream = EventStream()
    stream.feed(b"retry: 2500\nretry: -1\n\n")
    assert stream.retry == 2.5


def test_event_stream_bounds_what_it_holds() -> None:
    """An event without end, in one line or in many, is refused rather than gathered for ever."""
    for piece in (b"data: " + b"x" * 1_000, b"data: " + b"x" * 1_000 + b"\n"):
        stream = EventStream()

        def gather(stream: EventStream = stream, piece: bytes = piece) -> None:
            for _ in range(MAX_EVENT_BYTES // 1_000 + 1):
                stream.feed(piece)

        with pytest.raises(PeerError, match="more than"):
            gather()


_PIECES = st.sampled_from(
    [b"data: x", b"data", b"id: 1", b"id: 22", b": c", b"event: e", b"\n", b"\r", b"\r\n", b"\n\n"]
)


@given(st.lists(_PIECES, max_size=30).map(b"".join), st.data())
def test_event_stream_does_not_depend_on_how_bytes_are_cut(text: bytes, data: st.DataObject) -> None:
    """The same bytes give the same events, in one piece or in any others."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert read(*pieces) == read(text) == _naive(text)


def _naive(text: bytes) -> list[tuple[str, str, str]]:
    """The standard's own order of work, over a whole stream at once."""
    events, last_id, kind, data = [], "", "", ""
    for line in text.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]:
        name, _, value = line.partition(":")
        if line == "":
            if data:
                events.append((kind or "message", data.removesuffix("\n"), last_id))
            kind, data = "", ""
        elif name == "data":
            data += value.removeprefix(" ") + "\n"
        elif name == "id":
            last_id = value.removeprefix(" ")
        elif name == "event":
            kind = value.removeprefix(" ")
    return events

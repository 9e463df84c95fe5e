"""Following a log on a server, through connections that break anywhere: nothing is lost, nothing is repeated."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.client.exchange import Answer, Close, Exchange, Open, Opened, Pause, Read
from indelible.client.tail import TailStream
from indelible.errors import Forbidden, PeerError, Unavailable
from indelible.sdk.answers import LogDescription
from indelible.sdk.plan import drive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.client.exchange import Effect
    from indelible.sdk.plan import Plan


def described(journaled: int) -> Plan[LogDescription]:
    yield from ()
    return LogDescription(origin="o", vkeys=(), size=0, journaled=journaled)


def sent(index: int) -> bytes:
    record = {"id": f"{index}", "index": index, "leaf_hash": "00", "published": True}
    return b"id: %d\ndata: %b\n\n" % (index, msgspec.json.encode(record))


@dataclass
class Connection:
    """One answer: its bytes, cut into pieces."""

    pieces: Iterator[bytes]
    woken: bool = False

    def wake(self) -> None:
        self.woken = True


@dataclass
class Server:
    """A log of ``size`` entries that is streamed, each connection breaking after so many bytes (or failing to open)."""

    size: int
    breaks: list[int | Exception]
    piece: int = 7
    asked: list[int] = field(default_factory=list)
    open: int = 0

    def __call__(self, effect: Effect) -> object:
        match effect:
            case Open(request=Exchange(path=path)):
                return self._connect(path)
            case Read(stream=Connection() as connection):
                return next(connection.pieces, b"")
            case Close():
                self.open -= 1
                return None
            case Pause():
                return None
        raise AssertionError(effect)

    def _connect(self, path: str) -> Opened:
        after = int(parse_qs(urlsplit(path).query)["after"][0])
        self.asked.append(after)
        cut = self.breaks.pop(0) if self.breaks else None
        if isinstance(cut, Exception):
            raise cut
        text = b"retry: 1\n\n" + b"".join(map(sent, range(after + 1, self.size))) + b": alive\n\n"
        text = text[:cut]
        pieces = (text[place : place + self.piece] for place in range(0, len(text), self.piece))
        self.open += 1
        answer = Answer(status=200, headers={}, body=b"")
        return Opened(answer=answer, stream=Connection(pieces))


def follow(server: Server, *, after: int | None = -1, patience: float = 0.0) -> Iterator[int]:
    stream = TailStream("main", "a:b", after, describe=lambda: described(3), patience=patience)
    while (batch := drive(stream.next(), server)) is not None:
        yield from (entry.index for entry in batch)


@given(st.integers(1, 6), st.lists(st.integers(0, 500), max_size=12), st.integers(1, 90))
def test_tail_loses_and_repeats_nothing(size: int, breaks: list[int], piece: int) -> None:
    """Wherever connections break, in the midst of an event too, each event is given once and in order."""
    server = Server(size, list(breaks), piece)
    assert list(itertools.islice(follow(server), size)) == list(range(size))
    assert server.open <= 1


def test_tail_begins_at_the_end_of_the_log_unless_told() -> None:
    """Without a place it asks for the log's size before anything else, and resumes there if nothing has come yet."""
    server = Server(5, [10, 10, 10])
    assert list(itertools.islice(follow(server, after=None), 2)) == [3, 4]
    assert server.asked == [2, 2, 2, 2]


def test_tail_drops_what_a_server_sends_again() -> None:
    """A server that resumes too early repeats nothing for whoever reads."""

    class Repeating(Server):
        def _connect(self, path: str) -> Opened:  # type: ignore[explicit-override]  # of Python 3.12
            return super()._connect(path.partition("?")[0] + "?after=-1")

    server = Repeating(4, [len(sent(0)) * 2 + 12])
    assert list(itertools.islice(follow(server), 4)) == [0, 1, 2, 3]


def test_tail_moves_on_by_the_ids_of_heartbeats() -> None:
    """An id without data says up to where nothing has matched."""

    class Beating(Server):
        def _connect(self, path: str) -> Opened:  # type: ignore[explicit-override]  # of Python 3.12
            opened = super()._connect(path)
            opened.stream.pieces = iter([b"id: 41\n\n"] if self.asked[-1] < 41 else [sent(42)])  # type: ignore[union-attr]
            return opened

    server = Beating(0, [])
    assert next(follow(server)) == 42
    assert server.asked == [-1, 41]


def test_tail_gives_up_only_before_its_first_connection() -> None:
    """A server that was never there is an error; one that went away is waited for."""
    gone = Unavailable("cannot be reached", retry_after=0.0)
    with pytest.raises(Unavailable):
        next(follow(Server(1, [gone])))
    server = Server(1, [gone, gone, 20, gone, gone, gone])
    assert next(follow(server, patience=60.0)) == 0
    assert server.asked == [-1] * 7


def test_tail_raises_what_will_not_pass() -> None:
    """A key that was revoked meanwhile, or a stream of something else, ends it."""
    with pytest.raises(Forbidden):
        next(follow(Server(1, [20, Forbidden("no more")])))

    class Wrong(Server):
        def _connect(self, path: str) -> Opened:  # type: ignore[explicit-override]  # of Python 3.12
            opened = super()._connect(path)
            opened.stream.pieces = iter([b"data: [1]\n\n"])  # type: ignore[union-attr]
            return opened

    with pytest.raises(PeerError, match="something else than records"):
        next(follow(Wrong(1, [])))


def test_tail_stops_when_it_is_told() -> None:
    """Stopping cuts the connection, whose reader then learns that this is the end."""
    server = Server(2, [])
    stream = TailStream("main", "", -1, describe=lambda: described(0), patience=1.0)
    assert drive(stream.next(), server)
    connection: Any = stream._stream
    stream.stop()
    assert connection.woken
    assert drive(stream.next(), server) is None
    drive(stream.close(), server)
    assert server.open == 0


def test_tail_begins_again_after_a_plan_that_was_abandoned() -> None:
    """A wait that was cancelled may have read bytes that nobody has; the stream is opened again where it was."""
    server = Server(3, [], piece=len(sent(0)) + 10)
    stream = TailStream("main", "", -1, describe=lambda: described(0), patience=1.0)
    first = drive(stream.next(), server)
    assert first is not None
    plan = stream.next()
    effect: Any = next(plan)
    assert isinstance(effect, Read)
    server(effect)
    plan.close()
    rest = list(itertools.islice(_indices(stream, server), 2))
    assert [entry.index for entry in first] + rest == [0, 1, 2]


def _indices(stream: TailStream, server: Server) -> Iterator[int]:
    while (batch := drive(stream.next(), server)) is not None:
        yield from (entry.index for entry in batch)

"""Bodies: bounded before, while and after they are read."""

from __future__ import annotations

import asyncio
import gzip
import threading
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from indelible.errors import MalformedInput, Overloaded, TooLarge
from indelible.server.body import Budget, ClientGone, Headers, Reserved, gunzip, read_body, read_headers
from indelible.server.problem import Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MIB = 1 << 20


class Sender:
    """Plays an ASGI server: hands out the parts of a body, then waits for ever."""

    def __init__(self, *parts: bytes, ends: bool = True, gone: bool = False) -> None:
        self.messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": part, "more_body": not (ends and number == len(parts) - 1)}
            for number, part in enumerate(parts)
        ]
        if gone:
            self.messages.append({"type": "http.disconnect"})
        self.taken = 0

    async def __call__(self) -> dict[str, Any]:
        if not self.messages:
            await asyncio.Event().wait()
        self.taken += 1
        return self.messages.pop(0)


def read(
    sender: Callable[[], Awaitable[Any]], *, limit: int = 100, budget: Budget | None = None, length: bytes | None = None
) -> bytes:
    async def run() -> bytes:
        with Reserved(budget or Budget(MIB)) as reserved:
            return await read_body(sender, Headers(content_length=length), reserved, limit=limit, seconds=0.05)

    return asyncio.run(run())


@pytest.mark.parametrize("parts", [(b"",), (b"abc",), (b"a", b"b", b"c"), (b"", b"abc", b"")])
def test_read_body_joins_the_parts(parts: tuple[bytes, ...]) -> None:
    """However it was cut, it is the same body."""
    assert read(Sender(*parts)) == b"".join(parts)


def test_read_body_stops_at_the_declared_length() -> None:
    """Once that many bytes are there nothing more is waited for."""
    sender = Sender(b"abc", b"", ends=True)
    assert read(sender, length=b"3") == b"abc"
    assert sender.taken == 1


@pytest.mark.parametrize("parts", [(b"x" * 101,), (b"x" * 100, b"x"), (b"x",) * 101])
def test_read_body_refuses_what_is_too_large(parts: tuple[bytes, ...]) -> None:
    """At the first byte too many, whatever the length that was declared; the limit is named."""
    for length in (None, b"5"):
        with pytest.raises(TooLarge, match="larger than 100 bytes") as refusal:
            read(Sender(*parts), length=length)
        assert refusal.value.limit == 100


def test_read_body_refuses_a_large_declared_length_unread() -> None:
    """Nothing is read of a body that says itself that it is too large."""
    sender = Sender(b"x")
    with pytest.raises(TooLarge):
        read(sender, length=b"101")
    assert sender.taken == 0


@pytest.mark.parametrize("length", [b"", b"-1", b"+5", b"1e3", b"0x10", b"1" * 19, b"5, 5", "٣".encode()])
def test_read_body_refuses_a_length_that_is_none(length: bytes) -> None:
    """Content-Length is digits."""
    with pytest.raises(MalformedInput, match="Content-Length"):
        read(Sender(b"x"), length=length)


def test_read_body_notices_that_the_client_went_away() -> None:
    """At the beginning or in the middle."""
    for parts in ((), (b"x",)):
        with pytest.raises(ClientGone):
            read(Sender(*parts, ends=False, gone=True))


def test_read_body_does_not_wait_for_ever() -> None:
    """A body that stops arriving is refused with 408."""
    with pytest.raises(Refusal, match="had not arrived") as refusal:
        read(Sender(b"x", ends=False))
    assert refusal.value.status == 408


def test_budget_bounds_all_bodies_together_and_is_given_back() -> None:
    """What is in hand counts, failed or not, until its request is done."""
    budget = Budget(10)
    with Reserved(budget) as reserved:
        reserved.take(6)
        with pytest.raises(Overloaded):
            read(Sender(b"12345"), budget=budget)
        assert read(Sender(b"1234"), budget=budget) == b"1234"
        assert budget.used == 6
        with pytest.raises(Overloaded):
            read(Sender(b"12", b"345"), budget=budget)
    assert budget.used == 0


def test_budget_loses_nothing_between_threads() -> None:
    """Taken and given back by many threads at once, it comes to zero."""
    budget = Budget(MIB)

    def work() -> None:
        for _ in range(2_000):
            with Reserved(budget) as reserved:
                reserved.take(3)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.used == 0


def unzip(data: bytes, *, limit: int = MIB, budget: int = 16 * MIB) -> bytes:
    with Reserved(Budget(budget)) as reserved:
        return gunzip(data, reserved, limit=limit)


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB])
def test_gunzip_gives_back_what_was_compressed(size: int) -> None:
    """Up to and including the limit."""
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert unzip(gzip.compress(data)) == data


def test_gunzip_takes_several_members() -> None:
    """RFC 1952 section 2.2: members simply follow one another."""
    assert unzip(gzip.compress(b"one,") + gzip.compress(b"") + gzip.compress(b"two")) == b"one,two"


@pytest.mark.parametrize("excess", [1, 64 * MIB])
def test_gunzip_stops_a_bomb_at_the_limit(excess: int) -> None:
    """A small body that would become a large one is refused before it takes the memory."""
    bomb = gzip.compress(bytes(MIB + excess))
    with pytest.raises(TooLarge, match="decompresses to more than"):
        unzip(bomb)


def test_gunzip_stops_a_bomb_of_many_members() -> None:
    """The limit holds for all members together."""
    with pytest.raises(TooLarge):
        unzip(gzip.compress(bytes(MIB // 2)) * 3)


def test_gunzip_counts_against_the_budget() -> None:
    """Decompressed bytes are bytes in hand."""
    with pytest.raises(Overloaded):
        unzip(gzip.compress(bytes(3 * MIB)), limit=4 * MIB, budget=2 * MIB)


WHOLE = gzip.compress(b"some events" * 100)
WRONG_CHECKSUM = WHOLE[:-8] + bytes(4) + WHOLE[-4:]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain text",
        WHOLE[:-1],
        WHOLE[:10],
        WHOLE[:5],
        WHOLE + b"x",
        WHOLE + bytes(8),
        WRONG_CHECKSUM,
        zlib.compress(b"zlib"),
    ],
)
def test_gunzip_refuses_what_is_not_whole(data: bytes) -> None:
    """Not gzip, cut short, followed by something, or with a wrong checksum."""
    with pytest.raises(MalformedInput, match="gzip"):
        unzip(data)


def test_read_headers_picks_and_refuses_doubles() -> None:
    """A header that stands twice would let two readers believe two things."""
    pairs = [
        (b"host", b"x"),
        (b"authorization", b"Bearer a"),
        (b"content-type", b"application/json"),
        (b"content-encoding", b"gzip"),
        (b"content-length", b"5"),
    ]
    headers = read_headers(pairs)
    assert (headers.authorization, headers.content_type) == (b"Bearer a", b"application/json")
    assert (headers.content_encoding, headers.content_length) == (b"gzip", b"5")
    for pair in pairs[1:]:
        with pytest.raises(Refusal, match="stands twice"):
            read_headers([*pairs, pair])

"""The load generator: a process of its own that keeps a number of connections busy, each with one request at a time.

It is told what to do by its one argument, JSON; builds every request before the clock starts; and prints JSON when all
requests are answered. Any answer but success is an error that ends it: a benchmark of refusals would look fast.
"""

from __future__ import annotations

import re
import selectors
import socket
import sys
from collections import deque
from contextlib import ExitStack
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from indelible.bench.http1 import build_request, response_end, split_response
from indelible.bench.measurement import quantile
from indelible.bench.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Answer", "LoadPlan", "LoadResult", "build_requests", "drive", "main"]

_PIECE = 262_144
_FIRST_INDEX = re.compile(rb'"first_index":([0-9]+)')


class LoadPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send where: ``requests`` requests of ``events`` events each, the first event being ``first``.

    ``pace`` is how many requests a second are begun at most; 0 for as many as are answered.
    """

    host: str
    port: int
    target: str
    authorization: str
    connections: int
    requests: int
    events: int
    first: int
    pace: float = 0.0


class Answer(NamedTuple):
    """When a request was answered, on the clock that processes share, and the index of its first event if it says."""

    at: float
    first_index: int | None


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; times in seconds. ``p50`` and ``p99`` are of single requests, ``answers`` in their order."""

    requests: int
    seconds: float
    p50: float
    p99: float
    answers: tuple[Answer, ...]


class _Exchange:
    """One connection, with the request that is under way on it."""

    __slots__ = ("began", "received", "socket", "unsent")

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(0)
        self.received = b""
        self.unsent = memoryview(b"")
        self.began = 0.0

    def begin(self, request: bytes) -> None:
        self.began = perf_counter()
        self.unsent = memoryview(request)
        self.send()

    def send(self) -> None:
        """Send what the socket takes now."""
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except BlockingIOError:
            return

    def receive(self) -> Answer | None:
        """Take what has arrived; gives the answer when it is complete.

        Raises:
            ConnectionError: the server closed the connection, or refused the request.
        """
        piece = self.socket.recv(_PIECE)
        if not piece:
            raise ConnectionError("the server closed the connection")
        self.received = self.received + piece if self.received else piece
        end = response_end(self.received)
        if end is None or len(self.received) < end:
            return None
        if not self.received.startswith((b"HTTP/1.1 201", b"HTTP/1.1 200")):
            raise ConnectionError(f"the server refused the load: {split_response(self.received)}")
        at, first = perf_counter(), _FIRST_INDEX.search(self.received)
        self.received = b""
        return Answer(at, int(first[1]) if first else None)


def build_requests(plan: LoadPlan) -> list[bytes]:
    """Every request of the plan; a single event goes as ``application/json``, several as NDJSON."""
    workload = Workload()
    media_type = "application/json" if plan.events == 1 else "application/x-ndjson"
    headers = {"Authorization": plan.authorization, "Content-Type": media_type}
    requests = []
    for first in range(plan.first, plan.first + plan.requests * plan.events, plan.events):
        body = workload.event(first) if plan.events == 1 else workload.ndjson(range(first, first + plan.events))
        requests.append(build_request("POST", plan.target, headers=headers, body=body))
    return requests


def drive(plan: LoadPlan, requests: Sequence[bytes]) -> LoadResult:
    """Send the requests and wait for every answer."""
    with selectors.DefaultSelector() as selector, ExitStack() as opened:
        exchanges = [_Exchange(plan.host, plan.port) for _ in range(min(plan.connections, len(requests)))]
        for exchange in exchanges:
            opened.enter_context(exchange.socket)
            selector.register(exchange.socket, selectors.EVENT_READ, exchange)
        idle = deque(exchanges)
        begun = 0
        times: list[float] = []
        answers: list[Answer] = []
        began = perf_counter()
        while len(times) < len(requests):
            due = None  # when the next request is, if there is a connection for it
            while idle and begun < len(requests):
                due = began + begun / plan.pace if plan.pace else began
                if due > perf_counter():
                    break
                exchange = idle.popleft()
                exchange.begin(requests[begun])
                _watch(selector, exchange)
                begun, due = begun + 1, None
            for key, ready in selector.select(None if due is None else max(due - perf_counter(), 0.0)):
                answer = _advance(selector, key.data, ready)
                if answer is not None:
                    answers.append(answer)
                    times.append(answer.at - key.data.began)
                    idle.append(key.data)
        seconds = perf_counter() - began
    return LoadResult(
        requests=len(times),
        seconds=seconds,
        p50=quantile(times, 0.5),
        p99=quantile(times, 0.99),
        answers=tuple(answers),
    )


def _watch(selector: selectors.BaseSelector, exchange: _Exchange) -> None:
    """Wait for what the exchange needs next."""
    interest = selectors.EVENT_READ | (selectors.EVENT_WRITE if exchange.unsent else 0)
    if selector.get_key(exchange.socket).events != interest:
        selector.modify(exchange.socket, interest, exchange)


def _advance(selector: selectors.BaseSelector, exchange: _Exchange, ready: int) -> Answer | None:
    """Do what the socket is ready for; gives the answer when that is complete."""
    if ready & selectors.EVENT_WRITE:
        exchange.send()
        _watch(selector, exchange)
    return exchange.receive() if ready & selectors.EVENT_READ else None


def main() -> None:
    """Do what the argument says."""
    plan = msgspec.json.decode(sys.argv[1], type=LoadPlan)
    sys.stdout.write(msgspec.json.encode(drive(plan, build_requests(plan))).decode() + "\n")


if __name__ == "__main__":
    main()

"""The load generator: a process of its own that keeps a number of connections busy, each with one request at a time.

It is told what to do by its one argument, JSON; builds every request before the clock starts; and prints JSON when all
requests are answered. Any answer but success is an error that ends it: a benchmark of refusals would look fast.
"""

from __future__ import annotations

import selectors
import socket
import sys
from contextlib import ExitStack
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from indelible.bench.http1 import build_request, response_end, split_response
from indelible.bench.measurement import quantile
from indelible.bench.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["LoadPlan", "LoadResult", "build_requests", "drive", "main"]

_PIECE = 262_144


class LoadPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send where: ``requests`` requests of ``events`` events each, the first event being ``first``."""

    host: str
    port: int
    target: str
    authorization: str
    connections: int
    requests: int
    events: int
    first: int


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; times in seconds. ``p50`` and ``p99`` are of single requests."""

    requests: int
    seconds: float
    p50: float
    p99: float


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

    def receive(self) -> bool:
        """Take what has arrived; whether the response is complete.

        Raises:
            ConnectionError: the server closed the connection, or refused the request.
        """
        piece = self.socket.recv(_PIECE)
        if not piece:
            raise ConnectionError("the server closed the connection")
        self.received = self.received + piece if self.received else piece
        end = response_end(self.received)
        if end is None or len(self.received) < end:
            return False
        if not self.received.startswith((b"HTTP/1.1 201", b"HTTP/1.1 200")):
            raise ConnectionError(f"the server refused the load: {split_response(self.received)}")
        self.received = b""
        return True


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
        waiting = iter(requests)
        times: list[float] = []
        began = perf_counter()
        for exchange in exchanges:
            exchange.begin(next(waiting))
            selector.register(exchange.socket, _interest(exchange), exchange)
        while len(times) < len(requests):
            for key, ready in selector.select():
                _advance(selector, key.data, ready, waiting, times)
        seconds = perf_counter() - began
    return LoadResult(requests=len(times), seconds=seconds, p50=quantile(times, 0.5), p99=quantile(times, 0.99))


def _interest(exchange: _Exchange) -> int:
    return selectors.EVENT_READ | (selectors.EVENT_WRITE if exchange.unsent else 0)


def _advance(
    selector: selectors.BaseSelector, exchange: _Exchange, ready: int, waiting: Iterator[bytes], times: list[float]
) -> None:
    before = bool(exchange.unsent)
    if ready & selectors.EVENT_WRITE:
        exchange.send()
    if ready & selectors.EVENT_READ and exchange.receive():
        times.append(perf_counter() - exchange.began)
        request = next(waiting, None)
        if request is not None:
            exchange.begin(request)
    if bool(exchange.unsent) != before:
        selector.modify(exchange.socket, _interest(exchange), exchange)


def main() -> None:
    """Do what the argument says."""
    plan = msgspec.json.decode(sys.argv[1], type=LoadPlan)
    sys.stdout.write(msgspec.json.encode(drive(plan, build_requests(plan))).decode() + "\n")


if __name__ == "__main__":
    main()

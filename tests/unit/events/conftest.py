"""What the tests of the event room share: one log's preparer, and the smallest valid event."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from indelible.events import Prepared, Preparer, new_stamp

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGIN = "example.com/log"
RECEIVED = "2026-02-03T04:05:06.000007Z"
NOW_MS = 1_770_091_506_000


def counted_bytes() -> Callable[[int], bytes]:
    """A source of bytes that are different each time and the same in each run."""
    counter = itertools.count(1)
    return lambda size: next(counter).to_bytes(size, "big")


class Door:
    """A preparer with the same writer, time and randomness for each call, and records as the answer."""

    def __init__(self, preparer: Preparer, principal: str = "key:test") -> None:
        self.preparer = preparer
        self._request: dict[str, Any] = {"principal": principal, "now_ms": NOW_MS, "random": counted_bytes()}

    def ndjson(self, body: bytes) -> list[Prepared]:
        return self.preparer.prepare_ndjson(body, **self._request)

    def json(self, body: bytes) -> list[Prepared]:
        return self.preparer.prepare_json(body, **self._request)

    def objects(self, *objects: Any) -> list[Prepared]:
        return self.preparer.prepare_objects(objects, **self._request)

    def entry(self, prepared: Prepared, received: str = RECEIVED) -> bytes:
        return self.preparer.finish(prepared.template, received.encode())

    def record(self, prepared: Prepared) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.entry(prepared))
        return record


@pytest.fixture(scope="session")
def preparer() -> Preparer:
    return Preparer(origin=ORIGIN, stamp=new_stamp(counted_bytes()))


@pytest.fixture
def door(preparer: Preparer) -> Door:
    return Door(preparer)


@pytest.fixture
def event() -> dict[str, Any]:
    return {"action": "invoice.approve", "actor": {"type": "user", "id": "ada"}}

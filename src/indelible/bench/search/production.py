"""Real events made in a process of their own, so that another processor makes them while this one appends them.

Run as a module it writes requests to standard output, each preceded by its length in four bytes, big end first.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import msgspec

from indelible.bench.search.real_events import RealEvents
from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ProductionPlan", "main", "produce"]

_LENGTH = 4


class ProductionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Which events to make: ``[first, end)`` in requests of ``size``, which divides their number."""

    samples: str
    first: int
    end: int
    size: int


def produce(plan: ProductionPlan) -> Iterator[bytes]:
    """The requests of a plan, NDJSON, made by another process.

    Raises:
        InternalError: it ended before it was done.
    """
    asked = [sys.executable, "-m", "indelible.bench.search.production", msgspec.json.encode(plan).decode()]
    with subprocess.Popen(asked, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own module
        output = cast("IO[bytes]", process.stdout)
        for _ in range(plan.first, plan.end, plan.size):
            length = int.from_bytes(output.read(_LENGTH), "big")
            body = output.read(length)
            if not length or len(body) < length:
                raise InternalError("the process that makes events failed; what it said stands above")
            yield body


def main() -> None:
    """Do what the argument says."""
    plan = msgspec.json.decode(sys.argv[1], type=ProductionPlan)
    events = RealEvents(Path(plan.samples))
    for first in range(plan.first, plan.end, plan.size):
        body = events.ndjson(first, plan.size)
        sys.stdout.buffer.write(len(body).to_bytes(_LENGTH, "big") + body)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

"""Every benchmark, in the order of the benchmark page."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import msgspec

from indelible.bench.machine import describe_machine
from indelible.bench.measurement import Result  # noqa: TC001 - msgspec reads the annotation
from indelible.bench.room import open_room
from indelible.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from indelible.bench.room import Room
    from indelible.bench.scale import Scale

__all__ = ["BENCHMARKS", "Report", "run"]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What ``indelible bench --json`` prints."""

    machine: dict[str, str]
    results: tuple[Result, ...]


def _ingest(room: Room) -> Iterator[Result]:
    from indelible.bench import ingest  # noqa: PLC0415 - needs the server's packages

    yield from ingest.measure(room)


def _requests(room: Room) -> Iterator[Result]:
    from indelible.bench import requests  # noqa: PLC0415 - needs the server's packages

    yield from requests.measure_concurrent(room)
    yield from requests.measure_sequential(room)


def _published(room: Room) -> Iterator[Result]:
    from indelible.bench import publication  # noqa: PLC0415 - needs the server's packages

    yield from publication.measure(room)


def _memory(room: Room) -> Iterator[Result]:
    from indelible.bench import memory  # noqa: PLC0415 - needs the server's packages

    yield from memory.measure(room)
    room.clear()


def _archive(room: Room) -> Iterator[Result]:
    from indelible.bench import disk, growth, proofs, verification  # noqa: PLC0415 - storage, for no other command

    directory = room.path / "archive"
    sizes = room.scale.milestones
    milestones = growth.grow_log(room, directory, [size for size in sizes if size <= room.scale.archive])
    yield from verification.measure(room, directory)
    yield from proofs.measure(room, directory)
    yield from disk.measure(room, directory)
    later = [size for size in sizes if size > room.scale.archive]
    if later:
        milestones += growth.grow_log(room, directory, later)
    yield from growth.memory_result(milestones)
    yield from growth.growth_results(milestones)
    room.clear()


def _index(room: Room) -> Iterator[Result]:
    from indelible.bench.search import index_size, ingest, lag  # noqa: PLC0415 - need the server's packages

    yield from ingest.measure(room)
    yield from lag.measure(room)
    yield from index_size.measure(room)
    room.clear()


def _search(room: Room) -> Iterator[Result]:
    from indelible.bench.search import measure  # noqa: PLC0415 - as above

    yield from measure.measure(room, room.path / "search")
    room.clear()


def _export(room: Room) -> Iterator[Result]:
    from indelible.bench.search import export  # noqa: PLC0415 - as above

    yield from export.measure(room, room.path / "export")
    room.clear()


BENCHMARKS: Final[dict[str, Callable[[Room], Iterator[Result]]]] = {
    "ingest": _ingest,
    "requests": _requests,
    "published": _published,
    "memory": _memory,
    "archive": _archive,
    "index": _index,
    "search": _search,
    "export": _export,
}
"""Each group of figures that is measured together, by the name that ``--only`` takes."""

_WITHOUT_SERVER = "archive"


def run(
    directory: Path, scale: Scale, *, samples: Path, only: Collection[str] = (), say: Callable[[str], None]
) -> Report:
    """Run the benchmarks, all or ``only`` those named, in a temporary directory below ``directory``.

    ``samples`` is the folder of the bundled real events; ``say`` is told each step.

    Raises:
        UsageError: there is no benchmark of that name, or it needs the server and this is the bare install.
    """
    chosen = _choose(only)
    results: list[Result] = []
    with open_room(directory, scale, samples, say) as room:
        for name in chosen:
            results.extend(BENCHMARKS[name](room))
    return Report(machine=describe_machine(directory), results=tuple(results))


def _choose(only: Collection[str]) -> list[str]:
    """The names of the benchmarks to run, in their own order."""
    unknown = [name for name in only if name not in BENCHMARKS]
    if unknown:
        raise UsageError(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    chosen = [name for name in BENCHMARKS if not only or name in only]
    if chosen != [_WITHOUT_SERVER] and find_spec("granian") is None:
        detail = f"most benchmarks need the server: pip install 'indelible[server]', or choose --only {_WITHOUT_SERVER}"
        raise UsageError(detail)
    return chosen

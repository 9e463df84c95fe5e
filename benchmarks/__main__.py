"""``make bench``: run the benchmarks and record them in ``benchmarks/results.json``, which ``make docs`` shows."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from indelible.bench import suite
from indelible.bench.definitions import DEFINITIONS
from indelible.bench.presentation import HEADINGS, cells
from indelible.bench.scale import DEFAULT, HUGE, LONG, QUICK
from indelible.cli.demo.samples import samples_folder

if TYPE_CHECKING:
    from indelible.bench.measurement import Result

RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    """Measure and record. A run of some benchmarks only replaces their figures and leaves the others."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small counts; shows the figures and records nothing")
    size.add_argument("--long", action="store_true", help="up to ten million entries")
    size.add_argument("--huge", action="store_true", help="as --long, and search among fifty million")
    parser.add_argument(
        "--dir", type=Path, default=Path(), help="a folder on the disk to measure; made when missing (default: here)"
    )
    parser.add_argument("--only", action="append", default=[], choices=suite.BENCHMARKS, help="may be repeated")
    chosen = parser.parse_args()
    try:
        chosen.dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--dir {chosen.dir}: {error.strerror}")
    scale = QUICK if chosen.quick else LONG if chosen.long else HUGE if chosen.huge else DEFAULT
    report = suite.run(
        chosen.dir, scale, samples=samples_folder(), only=chosen.only, say=lambda step: print(step, flush=True)
    )
    for line in (HEADINGS, *map(cells, report.results)):
        print(" | ".join(line))
    if not chosen.quick:
        record(report)


def record(report: suite.Report, path: Path = RESULTS) -> None:
    """Write the report; figures of an earlier one on this machine that this run has not taken stay."""
    now = datetime.now(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")
    results = [msgspec.structs.replace(result, recorded=now) for result in report.results]
    taken = {result.name for result in results}
    if path.exists():
        earlier = msgspec.json.decode(path.read_bytes(), type=suite.Report)
        results += [each for each in earlier.results if each.name not in taken and earlier.machine == report.machine]
        results.sort(key=_place)
    report = suite.Report(machine=report.machine, results=tuple(results))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


def _place(result: Result) -> int:
    """Where a figure stands on the page; those of several sizes end in them, and keep their order."""
    names = list(DEFINITIONS)
    name = result.name if result.name in DEFINITIONS else result.name.rpartition("_")[0]
    return names.index(name) if name in DEFINITIONS else len(names)


if __name__ == "__main__":
    main()

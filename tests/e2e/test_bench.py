"""``indelible bench``, small: every figure is measured by the real parts, and nothing is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from benchmarks.__main__ import main, record
from indelible.bench import suite
from indelible.bench.definitions import DEFINITIONS
from indelible.bench.measurement import Result
from indelible.bench.scale import QUICK
from indelible.bench.search.cluster import find_binaries
from indelible.bench.suite import Report

if TYPE_CHECKING:
    from pathlib import Path


def run_bench(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "indelible", "bench", "--dir", str(directory), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)


def test_bench_quick_measures_every_figure(tmp_path: Path) -> None:
    """One JSON object with the machine and all figures; a ratio is value ÷ ceiling; the directory is empty again."""
    done = run_bench(tmp_path, "--quick", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert {"machine", "results"} <= set(report)
    by_name = {result["name"]: result for result in report["results"]}
    sized = {
        f"{name}_{size}"
        for name in DEFINITIONS
        if name.startswith("growth_")
        for size in (QUICK.search_milestones if name.startswith("growth_search_") else QUICK.milestones)
    }
    left_out = {"memory_10m"}
    if find_binaries() is None:
        left_out |= {name for name in DEFINITIONS if name.endswith("_postgresql")}
    assert set(by_name) == {name for name in DEFINITIONS if not name.startswith("growth_")} - left_out | sized
    for result in by_name.values():
        assert (result["ceiling"] is None) == (result["ratio"] is None), result
        assert result["value"] > 0 or result["name"] in {"memory_growth", "export_memory"}, result
        for pair in result["pairs"]:
            assert min(pair) > 0, result
        if result["pairs"]:
            ratios = sorted(value / ceiling for ceiling, value in result["pairs"])
            assert ratios[0] <= result["ratio"] <= ratios[-1], result
    assert list(tmp_path.iterdir()) == []


def test_bench_only_measures_what_is_named(tmp_path: Path) -> None:
    """``--only`` takes one group, and the table for people has a line for each of its figures."""
    done = run_bench(tmp_path, "--quick", "--only", "published")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["figure", "value", "ceiling", "ratio", "bar", "kept"]
    assert [line.split(":")[0] for line in lines[1:]] == ["acknowledged until covered by a published checkpoint"] * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--quick", "--long"], "exclude each other"),
        (["--long", "--huge"], "exclude each other"),
        (["--only", "everything"], "there is no benchmark 'everything'"),
        (["--dir", "nowhere"], "is not a directory"),
    ],
)
def test_bench_refuses_what_cannot_be_measured(tmp_path: Path, arguments: list[str], words: str) -> None:
    """Wrong use is status 2 and one line that says what is wrong."""
    done = run_bench(tmp_path, *arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_record_keeps_earlier_figures_of_the_same_machine(tmp_path: Path) -> None:
    """A run of some figures replaces those, in the page's order; of another machine's earlier run nothing stays."""
    path = tmp_path / "results.json"

    def report(machine: str, **values: float) -> Report:
        results = (
            Result(name=name, value=value, unit="ms", ceiling=None, ratio=None, bar=None, met=None)
            for name, value in values.items()
        )
        return Report(machine={"processor": machine}, results=tuple(results))

    def recorded() -> dict[str, float]:
        results = json.loads(path.read_bytes())["results"]
        assert all(datetime.fromisoformat(result["recorded"]) <= datetime.now(UTC) for result in results)
        return {result["name"]: result["value"] for result in results}

    record(report("one", growth_proof_10=1.0, disk=2.0, ingest=5.0), path)
    record(report("one", disk=3.0), path)
    assert list(recorded().items()) == [("ingest", 5.0), ("disk", 3.0), ("growth_proof_10", 1.0)]
    record(report("another", disk=4.0), path)
    assert recorded() == {"disk": 4.0}


def test_benchmarks_make_the_folder_that_they_are_to_work_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With those above it; one that cannot be made is wrong use, in one line."""
    asked: list[Path] = []

    def run(directory: Path, *_: object, **__: object) -> Report:
        asked.append(directory)
        return Report(machine={}, results=())

    monkeypatch.setattr(suite, "run", run)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--quick", "--dir", str(tmp_path / "new" / "folder")])
    main()
    assert asked == [tmp_path / "new" / "folder"]
    assert asked[0].is_dir()
    (tmp_path / "file").touch()
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--quick", "--dir", str(tmp_path / "file" / "below")])
    with pytest.raises(SystemExit):
        main()
    assert "file/below: Not a directory" in capsys.readouterr().err

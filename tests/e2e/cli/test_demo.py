"""The demos: five real attacks with five real alarms, a tour, and the server that `make run` starts."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.cli.command import Command, InProcess


def test_tamper_raises_five_alarms_and_says_what_caught_the_last_two(cli: InProcess) -> None:
    """Every attack is named; the last two are invisible without the checkpoint remembered outside."""
    summary = cli("demo", "tamper", "--json").expect(0).json
    assert summary["alarms"] == 5
    attacks = {one["attack"]: one for one in summary["attacks"]}
    assert list(attacks) == ["edit", "delete", "swap", "old_copy", "rewrite"]
    kinds = {
        name: [finding["kind"] for log in one["logs"] for finding in log["findings"]] for name, one in attacks.items()
    }
    assert kinds["edit"] == ["entry_altered"]
    assert kinds["delete"] == ["entry_missing"]
    assert kinds["swap"] == ["entry_altered", "entry_altered"]
    assert kinds["old_copy"] == ["rolled_back"]
    assert kinds["rewrite"] == ["inconsistent"]
    for name in ("old_copy", "rewrite"):
        main = next(log for log in attacks[name]["logs"] if log["log"] == "main")
        assert main["verdicts"]["intact"]["status"] == "verified"
        assert main["verdicts"]["signed"]["status"] == "verified"
        assert main["verdicts"]["consistent"]["status"] == "failed"
        assert attacks[name]["noticed_without_memory"] is False
    for finding in (finding for log in attacks["edit"]["logs"] for finding in log["findings"]):
        assert finding["index"] is not None
        assert finding["event_id"]
        assert finding["expected"] != finding["found"]


def test_tamper_leaves_nothing_behind(cli: InProcess) -> None:
    """The demo works on throw-away data: neither the folder nor the user's state directory is touched."""
    shown = cli("demo", "tamper").expect(0)
    assert shown.out.count("ALARM") == 5
    assert "remembers" in shown.out
    assert list(cli.folder.iterdir()) == []


def test_tour_ends_with_an_alarm(cli: InProcess) -> None:
    """The tour records, imports, proves and verifies, then falsifies and is caught."""
    shown = cli("demo").expect(0)
    assert "ALARM" in shown.out
    assert shown.out.index("Verify everything") < shown.out.index("ALARM")
    assert list(cli.folder.iterdir()) == []


def test_run_serves_the_samples_and_its_hints_work_as_pasted(command: Command, cli: InProcess) -> None:
    """The first start fills ./data and shows the key once; the second adds nothing; each hint is a working command."""
    first, hints = _run(command, cli)
    key = re.search(r"idl_\w+", first)
    assert key is not None
    assert (command.folder / "data/keys/first-admin-key").stat().st_mode & 0o777 == 0o600
    assert "2,611 added, 0 there already" in first
    assert hints == ["show", "verify", "demo", "record"]

    second, _ = _run(command, cli)
    assert key[0] not in second
    assert "0 added, 2,611 there already" in second


def _run(command: Command, cli: InProcess) -> tuple[str, list[str]]:
    """Start it, paste each of its hints, and stop it: what it printed, and which commands the hints were."""
    with command.serving("demo", "run", "--data", "./data", "--listen", "127.0.0.1:0") as server:
        assert server.process.stdout is not None
        printed, hints = "", []
        for line in server.process.stdout:
            printed += line
            if line.startswith("  ") and "indelible " in line:
                hints.append(shlex.split(line)[1:])
            if "record hello.world" in line:
                break
        for hint in hints:
            if hint != ["demo", "tamper"]:  # which has a test of its own
                cli(*hint).expect(0)
        assert server.stop() == 0
    return printed, [hint[0] for hint in hints]

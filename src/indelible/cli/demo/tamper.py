"""``indelible demo tamper``: five attacks on throw-away data, each followed by the real ``verify`` and its alarm."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from indelible.cli.demo.attacks import ATTACKS, Scene
from indelible.cli.demo.stage import prepare_stage
from indelible.cli.failure import DONE, FOUND
from indelible.cli.report_view import finding_lines
from indelible.cli.target import JsonOption
from indelible.cli.terminal import Terminal
from indelible.cli.verification import verify_data_directory
from indelible.embedded import DataDirectory
from indelible.trust.pins import Pins
from indelible.verify.verdicts import Status

if TYPE_CHECKING:
    from indelible.cli.demo.attacks import Attack
    from indelible.cli.demo.stage import Stage
    from indelible.verify.verdicts import Report

__all__ = ["show_alarm", "tamper"]

_SHOWN_FINDINGS = 3


def tamper(*, json: JsonOption = False) -> None:
    """Attack a log in five ways, and see the alarm that each attack raises. Your own data are not touched.

    Exits with 0 when all five were caught.
    """
    terminal = Terminal(json=json)
    with tempfile.TemporaryDirectory(prefix="indelible-demo-") as folder:
        stage = prepare_stage(Path(folder), terminal)
        outcomes = [_attack(terminal, number, attack, stage) for number, attack in enumerate(ATTACKS, 1)]
    alarms = sum(bool(outcome["alarm"]) for outcome in outcomes)
    if json:
        terminal.result({"alarms": alarms, "attacks": outcomes})
    terminal.say()
    caught = alarms == len(ATTACKS)
    terminal.say(f"{alarms} of {len(ATTACKS)} attacks raised the alarm", style="bold green" if caught else "bold red")
    terminal.say(
        "The last two leave a directory that is sound in itself. What caught them was kept outside of it: the"
        "\ncheckpoint that `verify` remembers in your state directory. Keep one on another machine too."
    )
    raise typer.Exit(DONE if caught else FOUND)


def _attack(terminal: Terminal, number: int, attack: Attack, stage: Stage) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="indelible-attack-", dir=stage.data.parent) as folder:
        data, state = Path(folder) / "data", Path(folder) / "state"
        shutil.copytree(stage.data, data)
        shutil.copytree(stage.pins.state, state)
        pins = Pins(state)
        directory = DataDirectory.open(data)
        terminal.say()
        terminal.say(f"{number}. {attack.title}", style="bold")
        done = attack.commit(Scene(data=directory, old_copy=stage.old_copy, target=stage.target))
        terminal.say(f"   {done}")
        stranger = _verify_as_stranger(data, directory, Path(folder)) if attack.caught_by_memory else None
        report = verify_data_directory(data, pins)
    if stranger is not None:
        terminal.say(
            "   verify, by somebody who has the log's keys and remembers no checkpoint: "
            + ("finds nothing wrong" if stranger.exit_status() == DONE else "finds it as well")
        )
    alarm = report.exit_status() == FOUND
    show_alarm(terminal, report, alarm=alarm)
    return {
        "attack": attack.name,
        "title": attack.title,
        "done": done,
        "alarm": alarm,
        "noticed_without_memory": None if stranger is None else stranger.exit_status() == FOUND,
        "logs": report.to_json()["logs"],
    }


def _verify_as_stranger(data: Path, directory: DataDirectory, folder: Path) -> Report:
    """What a verifier finds that knows the log's keys, and has never seen the log before."""
    pins = Pins(folder / "stranger")
    for name in directory.log_names():
        pins.pin(directory.log(name).origin, directory.vkeys(name))
    return verify_data_directory(data, pins)


def show_alarm(terminal: Terminal, report: Report, *, alarm: bool) -> None:
    """Print what a verification found, a few lines of it."""
    terminal.say("   ALARM" if alarm else "   no alarm", style="bold red" if alarm else "bold yellow")
    for log in report.logs:
        for name, verdict in log.verdicts.items():
            if verdict.status is Status.FAILED:
                terminal.say(f"   {log.log}: {name} {verdict.status}: {verdict.detail}", style="red")
        for finding in log.findings[:_SHOWN_FINDINGS]:
            for line in finding_lines(finding):
                terminal.say(f"     {line}")
        hidden = len(log.findings) - _SHOWN_FINDINGS
        if hidden > 0:
            terminal.say(f"     and {hidden:,} more findings")

"""``indelible demo``: what an audit log is for, in two minutes, on throw-away data."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from indelible import embedded
from indelible.cli.demo.attacks import Scene, edit
from indelible.cli.demo.samples import import_samples
from indelible.cli.demo.stage import environment_of, wanted_entry
from indelible.cli.demo.tamper import show_alarm
from indelible.cli.failure import DONE, FOUND
from indelible.cli.import_ import Format
from indelible.cli.show import print_entry
from indelible.cli.target import JsonOption
from indelible.cli.terminal import Terminal
from indelible.cli.verification import verify_data_directory
from indelible.embedded import DataDirectory
from indelible.trust.pins import Pins

if TYPE_CHECKING:
    from indelible.sdk.audit_log import Receipt

__all__ = ["tour"]


def tour(context: typer.Context, *, json: JsonOption = False) -> None:
    """Take the tour: record, import, show, prove, verify; then falsify a record, and see the alarm."""
    if context.invoked_subcommand is not None:
        return
    terminal = Terminal(json=json)
    with tempfile.TemporaryDirectory(prefix="indelible-demo-") as folder:
        raise typer.Exit(_guide(terminal, Path(folder)))


def _guide(terminal: Terminal, folder: Path) -> int:
    data, pins = folder / "data", Pins(folder / "state")
    environment = environment_of(pins)
    _step(terminal, 1, "Make a log", "indelible init")
    with DataDirectory.create(data, environment=environment) as directory:
        terminal.say(
            f"   its keys are made, and pinned outside of it; its name in the world is {directory.log('main').origin}"
        )

    _step(terminal, 2, "Record something", "indelible record invoice.approve --actor user:ada --target invoice:9")
    with embedded.open(data, environment=environment) as log:
        receipt = log.record("invoice.approve", actor="user:ada", targets=["invoice:9"], reason="under the limit")
        terminal.say(f"   durable, as entry {receipt.index}, under the leaf hash {receipt.leaf_hash}")

        _step(terminal, 3, "Take in what other systems recorded", "indelible import cloudtrail …")
        tally = import_samples(log, terminal, [Format.CLOUDTRAIL])
        terminal.say(f"   {tally.added:,} real CloudTrail events; an attack on an AWS account is among them")

        _step(terminal, 4, "Look at one", "indelible show ID")
        target = wanted_entry(data)
        print_entry(terminal, log.get(target))

        _step(terminal, 5, "Prove that it is there", "indelible prove ID")
        _prove(terminal, receipt)

    _step(terminal, 6, "Verify everything", "indelible verify DIRECTORY")
    sound = verify_data_directory(data, pins)
    terminal.say("   every entry hashes into the tree, and the tree's root is signed with both keys of the log")

    _step(terminal, 7, "Do as an insider would who has the disk", "")
    directory = DataDirectory.open(data)
    terminal.say(f"   {edit(Scene(data=directory, old_copy=data, target=target))}")
    report = verify_data_directory(data, pins)
    alarm = report.exit_status() == FOUND
    show_alarm(terminal, report, alarm=alarm)
    terminal.say()
    terminal.say("Four more attacks, two of them harder to see: indelible demo tamper", style="bold")
    if terminal.json:
        terminal.result(
            {"added": tally.added + 1, "sound": sound.to_json()["logs"], "tampered": report.to_json()["logs"]}
        )
    return DONE if alarm and sound.exit_status() == DONE else FOUND


def _step(terminal: Terminal, number: int, title: str, command: str) -> None:
    terminal.say()
    terminal.say(f"{number}. {title}", style="bold")
    if command:
        terminal.say(f"   $ {command}", style="dim")


def _prove(terminal: Terminal, receipt: Receipt) -> None:
    receipt.verify()
    terminal.say("   an inclusion proof, checked against the root that the log signed with Ed25519 and ML-DSA-44")

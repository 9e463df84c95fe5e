"""The throw-away data of the demos: a sound log of real events, an old copy of it, and a verifier that remembers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indelible import embedded
from indelible.cli.demo.samples import import_samples
from indelible.cli.failure import DONE
from indelible.cli.import_ import Format
from indelible.cli.verification import verify_data_directory
from indelible.embedded import DataDirectory
from indelible.embedded.birth import MAIN_LOG
from indelible.errors import InternalError
from indelible.events import decode_record
from indelible.trust.pins import Pins

if TYPE_CHECKING:
    from indelible.cli.terminal import Terminal

__all__ = ["Stage", "environment_of", "prepare_stage", "wanted_entry"]

_WANTED_ACTIONS = ("aws.cloudtrail.DeleteTrail", "aws.iam.CreateLoginProfile", "aws.secretsmanager.GetSecretValue")
"""What somebody who broke in would like to be rid of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Throw-away data.

    Attributes:
        data: A sound directory.
        old_copy: The same directory as it was earlier.
        pins: What its verifier remembers, outside of ``data``: keys, and the last verified checkpoint.
        target: The index of the entry that attackers care about.
    """

    data: Path
    old_copy: Path
    pins: Pins
    target: int


def environment_of(pins: Pins) -> dict[str, str]:
    """The environment of a user whose state directory is that of ``pins``."""
    return {"INDELIBLE_STATE": str(pins.state)}


def prepare_stage(folder: Path, terminal: Terminal) -> Stage:
    """Make a log of real events, keep a copy, let more events come, and verify: how things are before an attack."""
    data, old_copy, pins = folder / "data", folder / "old-copy", Pins(folder / "state")
    environment = environment_of(pins)
    DataDirectory.create(data, environment=environment).close()
    with embedded.open(data, environment=environment) as log:
        import_samples(log, terminal, [Format.CLOUDTRAIL])
    shutil.copytree(data, old_copy)
    with embedded.open(data, environment=environment) as log:
        size = import_samples(log, terminal, [Format.KUBERNETES, Format.GITHUB]).end
    terminal.say(f"A log of {size:,} real events, on throw-away data in {data}", style="bold")
    report = verify_data_directory(data, pins)
    if report.exit_status() != DONE:
        raise InternalError("the demo's own log does not verify before anybody has touched it")
    terminal.say(f"verify: intact and signed. Its checkpoint is remembered in {pins.state}, outside of the directory.")
    return Stage(data=data, old_copy=old_copy, pins=pins, target=wanted_entry(data))


def wanted_entry(data: Path) -> int:
    """The index of the entry that an intruder would most like to be rid of; 0 when there is none."""
    reader = DataDirectory.open(data).open_reader(MAIN_LOG)
    first: dict[str, int] = {}
    for index, entry in reader.entries(0, reader.size):
        record = decode_record(entry)
        if record["outcome"] == "success":
            first.setdefault(record["action"], index)
    return next((first[action] for action in _WANTED_ACTIONS if action in first), 0)

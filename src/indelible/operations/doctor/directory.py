"""The directory as a whole: who can reach it, who writes it, its control data."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import httpx

from indelible.control import ControlStore
from indelible.control.copying import check_control_data
from indelible.operations.doctor.diagnosis import Diagnosis, Question, problem, sound, warning
from indelible.storage.posix import lock_holder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.embedded import DataDirectory

__all__ = ["directory_questions"]

_PATIENCE = 5.0
_PARTS_OF_LOGS = ("logs", "journal", "state")
"""Folders that hold one of each log, which only the creation of a log makes."""


def directory_questions(directory: DataDirectory) -> list[tuple[str, Question]]:
    """What to ask about the directory."""
    return [
        ("configuration", lambda: _configuration(directory)),
        ("logs", lambda: _unnamed_logs(directory)),
        ("permissions", lambda: _permissions(directory.path)),
        ("control data", lambda: _control_data(directory.control_path)),
        ("writer", lambda: _writer(directory.lock_path)),
    ]


def _configuration(directory: DataDirectory) -> Iterator[Diagnosis]:
    # It has been read already, or there would be no directory to examine.
    count = len(directory.configuration_sources)
    yield sound("configuration", f"{directory.configuration_path} can be used; {count} settings are not at defaults")


def _unnamed_logs(directory: DataDirectory) -> Iterator[Diagnosis]:
    """Logs that lie there and are found by nothing, since the configuration says which logs there are."""
    there = {path.name for part in _PARTS_OF_LOGS for path in (directory.path / part).glob("*") if path.is_dir()}
    for name in sorted(there.difference(directory.log_names())):
        yield problem(
            "logs",
            f"{name} lies here, and {directory.configuration_path} does not name it: it is not served, verified, "
            "examined or backed up",
            f"restore its section [logs.{json.dumps(name)}] from a backup of the file; if its creation was cut short, "
            f"create it again: indelible logs create {name}",
        )


def _permissions(folder: Path) -> Iterator[Diagnosis]:
    """Who can reach what. That keys are private is asked where they are loaded."""
    found = False
    for path, forbidden, why in (
        (folder, stat.S_IWOTH, "anyone can change what is recorded"),
        (folder / "indelible.toml", stat.S_IWOTH, "anyone can change the configuration"),
        (folder / "keys", stat.S_IRWXG | stat.S_IRWXO, "others than the owner can reach the logs' keys"),
        (folder / "control.sqlite", stat.S_IRWXO, "anyone can read who may do what"),
    ):
        if not path.exists():
            continue
        mode = path.stat().st_mode
        if mode & forbidden:
            found = True
            letters = "go=" if forbidden & stat.S_IRWXG else "o-w" if forbidden == stat.S_IWOTH else "o="
            yield problem("permissions", f"{path} has mode {stat.S_IMODE(mode):04o}: {why}", f"chmod {letters} {path}")
    owner = folder.stat().st_uid
    if os.geteuid() not in {0, owner}:
        found = True
        yield warning(
            "permissions",
            f"{folder} belongs to user {owner}, and this is user {os.geteuid()}: not everything may be seen",
            "examine it as its owner",
        )
    if not found:
        yield sound("permissions", "nobody but the owner can change anything or reach the keys")


def _control_data(path: Path) -> Iterator[Diagnosis]:
    if not path.exists():
        remedy = "if there were keys, restore it from a backup; else make one with `indelible api-keys create`"
        yield warning("control data", f"{path} is not there: no key opens a server on this directory", remedy)
        return
    check_control_data(path)
    ControlStore.open(path, read_only=True).close()
    yield sound("control data", "sound, and of this version")


def _writer(path: Path) -> Iterator[Diagnosis]:
    holder = lock_holder(path)
    if holder is None:
        yield sound("writer", "nothing writes this directory now")
        return
    if not holder.address:
        yield sound("writer", f"{holder.text} writes it")
        return
    try:
        # Only whether it answers: with what certificate is for its clients to judge.
        answer = httpx.get(f"{holder.address}/readyz", timeout=_PATIENCE, verify=False)  # noqa: S501
    except httpx.HTTPError as error:
        remedy = "look at the server's log; restart it"
        yield problem("writer", f"{holder.text} holds the lock and does not answer: {error}", remedy)
        return
    if answer.is_success:
        yield sound("writer", f"{holder.text} and is ready")
    else:
        detail = answer.json().get("detail", "") if "json" in answer.headers.get("content-type", "") else ""
        yield problem("writer", f"{holder.text} and is not ready: {detail}", "see docs/how-to/monitoring.md")

"""Closing a log that must not be continued, and beginning another in its place, which names it in its first entry.

A log restored from an old copy lacks entries that others have seen under its name. To go on appending to it would be to
sign a second history. So it stays as it is, readable and closed, under the name ``NAME.until-SIZE``; a new log with an
origin and keys of its own takes over its name, so that writers need not be told.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.embedded.data_directory import SYSTEM_LOG, DataDirectory
from indelible.embedded.principal import local_principal
from indelible.errors import ConfigurationError
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note
from indelible.system_log import Action, Caller, SystemEvent, SystemLog
from indelible.trust.state_files import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Succession", "succeed"]

_FOLDERS = ("logs", "journal", "state", "keys")
ACTION = "indelible.log_succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """One log in the place of another.

    Attributes:
        log: The name, which the successor has now.
        origin: The successor's origin.
        vkeys: The successor's keys.
        closed: The name under which the predecessor can be read.
        predecessor: The predecessor's origin.
        size: How many entries a signed checkpoint of the predecessor covers.
    """

    log: str
    origin: str
    vkeys: tuple[str, ...]
    closed: str
    predecessor: str
    size: int


def succeed(
    path: Path, name: str, *, reason: str, remembered: bytes | None, environment: Mapping[str, str] = os.environ
) -> Succession:
    """Close a log and begin its successor. The directory must be nobody's: it takes and gives back the lock.

    Args:
        path: The data directory.
        name: The log that is closed, and whose name the successor gets.
        reason: Why, for the successor's first entry.
        remembered: A checkpoint of the predecessor, kept elsewhere, that is ahead of what is stored; or ``None``.
        environment: Says where keys are pinned.

    Raises:
        NotFound: there is no such log.
        ConfigurationError: the configuration does not name the log in the form that `indelible` writes.
    """
    with DataDirectory.open(path, environment=environment) as directory:
        directory.lock()
        old = directory.log(name)
        note = directory.open_reader(name).checkpoint()
        size = Checkpoint.parse(Note.parse(note).text).size
        closed = _free_name(directory, f"{name}.until-{size}")
        text = _closed(directory.configuration_path, name, closed)
        for folder in _FOLDERS:
            if (path / folder / name).exists():  # a backup may come without keys
                (path / folder / name).rename(path / folder / closed)
        replace_file(directory.configuration_path, text.encode())
    with DataDirectory.open(path, environment=environment) as directory:
        origin = f"{old.origin}/after-{size}-{secrets.token_hex(3)}"
        new = directory.add_log(name, origin, public=old.public)
        predecessor = {"log": closed, "origin": old.origin, "vkeys": list(old.vkeys), "checkpoint": note.decode()}
        metadata: dict[str, object] = {"predecessor": predecessor}
        if remembered is not None:
            metadata["remembered"] = remembered.decode()
        event = {
            "action": ACTION,
            "actor": {"type": "system", "id": "indelible"},
            "targets": [{"type": "log", "id": old.origin}],
            "reason": reason,
            "metadata": metadata,
        }
        with directory.open_log(name) as log:
            now_ms = time.time_ns() // 1_000_000
            prepared = log.preparer.prepare_objects(
                [event], principal="indelible restore", now_ms=now_ms, random=os.urandom
            )
            log.append(prepared, wait="published")
        with directory.open_log(SYSTEM_LOG) as system:
            details = {"origin": origin, "public": old.public, "predecessor": old.origin}
            SystemLog(system).record(
                SystemEvent(
                    action=Action.LOG_CREATED,
                    by=Caller(id=local_principal()),
                    targets=(("log", name),),
                    details=details,
                )
            )
    return Succession(log=name, origin=origin, vkeys=new.vkeys, closed=closed, predecessor=old.origin, size=size)


def _free_name(directory: DataDirectory, wanted: str) -> str:
    taken = set(directory.log_names())
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _closed(path: Path, name: str, closed: str) -> str:
    """The configuration with the log under another name, closed; everything else as it was written."""
    heading = re.compile(rf"^\[logs\.(?:{re.escape(json.dumps(name))}|{re.escape(name)})\][ \t]*$", re.MULTILINE)
    text, count = heading.subn(f'[logs."{closed}"]\nread_only = true', path.read_text("utf-8"))
    if count != 1:
        raise ConfigurationError(f'{path}: the log is not under a heading [logs."{name}"] of its own; write it so')
    return text

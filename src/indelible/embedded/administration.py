"""Administering a data directory: its control data, and the log in which every act on it is recorded."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.control import ControlStore
from indelible.embedded.data_directory import SYSTEM_LOG
from indelible.embedded.principal import local_principal
from indelible.system_log import Action, Caller, SystemLog
from indelible.system_log.acts import Acts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.embedded.data_directory import DataDirectory
    from indelible.system_log import SystemEvent

__all__ = ["Administration", "acts_on", "administering"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """What it takes to change something in a directory.

    Attributes:
        directory: The directory, whose lock is held.
        store: Its control data.
        acts: Puts what is done on the record.
        by: Who does it: the user of this machine.
    """

    directory: DataDirectory
    store: ControlStore
    acts: Acts
    by: Caller


@contextmanager
def administering(directory: DataDirectory) -> Iterator[Administration]:
    """Administer a directory from a command, under its lock. Acts that were cut short before are settled first.

    Raises:
        Locked: something else writes there.
        IntegrityError: the system log cannot be opened as it is.
    """
    directory.lock()
    with ControlStore.open(directory.control_path) as store, directory.open_log(SYSTEM_LOG) as log:
        acts = acts_on(directory, SystemLog(log, reserve=directory.reserve), store)
        acts.reconcile()
        yield Administration(directory=directory, store=store, acts=acts, by=Caller(id=local_principal()))


def acts_on(directory: DataDirectory, system: SystemLog, store: ControlStore) -> Acts:
    """Acts on a directory, which tells whether a log that was to be created has been."""

    def has_log(event: SystemEvent) -> bool:
        return all(name in directory.log_names() for kind, name in event.targets if kind == "log")

    return Acts(system, store, took_effect={Action.LOG_CREATED: has_log})

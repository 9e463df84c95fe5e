"""A data directory: its layout, its configuration, its logs, and the one lock that makes somebody its writer.

Implements ARCHITECTURE, "On disk"::

    <data>/
      indelible.toml    configuration, no secrets        control.sqlite    principals, hashes of API keys
      lock              held by the one writer           keys/<name>/      0700; a log's keys
      logs/<name>/      nothing but a C2SP log           journal/<name>/   acknowledged, not yet in tiles
      state/<name>/     checkpoint state, id runs       reserve/          space for what must be possible on a full disk

Reading needs neither lock nor key, and writes nothing. A directory and a log are created only by an explicit act, and a
log's keys are pinned in the user's state directory at its birth. Refuses to write where others than its owner may.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Self

from indelible.config import (
    Configuration,
    LogConfiguration,
    append_log,
    check_log_name,
    initial_document,
    load_configuration,
)
from indelible.embedded import birth
from indelible.embedded.opening import open_log, remembered_checkpoint
from indelible.embedded.principal import local_principal
from indelible.embedded.read_only import SUCCEEDED, open_to_read
from indelible.errors import ConfigurationError, NotFound, ReadOnly, UsageError
from indelible.log import Reader
from indelible.storage.posix import DiskReserve, LogPaths, PosixObjectReader, PosixStores, WriterLock
from indelible.system_log import Action, Caller, SystemEvent, SystemLog
from indelible.trust.pins import Pins
from indelible.trust.signer import LogKeys
from indelible.trust.state_files import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from indelible.config import Loaded
    from indelible.helper_process import HelperProcess
    from indelible.log import Log, ReadOnlyLog
    from indelible.system_log.acts import Acts

__all__ = ["SYSTEM_LOG", "DataDirectory"]

SYSTEM_LOG = "_system"

_CONFIGURATION = "indelible.toml"
_KEYS_MODE = 0o700


class DataDirectory:
    """One data directory, open for reading; the first call that writes takes its lock, ``close`` gives it back."""

    def __init__(self, path: Path, loaded: Loaded, environment: Mapping[str, str]) -> None:
        """Use :meth:`create` or :meth:`open`."""
        self.path = path
        self._loaded = loaded
        self._environment = environment
        self._pins = Pins.load(environment)
        self._lock: WriterLock | None = None
        self.reserve = DiskReserve(path / "reserve")
        """Space that is kept for what must be possible when the disk is full."""

    @classmethod
    def create(
        cls, path: Path | str, *, origin: str | None = None, environment: Mapping[str, str] = os.environ
    ) -> Self:
        """Make a directory with the logs ``main`` and ``_system``, and pin their keys. Its lock is held afterwards.

        Args:
            path: A path that does not exist, or an empty folder.
            origin: The origin of ``main``, from which that of ``_system`` follows; by default one of its own.
            environment: Says where the user's state directory is, in which the keys are pinned; may hold settings.

        Raises:
            UsageError: there is something already, or keys are pinned for this origin.
        """
        path, pins = Path(path), Pins.load(environment)
        loaded = load_configuration(initial_document(), environment=environment)
        if (path / _CONFIGURATION).exists():
            raise UsageError(f"{path} is a data directory already")
        if path.is_dir() and any(path.iterdir()):
            raise UsageError(f"{path} is not empty; choose a path that does not exist yet, or an empty folder")
        origin = origin or birth.default_origin()
        birth.check_origin(origin)
        if pins.find(origin) is not None:
            raise UsageError(
                f"keys are pinned for the origin {origin} already: it was created before, perhaps elsewhere. "
                "Two logs must not share an origin; choose another one"
            )
        path.mkdir(mode=0o750, parents=True, exist_ok=True)
        (path / "keys").mkdir(mode=_KEYS_MODE)
        directory = cls(path, loaded, environment)
        directory._lock = WriterLock.acquire(directory.lock_path)
        try:
            directory.add_log(birth.MAIN_LOG, origin, public=False)
            directory.add_log(SYSTEM_LOG, birth.sibling_origin(origin, SYSTEM_LOG), public=False)
            directory._record_births()
        except BaseException:
            directory.close()
            raise
        return directory

    @classmethod
    def open(cls, path: Path | str, *, environment: Mapping[str, str] = os.environ) -> Self:
        """Open an existing directory.

        Raises:
            NotFound: there is none; says how to make one.
            ConfigurationError: its configuration cannot be used.
        """
        path = Path(path)
        return cls(path, _load(path, environment), environment)

    @property
    def configuration(self) -> Configuration:
        """What the file and the environment say."""
        return self._loaded.configuration

    @property
    def configuration_sources(self) -> Mapping[tuple[str, str], str]:
        """Where each setting that is not a default was found: ``(section, key)`` to a place in words."""
        return self._loaded.sources

    @property
    def configuration_path(self) -> Path:
        """The configuration file."""
        return self.path / _CONFIGURATION

    @property
    def lock_path(self) -> Path:
        """The file that the writer locks."""
        return self.path / "lock"

    @property
    def control_path(self) -> Path:
        """The control database."""
        return self.path / "control.sqlite"

    def log_names(self) -> tuple[str, ...]:
        """The names of its logs, in the order of their creation."""
        return tuple(self.configuration.logs)

    def log(self, name: str) -> LogConfiguration:
        """What is fixed or public about one log.

        Raises:
            NotFound: there is no such log.
        """
        try:
            return self.configuration.logs[name]
        except KeyError:
            raise NotFound(f"{self.path} has no log {name!r}; it has {', '.join(self.log_names())}") from None

    def vkeys(self, name: str) -> tuple[str, ...]:
        """A log's public keys, as the configuration names them. A verifier takes them from elsewhere."""
        return self.log(name).vkeys

    def paths(self, name: str) -> LogPaths:
        """Where the files of one log lie."""
        return LogPaths(self.path, name)

    def lock(self, address: str = "") -> WriterLock:
        """Become the directory's writer, or remain it; ``address`` is told to whoever comes later.

        Raises:
            Locked: something else is; the error says what and where.
            ConfigurationError: others than its owner could write here.
        """
        if self._lock is None:
            _check_owner_only(self.path)
            _check_owner_only(self.path / _CONFIGURATION)
            self._lock = WriterLock.acquire(self.lock_path, address=address)
            self._loaded = _load(self.path, self._environment)  # the writer before us may have added a log
        return self._lock

    def open_log(self, name: str, *, helper: HelperProcess | None = None) -> Log:
        """Open a log for appending; recovery runs here. Takes the directory's lock.

        A ``helper`` takes from this process what can be computed beside it; logs may share one. Close it after them.

        Raises:
            NotFound: there is no such log.
            Locked: something else writes here.
            Damaged: something stored is not what was written.
            RolledBack: the log, or what this user remembers of it, is ahead of what is stored.
            ReadOnly: it is closed, and another one has succeeded it.
        """
        self.lock()
        configuration = self.log(name)
        if configuration.read_only:
            raise ReadOnly(f"log {name} takes no appends: {SUCCEEDED}", retry_after=3_600.0)
        keys = LogKeys.load(self._keys(name))
        if keys.vkeys != configuration.vkeys:
            raise ConfigurationError(
                f"the keys in {self._keys(name)} are not those that {_CONFIGURATION} names for {name}; "
                "restore both from one backup"
            )
        return open_log(
            PosixStores.open(self.path, name),
            configuration,
            keys,
            settings=self.configuration.log,
            remembered=remembered_checkpoint(self._pins, configuration.origin),
            helper=helper,
        )

    def open_to_read(self, name: str) -> ReadOnlyLog:
        """Open a log as a server that must not write does: without lock or key, following whoever writes.

        Raises:
            NotFound: there is no such log.
            Damaged: something stored is not what was written, or the checkpoint is lost.
        """
        return open_to_read(self.paths(name), self.log(name))

    def open_reader(self, name: str) -> Reader:
        """Read what a log has published, without lock or key; something else may be writing it.

        Raises:
            NotFound: there is no such log.
            Damaged: it has lost its checkpoint, or that cannot be read.
        """
        self.log(name)
        return Reader.open(PosixObjectReader(self.paths(name).objects))

    def create_log(
        self, name: str, *, acts: Acts, by: Caller, origin: str | None = None, public: bool = False
    ) -> LogConfiguration:
        """Create a log with keys of its own, on the record. Takes the directory's lock.

        Args:
            name: What it is called here.
            acts: Where it is recorded.
            by: Who creates it.
            origin: Its name in the world; beside the origin of ``main`` otherwise.
            public: Whether the server gives its checkpoint and hash tiles to anyone.

        Raises:
            UsageError: the name is not allowed or taken, or the origin cannot be one.
            Locked: something else writes here.
            Unavailable: it cannot be recorded, so it was not created.
        """
        check_log_name(name)
        self.lock()
        if name in self.configuration.logs:
            raise UsageError(f"{self.path} has a log {name} already")
        origin = origin or birth.sibling_origin(self.log(birth.MAIN_LOG).origin, name)
        birth.check_origin(origin)
        details = {"origin": origin, "public": public}
        with acts.act(Action.LOG_CREATED, by=by, targets=(("log", name),), details=details) as act:
            log = self.add_log(name, origin, public=public)
            act.done()
        return log

    def close(self) -> None:
        """Give back the lock. Logs opened here must have been closed before."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _keys(self, name: str) -> Path:
        return self.path / "keys" / name

    def _record_births(self) -> None:
        """Record the first logs in the system log, which cannot have held the intent to create itself."""
        by = Caller(id=local_principal())
        with self.open_log(SYSTEM_LOG) as log:
            SystemLog(log).record(
                *(
                    SystemEvent(
                        action=Action.LOG_CREATED,
                        by=by,
                        targets=(("log", each.name),),
                        details={"origin": each.origin, "public": each.public},
                    )
                    for each in self.configuration.logs.values()
                )
            )

    def add_log(self, name: str, origin: str, *, public: bool) -> LogConfiguration:
        """Create a log under any name, the system's own too, on no record. Takes the directory's lock.

        Raises:
            UsageError: another log has this origin, or keys are pinned for it.
            Locked: something else writes here.
        """
        self.lock()
        if any(log.origin == origin for log in self.configuration.logs.values()):
            raise UsageError(f"another log of {self.path} has the origin {origin}")
        vkeys = birth.bring_into_being(self.path, name, origin=origin, keys_folder=self._keys(name), pins=self._pins)
        log = LogConfiguration(name=name, origin=origin, vkeys=vkeys, public=public)
        file = self.configuration_path
        before = file.read_text(encoding="utf-8") if file.exists() else initial_document()
        text = append_log(before, log)
        self._loaded = load_configuration(text, source=str(file), environment=self._environment)
        replace_file(file, text.encode())
        return log


def _load(path: Path, environment: Mapping[str, str]) -> Loaded:
    file = path / _CONFIGURATION
    try:
        return load_configuration(file.read_text(encoding="utf-8"), source=str(file), environment=environment)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"{path} is not a data directory; make one with: indelible init --data {path}") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not UTF-8 text: {error}") from error


def _check_owner_only(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & stat.S_IWOTH:
        raise ConfigurationError(
            f"{path} can be written by anyone (mode {stat.S_IMODE(mode):04o}); run: chmod o-w {path}"
        )

"""What ``verify`` can be pointed at, and how each is verified: a directory, a folder, a log's address, a proof."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from indelible.embedded import DataDirectory
from indelible.embedded.verification import verify_log_folder, verify_stored_log
from indelible.errors import ConfigurationError, Damaged, IndelibleError, NotFound, UsageError
from indelible.trust.pinned_verification import GivenKeys, trusted_keys
from indelible.verify.fsck import FsckOptions
from indelible.verify.progress import ProgressFolder
from indelible.verify.proof_file import origin_of_proof, verify_proof_file
from indelible.verify.verdicts import Report
from indelible.verify.verification import VerifyOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.cli.terminal import Terminal
    from indelible.trust.pins import Pins
    from indelible.verify.verdicts import LogReport

__all__ = ["Verifier", "verify_data_directory"]

_LOG_ADDRESS = re.compile(r"(?P<server>.*)/logs/(?P<log>[^/]+)")
_MAX_PROOF_BYTES = 1 << 20
_MAX_RECORD_BYTES = 1 << 20


def verify_data_directory(path: Path, pins: Pins) -> Report:
    """Verify every log of a directory, without a word."""
    directory = DataDirectory.open(path)
    reports = [verify_stored_log(directory, name, pins=pins) for name in directory.log_names()]
    return Report(target=str(path), logs=tuple(reports))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """How to verify, whatever it is.

    Attributes:
        pins: What this user remembers.
        terminal: Where progress is shown.
        given: Keys that the user gave.
        logs: The logs to verify; all of a directory's when empty, ``main`` of a server.
        quick: Leave out the entries.
        resume: Go on with an interrupted verification.
        api_key: The key for a server.
    """

    pins: Pins
    terminal: Terminal
    given: GivenKeys
    logs: tuple[str, ...] = ()
    quick: bool = False
    resume: bool = False
    api_key: str | None = None

    def url(self, target: str) -> Report:
        """Verify logs of a server, or one log at the address where its C2SP files are.

        Raises:
            Unavailable: something could not be had now.
        """
        if not urlsplit(target).path.strip("/") or (self.logs and not _LOG_ADDRESS.fullmatch(target.rstrip("/"))):
            base = target.rstrip("/")
            addresses = [f"{base}/logs/{name}" for name in self.logs or ("main",)]
        elif self.logs:
            raise UsageError(f"{target} is one log's address already; leave out --log")
        else:
            addresses = [target.rstrip("/")]
        return Report(target=target, logs=tuple(self._address(address) for address in addresses))

    def directory(self, path: Path) -> Report:
        """Verify the logs of a data directory.

        Raises:
            Damaged: its configuration is gone or broken, though there are logs.
            NotFound: it has no such log.
            UsageError: it has several logs, and the keys given are not those of all of them.
        """
        try:
            directory = DataDirectory.open(path)
        except (NotFound, ConfigurationError) as error:
            if not (path / "logs").is_dir():
                raise
            remedy = f"restore it; or verify each folder under {path / 'logs'} by itself"
            raise Damaged(str(error), path=path / "indelible.toml", remedy=remedy) from error
        names = self.logs or directory.log_names()
        origins = {name: directory.log(name).origin for name in names}
        foreign = [name for name, origin in origins.items() if not self.given.are_for(origin)]
        if foreign and not self.logs:
            raise UsageError(
                f"nothing in {self.given.source} is a key of {', '.join(foreign)}; say with --log which of the "
                f"directory's logs to verify: {', '.join(names)}"
            )
        reports = []
        for name, origin in origins.items():
            with self._options(name, origin) as options:
                reports.append(verify_stored_log(directory, name, pins=self.pins, given=self.given, options=options))
        return Report(target=str(path), logs=tuple(reports))

    def folder(self, path: Path) -> Report:
        """Verify a bare C2SP log."""
        with self._options(path.name, None) as options:
            report = verify_log_folder(path, pins=self.pins, given=self.given, options=options)
        return Report(target=str(path), logs=(report,))

    def proof(self, path: Path, record: Path) -> Report:
        """Verify that a log holds a record, by its proof alone."""
        proof, entry = _read(path, _MAX_PROOF_BYTES), _read(record, _MAX_RECORD_BYTES)
        origin = origin_of_proof(proof) or ""
        trusted = trusted_keys(origin, given=self.given, pins=self.pins)
        report = verify_proof_file(proof, entry, trusted=trusted, remembered=self.pins.recall(origin))
        return Report(target=str(path), logs=(report,))

    def _address(self, address: str) -> LogReport:
        from indelible.client import Administration  # noqa: PLC0415 - files on disk need no HTTP client
        from indelible.client.fetch import HttpFetcher  # noqa: PLC0415 - as above
        from indelible.client.verification import verify_served_log  # noqa: PLC0415 - as above

        name, shown, origin = address.rpartition("/")[2], (), None
        match = _LOG_ADDRESS.fullmatch(address)
        if match is not None:
            try:
                with Administration(match["server"], api_key=self.api_key) as server:
                    described = server.log(match["log"])
                shown, origin = tuple(described["vkeys"]), described["origin"]
            except (IndelibleError, KeyError, TypeError):
                pass  # not an Indelible server, or not for this key: then the keys must be known
        with closing(HttpFetcher(address, api_key=self.api_key)) as fetcher, self._options(name, origin) as options:
            return verify_served_log(
                fetcher, name, pins=self.pins, origin=origin, shown=shown, given=self.given, options=options
            )

    @contextmanager
    def _options(self, name: str, origin: str | None) -> Iterator[VerifyOptions]:
        """The options for one log, with its progress on the terminal and, where its origin is known, kept on disk."""
        with self.terminal.meter(f"verifying {name}", total=None, unit="entries") as meter:

            def on_progress(done: int, total: int) -> None:
                meter.total(total)
                meter.show(completed=done, count=done)

            fsck = FsckOptions(on_progress=on_progress)
            if origin is not None:
                progress = ProgressFolder(self.pins.folder(origin) / "verification")
                fsck = replace(fsck, progress=progress, resume=self.resume)
            yield VerifyOptions(quick=self.quick, fsck=fsck)


def _read(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise UsageError(f"{path} is too large for what it should be")
    return data

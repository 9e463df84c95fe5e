"""Verifying the logs of a directory: beside whatever writes it, without its lock and without its keys.

The configuration only says which log is meant; which keys it must be signed with is asked of the pins, or of the user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.sdk.claimed import claimed_origin
from indelible.trust.pinned_verification import GivenKeys, trusted_keys, verify_with_pins
from indelible.trust.stored_log import beside_log
from indelible.verify.fetch import DirectoryFetcher
from indelible.verify.verification import LogTarget

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.embedded.data_directory import DataDirectory
    from indelible.trust.pins import Pins
    from indelible.verify.verdicts import LogReport
    from indelible.verify.verification import VerifyOptions

__all__ = ["verify_log_folder", "verify_stored_log"]


def verify_stored_log(
    directory: DataDirectory,
    name: str,
    *,
    pins: Pins,
    given: GivenKeys | None = None,
    options: VerifyOptions | None = None,
) -> LogReport:
    """Verify one log of a directory, with its journal, id runs and checkpoint state, and remember what was verified.

    Raises:
        NotFound: there is no such log.
        UsageError: the keys given are not those of this log.
    """
    log = directory.log(name)
    paths = directory.paths(name)
    target = LogTarget(
        name=name,
        fetcher=DirectoryFetcher(paths.objects),
        trusted=trusted_keys(log.origin, given=given or GivenKeys(), pins=pins, shown=log.vkeys),
        beside=beside_log(paths),
    )
    return verify_with_pins(target, pins=pins, options=options, place=str(paths.objects.resolve()))


def verify_log_folder(
    folder: Path, *, pins: Pins, given: GivenKeys | None = None, options: VerifyOptions | None = None
) -> LogReport:
    """Verify a bare C2SP log in a folder, such as a copy of ``logs/main``. It shows no keys: they must be known."""
    fetcher = DirectoryFetcher(folder)
    trusted = trusted_keys(claimed_origin(fetcher) or "", given=given or GivenKeys(), pins=pins)
    target = LogTarget(name=folder.name, fetcher=fetcher, trusted=trusted)
    return verify_with_pins(target, pins=pins, options=options, place=str(folder.resolve()))

"""How a log comes into being: its origin, its keys, their pins, its empty tree.

The order survives a crash anywhere: keys, pins, the empty log, and only then, by the caller, the entry in the
configuration. What was begun and not entered is taken up again when the same log is created once more.
"""

from __future__ import annotations

import re
import secrets
import socket
from typing import TYPE_CHECKING

from indelible.errors import UsageError
from indelible.log import Stores, create_log
from indelible.storage.posix import LogPaths, PosixStores, read_checkpoint_state
from indelible.trust.signer import LogKeys, LogSigner, generate_log_keys

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.trust.pins import Pins

__all__ = ["MAIN_LOG", "bring_into_being", "check_origin", "default_origin", "sibling_origin"]

MAIN_LOG = "main"

_ORIGIN = re.compile(r"[^\s+]{1,200}")  # a C2SP key name: no white space, no plus sign
_HOST = re.compile(r"[a-z0-9.-]{1,100}")


def default_origin() -> str:
    """An origin that no other ``init`` will choose: ``<host>/<random>/main``."""
    host = socket.gethostname().lower()
    return f"{host if _HOST.fullmatch(host) else 'local'}/{secrets.token_hex(4)}/{MAIN_LOG}"


def sibling_origin(main: str, name: str) -> str:
    """The origin of a log beside ``main``: the last ``/main`` replaced, or the name appended."""
    return f"{main.removesuffix(f'/{MAIN_LOG}')}/{name}"


def check_origin(origin: str) -> None:
    """Check that a text can be a log's origin: 1 to 200 characters, no white space, no plus sign, nothing unprintable.

    Raises:
        UsageError: it cannot.
    """
    if not _ORIGIN.fullmatch(origin) or not origin.isprintable():
        raise UsageError(f"{origin!r} cannot be an origin: write something like logs.example.com/main, without spaces")


def bring_into_being(data: Path, name: str, *, origin: str, keys_folder: Path, pins: Pins) -> tuple[str, ...]:
    """Make a log's keys, pin them, make the log; its public keys are returned. The caller holds the directory's lock.

    Raises:
        UsageError: the origin cannot be one, other keys are pinned for it, or something else is left in its place.
    """
    check_origin(origin)
    keys = _new_or_left_keys(keys_folder, origin)
    pins.pin(origin, keys.vkeys)
    pins.remember_place(str(LogPaths(data, name).objects.resolve()), origin)
    if read_checkpoint_state(LogPaths(data, name).checkpoint_state) is not None:
        return keys.vkeys  # a creation was cut short after this point
    stores = PosixStores.create(data, name)
    try:
        create_log(
            Stores(journal=stores.journal, ids=stores.ids, objects=stores.objects, checkpoints=stores.checkpoints),
            origin=origin,
            signer=LogSigner(keys),
        )
    finally:
        stores.close()
    return keys.vkeys


def _new_or_left_keys(folder: Path, origin: str) -> LogKeys:
    if folder.exists():  # a creation was cut short
        keys = LogKeys.load(folder)
        if keys.origin != origin:
            raise UsageError(f"{folder} holds the keys of {keys.origin}; move them away first")
        return keys
    keys = generate_log_keys(origin)
    keys.save(folder)
    return keys

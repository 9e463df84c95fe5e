"""Rewriting a log's history with its own keys: the attack that nothing inside the directory can show.

The forger needs no special tool. A second log is written from the records that shall be there, byte for byte, by the
same code that wrote the first, signed with the same keys, and put in its place.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from indelible.embedded.opening import open_log
from indelible.events import Prepared, decode_record
from indelible.events.identity import pack_id
from indelible.log import LogSettings, Stores, create_log
from indelible.storage.posix import PosixStores
from indelible.trust.signer import LogKeys, LogSigner

if TYPE_CHECKING:
    from indelible.embedded import DataDirectory

__all__ = ["rewrite_history"]

_AT_ONCE = 1_000


def rewrite_history(data: DataDirectory, name: str, *, index: int, entry: bytes) -> int:
    """Replace a log by one that has another ``entry`` at ``index``, and is the same elsewhere; returns its size."""
    reader = data.open_reader(name)
    entries = [old if place != index else entry for place, old in reader.entries(0, reader.size)]
    records = [_as_prepared(each) for each in entries]
    paths = data.paths(name)
    for folder in (paths.objects, paths.journal, paths.state):
        shutil.rmtree(folder)
    configuration = data.log(name)
    keys = LogKeys.load(data.path / "keys" / name)
    stores = PosixStores.create(data.path, name)
    create_log(
        Stores(journal=stores.journal, ids=stores.ids, objects=stores.objects, checkpoints=stores.checkpoints),
        origin=configuration.origin,
        signer=LogSigner(keys),
    )
    with open_log(stores, configuration, keys, settings=LogSettings(), remembered=None) as log:
        for start in range(0, len(records), _AT_ONCE):
            log.append(records[start : start + _AT_ONCE], wait="published")
    return len(records)


def _as_prepared(entry: bytes) -> Prepared:
    # A finished entry holds no stamp, so the sequencer takes it as it is, with the time that it bears.
    event_id = decode_record(entry)["id"]
    return Prepared(id=event_id, id_bytes=pack_id(event_id), template=entry, id_given=True)

"""Opening one log of a directory for appending: its stores, its keys, and what its owner remembers of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from indelible.errors import Damaged, FormatError
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note
from indelible.log import Log, Stores, StoringElsewhere, store_interval
from indelible.trust.signer import LogSigner

if TYPE_CHECKING:
    from indelible.config import LogConfiguration, LogSettings
    from indelible.helper_process import HelperProcess
    from indelible.log.interval import Storing
    from indelible.storage.posix import PosixStores
    from indelible.trust.pins import Pins
    from indelible.trust.signer import LogKeys

__all__ = ["open_log", "remembered_checkpoint"]

_log = logging.getLogger("indelible.embedded")


def open_log(
    stores: PosixStores,
    configuration: LogConfiguration,
    keys: LogKeys,
    *,
    settings: LogSettings,
    remembered: Checkpoint | None,
    helper: HelperProcess | None = None,
) -> Log:
    """Recover and start a log; its stores are closed with it, or at once when it cannot be opened.

    With a ``helper``, that process stores large publish intervals.
    """
    for torn in stores.recovered:
        _log.warning("torn_journal_tail_dropped", extra={"log_name": configuration.name, "tail": str(torn)})
    store: Storing = store_interval
    if helper is not None:
        store = StoringElsewhere(helper, stores.objects.opener(), on_read_only=stores.disk.fail)
    try:
        return Log.open(
            Stores(journal=stores.journal, ids=stores.ids, objects=stores.objects, checkpoints=stores.checkpoints),
            name=configuration.name,
            origin=configuration.origin,
            signer=LogSigner(keys),
            settings=settings,
            remembered=remembered,
            store=store,
        )
    except BaseException:
        stores.close()
        raise


def remembered_checkpoint(pins: Pins, origin: str) -> Checkpoint | None:
    """The checkpoint that this user verified last, kept outside the directory: what is stored must extend it.

    Raises:
        Damaged: what is remembered cannot be read.
    """
    note = pins.recall(origin)
    if note is None:
        return None
    try:
        return Checkpoint.parse(Note.parse(note).text)
    except FormatError as error:
        remedy = "look into why; the log is not opened while what is known of it cannot be read"
        raise Damaged(str(error), path=pins.folder(origin) / "checkpoint", remedy=remedy) from error

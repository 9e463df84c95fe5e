"""The tiles and entry bundles that a checkpoint covers: they must be there, and of their form.

One that is not is damage, and the error says which entries it is needed for. Whether the bytes are those that were
signed is not looked at: whoever needs certainty verifies.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

from indelible.errors import Damaged, DamagedObject, FormatError, NotFound
from indelible.formats import entry_bundle
from indelible.formats.tile import TILE_WIDTH
from indelible.merkle import HASH_SIZE

if TYPE_CHECKING:
    from indelible.formats.tile import Tile
    from indelible.storage.protocols import ObjectReader

__all__ = ["PublishedObjects"]

_CACHED_BYTES = 16 << 20  # a page of search results, or a re-imported file, reads the same bundles again and again
_FULL_PATH = re.compile(r"(?P<full>tile/.+)\.p/[0-9]+")


class PublishedObjects:
    """Reads them for one log. Safe to use from any thread. What cannot be read raises ``DamagedObject``."""

    def __init__(self, objects: ObjectReader, *, origin: str) -> None:
        """``origin`` is the log's, for messages."""
        self._objects = objects
        self._origin = origin
        # Full bundles only, which never change; each with its size.
        self._bundles: OrderedDict[int, tuple[list[bytes], int]] = OrderedDict()
        self._cached = 0  # bytes
        self._lock = Lock()  # guards both

    def tile(self, tile: Tile) -> bytes:
        """The hashes of a tile."""
        span = TILE_WIDTH**tile.level
        lost = f"what proves {_spell(tile.index * TILE_WIDTH * span, tile.width * span)}"
        data, length = self._get(tile.path, lost), tile.width * HASH_SIZE
        if len(data) < length:
            raise self._damaged(f"it has {len(data)} bytes instead of {length}", tile.path, lost)
        return data[:length]

    def bundle_bytes(self, number: int, width: int) -> bytes:
        """The bytes of an entry bundle, or of the full one that has replaced it."""
        return self._get(entry_bundle.bundle_path(number, width), _spell(number * TILE_WIDTH, width))

    def bundle(self, number: int, width: int) -> list[bytes]:
        """The entries of a bundle."""
        with self._lock:
            if number in self._bundles:
                self._bundles.move_to_end(number)
                return self._bundles[number][0]
        data = self.bundle_bytes(number, width)
        try:
            entries = entry_bundle.decode_prefix(data, width)
        except FormatError as error:
            path = entry_bundle.bundle_path(number, width)
            raise self._damaged(str(error), path, _spell(number * TILE_WIDTH, width)) from error
        if width == TILE_WIDTH:
            self._keep(number, entries, len(data))
        return entries

    def _keep(self, number: int, entries: list[bytes], size: int) -> None:
        with self._lock:
            if number not in self._bundles:
                self._bundles[number] = entries, size
                self._cached += size
            while self._cached > _CACHED_BYTES and len(self._bundles) > 1:
                _, (_, dropped) = self._bundles.popitem(last=False)
                self._cached -= dropped

    def no_record(self, index: int, size: int) -> DamagedObject:
        """What there is to say of an entry, of ``size``, that is no record any more.

        Not how it is malformed: that may quote what not everybody may see, and verification says more.
        """
        number = index // TILE_WIDTH
        path = entry_bundle.bundle_path(number, min(size - number * TILE_WIDTH, TILE_WIDTH))
        return DamagedObject(f"entry {index} is no record any more", path=path, log=self._origin)

    def _get(self, path: str, lost: str) -> bytes:
        """The object, or the full one that has replaced a partial (tlog-tiles, "Partial Tiles").

        A partial one is deleted only once the full one is durable, so one of them is there.
        """
        partial = _FULL_PATH.fullmatch(path)
        for there in (path, partial["full"]) if partial else (path,):
            try:
                return self._objects.get(there)
            except NotFound:
                continue
            except Damaged as error:  # of a store that knows where its files lie, which readers elsewhere need not
                raise self._damaged(error.detail, there, lost) from error
        raise self._damaged("it is missing", path, lost)

    def _damaged(self, detail: str, path: str, lost: str) -> DamagedObject:
        return DamagedObject(f"{detail}, and with it {lost}", path=path, log=self._origin)


def _spell(first: int, count: int) -> str:
    return f"entry {first}" if count == 1 else f"entries {first} to {first + count - 1}"

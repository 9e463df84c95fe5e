"""The objects of one publish interval: computed, stored, read back, and computed again from what was read.

Everything that comes before the swap of the checkpoint state, in ARCHITECTURE's order. It hashes every entry and makes
two files for every 256 of them, and must hold or ask for the interpreter's lock all the while; in a busy server that is
most of what keeps others waiting. So it can be done by a process beside the server (:class:`StoringElsewhere`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple, Protocol

from indelible.errors import HelperEnded, InternalError, ReadOnly
from indelible.formats import entry_bundle
from indelible.formats.entry_bundle import parse_bundle_path
from indelible.log.integrate import RightEdge, hash_tiles, integrate
from indelible.merkle import leaf_hashes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indelible.helper_process import HelperProcess
    from indelible.log.integrate import Integration
    from indelible.merkle import Hash
    from indelible.storage.protocols import ObjectStore

__all__ = ["Interval", "Stored", "Storing", "StoringElsewhere", "store_interval"]

_log = logging.getLogger("indelible.log.interval")

_FEW = 512
"""Up to so many entries are stored sooner than another process is asked."""


class Interval(NamedTuple):
    """What one publication adds.

    Attributes:
        edge: The right edge of the tree before it.
        root: The root of that tree, as signed.
        entries: The entries that follow, as journaled.
        hashes: Their leaf hashes.
        replace: Whether objects with other bytes may be there, left above the signed tree by a crash.
    """

    edge: RightEdge
    root: Hash
    entries: Sequence[bytes]
    hashes: Sequence[Hash]
    replace: bool


class Stored(NamedTuple):
    """What came of it: the right edge and root after it, and the paths of the objects, all durable and checked."""

    edge: RightEdge
    root: Hash
    paths: list[str]


class Storing(Protocol):
    """Stores an interval, here or elsewhere."""

    def __call__(self, objects: ObjectStore, interval: Interval) -> Stored:
        """As :func:`store_interval`."""
        ...


def store_interval(objects: ObjectStore, interval: Interval) -> Stored:
    """Store the objects of an interval durably, and make sure that what can be read is the tree that is to be signed.

    Raises:
        StorageFull: it can be tried again.
        IntegrityError: what is stored is not what was signed or written.
        FormatError: likewise.
        InternalError: likewise; or the right edge is not that of the signed tree.
    """
    if interval.edge.root() != interval.root:
        raise InternalError("the right edge in memory no longer has the last signed root; nothing was signed")
    result = integrate(interval.edge, interval.entries, interval.hashes)
    objects.put(result.objects, replace=interval.replace)
    _read_back(objects, interval, result)
    return Stored(result.edge, result.root, [path for path, _ in result.objects])


def _read_back(objects: ObjectStore, interval: Interval, result: Integration) -> None:
    """Integrate again from what the store gives back, starting from the edge that has the signed root."""
    edge = interval.edge
    read_back: list[bytes] = []
    tiles: list[tuple[str, bytes]] = []
    for path, _ in result.objects:
        data = objects.get(path)
        if path.startswith("tile/entries/"):
            read_back += entry_bundle.decode(data, parse_bundle_path(path).width)
        else:
            tiles.append((path, data))
    if read_back != [*edge.entries, *interval.entries]:
        raise InternalError("the bundles read back do not hold the journaled entries; nothing was signed")
    hashes = leaf_hashes(read_back)
    known = edge.levels[0] if edge.levels else ()  # with the root that was signed, as the edge's entries may not be
    if tuple(hashes[: len(known)]) != known:
        raise InternalError(
            "the entries on the right edge read back are not those that were signed; nothing was signed"
        )
    again, levels = hash_tiles(edge, hashes[len(known) :])
    if again != tiles or RightEdge(size=result.edge.size, levels=levels, entries=()).root() != result.root:
        raise InternalError("the tiles read back do not give the new root; nothing was signed")


class StoringElsewhere:
    """Has a helper process store large intervals; stores them here when they are small, or there is no helper yet."""

    def __init__(
        self, helper: HelperProcess, open_objects: Callable[[], ObjectStore], *, on_read_only: Callable[[str], object]
    ) -> None:
        """Use a helper.

        Args:
            helper: Where to store; several logs may share it.
            open_objects: Opens the log's objects in the helper; it is pickled, and called for each interval.
            on_read_only: Told why storage must not be written any more: that was found out in the helper.
        """
        self._helper = helper
        self._open_objects = open_objects
        self._on_read_only = on_read_only

    def __call__(self, objects: ObjectStore, interval: Interval) -> Stored:
        """As :func:`store_interval`."""
        if len(interval.entries) > _FEW and not self._helper.is_warm:
            self._helper.warm_up(_open, self._open_objects)  # nobody waits until it has started
        elif len(interval.entries) > _FEW:
            try:
                return self._helper.call(_open_and_store, self._open_objects, interval)
            except ReadOnly as error:
                self._on_read_only(str(error))
                raise
            except HelperEnded as error:
                _log.warning("interval_stored_here", extra={"reason": str(error)})
                interval = interval._replace(replace=True)  # it may have left some of them, as a crash does
        return store_interval(objects, interval)


def _open(open_objects: Callable[[], ObjectStore]) -> None:
    open_objects()


def _open_and_store(open_objects: Callable[[], ObjectStore], interval: Interval) -> Stored:
    return store_interval(open_objects(), interval)

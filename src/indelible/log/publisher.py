"""The publish interval: what is journaled becomes tiles, and the tiles become a signed checkpoint.

``Publisher.publish`` is the order of ARCHITECTURE, "The publish interval", written once, for the ordinary path and for
recovery:

1. integrate what the tail holds beyond the last checkpoint;
2. write all objects, durable together;
3. read them back and integrate again from what was read: everything must come out the same;
4. compare-and-swap the checkpoint state, durably; only then sign, and replace ``checkpoint``;
5. release whoever waits; delete partial objects that full ones have replaced. The journal may forget (``trimmable``).

A crash before 4 leaves objects that no checkpoint refers to; they come out the same the next time. A crash between the
swap and ``checkpoint`` leaves a state ahead of it by one interval; recovery signs that state.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from indelible.errors import IndelibleError, InternalError, StorageFull
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.entry_bundle import bundle_path
from indelible.formats.tile import TILE_WIDTH, Tile
from indelible.log.interval import Interval, store_interval
from indelible.log.reader import Published
from indelible.storage.protocols import CheckpointState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.log.clock import Clock
    from indelible.log.health import Health
    from indelible.log.integrate import RightEdge
    from indelible.log.interval import Storing
    from indelible.log.reader import Reader
    from indelible.log.tail import Tail
    from indelible.merkle import Hash
    from indelible.storage.protocols import CheckpointStore, ObjectStore
    from indelible.trust.signer import LogSigner

__all__ = ["Publisher", "sign_checkpoint"]

_log = logging.getLogger("indelible.log.publisher")


def sign_checkpoint(signer: LogSigner, clock: Clock, origin: str, state: CheckpointState) -> Published:
    """Sign a state that is durable already; nothing else may ever be signed."""
    checkpoint = Checkpoint(origin=origin, size=state.size, root=state.root)
    return Published(note=signer.sign(checkpoint, timestamp=clock.wall() // 1_000_000), checkpoint=checkpoint)


class Publisher:
    """Moves one log's checkpoint on. Not for use by more than one thread."""

    def __init__(
        self,
        *,
        origin: str,
        objects: ObjectStore,
        checkpoints: CheckpointStore,
        signer: LogSigner,
        clock: Clock,
        edge: RightEdge,
        tail: Tail,
        reader: Reader,
        health: Health,
        resign_interval: float,
        store: Storing = store_interval,
    ) -> None:
        """Join the parts.

        Args:
            origin: The log's origin, the first line of its checkpoints.
            objects: Where tiles and bundles go.
            checkpoints: The state of what has been committed to; its size is that of ``edge``.
            signer: Holds the log's keys.
            clock: For the timestamp of signatures.
            edge: The right edge at the last checkpoint, checked against its root.
            tail: What is journaled beyond it.
            reader: Told of each new checkpoint before those who wait for it are.
            health: Failed when what is stored contradicts what was signed.
            resign_interval: Seconds after which an idle log signs its head again.
            store: Stores the objects of an interval.
        """
        self._origin = origin
        self._objects = objects
        self._checkpoints = checkpoints
        self._signer = signer
        self._clock = clock
        self._edge = edge
        self._state = CheckpointState(size=edge.size, root=edge.root())
        self._tail = tail
        self._reader = reader
        self._health = health
        self._resign_interval = resign_interval
        self._store = store
        self._replaced: list[str] = []  # partial objects to delete once the state is signed
        self._first = True  # a crash may have left objects above the checkpoint; only the first publication meets them
        self.published_at = clock.monotonic()

    @property
    def trimmable(self) -> int:
        """The journal may forget entries below this index: they are in full bundles that a checkpoint covers."""
        return self._reader.size // TILE_WIDTH * TILE_WIDTH

    def run(self, most: int) -> bool:
        """Publish up to ``most`` entries of the tail, if there are any; say whether a checkpoint covers more now.

        Without entries, the head is signed again when the last signature is old. Failures are handled here.
        """
        if self._health.reason is not None:
            return False
        try:
            if self._reader.size < self._state.size:
                self._finish()
            entries, hashes = self._tail.snapshot(most)
            if not entries:
                if self._clock.monotonic() - self.published_at >= self._resign_interval:
                    self._sign()
                return False
            self.publish(entries, hashes)
        except StorageFull as error:
            _log.warning("publish_delayed", extra={"origin": self._origin, "reason": str(error)})
            return False  # nothing was signed; the same objects are tried again at the next interval
        except IndelibleError as error:
            self._health.fail(error)
            return False
        except Exception as error:  # noqa: BLE001 - a bug here must stop the log, not leave it silently unpublished
            self._health.fail(error)
            return False
        return True

    def publish(self, entries: Sequence[bytes], hashes: Sequence[Hash]) -> None:
        """Publish a checkpoint that covers ``entries``, which follow the last one.

        Raises:
            StorageFull: nothing was signed; it can be tried again.
            IntegrityError: what is stored is not what was signed or written; nothing was signed.
        """
        old = self._state
        interval = Interval(self._edge, old.root, entries, hashes, replace=self._first)
        stored = self._store(self._objects, interval)
        new = CheckpointState(size=old.size + len(entries), root=stored.root)
        if stored.edge.size != new.size or stored.edge.root() != new.root:
            raise InternalError("the new right edge does not have the new root; nothing was signed")
        self._checkpoints.swap(old, new)
        self._replaced += self._replaced_partials(stored.paths)
        self._edge, self._state, self._first = stored.edge, new, False
        self._finish()

    def _finish(self) -> None:
        """Sign the state and let the rest of the log know; again after a full disk has prevented it."""
        self._sign()
        self._tail.published(self._state.size)
        self._objects.delete(self._replaced)
        self._replaced = []

    def _sign(self) -> None:
        """Sign the current state, and replace ``checkpoint`` by it: after each swap, and now and then while idle."""
        published = sign_checkpoint(self._signer, self._clock, self._origin, self._state)
        self._objects.publish(published.note)
        self._reader.advance(published)
        self.published_at = self._clock.monotonic()

    def _replaced_partials(self, written: Sequence[str]) -> list[str]:
        """Partial objects whose full object is at one of the paths ``written``.

        Ordinarily they stand on the old right edge. A publication that a crash cut short may have left some beyond it.
        """
        full = {path for path in written if ".p/" not in path}
        if not self._first:
            size = self._edge.size
            full &= {bundle_path(size // TILE_WIDTH, TILE_WIDTH)} | {
                Tile(level, size // TILE_WIDTH ** (level + 1), TILE_WIDTH).path
                for level in range(len(self._edge.levels))
            }
        return [partial for path in full for partial in self._objects.list(f"{path}.p/")]

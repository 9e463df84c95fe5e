"""What is handed to the sequencer, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indelible.events import Prepared

__all__ = ["Appended", "Receipt", "Submission"]


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """Where one event is. A thousand of them may be made for one request.

    ``duplicate`` is true when the event had been recorded before; ``index`` is then its first one.
    """

    id: str
    index: int
    leaf_hash: bytes
    duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """The answer to one request, whose new events have the indices ``[first_index, first_index + added)``.

    ``first_index`` is ``None`` when nothing was new.
    """

    first_index: int | None
    added: int
    events: tuple[Receipt, ...]

    @property
    def duplicates(self) -> int:
        """How many events of the request had been recorded before."""
        return len(self.events) - self.added

    @property
    def size(self) -> int:
        """The smallest tree that holds every event of this answer."""
        return max((receipt.index for receipt in self.events), default=-1) + 1


class Submission:
    """One request on its way through the sequencer: all of its events are appended, or none.

    ``on_done`` is called once, on the sequencer's thread, when the outcome is durable or has failed; it must not block.
    """

    __slots__ = ("_error", "_outcome", "bytes", "events", "on_done")

    def __init__(self, events: Sequence[Prepared], on_done: Callable[[Submission], None]) -> None:
        self.events = events
        self.on_done = on_done
        self.bytes = sum([len(event.template) for event in events])
        self._outcome: Appended | None = None
        self._error: Exception | None = None

    def succeed(self, outcome: Appended) -> None:
        """Set the outcome. The sequencer calls ``on_done`` once the whole group is durable."""
        self._outcome = outcome

    def fail(self, error: Exception) -> None:
        """Set the error, in place of any outcome."""
        self._error = error

    @property
    def failed(self) -> bool:
        """Whether the outcome is an error."""
        return self._error is not None

    def result(self) -> Appended:
        """The outcome; call it only after ``on_done``.

        Raises:
            IndelibleError: whatever kept the request from being appended; then nothing of it was.
        """
        if self._error is not None:
            raise self._error
        if self._outcome is None:
            raise InternalError("the outcome of a submission was asked for before it was decided")
        return self._outcome

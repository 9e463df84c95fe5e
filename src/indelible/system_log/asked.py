"""Who asked what, once a question: a reader who pages through an answer, or asks again soon, is one record.

What is remembered is whether something was recorded lately, so forgetting costs a second record and never a missing
one.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.system_log.event import Action

__all__ = ["ONCE_SECONDS", "Asked"]

ONCE_SECONDS = 600.0
"""For so long, in seconds, the same question of the same principal is recorded once."""

_MAX_REMEMBERED = 10_000


class Asked:
    """Remembers what was recorded lately. Used on one thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._recorded: OrderedDict[bytes, float] = OrderedDict()

    def is_new(self, principal: str, action: Action, log: str, query: str) -> bool:
        """Whether this has to be recorded."""
        recorded = self._recorded.get(_name(principal, action, log, query))
        return recorded is None or self._clock() - recorded >= ONCE_SECONDS

    def note(self, principal: str, action: Action, log: str, query: str) -> None:
        """Remember that it has been recorded, durably."""
        name = _name(principal, action, log, query)
        self._recorded[name] = self._clock()
        self._recorded.move_to_end(name)
        if len(self._recorded) > _MAX_REMEMBERED:
            self._recorded.popitem(last=False)


def _name(*question: str) -> bytes:
    """What a question is remembered under: of one size, however long it is."""
    return hashlib.sha256(repr(question).encode()).digest()

"""Under which keys a log is believed: those that this user pinned, or, at the first meeting, those that it shows.

TRUST: a verifier never takes a key from the thing it verifies, unless it says aloud that it does so, once.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from indelible.formats.tlog_policy import Policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.trust.pins import Pins

__all__ = ["trusted_policy"]

_log = logging.getLogger("indelible.sdk")


def trusted_policy(pins: Pins, origin: str, shown: Sequence[str]) -> Policy:
    """The policy that demands a signature of every key pinned for ``origin``; pins the ``shown`` keys when none is.

    Raises:
        Damaged: the pinned keys cannot be read.
    """
    pin = pins.find(origin)
    if pin is None:
        pin = pins.pin(origin, shown)
        _log.warning("keys_pinned_at_first_use", extra={"origin": origin, "vkeys": list(pin.vkeys)})
    return Policy.for_log(*pin.vkeys)

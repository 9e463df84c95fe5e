"""How many rows of an export say that there is no record any more, counted in its bytes as they pass."""

from __future__ import annotations

from indelible.events.exports.csv_rows import CSV
from indelible.events.exports.format import DAMAGED
from indelible.events.exports.ndjson import NDJSON

__all__ = ["DamageCount"]

# How such a row ends, and no other does: within a text, NDJSON escapes quotes and CSV doubles them.
_ENDS = {
    NDJSON.name: f'"damaged":"{DAMAGED}"}}\n'.encode(),
    CSV.name: f',"{DAMAGED}"\r\n'.encode(),
}


class DamageCount:
    """Counts them in an export of one format, however its bytes are cut into pieces; others have no such rows."""

    def __init__(self, form: str) -> None:
        """``form`` is the format's name."""
        self.rows = 0
        self._end = _ENDS.get(form)
        self._held = b""  # what may begin an end of row that the next piece completes

    def look(self, piece: bytes) -> None:
        """Take the next piece."""
        if self._end is None:
            return
        seen = self._held + piece
        self.rows += seen.count(self._end)
        self._held = seen[-len(self._end) + 1 :]

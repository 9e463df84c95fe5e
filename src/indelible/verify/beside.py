"""What lies beside a log's folder in a data directory, as far as verification wants to see it.

Verification does not know storage, so these are calls that whoever knows it hands in. Each opens when it is called, and
raises :class:`~indelible.errors.Damaged` there or while it is read when something is not what was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from indelible.verify.records import ID_BYTES, id_text
from indelible.verify.verdicts import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from numpy.typing import NDArray

    from indelible.errors import Damaged

__all__ = ["Beside", "IdBlock", "JournalRecords", "damaged_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdBlock:
    """Some ids that an id index holds, 16 bytes each, and the indices of the entries that it gives them to."""

    path: str
    ids: bytes
    indices: NDArray[np.int64]

    def ids_of(self, wanted: Collection[int]) -> dict[int, str]:
        """The ids, as text, of those of the ``wanted`` entries that are in this block."""
        places = np.flatnonzero(np.isin(self.indices, list(wanted))) if wanted else ()
        found = {int(self.indices[at]): self.ids[int(at) * ID_BYTES : (int(at) + 1) * ID_BYTES] for at in places}
        return {index: text for index, one in found.items() if (text := id_text(one)) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRecords:
    """A journal as it was at one moment: the entries ``[start, end)``, and index and bytes of each, in order."""

    start: int
    end: int
    records: Iterable[tuple[int, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Calls for what lies beside a log's folder; ``None`` where there is nothing to call.

    ``committed`` gives size and root of the checkpoint state, ``journal`` the journal; they are called in this order,
    and before the checkpoint is read, so that a running log cannot move on the one and forget the other in between.
    ``ids`` gives the id index, in blocks of any size. ``notes`` may be appended to by these calls: sentences that the
    report passes on.
    """

    journal: Callable[[], JournalRecords] | None = None
    ids: Callable[[], Iterable[IdBlock]] | None = None
    committed: Callable[[], tuple[int, bytes] | None] | None = None
    notes: list[str] = field(default_factory=list)


def damaged_file(error: Damaged, *, index: int | None = None) -> Finding:
    """The finding for a file that storage says cannot be what was written; ``index`` is the first entry it concerns."""
    where = "" if error.offset is None else f"byte {error.offset}: "
    detail = f"{where}{error.detail}; {error.remedy}"
    return Finding(kind=FindingKind.MALFORMED, index=index, path=error.path, detail=detail)

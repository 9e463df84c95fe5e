"""Appending a stream of events in batches, taking what is good and keeping account of what is not.

An append is all or nothing, so a batch with a bad event is refused as a whole: what the refusal names is set aside and
the rest is sent again; where it names nothing, the batch is halved until the culprit stands alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indelible.cli.intake.items import Candidate, Refused
from indelible.errors import CallerError, IdConflict, InvalidEvent, MalformedInput, TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from indelible.cli.intake.items import Item
    from indelible.sdk.audit_log import AuditLog

__all__ = ["Tally", "append_all"]

BATCH_EVENTS = 1_000
BATCH_BYTES = 2 << 20

_PLACE = re.compile(r"/(?P<position>0|[1-9][0-9]{0,8})(?P<rest>(/.*)?)", re.DOTALL)


@dataclass(slots=True)
class Tally:
    """How an import went so far.

    Attributes:
        read: Events met, good and bad.
        added: Events that are new in the log.
        duplicates: Events that had been there.
        first_index: Where the first new one is.
        end: One more than the highest index met.
        rejected: What was not taken, and why.
    """

    read: int = 0
    added: int = 0
    duplicates: int = 0
    first_index: int | None = None
    end: int = 0
    rejected: list[Refused] = field(default_factory=list)


def append_all(log: AuditLog, items: Iterable[Item], tally: Tally, *, done: Callable[[Tally], None]) -> None:
    """Append every candidate; ``tally`` is up to date whenever ``done`` is called, and when this raises.

    Raises:
        Unavailable: the log cannot go on; what the tally counts as added is durable.
    """
    batch: list[Candidate] = []
    size = 0
    for item in items:
        tally.read += 1
        if isinstance(item, Refused):
            tally.rejected.append(item)
            continue
        if batch and size + len(item.event) > BATCH_BYTES:
            _append(log, batch, tally)
            done(tally)
            batch, size = [], 0
        batch.append(item)
        size += len(item.event) + 1
        if len(batch) == BATCH_EVENTS:
            _append(log, batch, tally)
            done(tally)
            batch, size = [], 0
    _append(log, batch, tally)
    done(tally)


def _append(log: AuditLog, batch: Sequence[Candidate], tally: Tally) -> None:
    waiting = [list(batch)]
    while waiting:
        part = waiting.pop()
        if not part:
            continue
        try:
            recorded = log.run(log.plans.append([candidate.event for candidate in part]))
        except (InvalidEvent, MalformedInput) as error:
            bad = _named(error, len(part))
            tally.rejected += [Refused(part[at].file, part[at].record, detail) for at, detail in sorted(bad.items())]
            rest = [candidate for at, candidate in enumerate(part) if at not in bad]
            waiting += [rest] if bad else _halves(part, error, tally)
        except (IdConflict, TooLarge) as error:
            waiting += _halves(part, error, tally)
        else:
            for one in recorded:
                tally.end = max(tally.end, one.index + 1)
                if one.duplicate:
                    tally.duplicates += 1
                else:
                    tally.added += 1
                    tally.first_index = one.index if tally.first_index is None else tally.first_index


def _halves(part: list[Candidate], error: CallerError, tally: Tally) -> list[list[Candidate]]:
    if len(part) == 1:
        tally.rejected.append(Refused(part[0].file, part[0].record, str(error)))
        return []
    middle = len(part) // 2
    return [part[middle:], part[:middle]]  # taken from the end: the order of the file is kept


def _named(error: InvalidEvent | MalformedInput, count: int) -> dict[int, str]:
    """Positions in the batch, and what is wrong there."""
    bad: dict[int, list[str]] = {}
    for place in error.places:
        match = _PLACE.fullmatch(place.pointer)
        if match is not None and int(match["position"]) < count:
            detail = f"{match['rest']}: {place.detail}" if match["rest"] else place.detail
            bad.setdefault(int(match["position"]), []).append(detail)
    return {position: "; ".join(details) for position, details in bad.items()}

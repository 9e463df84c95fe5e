"""What the tests of foreign formats share: the bundled samples, and an intake into one log."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from indelible.events import Preparer, new_stamp
from indelible.events.foreign import Intake, prepare_foreign

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indelible.events.foreign import ForeignEvent, Rejected

SAMPLES = Path(__file__).parents[4] / "samples"
RECEIVED = "2026-02-03T04:05:06.000007Z"


class Importer:
    """Takes what readers yield into a log that does not exist, and shows the records."""

    def __init__(self, origin: str = "example.com/log") -> None:
        self.preparer = Preparer(origin=origin, stamp=new_stamp(lambda size: b"\x5a" * size))
        self._counter = itertools.count()

    def intake(self, items: Iterable[ForeignEvent | Rejected]) -> Intake:
        return prepare_foreign(
            self.preparer,
            items,
            principal="key:importer",
            now_ms=1_770_091_506_000,
            random=lambda size: next(self._counter).to_bytes(size, "big"),
        )

    def records(self, items: Iterable[ForeignEvent | Rejected]) -> list[dict[str, Any]]:
        """The records of ``items``, none of which may be rejected."""
        intake = self.intake(items)
        assert intake.rejected == []
        return [json.loads(self.preparer.finish(one.template, RECEIVED.encode())) for one in intake.prepared]

    def record(self, items: Iterable[ForeignEvent | Rejected]) -> dict[str, Any]:
        (record,) = self.records(items)
        return record


@pytest.fixture
def importer() -> Importer:
    return Importer()


def sample_files(folder: str) -> list[Path]:
    return sorted((SAMPLES / folder).glob("*.json"))

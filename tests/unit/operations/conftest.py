"""A data directory with something in it, and its user's memory beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import indelible
from indelible.trust.pins import Pins

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """300 entries: a full bundle, and partial ones after it."""
    monkeypatch.setenv("INDELIBLE_STATE", str(tmp_path / "state"))
    with indelible.open(tmp_path / "data", create=True) as log:
        record(log, 0, 300)
    return tmp_path / "data"


@pytest.fixture
def pins(tmp_path: Path) -> Pins:
    return Pins(tmp_path / "state")


def record(log: indelible.AuditLog, first: int, end: int) -> None:
    log.record_many(
        [
            {"action": "thing.done", "actor": {"type": "user", "id": "ada"}, "metadata": {"n": n}}
            for n in range(first, end)
        ]
    )

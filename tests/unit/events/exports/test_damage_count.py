"""Rows that say that there is no record any more are counted, however an export is cut."""

from __future__ import annotations

import pytest

from indelible.events.exports import FORMATS, DamageCount, write_export
from indelible.events.exports.format import DAMAGED
from tests.unit.events.exports.conftest import entry_of

QUOTING = entry_of(
    {
        "action": "log.read",
        "actor": {"type": "user", "id": f',"{DAMAGED}"'},
        "message": f',"{DAMAGED}"\r\n',
        "metadata": {"damaged": DAMAGED},
    }
)
"""A record in which a row of damage is quoted."""


@pytest.mark.parametrize("name", ["ndjson", "csv"])
@pytest.mark.parametrize("size", [1, 7, 100, 1_000_000])
def test_damage_count_counts_rows_of_damage_only(name: str, size: int) -> None:
    """Those of three entries; a record that says the same is none of them."""
    entries = [QUOTING, b"", b"{", QUOTING, b"x", QUOTING]
    content = b"".join(write_export(FORMATS[name], [(range(6), entries, True)]))
    damage = DamageCount(name)
    for start in range(0, len(content), size):
        damage.look(content[start : start + size])
    assert damage.rows == 3


def test_damage_count_takes_formats_without_such_rows() -> None:
    """There is nothing to count in them."""
    damage = DamageCount("parquet")
    damage.look(f'"damaged":"{DAMAGED}"}}\n'.encode())
    assert damage.rows == 0

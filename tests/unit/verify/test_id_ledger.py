"""The ids of a log on disk: duplicates and contradictions are found wherever they are."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.verify import id_ledger
from indelible.verify.id_ledger import IdLedger
from indelible.verify.records import NO_ID

if TYPE_CHECKING:
    from pathlib import Path


def make_id(number: int) -> bytes:
    """A UUIDv7; numbers that are equal modulo 1,000 share their lower half."""
    return uuid.UUID(int=number // 1000 << 80 | 7 << 76 | 2 << 62 | number % 1000 * 0x9E3779B97F4A).bytes


@pytest.mark.parametrize("a_pass", [3, 2**22])
@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([], []),
        ([1], []),
        ([1, 2, 3], []),
        ([1, 2, 1], [2]),
        ([1, 1, 1], [1, 2]),
        ([1, 1001, 2001, 1001], [3]),
        ([5, 4, 3, 2, 1, 5, 4], [5, 6]),
    ],
)
def test_id_ledger_finds_each_repetition(
    monkeypatch: pytest.MonkeyPatch, a_pass: int, numbers: list[int], expected: list[int]
) -> None:
    """Each entry whose id stands earlier in the log is named, in however many passes."""
    monkeypatch.setattr(id_ledger, "_IDS_A_PASS", a_pass)
    ledger = IdLedger()
    ledger.append(b"".join(map(make_id, numbers)))
    assert sorted(finding.index or 0 for finding in ledger.duplicates()) == expected
    ledger.close()


@given(st.lists(st.integers(0, 3000), max_size=60), st.integers(1, 10))
def test_id_ledger_agrees_with_a_set(numbers: list[int], passes: int) -> None:
    """A set of all ids finds the same repetitions."""
    ledger = IdLedger()
    ledger.append(b"".join(map(make_id, numbers)))
    expected = [index for index, number in enumerate(numbers) if number in numbers[:index]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(id_ledger, "_IDS_A_PASS", passes)
        found = [finding.index for finding in ledger.duplicates()]
    ledger.close()
    assert sorted(index or 0 for index in found) == expected


def test_id_ledger_does_not_count_entries_without_id_as_repetitions() -> None:
    """Entries that could not be read are findings of their own."""
    ledger = IdLedger()
    ledger.append(NO_ID * 3 + make_id(1))
    assert list(ledger.duplicates()) == []
    ledger.close()


def test_id_ledger_names_the_entry_that_an_index_gets_wrong() -> None:
    """Ids that the index gives to other entries are named with both ids; unknown indices are passed over."""
    ledger = IdLedger()
    ledger.append(b"".join(map(make_id, [1, 2, 3])))
    assert list(ledger.compare(make_id(3) + make_id(1), [2, 0], path="run")) == []
    (finding,) = ledger.compare(make_id(3) + make_id(9) + make_id(7), [2, 1, 50], path="run")
    assert (finding.index, finding.path) == (1, "run")
    assert finding.expected == str(uuid.UUID(bytes=make_id(2)))
    assert finding.found == str(uuid.UUID(bytes=make_id(9)))
    ledger.close()


def test_id_ledger_goes_on_where_it_was_left(tmp_path: Path) -> None:
    """A ledger with a path keeps its ids; what lies beyond the point to go on from is forgotten."""
    ledger = IdLedger(tmp_path / "ids")
    ledger.append(b"".join(map(make_id, [1, 2, 3])))
    ledger.close()
    again = IdLedger(tmp_path / "ids")
    assert len(again) == 3
    again.truncate(2)
    again.append(make_id(1))
    assert [finding.index for finding in again.duplicates()] == [2]
    again.close()

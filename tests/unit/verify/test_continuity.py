"""Producers' sequences: what is missing, what is used twice, and in which order records may come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from indelible.verify import continuity as module
from indelible.verify.continuity import Continuity, SequenceState
from indelible.verify.reading import PlacedClaim
from indelible.verify.records import ProducerClaim
from indelible.verify.verdicts import FindingKind, Status

if TYPE_CHECKING:
    import pytest


def claim(index: int, seq: int, *, producer: str = "p", prev: str | None = None) -> PlacedClaim:
    return PlacedClaim(
        index=index,
        event_id=f"id-{index}",
        leaf=index.to_bytes(32),
        claim=ProducerClaim(offset=0, producer=producer, seq=seq, prev=prev),
    )


def missing(seqs: set[int]) -> set[int]:
    return set(range(max(seqs, default=-1) + 1)) - seqs


def test_continuity_without_producers_is_not_checked() -> None:
    """Where no record takes part, nothing is claimed."""
    assert Continuity().verdict(0).status is Status.NOT_CHECKED


def test_continuity_verifies_a_sequence_from_zero_without_gaps() -> None:
    """Two producers that count on without gaps are complete."""
    continuity = Continuity()
    claims = [claim(index, index // 2, producer="ab"[index % 2]) for index in range(20)]
    assert continuity.add(claims) == []
    assert continuity.gaps() == []
    assert continuity.verdict(0).status is Status.VERIFIED


def test_continuity_names_the_gap_and_the_record_after_it() -> None:
    """A gap is located at the record that shows it, with the number that was expected."""
    continuity = Continuity()
    continuity.add([claim(10, 0), claim(11, 1), claim(12, 5)])
    (gap,) = continuity.gaps()
    assert (gap.kind, gap.index, gap.event_id, gap.expected, gap.found) == (
        FindingKind.SEQUENCE_GAP,
        12,
        "id-12",
        "2",
        "5",
    )
    assert "numbers 2 to 4 are missing" in gap.detail
    assert continuity.verdict(1).status is Status.FAILED


def test_continuity_notices_a_sequence_that_does_not_begin_at_zero() -> None:
    """Numbers are counted from 0, so a beginning that is gone is a gap too."""
    continuity = Continuity()
    continuity.add([claim(0, 1)])
    assert [gap.expected for gap in continuity.gaps()] == ["0"]


def test_continuity_notices_a_number_used_twice() -> None:
    """A number belongs to one record only."""
    continuity = Continuity()
    (finding,) = continuity.add([claim(0, 0), claim(1, 1), claim(2, 0)])
    assert finding.index == 2


def test_continuity_compares_what_the_producer_remembers_of_its_last_record() -> None:
    """``prev`` is the leaf hash of the record before; another one there means that one was replaced."""
    continuity = Continuity()
    good = claim(1, 1, prev=(0).to_bytes(32).hex())
    bad = claim(2, 2, prev="ff" * 32)
    unknown = claim(9, 9, prev="ff" * 32)
    (finding,) = continuity.add([claim(0, 0), good, bad, unknown])
    assert (finding.index, finding.expected, finding.found) == (2, "ff" * 32, (1).to_bytes(32).hex())


def test_continuity_gives_up_rather_than_grow_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its bound it reports that it does not know, not that all is well."""
    monkeypatch.setattr(module, "MAX_RUNS", 10)
    continuity = Continuity()
    continuity.add(claim(index, 0, producer=str(index)) for index in range(11))
    assert continuity.verdict(0).status is Status.UNVERIFIABLE


@given(st.lists(st.integers(0, 30), max_size=40))
def test_continuity_agrees_with_sets_whatever_the_order(seqs: list[int]) -> None:
    """Gaps and repetitions are those that a set of all numbers shows; going on from kept state changes nothing."""
    whole, first = Continuity(), Continuity()
    claims = [claim(index, seq) for index, seq in enumerate(seqs)]
    repeated = whole.add(claims)
    assert len(repeated) == len(seqs) - len(set(seqs))
    expected = missing(set(seqs))
    found: set[int] = set()
    for gap in whole.gaps():
        assert gap.expected is not None
        assert gap.found is not None
        found |= set(range(int(gap.expected), int(gap.found)))
    assert found == expected
    first.add(claims[: len(claims) // 2])
    kept = msgspec.json.decode(msgspec.json.encode(first.sequences), type=dict[str, SequenceState])
    second = Continuity(first.records, kept)
    second.add(claims[len(claims) // 2 :])
    assert second.gaps() == whole.gaps()

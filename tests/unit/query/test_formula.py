"""Formulas keep the rules of the tree."""

from __future__ import annotations

from indelible.query.ast import And, Everything, FreeText, Not, Or
from indelible.query.formula import all_of, any_of, both, negation

A, B, C = map(FreeText, "abc")


def test_all_of_and_any_of_flatten() -> None:
    """No And in an And, no Or in an Or, none of one part; of no parts, everything and nothing."""
    assert all_of([A, And((B, C))]) == And((A, B, C))
    assert any_of([Or((A, B)), C]) == Or((A, B, C))
    assert all_of([Or((A, B))]) == any_of([Or((A, B))]) == Or((A, B))
    assert (all_of([]), any_of([])) == (Everything(), Not(Everything()))


def test_negation_melts_a_second_one() -> None:
    """Not of a Not is what it negates."""
    assert negation(A) == Not(A)
    assert negation(negation(A)) == A


def test_both_bounds_a_query() -> None:
    """The bound is added to the query, and everything adds nothing."""
    assert both(And((A, B)), C) == And((A, B, C))
    assert both(A, Or((B, C))) == And((A, Or((B, C))))
    assert both(Everything(), A) == both(A, Everything()) == A
    assert both(Everything(), Everything()) == Everything()

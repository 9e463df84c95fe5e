"""The canonical text of a query."""

from __future__ import annotations

import pytest

from indelible.query.ast import Match, Value
from indelible.query.fields import FIELDS
from indelible.query.parser import parse_query
from indelible.query.printer import print_query
from tests.unit.query.conftest import NOW_US


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", "*"),
        ("  a   AND b ", "a b"),
        ("NOT a OR (b (c d))", "-a OR b c d"),
        ("((a OR b) NOT (c d))", "(a OR b) -(c d)"),
        ('"ada" "a b" "or" "NOT" "nota"', 'ada "a b" "or" "NOT" nota'),
        ('"-x" "(" ":" "a:b" "*" "é"', '"-x" "(" ":" "a:b" "*" é'),
        ('"a\\\\b" a"\\""b', '"a\\\\b" "a\\"b"'),
        ('actor:"user:ada" actor:"a b"* tag:"x"', 'actor:user:ada actor:"a b"* tag:x'),
        ('tag:">5" tag:"a..b" tag:"" tag:"*"', 'tag:">5" tag:"a..b" tag:"" tag:"*"'),
        ("tenant:** tag:a**b", "tenant:* tag:a*b"),
        ('metadata."a"."b c"."":1', 'metadata.a."b c"."":1'),
        ("metadata.a:1.0..2.50 metadata.a:>1e3", "metadata.a:1..2.5 metadata.a:>1000"),
        ("metadata.a:>1e300 metadata.a:>-9007199254740992", "metadata.a:>1e+300 metadata.a:>-9007199254740992"),
        ("index:5..5 index:5.. index:..5 index:.. index:<5", "index:5..5 index:>=5 index:<=5 index:.. index:<5"),
        ("ip:2001:DB8:0::1 ip:10.0.0.9/8 ip:10.0.0.9/32", "ip:2001:db8::1 ip:10.0.0.0/8 ip:10.0.0.9/32"),
        ("since:24h", "occurred:>=2026-10-31T12:30:45.000000Z"),
        ("received:2026-11-01T00:00", "received:2026-11-01T00:00:00.000000Z..2026-11-01T00:00:59.999999Z"),
    ],
)
def test_print_query_has_one_text_for_a_tree(text: str, canonical: str) -> None:
    """Nothing relative, no quotes and parentheses that are not needed; and it is its own canonical text."""
    query = parse_query(text, now_us=NOW_US)
    assert print_query(query) == canonical
    assert print_query(parse_query(canonical, now_us=0)) == canonical


def test_print_query_refuses_times_that_no_text_names() -> None:
    """Beyond the year 9999 there is nothing to write."""
    with pytest.raises(OverflowError):
        print_query(Match(FIELDS["occurred"].field, Value(253_402_300_800_000_000)))

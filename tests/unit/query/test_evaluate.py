"""What a query means for a record."""

from __future__ import annotations

from typing import Any

import pytest

from indelible.query.evaluate import compile_query, matches
from indelible.query.parser import parse_query
from tests.unit.query.conftest import INDEX, NOW_US

HOLDS = [
    "",
    "*",
    "id:017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    "index:41 index:>40 index:<=41 index:41.. index:40<..<42",
    "action:invoice.approve action:invoice.* action:*.approve action:*oi*ap*e action:invoice.approve*",
    "operation:approve outcome:success severity:notice",
    "actor:ada actor:user:ada actor:user:* actor:a*a",
    'actor.type:user actor.name:"Ada Lovelace" actor.name:Ada*',
    "target:9 target:invoice:9 target:acme:eu target:customer:acme:eu target.type:customer target.type:invoice",
    "tenant:acme service:billing request:r-1 trace:t-1 principal:key:billing producer:billing-1 format:aws.*",
    "tag:q4 tag:fin* tag:*",
    "ip:2001:db8:0::17 ip:2001:db8::/32 ip:2001:DB8* ip:::/0",
    "occurred:2026-11-01T12:00:00.250000Z occurred:2026-11-01T12:00:00 occurred:2026-11-01T12:00 occurred:today",
    "occurred:>=2026-11-01T12:00:00.250000Z occurred:1h since:1h until:30m received:31m..1s",
    "metadata.amount:1250 metadata.amount:1250.0 metadata.amount:1.25e3 metadata.amount:>=1000 metadata.amount:..1250",
    "metadata.ratio:0.50 metadata.paid:true metadata.note:null metadata.note:*",
    "metadata.codes:7 metadata.codes:7x metadata.codes:7* metadata.codes:false metadata.codes:>6",
    "metadata.lines:* context.http:* context.http.status:200..299 context.http.method:P*",
    'actor.attributes.team:engines actor.attributes."odd.key"."a b":true',
    'lovelace "ADA LOVE" "MÜLLER & S" odd.key sku inVOICES/9',
    "nothing OR (acme -nothing)",
    "-tag:nothing -metadata.missing:* -action:Invoice.approve -context.missing.status:*",
]

FAILS = [
    "-*",
    "id:017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
    "index:40",
    "index:41<..",
    "action:invoice",
    "action:INVOICE.*",
    "action:invoice.*invoice.approve",
    "action:*approve*approve",
    "actor:Ada",
    "actor:invoice:9",
    "actor:user",
    "target:invoice:acme:eu",
    "target.type:user",
    'tenant:""',
    "tag:finance,q4",
    "-tag:q4",
    "ip:10.0.0.0/8",
    "ip:0.0.0.0/0",
    "ip:2001:db9::/32",
    "occurred:>2026-11-01T12:00:00Z",
    "occurred:2026-11-01T12:00:00.25Z..<2026-11-01T12:00:00.250000Z",
    "since:10m",
    "until:1h",
    "occurred:yesterday",
    "metadata.amount:1250x",
    "metadata.amount:12*",
    "metadata.amount:>1250",
    "metadata.paid:1",
    "metadata.paid:>=0",
    "metadata.note:>=0",
    'metadata.note:""',
    "metadata.ratio:1e999",
    "metadata.codes:true",
    "metadata.lines:a",
    "metadata.lines.sku:a",
    "metadata.amount.x:*",
    "context.http:201",
    "1250",
    "true",
    "lovelace ada nothing",
    "aDa, LOVELACE",
    '"finance\\",\\"q4"',
]


@pytest.mark.parametrize("text", HOLDS)
def test_matches_holds(text: str, record: dict[str, Any]) -> None:
    """Every term of the query is true of the record: each alone, and all together."""
    assert matches(parse_query(text, now_us=NOW_US), record, INDEX)


@pytest.mark.parametrize("text", FAILS)
def test_matches_fails(text: str, record: dict[str, Any]) -> None:
    """The query is not true of the record, so its negation is."""
    assert not matches(parse_query(text, now_us=NOW_US), record, INDEX)
    assert matches(parse_query(f"-({text})", now_us=NOW_US), record, INDEX)


def test_compile_query_reads_absent_fields_as_no_values() -> None:
    """Nothing of an optional field that a record lacks matches, whatever is asked of it."""
    bare = {
        "id": "x",
        "action": "a",
        "outcome": "success",
        "actor": {"type": "anonymous", "id": "-"},
        "principal": "p",
        "occurred_at": "2026-11-01T12:00:00.000000Z",
        "received_at": "2026-11-01T12:00:00.000000Z",
    }
    absent = "operation actor.name target target.type tenant ip service request trace tag severity producer format"
    for name in [*absent.split(), "metadata.x", "context.ip", "actor.attributes.x"]:
        assert not compile_query(parse_query(f"{name}:*", now_us=NOW_US))(bare, 0), name
    for name in ["id", "index", "action", "outcome", "actor", "actor.type", "principal", "occurred", "received"]:
        assert compile_query(parse_query(f"{name}:*", now_us=NOW_US))(bare, 0), name

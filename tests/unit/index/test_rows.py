"""Entries as rows: every field has its column, and what is no record harms no other."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from indelible.events.record import read_record
from indelible.index.columns import COLUMNS
from tests.unit.index.conftest import encode, make_entries, make_record, query
from tests.unit.index.listed_log import ListedLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from indelible.index import LogIndex

WHOLE = make_record(
    0,
    operation="update",
    actor={
        "type": "user", "id": "ada", "name": "Ada", "email": "a@example.com", "roles": ["x", "y"], "session_id": "s",
        "on_behalf_of": {"type": "user", "id": "ben", "name": "Ben"}, "auth_method": "mfa", "attributes": {"é": [1]},
    },
    targets=[
        {"type": "invoice", "id": "9", "name": "nine", "href": "/9", "attributes": {"k": None}},
        {"type": "t", "id": "1"},
    ],
    tenant="acme",
    context={
        "ip": "2001:DB8:0::1", "user_agent": "ua", "location": "loc", "service": "svc", "service_version": "1",
        "environment": "prod", "request_id": "r", "trace_id": "t", "span_id": "sp",
        "http": {"method": "GET", "path": "/x", "status": 404},
    },
    changes=[{"path": "/plan", "old": None, "new": {"a": 1}}, {"path": "/pin", "redacted": True}],
    reason="why",
    message="line\nbreak",
    severity="notice",
    tags=["a", "b"],
    attachments=[{"name": "f", "media_type": "text/plain", "size": 5, "sha256": "0" * 64}],
    producer={"id": "p", "seq": 2**53 - 1, "prev": "1" * 64},
    upstream={"format": "aws.cloudtrail", "id": "u", "sha256": "2" * 64, "size": 7},
    raw={"any": ["thing"]},
)  # fmt: skip


@pytest.fixture
def row(open_index: Callable[..., LogIndex], tmp_path: Path) -> dict[str, Any]:
    """The row of the record above, as another reader of Parquet sees it."""
    read_record(encode(WHOLE))  # it is one
    index = open_index(ListedLog([encode(WHOLE), *make_entries(1, 256)]))
    index.catch_up()
    result = duckdb.connect().execute("SELECT * FROM read_parquet(?) LIMIT 1", [str(tmp_path / "index" / "*.parquet")])
    names = [column[0] for column in result.description or ()]
    return dict(zip(names, result.fetchall()[0], strict=True))


def test_rows_have_a_column_for_every_field(row: dict[str, Any]) -> None:
    """Flat where a record is nested, and nothing of it is lost."""
    assert list(row) == ["index", *(column.name for column in COLUMNS), "record"]
    assert [name for name, value in row.items() if value is None] == []
    assert row["record"].encode() == encode(WHOLE)


def test_rows_hold_what_the_record_says(row: dict[str, Any]) -> None:
    """Texts as they are, times as times in UTC, lists as lists, free JSON as JSON."""
    assert row["occurred_at"] == datetime.fromisoformat(WHOLE["occurred_at"]).replace(tzinfo=None)
    assert (row["actor_roles"], row["actor_on_behalf_of"]["name"]) == (["x", "y"], "Ben")
    assert (row["target_types"], row["target_ids"]) == (["invoice", "t"], ["9", "1"])
    assert row["targets"][0]["attributes"] == '{"k":null}'
    assert row["context_http"] == {"method": "GET", "path": "/x", "status": 404}
    assert row["ip_key"] == "620010db8000000000000000000000001"
    assert [change["new"] for change in row["changes"]] == ['{"a":1}', None]
    assert (row["message"], row["producer_seq"], row["metadata"]) == ("line\nbreak", 2**53 - 1, '{"amount":0}')
    assert row["attachments"] == WHOLE["attachments"]


@pytest.mark.parametrize(
    "odd", [b"", b"{", b"\xff\xfe", b"[]", b'"text"', b"null", b"{}\n{}", b"1", b'{"a":1}x', b'{"action":5,"tags":"x"}']
)
def test_rows_of_what_is_no_record_harm_no_other(odd: bytes, open_index: Callable[..., LogIndex]) -> None:
    """A log that another program wrote may hold anything; it is counted, and its neighbours are found."""
    log = ListedLog([*make_entries(0, 3), odd, *make_entries(4, 6)])
    index = open_index(log)
    index.catch_up()
    assert index.search(query(""), order="asc").indices == list(range(6))
    assert index.search(query("metadata.amount:>=0"), order="asc").indices == [0, 1, 2, 4, 5]

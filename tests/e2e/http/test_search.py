"""Searching over HTTP: pages, proofs, counts, and what is refused."""

from __future__ import annotations

import io
import itertools
import json
import re
import socket
import time
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest

import indelible
from indelible.access import Grant
from indelible.cli.init import first_admin_key
from indelible.embedded import DataDirectory
from indelible.formats.tlog_policy import Policy
from indelible.formats.tlog_proof import TlogProof
from tests.e2e.http.serving import serving, serving_directory
from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_bad_input import check_problem
from tests.recorded_log import TEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.http.serving import Served

DENIED = {**EVENT, "action": "door.open", "outcome": "denied", "occurred_at": "2026-03-01T10:00:00Z"}


def append(writer: httpx.Client, log: str, events: list[dict[str, Any]]) -> int:
    """Append, published; the first index."""
    answer = writer.post(f"/v1/logs/{log}/events?wait=published&return=minimal", json=events)
    assert answer.status_code == 201, answer.text
    first: int = answer.json()["first_index"]
    return first


def search(reader: httpx.Client, log: str, **parameters: Any) -> dict[str, Any]:
    answer = reader.get(f"/v1/logs/{log}/events", params=parameters)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def indices(page: dict[str, Any]) -> list[int]:
    return [event["index"] for event in page["events"]]


def eventually(ask: Callable[[], Any], wanted: Any) -> None:
    """Ask until the answer is as wanted: what follows a log needs a moment."""
    deadline = time.monotonic() + 30
    while (found := ask()) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.005)


def test_search_finds_what_matches_newest_first(writer: httpx.Client, reader: httpx.Client, log: str) -> None:
    """Records are the log's own, with their place; the coverage names the checkpoint and what was searched."""
    append(writer, log, [EVENT, DENIED, EVENT, DENIED])
    eventually(lambda: indices(search(reader, log, q="outcome:denied")), [3, 1])
    page = search(reader, log, q="outcome:denied")
    described = reader.get(f"/v1/logs/{log}").json()
    assert page["coverage"] == {"size": 4, "root": described["root"], "indexed": 4, "complete": True, "unreadable": 0}
    assert page["next"] is None
    assert page["events"][0] == reader.get(f"/v1/logs/{log}/events/3").json()
    assert indices(search(reader, log, q="-outcome:denied", order="asc")) == [0, 2]
    assert indices(search(reader, log, q="DOOR", since="2026-03-01", until="2026-03-02")) == [3, 1]
    assert indices(search(reader, log, q="", since="2026-03-01T10:00:01Z", until="2026-03-02")) == []


def test_first_search_after_a_start_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index of a short log is opened by it; whoever asks first is answered, not told to ask again."""
    monkeypatch.setenv("INDELIBLE_STATE", str(tmp_path / "state"))
    with indelible.open(tmp_path / "data", create=True) as log:
        log.record_many([EVENT] * 5_000)
    with DataDirectory.open(tmp_path / "data") as directory:
        headers = {"Authorization": f"Bearer {first_admin_key(directory).secret}"}
    with (
        serving_directory(tmp_path / "data", read_only=False) as url,
        httpx.Client(base_url=url, headers=headers) as client,
    ):
        page = search(client, "main", q="actor:ada", order="asc", limit=1)
    assert (indices(page), page["coverage"]["indexed"], page["coverage"]["complete"]) == ([0], 5_000, True)


def test_search_pages_without_repeating_or_missing(writer: httpx.Client, reader: httpx.Client, log: str) -> None:
    """A cursor goes on where the page ended, however the log has grown meanwhile."""
    append(writer, log, [EVENT] * 10)
    eventually(lambda: len(indices(search(reader, log))), 10)
    for order in ("desc", "asc"):
        seen: list[int] = []
        cursor = None
        while True:
            page = search(
                reader, log, q="-outcome:denied", order=order, limit=3, **({"cursor": cursor} if cursor else {})
            )
            seen += indices(page)
            append(writer, log, [DENIED])
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == sorted(range(10), reverse=order == "desc")


def test_search_answers_with_proofs(
    writer: httpx.Client, auditor: httpx.Client, reader: httpx.Client, log: str
) -> None:
    """Each event bears a proof that verifies under the log's keys, for whoever may prove."""
    append(writer, log, [EVENT, DENIED])
    eventually(lambda: len(indices(search(auditor, log))), 2)
    policy = Policy.parse(auditor.get(f"/v1/logs/{log}").json()["policy"].encode())
    page = search(auditor, log, proof="true")
    for event in page["events"]:
        proof = TlogProof.parse(event.pop("proof").encode())
        stored = {name: value for name, value in event.items() if name not in {"index", "leaf_hash", "published"}}
        proof.verify(json.dumps(stored, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode(), policy)
    check_problem(reader.get(f"/v1/logs/{log}/events?proof=true"), 403)


def test_unpublished_events_are_found_and_flagged(
    served: Served, writer: httpx.Client, reader: httpx.Client, log: str
) -> None:
    """What is durable is searchable before a checkpoint covers it, and says so."""
    publisher = served.logs.get(log).writable.publisher
    real, publisher.run = publisher.run, lambda most: False  # type: ignore[method-assign]  # noqa: ARG005
    try:
        assert writer.post(f"/v1/logs/{log}/events", json=EVENT).status_code == 201
        eventually(lambda: indices(search(reader, log)), [0])
        page = search(reader, log)
        assert page["events"][0]["published"] is False
        assert (page["coverage"]["size"], page["coverage"]["indexed"]) == (0, 1)
    finally:
        publisher.run = real  # type: ignore[method-assign]


def test_histogram_and_facets_count_what_search_finds(writer: httpx.Client, reader: httpx.Client, log: str) -> None:
    """Every matching event is in one bucket; facets name the values and how many there are."""
    hours = [{**EVENT, "occurred_at": f"2026-03-01T{hour:02d}:30:00Z"} for hour in range(6)]
    append(writer, log, [*hours, DENIED])
    eventually(lambda: len(indices(search(reader, log))), 7)
    span = {"since": "2026-03-01", "until": "2026-03-02"}
    histogram = reader.get(f"/v1/logs/{log}/histogram", params={**span, "buckets": 24}).json()
    assert (histogram["from"], histogram["to"]) == ("2026-03-01T00:00:00.000000Z", "2026-03-02T00:00:00.000000Z")
    assert len(histogram["buckets"]) == 24
    assert [sum(bucket["counts"].values()) for bucket in histogram["buckets"]] == [1] * 6 + [0] * 4 + [1] + [0] * 13
    assert histogram["buckets"][10]["counts"] == {"denied": 1}
    assert histogram["total"] == 7
    facets = reader.get(f"/v1/logs/{log}/facets", params={"field": "action"}).json()
    assert facets["values"] == [{"value": EVENT["action"], "count": 6}, {"value": "door.open", "count": 1}]
    assert (facets["distinct"], facets["total"]) == (2, 7)
    one = reader.get(f"/v1/logs/{log}/facets", params={"field": "outcome", "q": "outcome:denied"}).json()
    assert one["values"] == [{"value": "denied", "count": 1}]


@pytest.mark.parametrize(
    ("path", "pointer", "words"),
    [
        ("events?q=actr:ada", "?q", "column 1"),
        ("events?q=(a", "?q", "column 3"),
        ("events?q=" + "(" * 100 + "a" + ")" * 100, "?q", "parenthes"),
        ("events?since=soon", "?since", "a time"),
        ("events?limit=0", "?limit", "1 to 1,000"),
        ("events?limit=1001", "?limit", "1 to 1,000"),
        ("events?cursor=7", "?cursor", "next"),
        ("events?cursor=a7", "?cursor", "other order"),
        ("events?order=up", "?order", "asc, desc"),
        ("events?proof=yes", "?proof", "true, false"),
        ("events?colour=red", "?colour", "unknown"),
        ("histogram?buckets=501", "?buckets", "1 to 500"),
        ("facets", "?field", "missing"),
        ("facets?field=nothing", "?field", "no field"),
        ("events?since=2026-02-01&until=2026-01-31", "?until", "before since"),
        ("stream?after=-2", "?after", "an index"),
        ("export?format=docx", "?format", "ndjson"),
    ],
)
def test_bad_questions_are_400_and_name_the_place(
    auditor: httpx.Client, empty: str, path: str, pointer: str, words: str
) -> None:
    """The parameter, and what would be right."""
    document = check_problem(auditor.get(f"/v1/logs/{empty}/{path}"), 400)
    assert document["type"].endswith("bad-query")
    assert document["errors"][0]["pointer"] == pointer
    assert words in document["detail"]


@pytest.mark.parametrize("path", ["events", "histogram", "facets?field=actor", "stream", "export"])
def test_asking_needs_the_right_role(
    writer: httpx.Client, stranger: httpx.Client, reader: httpx.Client, empty: str, path: str
) -> None:
    """A writer cannot read; a reader cannot export; nobody without a key can do anything."""
    check_problem(writer.get(f"/v1/logs/{empty}/{path}"), 403)
    check_problem(stranger.get(f"/v1/logs/{empty}/{path}"), 401)
    check_problem(reader.get(f"/v1/logs/nowhere/{path}"), 403 if path == "export" else 404)


def test_export_is_everything_in_order(writer: httpx.Client, auditor: httpx.Client, log: str) -> None:
    """One line a record, in the order of the log, of the format asked for; a filter holds here too."""
    append(writer, log, [EVENT, DENIED] * 600)
    eventually(lambda: search(auditor, log, q="", limit=1)["coverage"]["indexed"], 1_200)
    answer = auditor.get(f"/v1/logs/{log}/export?q=outcome:denied")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert re.search(rf'filename="{log}\.ndjson"', answer.headers["content-disposition"])
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["index"] for line in lines] == list(range(1, 1_200, 2))
    back = auditor.get(f"/v1/logs/{log}/export?order=desc&format=csv").text.splitlines()
    assert len(back) == 1_201


def test_export_as_parquet_is_one_file_with_the_columns_of_a_segment(
    writer: httpx.Client, auditor: httpx.Client, log: str
) -> None:
    """Rows in the order asked for, whose ``record`` is the log's entry; a file without rows when nothing matches."""
    append(writer, log, [EVENT, DENIED] * 10)
    eventually(lambda: search(auditor, log, limit=1)["coverage"]["indexed"], 20)
    answer = auditor.get(f"/v1/logs/{log}/export?format=parquet&q=outcome:denied&order=desc")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    rows = pl.read_parquet(io.BytesIO(answer.content))
    assert rows["index"].to_list() == list(range(19, 0, -2))
    shown = auditor.get(f"/v1/logs/{log}/events/19").json()
    assert json.loads(rows["record"][0]).items() <= shown.items()
    none = auditor.get(f"/v1/logs/{log}/export?format=parquet&q=actor:nobody&since=1999-01-01&until=1999-01-02")
    nothing = pl.read_parquet(io.BytesIO(none.content))
    assert (nothing.height, nothing.columns) == (0, rows.columns)


def test_search_stops_when_the_client_leaves(served: Served, writer: httpx.Client, log: str) -> None:
    """A search that nobody waits for any more is cancelled, and its place is free again."""
    append(writer, log, [EVENT])
    index = served.logs.get(log).index
    stopped: list[str] = []

    def endless(*_: Any, control: Any, **__: Any) -> None:
        try:
            while True:
                control.check()
        except Exception as error:
            stopped.append(type(error).__name__)
            raise

    real, index.search = index.search, endless  # type: ignore[method-assign, assignment]
    try:
        host, _, port = served.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            secret = served.secrets["reader"]
            head = f"GET /v1/logs/{log}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n\r\n"
            connection.sendall(head.encode())
            eventually(lambda: served.app.searches_under_way, 1)
        eventually(lambda: (served.app.searches_under_way, stopped), (0, ["QueryCancelled"]))
    finally:
        index.search = real  # type: ignore[method-assign]


def test_restricted_reader_finds_counts_and_follows_only_its_part(
    served: Served, writer: httpx.Client, reader: httpx.Client, log: str
) -> None:
    """What a grant's query does not match is not there: not in pages, not in counts, not in streams."""
    grant = Grant.parse(f"reader:{log} outcome:denied")
    key = served.api_keys.create(name="part", grants=[grant], by=TEST)
    append(writer, log, [EVENT, DENIED, EVENT, DENIED])
    eventually(lambda: search(reader, log)["coverage"]["indexed"], 4)
    with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {key.secret}"}, timeout=30) as part:
        assert indices(search(part, log)) == [3, 1]
        assert indices(search(part, log, q="-outcome:denied OR outcome:*")) == [3, 1]
        facets = part.get(f"/v1/logs/{log}/facets?field=outcome").json()
        assert facets["values"] == [{"value": "denied", "count": 2}]
        assert part.get(f"/v1/logs/{log}/histogram").json()["total"] == 2
        with part.stream("GET", f"/v1/logs/{log}/stream?after=0") as stream:
            lines = (line for line in stream.iter_lines() if line.startswith("id: "))
            assert [next(lines), next(lines)] == ["id: 1", "id: 3"]


def test_server_without_index_refuses_to_search_and_does_the_rest(tmp_path: Path) -> None:
    """Every question that needs the index gets 503 and the setting's name; appends, reading and tails go on."""
    with serving(tmp_path, INDELIBLE_INDEX_ENABLED="false") as served, served.client("admin") as admin:
        assert append(admin, "main", [EVENT, DENIED]) == 0
        for question in ("events", "histogram", "facets?field=action", "export"):
            answer = admin.get(f"/v1/logs/main/{question}")
            problem = check_problem(answer, 503)
            assert problem["type"] == "urn:indelible:problem:unavailable"
            assert "[index] enabled is false" in problem["detail"]
            assert answer.headers["retry-after"]
        assert admin.get("/v1/logs/main/events/1").json()["action"] == "door.open"
        with admin.stream("GET", "/v1/logs/main/stream", headers={"Last-Event-ID": "0"}) as stream:
            assert "id: 1" in itertools.islice(stream.iter_lines(), 4)
        assert not (tmp_path / "data" / "index").exists()

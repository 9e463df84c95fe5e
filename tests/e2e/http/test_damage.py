"""A server whose files an insider has changed: it says what is damaged, and goes on with the rest."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import httpx
import pytest

import indelible
from indelible.access import Grant, Role
from indelible.client.exchange import Answer
from indelible.client.problem import error_of
from indelible.errors import IntegrityError, Unavailable
from tests.e2e.http.serving import Served
from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_bad_input import check_problem
from tests.e2e.http.test_search import append, eventually, indices, search
from tests.e2e.http.test_stream import Stream
from tests.insider import NO_RECORDS, alter
from tests.recorded_log import TEST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.http.serving import Served


@pytest.fixture
def files(served: Served, writer: httpx.Client, log: str) -> Path:
    """The folder of a log with six entries."""
    append(writer, log, [{**EVENT, "action": f"door.{number}"} for number in range(6)])
    return served.logs.path / "logs" / log


@pytest.mark.parametrize(
    ("gone", "asked"),
    [
        ("tile/entries/000.p/6", "events/3"),
        ("tile/0/000.p/6", "events/3/proof"),
        ("tile/0/000.p/6", "consistency?from=3&to=6"),
    ],
)
def test_a_missing_file_is_no_404_for_an_entry_that_exists(
    auditor: httpx.Client, log: str, files: Path, gone: str, asked: str
) -> None:
    """A problem document that names log, file and remedy; the file itself is not found, as a static server says it."""
    (files / gone).unlink()
    problem = check_problem(auditor.get(f"/v1/logs/{log}/{asked}"), 500)
    assert problem["type"] == "urn:indelible:problem:integrity"
    assert f"{gone} of " in problem["detail"]
    assert "indelible verify" in problem["detail"]
    assert str(files) not in problem["detail"]
    check_problem(auditor.get(f"/v1/logs/{log}/events/6"), 404)
    check_problem(auditor.get(f"/logs/{log}/{gone}"), 404)


def test_the_client_takes_damage_for_damage(auditor: httpx.Client, log: str, files: Path) -> None:
    """The error that the same call on a directory raises, with the same words."""
    (files / "tile" / "entries" / "000.p" / "6").unlink()
    answer = auditor.get(f"/v1/logs/{log}/events/3")
    error = error_of(Answer(status=answer.status_code, headers=dict(answer.headers), body=answer.content))
    assert isinstance(error, IntegrityError)
    assert "entries 0 to 5" in str(error)


@pytest.fixture(params=list(NO_RECORDS))
def altered(request: pytest.FixtureRequest, auditor: httpx.Client, log: str, files: Path) -> str:
    """What was made of entry 3, before it was indexed."""
    alter(files, 6, 3, NO_RECORDS[request.param])
    eventually(lambda: search(auditor, log)["coverage"]["complete"], True)
    what: str = request.param
    return what


def test_a_page_names_an_entry_that_is_no_record(auditor: httpx.Client, log: str, altered: str) -> None:
    """The page is JSON, whatever was made of the entry; the other rows are there, with their proofs."""
    page = search(auditor, log, proof="true")
    assert indices(page) == [5, 4, 3, 2, 1, 0]
    damaged = page["events"][2]
    assert set(damaged) == {"index", "published", "damaged"}
    assert damaged["damaged"].startswith("tile/entries/000.p/6 of "), altered
    assert all(event["proof"] for event in page["events"] if event["index"] != 3)


def test_an_entry_that_is_no_record_is_a_problem(auditor: httpx.Client, log: str, altered: str) -> None:
    """Whoever asks for it gets no record, and no bytes of it: 500, which names it. Those beside it are there."""
    problem = check_problem(auditor.get(f"/v1/logs/{log}/events/3"), 500)
    assert problem["type"] == "urn:indelible:problem:integrity"
    assert "entry 3 is no record any more" in problem["detail"], altered
    assert auditor.get(f"/v1/logs/{log}/events/3/proof").status_code == 200  # that of the entry that was signed
    assert auditor.get(f"/v1/logs/{log}/events/4").json()["action"] == "door.4"


def test_a_stream_goes_on_past_an_entry_that_is_no_record(
    auditor: httpx.Client, writer: httpx.Client, log: str, altered: str
) -> None:
    """Each event is whole, under the index of its entry, in what is caught up and in what comes."""
    filtered = Stream(auditor, log, q="action:door.*", after=-1)
    assert filtered.next(5) == [0, 1, 2, 4, 5]
    filtered.close()
    stream = Stream(auditor, log, after=-1)
    assert stream.next(6) == [0, 1, 2, 3, 4, 5], altered
    append(writer, log, [EVENT])
    assert stream.next(1) == [6]
    stream.close()


def test_exports_go_on_past_an_entry_that_is_no_record(auditor: httpx.Client, log: str, altered: str) -> None:
    """NDJSON and CSV have as many rows as there are entries, each under its own index."""
    lines = auditor.get(f"/v1/logs/{log}/export").content.split(b"\n")
    assert [json.loads(line)["index"] for line in lines if line] == [0, 1, 2, 3, 4, 5], altered
    content = auditor.get(f"/v1/logs/{log}/export", params={"format": "csv"}).text
    assert [row["index"] for row in csv.DictReader(io.StringIO(content, newline=""), strict=True)] == list("012345")


def test_an_export_that_cannot_say_it_fails(
    served: Served, auditor: httpx.Client, writer: httpx.Client, log: str, files: Path, tmp_path: Path
) -> None:
    """With a problem when nothing has been sent yet, else cut short: rather than that it leaves something out."""
    alter(files, 6, 3, NO_RECORDS["no JSON"])
    eventually(lambda: search(auditor, log)["coverage"]["complete"], True)
    problem = check_problem(auditor.get(f"/v1/logs/{log}/export", params={"format": "ocsf"}), 500)
    assert problem["type"] == "urn:indelible:problem:integrity"
    assert problem["detail"].startswith(f"entry 3 of {served.logs.get(log).log.origin}: ")
    with indelible.connect(served.url, api_key=served.secrets["auditor"], log=log) as connected:
        with pytest.raises(IntegrityError, match="entry 3"):
            connected.export("ocsf", to=tmp_path / "out")
        large = {**EVENT, "metadata": {"text": "x" * 60_000}}
        append(writer, log, [large] * 12)
        alter(files, 18, 17, NO_RECORDS["no JSON"])
        eventually(lambda: search(auditor, log)["coverage"]["complete"], True)
        with pytest.raises(Unavailable):
            connected.export("ocsf", to=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_whoever_sees_some_events_sees_nothing_of_a_damaged_one(served: Served, log: str, files: Path) -> None:
    """What it was cannot be told any more, so its bytes are shown to nobody."""
    alter(files, 6, 3, lambda entry: entry[:-1])
    key = served.api_keys.create(name="some", grants=[Grant(Role.READER, log, "action:door.*")], by=TEST)
    with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {key.secret}"}) as client:
        eventually(lambda: search(client, log)["coverage"]["complete"], True)
        for event in search(client, log)["events"]:  # it is among them if it was indexed before
            assert (event["index"] == 3) is (set(event) == {"index", "published", "damaged"})
        problem = check_problem(client.get(f"/v1/logs/{log}/events/3"), 500)
        assert "door.3" not in problem["detail"]


def test_the_client_goes_on_past_an_entry_that_is_no_record(served: Served, log: str, altered: str) -> None:
    """Its record cannot be had, and says so; a search, a tail and single reads give the others."""
    with indelible.connect(served.url, api_key=served.secrets["auditor"], log=log) as connected:
        found = list(connected.search())
        assert [entry.index for entry in found] == [5, 4, 3, 2, 1, 0], altered
        assert [entry.index for entry in found if entry.damage] == [3]
        with pytest.raises(IntegrityError, match="entry 3 is no record any more"):
            _ = found[2].record
        with pytest.raises(IntegrityError, match="entry 3 is no record any more"):
            connected.get(3)
        with connected.tail(after=-1) as flow:
            assert [next(flow).damage is None for _ in range(6)] == [True, True, True, False, True, True]

"""Saved searches over HTTP: whose they are, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from indelible.access import Grant
from tests.e2e.http.test_bad_input import check_problem
from tests.recorded_log import TEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.http.serving import Served

QUERY = "action:aws.iam.* outcome:denied since:24h"


@pytest.fixture
def other(served: Served) -> Iterator[httpx.Client]:
    """A second reader of every log."""
    key = served.api_keys.create(name="other", grants=[Grant.parse("reader:*")], by=TEST)
    with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {key.secret}"}) as client:
        yield client


def test_search_is_saved_shown_changed_and_forgotten(reader: httpx.Client, log: str) -> None:
    """Its text stays as written: relative times mean the day on which it is asked."""
    saved = reader.post("/v1/searches", json={"name": f"a-{log}", "log": log, "query": QUERY})
    assert saved.status_code == 201
    path = saved.headers["location"]
    assert reader.get(path).json() == saved.json()
    assert saved.json()["query"] == QUERY
    changed = reader.put(path, json={"log": log, "query": "actor:ada", "description": "hers"})
    assert (changed.json()["query"], changed.json()["created_at"]) == ("actor:ada", saved.json()["created_at"])
    assert changed.json() in reader.get("/v1/searches").json()["searches"]
    assert reader.delete(path).status_code == 204
    check_problem(reader.get(path), 404)
    check_problem(reader.delete(path), 404)


def test_search_belongs_to_whoever_saved_it(
    reader: httpx.Client, other: httpx.Client, admin: httpx.Client, writer: httpx.Client, log: str
) -> None:
    """Every reader of the log sees it; only its owner and an administrator of the log change it; others see nothing."""
    name = f"b-{log}"
    assert reader.post("/v1/searches", json={"name": name, "log": log, "query": ""}).status_code == 201
    assert other.get(f"/v1/searches/{name}").status_code == 200
    check_problem(other.put(f"/v1/searches/{name}", json={"log": log, "query": "x"}), 403)
    check_problem(other.delete(f"/v1/searches/{name}"), 403)
    check_problem(writer.get(f"/v1/searches/{name}"), 404)
    assert name not in str(writer.get("/v1/searches").json())
    assert admin.put(f"/v1/searches/{name}", json={"log": log, "query": "x"}).status_code == 200
    assert admin.delete(f"/v1/searches/{name}").status_code == 204


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"name": "x", "log": "main", "query": "actr:ada"}, 400, "column 1"),
        ({"name": "X!", "log": "main", "query": ""}, 422, "cannot name"),
        ({"name": "x", "log": "nowhere", "query": ""}, 404, "no log"),
        ({"name": "x", "log": "main", "query": "", "colour": 1}, 422, "colour"),
        ({"name": "x", "log": "main"}, 422, "query"),
    ],
)
def test_bad_search_is_refused_when_it_is_saved(
    reader: httpx.Client, body: dict[str, object], status: int, words: str
) -> None:
    """Not when somebody needs it."""
    assert words in check_problem(reader.post("/v1/searches", json=body), status)["detail"]
    check_problem(reader.get("/v1/searches/x"), 404)


def test_name_is_taken_once(reader: httpx.Client, writer: httpx.Client, stranger: httpx.Client, log: str) -> None:
    """409 for a second one; a writer saves nothing, and nobody without a key sees anything."""
    new = {"name": f"c-{log}", "log": log, "query": ""}
    assert reader.post("/v1/searches", json=new).status_code == 201
    check_problem(reader.post("/v1/searches", json=new), 409)
    check_problem(writer.post("/v1/searches", json={**new, "name": f"d-{log}"}), 403)
    check_problem(stranger.get("/v1/searches"), 401)

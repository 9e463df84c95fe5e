"""Grants over HTTP, and what a reader sees whose grant is restricted by a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from indelible.access import Grant
from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_bad_input import check_problem
from tests.recorded_log import TEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.http.serving import Served


@pytest.fixture
def newcomer(served: Served) -> Iterator[httpx.Client]:
    """A client whose key has a role on nothing that the tests use; its principal is its user agent."""
    key = served.api_keys.create(name="newcomer", grants=[Grant.parse("writer:elsewhere")], by=TEST)
    with httpx.Client(
        base_url=served.url, headers={"Authorization": f"Bearer {key.secret}", "User-Agent": key.principal}
    ) as client:
        yield client


def grant(admin: httpx.Client, to: httpx.Client, **what: Any) -> int:
    """Grant a role, and give its id."""
    answer = admin.post("/v1/grants", json={"principal": to.headers["User-Agent"], **what})
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["id"]
    assert answer.headers["location"] == f"/v1/grants/{number}"
    return number


def test_grant_is_given_and_taken_back_at_once(admin: httpx.Client, newcomer: httpx.Client, log: str) -> None:
    """It holds for the very next request, and ends with the very next."""
    check_problem(newcomer.post(f"/v1/logs/{log}/events", json=EVENT), 403)
    number = grant(admin, newcomer, role="writer", log=log)
    assert newcomer.post(f"/v1/logs/{log}/events", json=EVENT).status_code == 201
    listed = admin.get("/v1/grants", params={"principal": newcomer.headers["User-Agent"]}).json()["grants"]
    assert [(each["role"], each["log"], each["query"]) for each in listed] == [
        ("writer", "elsewhere", None),
        ("writer", log, None),
    ]
    assert listed[1]["principal_name"] == "newcomer"
    again = {"principal": newcomer.headers["User-Agent"], "role": "writer", "log": log}
    check_problem(admin.post("/v1/grants", json=again), 409)
    assert admin.delete(f"/v1/grants/{number}").status_code == 204
    check_problem(newcomer.post(f"/v1/logs/{log}/events", json=EVENT), 403)
    check_problem(admin.delete(f"/v1/grants/{number}"), 404)


def test_restricted_reader_sees_what_matches_and_nothing_of_the_rest(
    admin: httpx.Client, reader: httpx.Client, newcomer: httpx.Client, log: str
) -> None:
    """Records of others are as if they were not, by index and by id; tiles, bundles and proofs are refused."""
    mine, other = ({**EVENT, "tenant": tenant} for tenant in ("acme", "evil"))
    made = admin.post(f"/v1/logs/{log}/events?wait=published", json=[mine, other]).json()["events"]
    grant(admin, newcomer, role="reader", log=log, query="tenant:acme")
    for name in (made[0]["id"], "0"):
        assert newcomer.get(f"/v1/logs/{log}/events/{name}").json()["tenant"] == "acme"
    hidden = [check_problem(newcomer.get(f"/v1/logs/{log}/events/{name}"), 404) for name in (made[1]["id"], "1")]
    absent = [check_problem(newcomer.get(f"/v1/logs/{log}/events/{name}"), 404) for name in ("nowhere", "2")]
    names = (made[1]["id"], "1", "nowhere", "2")
    texts = {each["detail"].replace(f"'{name}'", "X") for each, name in zip(hidden + absent, names, strict=True)}
    assert len(texts) == 1
    for path in (
        f"/logs/{log}/checkpoint",
        f"/logs/{log}/tile/0/000.p/2",
        f"/logs/{log}/tile/entries/000.p/2",
        f"/v1/logs/{log}/events/0/proof",
        f"/v1/logs/{log}/consistency?from=1&to=2",
    ):
        check_problem(newcomer.get(path), 403)
    assert newcomer.get(f"/v1/logs/{log}").json()["size"] == 2
    assert reader.get(f"/v1/logs/{log}/events/1").json()["tenant"] == "evil"
    grant(admin, newcomer, role="reader", log=log)  # without a restriction
    assert newcomer.get(f"/v1/logs/{log}/events/1").json()["tenant"] == "evil"
    assert newcomer.get(f"/logs/{log}/tile/entries/000.p/2").status_code == 200


def test_restricted_reader_of_a_public_log_gets_what_anybody_gets(
    served: Served, admin: httpx.Client, newcomer: httpx.Client
) -> None:
    """Hash tiles hold no event; bundles do. A wrong key is not taken for none."""
    log = served.new_log(public=True)
    admin.post(f"/v1/logs/{log}/events?wait=published", json=EVENT)
    grant(admin, newcomer, role="reader", log=log, query="tenant:acme")
    assert newcomer.get(f"/logs/{log}/tile/0/000.p/1").status_code == 200
    check_problem(newcomer.get(f"/logs/{log}/tile/entries/000.p/1"), 403)
    check_problem(httpx.get(f"{served.url}/logs/{log}/checkpoint", headers={"Authorization": "Bearer x"}), 401)


@pytest.mark.parametrize(
    ("change", "status", "pointers"),
    [
        ({"principal": "ada"}, 422, ()),
        ({"principal": "api-key:000000000000"}, 404, ()),
        ({"principal": "oidc:github:"}, 422, ()),
        ({"role": "owner"}, 422, ("/role",)),
        ({"log": "a*b"}, 422, ("/log",)),
        ({"query": "tenant:("}, 422, ("/query",)),
        ({"query": ""}, 422, ("/query",)),
        ({"query": "since:24h"}, 422, ("/query",)),
        ({"role": "writer", "query": "tenant:a"}, 422, ("/query",)),
        ({"colour": "red"}, 422, ()),
    ],
)
def test_create_grant_refuses(
    admin: httpx.Client, change: dict[str, Any], status: int, pointers: tuple[str, ...]
) -> None:
    """With the place; nothing is granted."""
    before = admin.get("/v1/grants").json()
    new = {"principal": "oidc:github:repo:acme/app", "role": "reader", "log": "main", **change}
    check_problem(admin.post("/v1/grants", json=new), status, *pointers)
    assert admin.get("/v1/grants").json() == before
    key = {"name": "x", "grants": [{name: new[name] for name in ("role", "log", "query") if name in new}]}
    if {"role", "log", "query"} & change.keys():
        places = [f"/grants/0{pointer}" for pointer in pointers]
        check_problem(admin.post("/v1/api-keys", json=key), status, *places)


def test_administrator_of_a_team_grants_within_it(served: Served, admin: httpx.Client, newcomer: httpx.Client) -> None:
    """Logs and keys of others are out of reach: their grants are not listed, made or taken back."""
    key = served.api_keys.create(name="team", grants=[Grant.parse("admin:team-g-*")], by=TEST)
    own = served.api_keys.create(name="own", grants=[Grant.parse("reader:team-g-x")], by=TEST)
    elsewhere = admin.get("/v1/grants", params={"principal": newcomer.headers["User-Agent"]}).json()["grants"][0]
    with served.client(None) as team:
        team.headers["Authorization"] = f"Bearer {key.secret}"
        made = {"principal": own.principal, "role": "writer", "log": "team-g-*"}
        assert team.post("/v1/grants", json=made).status_code == 201
        for log in ("main", "*", "team-*"):
            check_problem(team.post("/v1/grants", json={**made, "log": log}), 403)
        check_problem(team.post("/v1/grants", json={**made, "principal": newcomer.headers["User-Agent"]}), 403)
        assert {each["log"] for each in team.get("/v1/grants").json()["grants"]} == {"team-g-*", "team-g-x"}
        check_problem(team.delete(f"/v1/grants/{elsewhere['id']}"), 404)
        subject = {**made, "principal": "oidc:github:repo:acme/app:ref:refs/heads/main"}
        assert team.post("/v1/grants", json=subject).status_code == 201


@pytest.mark.parametrize("role", ["writer", "reader", "auditor"])
def test_grants_need_an_admin(served: Served, role: str) -> None:
    """Nobody else sees, makes or takes back a grant."""
    with served.client(role) as client:
        check_problem(client.get("/v1/grants"), 403)
        check_problem(client.post("/v1/grants", json={}), 403)
        check_problem(client.delete("/v1/grants/1"), 403)


def test_last_administrator_cannot_be_removed(served: Served, admin: httpx.Client) -> None:
    """409, with what to do first."""
    (own,) = (
        each for each in admin.get("/v1/grants").json()["grants"] if each["log"] == "*" and each["role"] == "admin"
    )
    assert "make another first" in check_problem(admin.delete(f"/v1/grants/{own['id']}"), 409)["detail"]
    key = own["principal"].removeprefix("api-key:")
    check_problem(admin.delete(f"/v1/api-keys/{key}"), 409)
    assert admin.get("/v1/logs").status_code == 200

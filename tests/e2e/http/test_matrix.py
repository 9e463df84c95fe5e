"""Who may do what: every operation of the OpenAPI document, by every role, on the right log and on another one.

The table below is the documented answer. It names every operation, or the first test fails: a route that is added
without a decision about who may use it cannot be forgotten here.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from indelible.access import ApiKeys, Grant, Grants
from indelible.control import SearchStore
from indelible.server.openapi import build_document
from tests.e2e.http.serving import serving
from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_bad_input import check_problem
from tests.recorded_log import TEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.http.serving import Served

ROLES = {
    "writer": "writer:right*",
    "reader": "reader:right*",
    "restricted": "reader:right* tenant:acme",
    "auditor": "auditor:right*",
    "admin": "admin:right*",
}
ANYBODY = frozenset(ROLES)
WRITER = frozenset({"writer"})
WRITERS = frozenset({"writer", "admin"})
READERS = frozenset({"reader", "restricted", "auditor", "admin"})
READERS_OF_ALL = frozenset({"reader", "auditor", "admin"})
AUDITORS = frozenset({"auditor", "admin"})
ADMINS = frozenset({"admin"})

OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in build_document()["paths"].items()
    for method, operation in methods.items()
}


@dataclass(slots=True)
class World:
    """A server with a right log and a wrong one, and things in both that requests can be about."""

    served: Served
    client: httpx.Client
    secrets: dict[str, str]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def key(self, log: str) -> str:
        """The id of a new key that reaches no further than this log."""
        return self.served.api_keys.create(name="target", grants=[Grant.parse(f"writer:{log}")], by=TEST).id

    def grant(self, log: str) -> str:
        """The id of a new grant on this log."""
        subject = f"oidc:ci:{next(self.numbers)}"
        grants = Grants(self.served.store, self.served.acts)
        return str(grants.create(subject, Grant.parse(f"writer:{log}"), by=TEST).id)

    def search(self, log: str) -> str:
        """The name of a new search of this log, saved by somebody else."""
        name = f"search-{next(self.numbers)}"
        SearchStore(self.served.store).create(name, log=log, query="", description="", created_by="test:suite")
        return name

    def name(self, start: str) -> str:
        """A name that begins so, and that nothing has yet."""
        return f"{start}-{next(self.numbers)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What an operation answers.

    Attributes:
        allowed: The roles that may, on the right log.
        ok: The status when one does.
        elsewhere: The status for those roles when it is about the other log; ``None`` when it is about no log.
        denied: The status for the other roles.
        denied_elsewhere: The same, when it is about the other log; that of ``denied`` unless said.
        blind: Roles for which the thing does not exist, on either log: 404.
        path: The values of the path's parameters, for a log.
        query: The query, for a log.
        body: The body, for a log.
    """

    allowed: frozenset[str] = ANYBODY
    ok: int = 200
    elsewhere: int | None = 403
    denied: int = 403
    denied_elsewhere: int | None = None
    blind: frozenset[str] = frozenset()
    path: Callable[[World, str], dict[str, str]] = lambda _, log: {"log": log}
    query: dict[str, str] = field(default_factory=dict)
    body: Callable[[World, str], Any] | None = None

    def expected(self, role: str, log: str) -> int | None:
        """The documented status."""
        if role in self.blind:
            return 404
        if role in self.allowed:
            return self.ok if log == "right" else self.elsewhere
        return self.denied if log == "right" else self.denied_elsewhere or self.denied


def of_key(world: World, log: str) -> dict[str, str]:
    return {"id": world.key(log)}


def of_search(world: World, log: str) -> dict[str, str]:
    return {"search": world.search(log)}


def nothing(_: World, __: str) -> dict[str, str]:
    return {}


def grants(log: str) -> list[dict[str, str]]:
    return [{"role": "reader", "log": log}]


OPEN = Row(elsewhere=None, path=nothing)
AT_PROVIDER = Row(elsewhere=None, ok=404, path=lambda _, __: {"provider": "nowhere"})  # none is configured here

MATRIX: dict[str, Row] = {
    "appendEvents": Row(allowed=WRITERS, ok=201, body=lambda _, __: EVENT),
    "ingestEvents": Row(
        allowed=WRITERS,
        path=lambda _, log: {"log": log, "format": "cloudtrail"},
        body=lambda _, __: {"Records": []},
    ),
    "searchEvents": Row(allowed=READERS),
    "getHistogram": Row(allowed=READERS),
    "getFacets": Row(allowed=READERS, query={"field": "action"}),
    "streamEvents": Row(allowed=READERS),
    "exportEvents": Row(allowed=AUDITORS),
    "getEvent": Row(allowed=READERS, path=lambda _, log: {"log": log, "event": "0"}),
    "getProof": Row(allowed=AUDITORS, path=lambda _, log: {"log": log, "event": "0"}),
    "getConsistency": Row(allowed=AUDITORS, query={"from": "1", "to": "1"}),
    "getCheckpoint": Row(allowed=READERS_OF_ALL),
    "getTile": Row(allowed=READERS_OF_ALL, path=lambda _, log: {"log": log, "path": "entries/000.p/1"}),
    "describeLog": Row(),
    "listLogs": OPEN,
    "createLog": Row(allowed=ADMINS, ok=201, path=nothing, body=lambda world, log: {"log": world.name(log)}),
    "listSearches": OPEN,
    "createSearch": Row(
        allowed=READERS,
        ok=201,
        path=nothing,
        body=lambda world, log: {"name": world.name("s"), "log": log, "query": ""},
    ),
    # Other people's searches: readers of the log see them, its administrators change them; to others they do not exist.
    "getSearch": Row(allowed=READERS, elsewhere=404, blind=WRITER, path=of_search),
    "replaceSearch": Row(
        allowed=ADMINS,
        elsewhere=404,
        denied_elsewhere=404,
        blind=WRITER,
        path=of_search,
        body=lambda _, log: {"log": log, "query": "a"},
    ),
    "deleteSearch": Row(allowed=ADMINS, ok=204, elsewhere=404, denied_elsewhere=404, blind=WRITER, path=of_search),
    # Keys and grants of logs that somebody does not administer do not exist for them.
    "listApiKeys": Row(allowed=ADMINS, elsewhere=None, path=nothing),
    "createApiKey": Row(
        allowed=ADMINS, ok=201, path=nothing, body=lambda _, log: {"name": "made", "grants": grants(log)}
    ),
    "getApiKey": Row(allowed=ADMINS, elsewhere=404, path=of_key),
    "rotateApiKey": Row(allowed=ADMINS, ok=201, elsewhere=404, path=of_key, body=lambda _, __: {}),
    "revokeApiKey": Row(allowed=ADMINS, ok=204, elsewhere=404, path=of_key),
    "listGrants": Row(allowed=ADMINS, elsewhere=None, path=nothing),
    "createGrant": Row(
        allowed=ADMINS,
        ok=201,
        path=nothing,
        body=lambda world, log: {"principal": f"oidc:ci:{world.name('s')}", "role": "reader", "log": log},
    ),
    "deleteGrant": Row(allowed=ADMINS, ok=204, elsewhere=404, path=lambda world, log: {"id": world.grant(log)}),
    # For the pages of this server; no program is one.
    "signIn": Row(allowed=frozenset(), elsewhere=None, path=nothing, body=lambda _, __: {"api_key": "idl_"}),
    "getSession": OPEN,
    "signOut": Row(ok=204, elsewhere=None, path=nothing),
    "listProviders": OPEN,
    "startSignIn": AT_PROVIDER,
    "finishSignIn": AT_PROVIDER,
    "getMetrics": Row(
        allowed=frozenset(), elsewhere=None, path=nothing
    ),  # a reader of everything, which nobody here is
    "getHealth": OPEN,
    "getReadiness": OPEN,
    "getOpenApi": OPEN,
    "getDocs": OPEN,
    "getStart": OPEN,
}


def test_matrix_names_every_operation() -> None:
    """A route without a decision about who may use it does not pass."""
    assert MATRIX.keys() == OPERATIONS.keys()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(tmp_path_factory.mktemp("matrix")) as served:
        keys = served.api_keys
        secrets = {
            role: keys.create(name=role, grants=[Grant.parse(text)], by=TEST).secret for role, text in ROLES.items()
        }
        with served.client("admin") as admin:
            for log in ("right", "wrong"):
                admin.post("/v1/logs", json={"log": log})
                admin.post(f"/v1/logs/{log}/events?wait=published", json={**EVENT, "tenant": "acme"})
                admin.get(f"/v1/logs/{log}/events")  # opens the index
        past = ApiKeys(served.store, served.acts, now=lambda: datetime(2020, 1, 1, tzinfo=UTC))
        everything = [Grant.parse("admin:*")]
        expired = past.create(
            name="expired", grants=everything, by=TEST, expires_at=datetime(2020, 1, 1, tzinfo=UTC) + timedelta(1)
        )
        revoked = keys.create(name="revoked", grants=everything, by=TEST)
        keys.revoke(revoked.id, by=TEST)
        known = revoked.secret.split("_")[1]
        secrets |= {
            "expired": expired.secret,
            "revoked": revoked.secret,
            "unknown": "idl_000000000000_" + "0" * 43,
            "wrong": f"idl_{known}_" + "0" * 43,
            "nonsense": "nonsense",
        }
        with served.client(None) as client:
            yield World(served, client, secrets)


def send(world: World, operation: str, who: str | None, log: str) -> httpx.Response:
    """Send the operation's request about a log, as somebody."""
    method, path, _ = OPERATIONS[operation]
    row = MATRIX[operation]
    url = path.format_map(row.path(world, log))
    headers = {} if who is None else {"Authorization": f"Bearer {world.secrets[who]}"}
    body = None if row.body is None else row.body(world, log)
    with world.client.stream(method, url, params=row.query, headers=headers, json=body) as answer:
        if operation != "streamEvents" or answer.status_code != 200:
            answer.read()
        return answer


@pytest.mark.parametrize("operation", MATRIX)
def test_role_gets_the_documented_answer(world: World, operation: str) -> None:
    """Each role on the right log and on the other one: what it may, and the documented refusal of what it may not."""
    row, documented = MATRIX[operation], OPERATIONS[operation][2]["responses"]
    for role in ROLES:
        for log in ("right", "wrong") if row.elsewhere else ("right",):
            answer = send(world, operation, role, log)
            assert answer.status_code == row.expected(role, log), (operation, role, log)
            assert str(answer.status_code) in documented
            if answer.status_code >= 400:
                check_problem(answer, answer.status_code)


@pytest.mark.parametrize("operation", MATRIX)
def test_credentials_that_do_not_hold_get_in_nowhere(world: World, operation: str) -> None:
    """None, expired, revoked, unknown, wrong, nonsense: 401 and the same to the byte, unless it is open to anybody."""
    is_open = OPERATIONS[operation][2].get("security") == [{}]
    answers = set()
    for who in (None, "expired", "revoked", "unknown", "wrong", "nonsense"):
        answer = send(world, operation, who, "right")
        if is_open:
            assert answer.status_code not in {401, 500}, (operation, who)
            continue
        check_problem(answer, 401)
        assert answer.headers["www-authenticate"] == 'Bearer realm="indelible"'
        answers.add(answer.content)
    assert len(answers) == (0 if is_open else 1)


@pytest.mark.parametrize("role", ["writer", "reader", "restricted", "auditor"])
def test_nobody_gives_themselves_more(world: World, role: str) -> None:
    """Neither a key, nor a grant, nor the rotation of a better key."""
    better = world.key("right")
    headers = {"Authorization": f"Bearer {world.secrets[role]}"}
    with httpx.Client(base_url=world.served.url, headers=headers) as client:
        own = client.get("/auth/session").json()["principal"]
        new = {"principal": own, "role": "admin", "log": "right"}
        check_problem(client.post("/v1/grants", json=new), 403)
        check_problem(client.post("/v1/api-keys", json={"name": "x", "grants": grants("right")}), 403)
        check_problem(client.post(f"/v1/api-keys/{better}/rotate", json={}), 403)
        assert client.get("/auth/session").json()["principal"] == own

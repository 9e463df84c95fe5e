"""Grants: given, listed, taken back; and somebody who administers everything remains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from indelible.access import ApiKeys, Authenticator, Grant, Grants
from indelible.access.grants import MAX_GRANTS, principal_of
from indelible.control import ControlStore
from indelible.errors import Conflict, NotFound, QueryError, UsageError
from indelible.system_log import Caller
from tests.recorded_log import TEST, acts_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOSS = Caller(id="api-key:boss", name="boss")
NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
ADMIN, WRITER, READER = (Grant.parse(text) for text in ("admin:*", "writer:main", "reader:main tenant:acme"))
SUBJECT = "oidc:github:repo:acme/app:ref:refs/heads/main"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ControlStore]:
    with ControlStore.open(tmp_path / "control.sqlite") as store:
        yield store


@pytest.fixture
def time() -> list[datetime]:
    return [NOW]


@pytest.fixture
def keys(store: ControlStore, time: list[datetime]) -> ApiKeys:
    return ApiKeys(store, acts_in(store), now=lambda: time[0])


@pytest.fixture
def grants(store: ControlStore, time: list[datetime]) -> Grants:
    return Grants(store, acts_in(store), now=lambda: time[0])


def test_grant_holds_from_the_next_request_on(keys: ApiKeys, grants: Grants, store: ControlStore) -> None:
    """Given or taken back, a remembered key has what it is granted now, restriction and all."""
    key = keys.create(name="ci", grants=[WRITER], by=TEST)
    authenticator = Authenticator(store, clock=NOW.timestamp)
    header = f"Bearer {key.secret}".encode()
    assert authenticator.authenticate(header).grants == (WRITER,)
    made = grants.create(key.principal, READER, by=BOSS)
    assert (made.principal_name, made.grant, made.created_at, made.created_by) == ("ci", READER, NOW, "api-key:boss")
    assert authenticator.authenticate(header).grants == (WRITER, READER)
    assert keys.get(key.id).grants == (WRITER, READER)
    assert grants.delete(made.id, by=TEST) == made
    assert authenticator.authenticate(header).grants == (WRITER,)
    assert grants.find(made.id) is None
    with pytest.raises(NotFound):
        grants.delete(made.id, by=TEST)


def test_create_takes_a_subject_that_was_never_seen(grants: Grants) -> None:
    """A CI job may be let in before its first run; its principal is made with its first grant, once."""
    first = grants.create(SUBJECT, WRITER, by=TEST)
    second = grants.create(SUBJECT, READER, by=TEST)
    assert grants.list(SUBJECT) == (first, second)
    assert grants.list("oidc:github:other") == ()
    assert grants.list() == (first, second)


@pytest.mark.parametrize(
    "principal",
    ["", "ci", "api-key:", "oidc:github", "oidc:github:", "oidc::x", "oidc:Git Hub:x", "oidc:github: x", "oidc:g:a\nb",
     "local:ada", "oidc:github:" + "x" * 250],
)  # fmt: skip
def test_create_refuses_what_is_no_principal(grants: Grants, principal: str) -> None:
    """Each form is checked to its end; an API key must exist."""
    with pytest.raises((UsageError, NotFound)):
        grants.create(principal, WRITER, by=TEST)
    assert grants.list() == ()


def test_create_refuses_twice_and_too_many(grants: Grants, keys: ApiKeys) -> None:
    """The same grant again is a mistake; the same role under another restriction is not."""
    key = keys.create(name="ci", grants=[READER], by=TEST)
    with pytest.raises(Conflict, match="already"):
        grants.create(key.principal, READER, by=TEST)
    grants.create(key.principal, Grant.parse("reader:main tenant:other"), by=TEST)
    for number in range(MAX_GRANTS - 2):
        grants.create(key.principal, Grant.parse(f"reader:log{number}"), by=TEST)
    with pytest.raises(UsageError, match="pattern"):
        grants.create(key.principal, WRITER, by=TEST)


@pytest.mark.parametrize("query", ["tenant:(", "nofield:x", "occurred:>24h"])
def test_create_refuses_a_restriction_that_cannot_be_one(grants: Grants, keys: ApiKeys, query: str) -> None:
    """Whether it is given with the key or later."""
    grant = Grant.parse(f"reader:main {query}")
    with pytest.raises((QueryError, UsageError)):
        grants.create(SUBJECT, grant, by=TEST)
    with pytest.raises((QueryError, UsageError)):
        keys.create(name="ci", grants=[grant], by=TEST)
    assert grants.list() == ()


def test_last_administrator_cannot_be_removed(keys: ApiKeys, grants: Grants, time: list[datetime]) -> None:
    """Neither by revoking the key, nor by taking its grant; expired keys, a team's admin and subjects are no help."""
    boss = keys.create(name="boss", grants=[ADMIN], by=TEST)
    keys.create(name="old", grants=[ADMIN], by=TEST, expires_at=NOW + timedelta(hours=1))
    keys.create(name="team", grants=[Grant.parse("admin:team-*"), Grant.parse("auditor:*")], by=TEST)
    grants.create(SUBJECT, ADMIN, by=TEST)
    time[0] = NOW + timedelta(hours=1)
    (last,) = (grant for grant in grants.list(boss.principal))
    for remove in (lambda: keys.revoke(boss.id, by=TEST), lambda: grants.delete(last.id, by=TEST)):
        with pytest.raises(Conflict, match="make another first"):
            remove()
    assert keys.get(boss.id).revoked_at is None
    assert grants.find(last.id) == last
    keys.create(name="second", grants=[ADMIN], by=TEST)
    grants.delete(last.id, by=TEST)
    keys.revoke(boss.id, by=TEST)


def test_rotated_administrator_may_be_revoked(keys: ApiKeys) -> None:
    """The successor administers as well, and then it is the last."""
    boss = keys.create(name="boss", grants=[ADMIN], by=TEST)
    successor = keys.rotate(boss.id, by=TEST, overlap=timedelta(0))
    keys.revoke(boss.id, by=TEST)
    with pytest.raises(Conflict):
        keys.revoke(successor.id, by=TEST)


def test_where_nobody_administers_everything_keys_can_be_revoked(keys: ApiKeys) -> None:
    """The rule guards what there is; it does not demand what there never was."""
    key = keys.create(name="ci", grants=[WRITER], by=TEST)
    assert keys.revoke(key.id, by=TEST).revoked_at == NOW


def test_principal_of_takes_a_key_by_its_id() -> None:
    """What the list shows is enough; a principal in full is itself."""
    assert principal_of("7kq2m3xa90bd") == "api-key:7kq2m3xa90bd"
    assert principal_of("api-key:7kq2m3xa90bd") == "api-key:7kq2m3xa90bd"
    assert principal_of(SUBJECT) == SUBJECT

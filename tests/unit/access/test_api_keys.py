"""The life of an API key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from indelible.access import ApiKeys, Grant, RateLimit
from indelible.control import ControlStore
from indelible.errors import Conflict, NotFound, UsageError
from indelible.system_log import Caller
from tests.recorded_log import TEST, acts_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOSS = Caller(id="api-key:boss", name="boss")
NOW = datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=UTC)
WRITER = Grant.parse("writer:main")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[ControlStore]:
    with ControlStore.open(path) as store:
        yield store


@pytest.fixture
def keys(store: ControlStore) -> ApiKeys:
    return ApiKeys(store, acts_in(store), now=lambda: NOW)


def test_create_shows_the_secret_once_and_stores_none_of_it(keys: ApiKeys, store: ControlStore, path: Path) -> None:
    """The token is in the answer and nowhere else: not in the list, not in a repr, not in any file."""
    made = keys.create(name="ci", grants=[WRITER], by=TEST)
    secret = made.secret.split("_")[2]
    assert secret not in repr(made)
    assert secret not in repr(keys.list())
    store.close()
    for file in path.parent.iterdir():
        assert secret.encode() not in file.read_bytes()


def test_list_and_get_tell_what_was_given(keys: ApiKeys) -> None:
    """Every property survives storage; an expiry in another offset is the same instant."""
    expires = (NOW + timedelta(days=1)).astimezone(timezone(timedelta(hours=2)))
    grants = [Grant.parse("reader:team-a-*"), WRITER, WRITER]
    made = keys.create(name="ci", grants=grants, by=BOSS, expires_at=expires)
    (listed,) = keys.list()
    assert keys.get(made.id) == listed
    assert (listed.id, listed.name, listed.created_at, listed.created_by) == (made.id, "ci", NOW, "api-key:boss")
    assert listed.grants == (Grant.parse("reader:team-a-*"), WRITER)
    assert listed.expires_at == expires
    assert listed.revoked_at is None


def test_list_has_the_newest_first(store: ControlStore) -> None:
    """By the time of creation."""
    times = iter([NOW, NOW + timedelta(seconds=2), NOW + timedelta(seconds=1)])
    keys = ApiKeys(store, acts_in(store), now=lambda: next(times))
    made = [keys.create(name=name, grants=[WRITER], by=TEST).id for name in ("a", "b", "c")]
    assert [key.id for key in keys.list()] == [made[1], made[2], made[0]]


def test_revoke_marks_and_keeps_the_first_date(store: ControlStore) -> None:
    """A revoked key stays in the list; revoking it again changes nothing."""
    times = iter([NOW, NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)])
    keys = ApiKeys(store, acts_in(store), now=lambda: next(times))
    made = keys.create(name="ci", grants=[WRITER], by=TEST)
    assert keys.revoke(made.id, by=BOSS).revoked_at == NOW + timedelta(seconds=1)
    assert keys.revoke(made.id, by=BOSS).revoked_at == NOW + timedelta(seconds=1)
    assert len(keys.list()) == 1


@pytest.mark.parametrize("key_id", ["", "nobody", "x' OR 1=1 --"])
def test_revoke_and_get_refuse_an_unknown_id(keys: ApiKeys, key_id: str) -> None:
    """The error names it."""
    for act in (keys.get, lambda key_id: keys.revoke(key_id, by=BOSS)):
        with pytest.raises(NotFound):
            act(key_id)


@pytest.mark.parametrize("name", ["", " ", "a" * 257, "a\nb", "a\x1b[31m"])
def test_create_refuses_a_bad_name(keys: ApiKeys, name: str) -> None:
    """A name is printable, so that it is safe in a terminal."""
    with pytest.raises(UsageError, match="name"):
        keys.create(name=name, grants=[WRITER], by=TEST)
    assert keys.list() == ()


def test_create_refuses_no_grants_or_too_many(keys: ApiKeys) -> None:
    """A key that may do nothing is a mistake; a hundred grants are a pattern."""
    for grants in ([], [Grant.parse(f"writer:log{number}") for number in range(101)]):
        with pytest.raises(UsageError, match="grants"):
            keys.create(name="ci", grants=grants, by=TEST)


@pytest.mark.parametrize("expires", [NOW, NOW - timedelta(days=1), (NOW + timedelta(days=1)).replace(tzinfo=None)])
def test_create_refuses_an_expiry_that_is_past_or_has_no_offset(keys: ApiKeys, expires: datetime) -> None:
    """Both would surprise whoever set it."""
    with pytest.raises(UsageError, match="expires_at"):
        keys.create(name="ci", grants=[WRITER], by=TEST, expires_at=expires)


def test_rotate_gives_a_key_for_the_same_principal_and_lets_the_old_one_end(keys: ApiKeys) -> None:
    """Grants, name, rate and principal stay; the old key ends with the overlap and names its successor."""
    limit = RateLimit(requests_per_second=5, events_per_second=7)
    old = keys.create(name="ci", grants=[WRITER], by=TEST, limit=limit)
    new = keys.rotate(old.id, by=TEST, overlap=timedelta(hours=1))
    assert new.id != old.id
    assert new.secret != old.secret
    assert (new.principal, new.name, new.grants, new.limit) == (old.principal, "ci", (WRITER,), limit)
    assert (new.expires_at, new.revoked_at, new.rotated_to) == (None, None, None)
    before = keys.get(old.id)
    assert (before.expires_at, before.rotated_to) == (NOW + timedelta(hours=1), new.id)
    assert {key.id for key in keys.list()} == {old.id, new.id}


def test_rotate_never_lengthens_a_life(keys: ApiKeys) -> None:
    """A key that ends before the overlap does, ends then; its successor lives as long as it was made to live."""
    old = keys.create(name="ci", grants=[WRITER], by=TEST, expires_at=NOW + timedelta(minutes=5))
    new = keys.rotate(old.id, by=TEST, overlap=timedelta(hours=1))
    assert keys.get(old.id).expires_at == NOW + timedelta(minutes=5)
    assert new.expires_at == NOW + timedelta(minutes=5)
    given = keys.rotate(new.id, by=TEST, overlap=timedelta(0), expires_at=NOW + timedelta(days=1))
    assert given.expires_at == NOW + timedelta(days=1)
    assert keys.get(new.id).expires_at == NOW


def test_rotate_refuses_what_has_ended_or_was_rotated(store: ControlStore) -> None:
    """One successor a key; a revoked or expired one has none."""
    time = [NOW]
    keys = ApiKeys(store, acts_in(store), now=lambda: time[0])
    revoked, expired, rotated = (
        keys.create(name=name, grants=[WRITER], by=TEST, expires_at=NOW + timedelta(days=1))
        for name in ("revoked", "expired", "rotated")
    )
    keys.revoke(revoked.id, by=TEST)
    keys.rotate(rotated.id, by=TEST, overlap=timedelta(days=1))
    for key, word in ((revoked, "revoked"), (rotated, "rotated already")):
        with pytest.raises(Conflict, match=word):
            keys.rotate(key.id, by=TEST, overlap=timedelta(days=1))
    time[0] = NOW + timedelta(days=1)
    with pytest.raises(Conflict, match="expired"):
        keys.rotate(expired.id, by=TEST, overlap=timedelta(days=1))
    with pytest.raises(NotFound):
        keys.rotate("nobody", by=TEST, overlap=timedelta(days=1))
    assert len(keys.list()) == 4


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=30, seconds=1)])
def test_rotate_refuses_an_overlap_out_of_bounds(keys: ApiKeys, overlap: timedelta) -> None:
    """Two keys for ever would be no rotation."""
    old = keys.create(name="ci", grants=[WRITER], by=TEST)
    with pytest.raises(UsageError, match="overlap"):
        keys.rotate(old.id, by=TEST, overlap=overlap)
    assert keys.list() == (keys.get(old.id),)

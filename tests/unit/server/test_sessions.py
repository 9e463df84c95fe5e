"""Sessions: they end when they must, and never allow more than their key or subject does now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from indelible.access import ApiKeys, Authenticator, Grant, Grants
from indelible.access.oidc.tokens import Identity
from indelible.control import ControlStore
from indelible.errors import Unauthenticated
from indelible.server.sessions import COOKIE, Sessions, session_cookie, session_of
from indelible.server.sign_ins import SignIns, attempt_cookie
from tests.recorded_log import TEST, acts_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
IDLE, LIFETIME = 600, 3_600
READER = Grant.parse("reader:main")


class Clock:
    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ControlStore]:
    with ControlStore.open(tmp_path / "control.sqlite") as store:
        yield store


@pytest.fixture
def keys(store: ControlStore) -> ApiKeys:
    return ApiKeys(store, acts_in(store), now=lambda: NOW)


@pytest.fixture
def sessions(store: ControlStore, clock: Clock) -> Sessions:
    return Sessions(Authenticator(store, clock=clock), idle=IDLE, lifetime=LIFETIME, clock=clock)


def test_session_is_its_key_s(sessions: Sessions, keys: ApiKeys) -> None:
    """Principal and grants are the key's; another token is nobody's."""
    key = keys.create(name="ada", grants=[READER], by=TEST)
    token, opened = sessions.open(key.id)
    assert (opened.principal.id, opened.principal.grants) == (key.principal, (READER,))
    assert opened.ends == NOW.timestamp() + LIFETIME
    assert sessions.recall(token) == opened.principal
    assert sessions.authenticate(token) == opened
    assert sessions.recall(token + "x") is None
    with pytest.raises(Unauthenticated):
        sessions.authenticate(token + "x")


def test_session_ends_with_idleness_and_with_age(sessions: Sessions, keys: ApiKeys, clock: Clock) -> None:
    """Use keeps it alive, but not for ever."""
    key = keys.create(name="ada", grants=[READER], by=TEST)
    idle, _ = sessions.open(key.id)
    used, _ = sessions.open(key.id)
    for _ in range(LIFETIME // IDLE - 1):
        clock.now += IDLE
        assert sessions.recall(used) is not None
    assert sessions.recall(idle) is None
    with pytest.raises(Unauthenticated):
        sessions.authenticate(idle)
    clock.now = NOW.timestamp() + LIFETIME
    with pytest.raises(Unauthenticated):
        sessions.authenticate(used)


def test_session_ends_with_its_key(sessions: Sessions, keys: ApiKeys, clock: Clock) -> None:
    """Revoked: at once. Expired: to the second. Rotated: when the overlap is over."""
    for name, end in (("revoked", None), ("expiring", NOW + timedelta(minutes=5))):
        key = keys.create(name=name, grants=[READER], by=TEST, expires_at=end)
        token, _ = sessions.open(key.id)
        sessions.authenticate(token)
        if end is None:
            keys.revoke(key.id, by=TEST)
        else:
            clock.now += 300
        assert sessions.recall(token) is None
        with pytest.raises(Unauthenticated):
            sessions.authenticate(token)
        with pytest.raises(Unauthenticated):
            sessions.open(key.id)


def test_session_may_do_what_its_subject_may_do_now(sessions: Sessions, store: ControlStore) -> None:
    """A grant that is given or taken back holds for the next request; what the provider's rules gave stays."""
    ada = Identity(principal="oidc:corp:ada", name="Ada", grants=(READER,), expires=0.0, claims={})
    token, opened = sessions.open(ada)
    assert opened.principal.grants == (READER,)
    grants = Grants(store, acts_in(store))
    made = grants.create("oidc:corp:ada", Grant.parse("auditor:main"), by=TEST)
    assert sessions.recall(token) is None
    assert sessions.authenticate(token).principal.grants == (READER, Grant.parse("auditor:main"))
    grants.delete(made.id, by=TEST)
    assert sessions.authenticate(token).principal.grants == (READER,)


def test_sessions_are_bounded(sessions: Sessions, keys: ApiKeys, clock: Clock) -> None:
    """Of one principal the longest unused go first; nobody can crowd out the others."""
    key, other = (keys.create(name=name, grants=[READER], by=TEST) for name in ("a", "b"))
    others, _ = sessions.open(other.id)
    tokens = []
    for _ in range(25):
        clock.now += 1
        tokens.append(sessions.open(key.id)[0])
    assert [sessions.recall(token) is not None for token in tokens] == [False] * 5 + [True] * 20
    assert sessions.authenticate(others).principal.name == "b"


def test_close_ends_a_session(sessions: Sessions, keys: ApiKeys) -> None:
    """And closing it again is nothing."""
    token, _ = sessions.open(keys.create(name="ada", grants=[READER], by=TEST).id)
    sessions.close(token)
    sessions.close(token)
    with pytest.raises(Unauthenticated):
        sessions.authenticate(token)


def test_cookies_are_for_this_host_alone() -> None:
    """The prefix and each attribute: no script, no other host, no plain HTTP, no other site."""
    assert COOKIE.startswith("__Host-")
    for cookie, site in (
        (session_cookie("x"), "strict"),
        (attempt_cookie("x"), "lax"),
        (session_cookie(None), "strict"),
    ):
        assert (cookie.path, cookie.secure, cookie.httponly, cookie.domain, cookie.samesite) == (
            "/", True, True, None, site,
        )  # fmt: skip
    assert session_cookie(None).max_age == 0


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (None, None),
        (b"", None),
        (b"other=1", None),
        (b"__Host-indelible=abc", "abc"),
        (b"a=1; __Host-indelible=abc; b=2", "abc"),
        (b"__Host-indelible=", None),
        (b"x__Host-indelible=abc", None),
        (b"__Host-indelible=abc; __Host-indelible=def", None),
        (b"\xff\xfe;;;=", None),
    ],
)
def test_session_of_finds_our_cookie(header: bytes | None, value: str | None) -> None:
    """Among others; and not at all when there are two to choose from."""
    assert session_of(header) == value


def test_sign_in_is_taken_once_soon_and_by_its_browser() -> None:
    """Another provider's, another browser's, an old one, a second time: none of them."""
    now = [0.0]
    attempts = SignIns(clock=lambda: now[0])
    for provider, cookie, seconds, good in (
        ("corp", True, 1, True),
        ("other", True, 1, False),
        ("corp", False, 1, False),
        ("corp", True, 601, False),
    ):
        attempt, kept = attempts.begin("corp")
        now[0] += seconds
        taken = attempts.take(provider, attempt.state, kept if cookie else "forged")
        assert (taken == attempt) is good
        assert attempts.take("corp", attempt.state, kept) is None
    assert attempts.take("corp", "made up", "made up") is None
    assert attempts.take("corp", "", None) is None


def test_sign_ins_are_bounded() -> None:
    """Whoever begins many and finishes none takes no memory."""
    attempts = SignIns(clock=lambda: 0.0)
    first = attempts.begin("corp")
    for _ in range(1_000):
        last = attempts.begin("corp")
    assert attempts.take("corp", first[0].state, first[1]) is None
    assert attempts.take("corp", last[0].state, last[1]) is not None

"""From a header to a principal, and never for longer than the key holds."""

from __future__ import annotations

import hashlib
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from indelible.access import ApiKeys, Authenticator, Grant, Grants
from indelible.access.authenticator import RECHECK_SECONDS, TOKEN_SECONDS, USES_SECONDS
from indelible.access.oidc.provider import IdentityProvider
from indelible.access.oidc.tokens import TokenVerifier
from indelible.access.token import Token
from indelible.config import IdentityProviderSettings
from indelible.control import ControlStore
from indelible.errors import Unauthenticated, Unavailable
from tests.fake_provider import AUDIENCE, FakeProvider, new_key
from tests.recorded_log import TEST, acts_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
WRITER = Grant.parse("writer:main")


class Clock:
    """Stands still until told."""

    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def __call__(self) -> float:
        return self.now


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


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authenticator(store: ControlStore, clock: Clock) -> Authenticator:
    return Authenticator(store, clock=clock)


def bearer(secret: str) -> bytes:
    return f"Bearer {secret}".encode()


def test_authenticate_knows_a_good_key(authenticator: Authenticator, keys: ApiKeys) -> None:
    """The principal is the key's, with its grants; the scheme's case does not matter."""
    made = keys.create(name="ci", grants=[WRITER], by=TEST)
    principal = authenticator.authenticate(bearer(made.secret))
    assert (principal.id, principal.name, principal.grants) == (f"api-key:{made.id}", "ci", (WRITER,))
    assert authenticator.authenticate(f"bearer  {made.secret}".encode()) == principal


def test_recall_remembers_only_what_was_verified(authenticator: Authenticator, keys: ApiKeys) -> None:
    """Before the first verification it says nothing; after it, the same principal without a look-up."""
    header = bearer(keys.create(name="ci", grants=[WRITER], by=TEST).secret)
    assert authenticator.recall(header) is None
    principal = authenticator.authenticate(header)
    assert authenticator.recall(header) is principal


def test_authenticate_refuses_alike(authenticator: Authenticator, keys: ApiKeys, clock: Clock) -> None:
    """Nothing, nonsense, an unknown id, a wrong secret, revoked, expired: one text, and nothing remembered."""
    good = keys.create(name="ci", grants=[WRITER], by=TEST)
    revoked = keys.create(name="gone", grants=[WRITER], by=TEST)
    keys.revoke(revoked.id, by=TEST)
    expiring = keys.create(name="old", grants=[WRITER], by=TEST, expires_at=NOW + timedelta(seconds=1))
    clock.now += 1
    wrong = Token(id=good.id, secret=Token.generate().secret)
    headers = [
        None,
        b"",
        b"Bearer",
        b"Basic " + good.secret.encode(),
        bearer("nonsense"),
        bearer(good.secret + "x"),
        bearer(good.secret)[:-1],
        b"Bearer \xff\xfe",
        b"Bearer " + b"x" * 100_000,
        bearer(Token.generate().text),
        bearer(wrong.text),
        bearer("idl_000000000000_" + "0" * 43),
        bearer(revoked.secret),
        bearer(expiring.secret),
    ]
    texts = set()
    for header in headers:
        with pytest.raises(Unauthenticated) as refusal:
            authenticator.authenticate(header)
        texts.add(str(refusal.value))
        assert authenticator.recall(header) is None
    assert len(texts) == 1


def test_authenticate_takes_the_same_steps_for_unknown_and_wrong(
    authenticator: Authenticator, keys: ApiKeys, store: ControlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown id and a wrong secret run the same statements and one comparison each."""
    good = keys.create(name="ci", grants=[WRITER], by=TEST)
    steps: list[str] = []
    store._raw.set_trace_callback(lambda statement: steps.append(statement.split("WHERE")[0]))
    taken = []
    for secret in (Token.generate().text, Token(id=good.id, secret=Token.generate().secret).text, "nonsense"):
        steps.clear()
        with pytest.raises(Unauthenticated):
            authenticator.authenticate(bearer(secret))
        taken.append(tuple(steps))
    assert len(set(taken)) == 1
    assert len(taken[0]) == 4  # begin, the key, its grants, end


def test_revocation_ends_what_is_remembered_at_once(authenticator: Authenticator, keys: ApiKeys) -> None:
    """Through this process no time passes between revoking and refusing."""
    made = keys.create(name="ci", grants=[WRITER], by=TEST)
    header = bearer(made.secret)
    authenticator.authenticate(header)
    keys.revoke(made.id, by=TEST)
    assert authenticator.recall(header) is None
    with pytest.raises(Unauthenticated):
        authenticator.authenticate(header)


def test_revocation_during_a_verification_is_not_missed(
    authenticator: Authenticator, keys: ApiKeys, store: ControlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key read just before it is revoked is not remembered as good afterwards."""
    made = keys.create(name="ci", grants=[WRITER], by=TEST)
    header = bearer(made.secret)

    def compare_while_revoking(left: bytes, right: bytes) -> bool:
        keys.revoke(made.id, by=TEST)
        return left == right

    monkeypatch.setattr("hmac.compare_digest", compare_while_revoking)
    authenticator.authenticate(header)  # it was good when it was read
    assert authenticator.recall(header) is None
    with pytest.raises(Unauthenticated):
        authenticator.authenticate(header)


def test_change_by_another_process_is_noticed_in_time(
    authenticator: Authenticator, keys: ApiKeys, path: Path, clock: Clock
) -> None:
    """Whatever another process changed holds here after RECHECK_SECONDS, also when the clock was set back."""
    made = [keys.create(name="ci", grants=[WRITER], by=TEST) for _ in range(2)]
    headers = [bearer(key.secret) for key in made]
    for step, header in zip((RECHECK_SECONDS, -3600), headers, strict=True):
        authenticator.authenticate(header)
        other = threading.Thread(target=revoke_elsewhere, args=(path, made[headers.index(header)].id))
        other.start()
        other.join()
        clock.now += step
        with pytest.raises(Unauthenticated):
            authenticator.authenticate(header)


def revoke_elsewhere(path: Path, key_id: str) -> None:
    with ControlStore.open(path) as other:
        ApiKeys(other, acts_in(other)).revoke(key_id, by=TEST)


def test_expiry_ends_what_is_remembered(authenticator: Authenticator, keys: ApiKeys, clock: Clock) -> None:
    """A key that was good a moment ago is refused from the instant it expires."""
    made = keys.create(name="ci", grants=[WRITER], by=TEST, expires_at=NOW + timedelta(seconds=10))
    header = bearer(made.secret)
    clock.now += 9.999
    authenticator.authenticate(header)
    clock.now += 0.001
    with pytest.raises(Unauthenticated):
        authenticator.authenticate(header)


def test_memory_holds_no_secret_and_is_bounded(
    authenticator: Authenticator, keys: ApiKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headers are remembered by their hash, and no more than so many."""
    monkeypatch.setattr("indelible.access.authenticator._MAX_REMEMBERED", 3)
    for _ in range(5):
        header = bearer(keys.create(name="ci", grants=[WRITER], by=TEST).secret)
        authenticator.authenticate(header)
        assert len(authenticator._remembered) <= 3
    assert hashlib.sha256(header).digest() in authenticator._remembered
    assert header not in authenticator._remembered


def test_rotated_key_and_its_successor_are_one_principal_until_the_overlap_ends(
    authenticator: Authenticator, keys: ApiKeys, clock: Clock
) -> None:
    """Both work, also when remembered; at the end of the overlap the old one stops without anybody's doing."""
    old = keys.create(name="ci", grants=[WRITER], by=TEST)
    before = authenticator.authenticate(bearer(old.secret))
    new = keys.rotate(old.id, by=TEST, overlap=timedelta(minutes=1))
    assert authenticator.authenticate(bearer(old.secret)) == before
    assert authenticator.authenticate(bearer(new.secret)) == before
    clock.now += 60
    assert authenticator.recall(bearer(old.secret)) is None
    with pytest.raises(Unauthenticated):
        authenticator.authenticate(bearer(old.secret))
    assert authenticator.authenticate(bearer(new.secret)) == before


def test_uses_are_written_now_and_then(
    authenticator: Authenticator, keys: ApiKeys, store: ControlStore, clock: Clock
) -> None:
    """The last use is kept to the second, once a minute, for the keys that were used; nothing else notices."""
    used, unused = (keys.create(name="ci", grants=[WRITER], by=TEST) for _ in range(2))
    header = bearer(used.secret)
    clock.now += 0.7
    authenticator.authenticate(header)
    due = [authenticator.uses_due]
    clock.now += USES_SECONDS
    authenticator.recall(header)
    due.append(authenticator.uses_due)
    generation = store.generation
    authenticator.write_uses()
    due.append(authenticator.uses_due)
    assert due == [False, True, False]
    assert store.generation == generation
    assert authenticator.recall(header) is not None
    assert keys.get(used.id).last_used_at == NOW + timedelta(seconds=USES_SECONDS)
    assert keys.get(unused.id).last_used_at is None


def test_uses_of_refused_keys_are_none(authenticator: Authenticator, keys: ApiKeys, clock: Clock) -> None:
    """Only whoever was let in has used a key."""
    made = keys.create(name="ci", grants=[WRITER], by=TEST)
    with pytest.raises(Unauthenticated):
        authenticator.authenticate(bearer(Token(id=made.id, secret=Token.generate().secret).text))
    authenticator.write_uses()
    assert keys.get(made.id).last_used_at is None


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def with_tokens(store: ControlStore, provider: FakeProvider, clock: Clock) -> Authenticator:
    """An authenticator that believes tokens of the provider, which lets anybody of a repository write."""
    rules = (({"repository": "acme/app"}, ("writer:ci",)),)
    settings = IdentityProviderSettings(name="ci", issuer=provider.issuer, audience=AUDIENCE, rules=rules)
    clock.now = time.time()
    return Authenticator(store, tokens=TokenVerifier([IdentityProvider.of(settings)]), clock=clock)


def test_token_of_a_provider_has_what_it_and_the_store_grant(
    with_tokens: Authenticator, provider: FakeProvider, store: ControlStore
) -> None:
    """Its claims give roles, and so do grants to its subject, which hold at once, and are at once taken back."""
    header = bearer(provider.token(repository="acme/app", sub="repo:acme/app"))
    principal = with_tokens.authenticate(header)
    assert (principal.id, principal.grants) == ("oidc:ci:repo:acme/app", (Grant.parse("writer:ci"),))
    assert with_tokens.recall(header) is principal
    grants = Grants(store, acts_in(store))
    made = grants.create(principal.id, Grant.parse("reader:main"), by=TEST)
    assert with_tokens.recall(header) is None
    assert with_tokens.authenticate(header).grants == (Grant.parse("writer:ci"), Grant.parse("reader:main"))
    grants.delete(made.id, by=TEST)
    assert with_tokens.authenticate(header).grants == (Grant.parse("writer:ci"),)
    assert with_tokens.authenticate(bearer(provider.token(sub="nobody"))).grants == ()


def test_token_is_remembered_for_minutes_and_never_beyond_its_end(
    with_tokens: Authenticator, provider: FakeProvider, store: ControlStore, clock: Clock
) -> None:
    """A key that the provider withdraws is not believed until the token expires, nor the token after that."""
    store.notice_changes_elsewhere()
    header = bearer(provider.token(exp=int(clock.now) + 100))
    with_tokens.authenticate(header)
    clock.now += 158  # with its leeway
    assert with_tokens.recall(header) is not None
    clock.now += 3
    assert with_tokens.recall(header) is None
    header = bearer(provider.token())
    with_tokens.authenticate(header)
    clock.now += TOKEN_SECONDS
    assert with_tokens.recall(header) is None


def test_token_that_is_wrong_is_refused_like_any_key(
    with_tokens: Authenticator, authenticator: Authenticator, provider: FakeProvider
) -> None:
    """The same text, whether it was forged, is of another issuer, or no provider is configured at all."""
    good, forged = provider.token(), provider.token(new_key("first"))
    texts = set()
    for checker, token in (
        (with_tokens, forged),
        (with_tokens, provider.token(iss="https://evil.example")),
        (with_tokens, "a.b.c"),
        (with_tokens, Token.generate().text),
        (authenticator, good),
    ):
        with pytest.raises(Unauthenticated) as refusal:
            checker.authenticate(bearer(token))
        texts.add(str(refusal.value))
    assert len(texts) == 1


def test_token_of_a_provider_that_is_away_is_not_refused_for_good(
    with_tokens: Authenticator, provider: FakeProvider
) -> None:
    """503, not 401: nothing is known to be wrong with it. API keys go on."""
    provider.down = True
    with pytest.raises(Unavailable):
        with_tokens.authenticate(bearer(provider.token()))

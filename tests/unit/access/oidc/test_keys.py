"""A provider's keys: fetched when needed, kept while it is away, and never fetched in a storm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from indelible.access.oidc.keys import FLOOR_SECONDS, FRESH_SECONDS, STALE_SECONDS, ProviderKeys
from indelible.access.oidc.provider import IdentityProvider
from indelible.config import IdentityProviderSettings
from indelible.errors import Unavailable
from tests.fake_provider import AUDIENCE, FakeProvider, new_key

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def clock() -> Clock:
    return Clock()


def keys_of(provider: FakeProvider, clock: Clock) -> ProviderKeys:
    settings = IdentityProviderSettings(name="ci", issuer=provider.issuer, audience=AUDIENCE)
    return ProviderKeys(IdentityProvider.of(settings), clock=clock)


@pytest.fixture
def keys(provider: FakeProvider, clock: Clock) -> ProviderKeys:
    return keys_of(provider, clock)


def test_find_fetches_once(provider: FakeProvider, keys: ProviderKeys) -> None:
    """Nothing before it is needed, then discovery and keys, and then nothing for an hour."""
    assert provider.asked == []
    for _ in range(3):
        assert keys.find("first", "ES256") is not None
    assert provider.asked == ["/.well-known/openid-configuration", "/jwks"]


def test_find_notices_a_new_key_and_a_withdrawn_one(provider: FakeProvider, keys: ProviderKeys, clock: Clock) -> None:
    """A token signed with a new key makes us look; a key that is gone is gone within the hour."""
    keys.find("first", "ES256")
    provider.keys = [new_key("second")]
    clock.now += FLOOR_SECONDS
    assert keys.find("second", "ES256") is not None
    assert keys.find("first", "ES256") is None
    provider.keys = [new_key("third")]
    clock.now += FRESH_SECONDS + 1
    assert keys.find("second", "ES256") is None


def test_find_is_no_way_to_make_us_ask_in_a_storm(provider: FakeProvider, keys: ProviderKeys, clock: Clock) -> None:
    """However many key ids a stranger makes up: one look in thirty seconds."""
    for number in range(50):
        assert keys.find(f"made up {number}", "ES256") is None
    assert len(provider.asked) == 2
    clock.now += FLOOR_SECONDS
    for number in range(50):
        assert keys.find(f"made up {number}", "ES256") is None
    assert len(provider.asked) == 4


def test_find_goes_on_while_the_provider_is_away(provider: FakeProvider, keys: ProviderKeys, clock: Clock) -> None:
    """For a day, with what is known; then it would be reckless."""
    keys.find("first", "ES256")
    provider.down = True
    clock.now += FRESH_SECONDS + 1
    assert keys.find("first", "ES256") is not None
    clock.now += STALE_SECONDS
    with pytest.raises(Unavailable) as refusal:
        keys.find("first", "ES256")
    assert refusal.value.retry_after == FLOOR_SECONDS
    provider.down = False
    clock.now += FLOOR_SECONDS
    assert keys.find("first", "ES256") is not None


def test_find_of_a_provider_that_was_never_there_fails_at_once(provider: FakeProvider, clock: Clock) -> None:
    """One attempt, and for half a minute no second one: nobody waits for what does not answer."""
    provider.down = True
    keys = keys_of(provider, clock)
    for _ in range(5):
        with pytest.raises(Unavailable):
            keys.find("first", "ES256")
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"jwks_uri": "http://evil.example/jwks"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": 5},
        {"token_endpoint": "http://evil.example/token"},
    ],
)
def test_find_refuses_a_provider_that_points_elsewhere(
    provider: FakeProvider, keys: ProviderKeys, metadata: dict[str, Any]
) -> None:
    """Discovery 1.0, section 4.3: about this issuer, and nothing of it over plain HTTP."""
    provider.metadata = metadata
    with pytest.raises(Unavailable):
        keys.find("first", "ES256")


@pytest.mark.parametrize(
    "jwks", [[], {}, {"keys": {}}, {"keys": [1, "a", None, {}, {"kid": "first"}]}, "x" * (2 << 20)]
)
def test_find_survives_any_set_of_keys(provider: FakeProvider, keys: ProviderKeys, jwks: object) -> None:
    """Nonsense is no key, and no error of ours."""
    provider.jwks = jwks
    try:
        assert keys.find("first", "ES256") is None
    except Unavailable:
        assert not (isinstance(jwks, dict) and isinstance(jwks.get("keys"), list))

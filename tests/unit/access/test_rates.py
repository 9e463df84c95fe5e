"""How much a principal may send a second."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.access import Principal, RateLimit, Rates
from indelible.errors import RateLimited, UsageError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def principal(name: str = "ci", requests: int | None = None, events: int | None = None) -> Principal:
    limit = RateLimit(requests_per_second=requests, events_per_second=events)
    return Principal(id=f"api-key:{name}", name=name, grants=(), limit=limit)


def test_rates_without_a_limit_count_nothing() -> None:
    """Neither a limit of its own nor a default: anything goes."""
    rates = Rates()
    for _ in range(10_000):
        rates.take_request(principal())
    rates.take_events(principal(), 10**9)


def test_rates_refuse_what_is_more_than_a_second_s_worth() -> None:
    """As many as the rate at once, then one for each share of a second that passes; the error says when."""
    clock = Clock()
    rates = Rates(clock=clock)
    who = principal(requests=4)
    for _ in range(4):
        rates.take_request(who)
    with pytest.raises(RateLimited) as refusal:
        rates.take_request(who)
    assert refusal.value.retry_after == pytest.approx(0.25)
    clock.now += 0.25
    rates.take_request(who)
    with pytest.raises(RateLimited):
        rates.take_request(who)


def test_rates_refusals_cost_nothing() -> None:
    """Whoever is refused does not have to wait the longer for it."""
    clock = Clock()
    rates = Rates(clock=clock)
    who = principal(requests=1)
    rates.take_request(who)
    for _ in range(100):
        with pytest.raises(RateLimited):
            rates.take_request(who)
    clock.now += 1
    rates.take_request(who)


def test_rates_let_a_large_batch_through_and_have_it_paid_off() -> None:
    """A batch larger than the bucket passes once, and then nothing until it is paid for."""
    clock = Clock()
    rates = Rates(clock=clock)
    who = principal(events=1_000)
    rates.take_events(who, 10_000)
    clock.now += 8.9
    with pytest.raises(RateLimited) as refusal:
        rates.take_events(who, 1)
    assert refusal.value.retry_after == pytest.approx(0.101)
    clock.now += 0.2
    rates.take_events(who, 1)


def test_rates_of_one_are_not_those_of_another() -> None:
    """Buckets hang on the principal; its own limit comes before the default, for each of the two."""
    rates = Rates(RateLimit(requests_per_second=1), clock=Clock())
    rates.take_request(principal("a"))
    rates.take_request(principal("b"))
    for _ in range(3):
        rates.take_request(principal("c", requests=3, events=1))
    for who in (principal("a"), principal("b"), principal("c", requests=3)):
        with pytest.raises(RateLimited, match=who.name):
            rates.take_request(who)


@given(st.integers(1, 50), st.lists(st.tuples(st.integers(1, 200), st.floats(0, 3)), max_size=60))
def test_rates_hold_on_the_average(rate: int, batches: list[tuple[int, float]]) -> None:
    """Who comes back when told is let in; what passed is at most time times rate, a bucket, and the last batch."""
    clock = Clock()
    rates = Rates(clock=clock)
    who = principal(events=rate)
    passed, last = 0, 0
    for count, pause in batches:
        clock.now += pause
        try:
            rates.take_events(who, count)
        except RateLimited as refusal:
            clock.now += refusal.retry_after + 1e-9
            rates.take_events(who, count)  # by then there is room
        passed, last = passed + count, count
        assert passed - last <= (clock.now - 100) * rate + rate + 1e-6


@pytest.mark.parametrize("rate", [0, -1, 1_000_000_001])
def test_rate_limit_refuses_what_is_no_rate(rate: int) -> None:
    """Nought would be a key that works for nothing: that is revoking it."""
    with pytest.raises(UsageError, match="rate"):
        RateLimit(requests_per_second=rate)
    with pytest.raises(UsageError, match="rate"):
        RateLimit(events_per_second=rate)

"""Times: what RFC 3339 allows is read, its normal form is written, the rest is refused."""

from __future__ import annotations

import pytest

from indelible.events.timestamps import (
    are_normal,
    from_microseconds,
    from_milliseconds,
    is_normal,
    normalise,
    to_milliseconds,
)

NORMAL = "2026-01-31T13:45:00.123456Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NORMAL, NORMAL),
        ("2026-01-31T13:45:00Z", "2026-01-31T13:45:00.000000Z"),
        ("2026-01-31T13:45:00.1Z", "2026-01-31T13:45:00.100000Z"),
        ("2026-01-31T13:45:00.123456789Z", NORMAL),
        ("2026-01-31T13:45:00.999999999Z", "2026-01-31T13:45:00.999999Z"),
        ("2026-01-31t13:45:00.123456z", NORMAL),
        ("2026-01-31T13:45:00.123456-00:00", NORMAL),
        ("2026-01-31T15:15:00.123456+01:30", NORMAL),
        ("2026-01-31T23:30:00-01:00", "2026-02-01T00:30:00.000000Z"),
        ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000000Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_normalise_writes_utc_with_six_digits(text: str, expected: str) -> None:
    """Any offset and up to nine digits come out in the one normal form, truncated, never rounded."""
    assert normalise(text) == expected
    assert normalise(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-31",
        "2026-01-31T13:45:00",
        "2026-01-31 13:45:00Z",
        "2026-01-31T13:45Z",
        "20260131T134500Z",
        "2026-W05-6T13:45:00Z",
        "2026-01-31T13:45:00,5Z",
        "2026-01-31T13:45:00.Z",
        "2026-01-31T13:45:00.1234567890Z",
        "2026-01-31T13:45:00+0100",
        "2026-01-31T13:45:00+24:00",
        "2026-01-31T13:45:00+01:60",
        "2026-01-31T24:00:00Z",
        "2026-01-31T23:60:00Z",
        "2016-12-31T23:59:60Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "0000-01-01T00:00:00Z",
        "2026-01-31T13:45:00Z\n",
        " 2026-01-31T13:45:00Z",
        "２０２６-01-31T13:45:00Z",  # noqa: RUF001  full-width digits
    ],
)
def test_normalise_refuses_what_is_not_rfc_3339(text: str) -> None:
    """Neither the loose forms of ISO 8601 nor times that do not exist are taken."""
    with pytest.raises(ValueError, match=r".+"):
        normalise(text)
    assert not is_normal(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T13:45:00.123456z",
        "2026-01-31T13:45:00.12345ZZ",
        "2026-01-31T13:45:00.1234+1Z",
        "2026-01-31T13:45:00.1234567",
        "2026-01-31X13:45:00.123456Z",
        "2026-01-31T24:00:00.000000Z",
        "2026-02-30T13:45:00.123456Z",
        "2026-01-31T13:45:0/.123456Z",
        "2026-01-31T13:45:0:.123456Z",
        "1969-12-31T23:59:59.999999Z",
        "２026-01-31T13:45:00.12345Z",  # noqa: RUF001
        "2026-01-31T13:45:00.123é56Z",
    ],
)
def test_normal_form_is_recognised_alike_one_by_one_and_at_once(text: str) -> None:
    """What is almost a time in normal form is none, also among many that are."""
    assert not is_normal(text)
    assert not are_normal([text])
    for place in (0, 17, 39):
        many = [NORMAL] * 40
        many[place] = text
        assert not are_normal(many)


def test_are_normal_takes_every_day_of_a_leap_year() -> None:
    """Batches are judged by the calendar, not by a range of digits."""
    days = [from_milliseconds(1_704_067_200_000 + day * 86_400_000 + 999) for day in range(366)]
    assert days[0] == "2024-01-01T00:00:00.999000Z"
    assert days[-1] == "2024-12-31T00:00:00.999000Z"
    assert are_normal(days)
    assert are_normal([])
    assert not are_normal([*days, "2025-02-29T00:00:00.000000Z"])


def test_are_normal_is_not_fooled_by_texts_that_balance_out() -> None:
    """A text one shorter and one longer than 27 join to the same length; each is still refused."""
    assert not are_normal([NORMAL] * 30 + [NORMAL[:-1], "Z" + NORMAL])


def test_milliseconds_round_trip_and_truncate() -> None:
    """From and to milliseconds are inverse; microseconds are cut off."""
    assert to_milliseconds(NORMAL) == 1_769_867_100_123
    assert from_milliseconds(1_769_867_100_123) == "2026-01-31T13:45:00.123000Z"
    assert from_microseconds(0) == "1970-01-01T00:00:00.000000Z"
    assert from_microseconds(253_402_300_799_999_999) == "9999-12-31T23:59:59.999999Z"
    with pytest.raises(OverflowError):
        from_microseconds(253_402_300_800_000_000)

"""Questions: bounds made absolute once, and what cannot be asked refused before anything is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from indelible.errors import UsageError
from indelible.events.timestamps import to_microseconds
from indelible.sdk.question import as_datetime, ask, check_after, check_format

NOON = "2026-01-31T12:00:00.000000Z"


@pytest.mark.parametrize(
    "since",
    [
        NOON,
        "2026-01-31T12:00",
        "2026-01-31T14:00:00+02:00",
        datetime(2026, 1, 31, 12, tzinfo=UTC),
        datetime(2026, 1, 31, 14, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_ask_takes_a_moment_in_every_form(since: str | datetime) -> None:
    """Texts and datetimes of any zone name the same microsecond."""
    assert ask("", since=since).since_us == to_microseconds(NOON)


def test_ask_counts_back_from_one_moment() -> None:
    """Both bounds, and the query, are seen from the same now."""
    question = ask("since:1h", since="24h", until="1h")
    assert question.since_us == question.now_us - 24 * 3_600 * 10**6
    assert question.until_us == question.now_us - 3_600 * 10**6


def test_ask_leaves_out_what_is_not_given() -> None:
    """No bound is no bound; before 1970 there is nothing."""
    question = ask("")
    assert (question.since_us, question.until_us, question.limit, question.order) == (None, None, None, "desc")
    assert ask("", since=datetime(1900, 1, 1, tzinfo=UTC)).since_us == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"since": "soon"}, "since 'soon'"),
        ({"until": datetime(2026, 1, 31)}, "until lacks its zone"),  # noqa: DTZ001
        ({"since": "2026-02-01", "until": "2026-01-31"}, "until 2026-01-31 lies before since 2026-02-01"),
        ({"order": "up"}, "asc"),
        ({"limit": -1}, "-1"),
    ],
)
def test_ask_refuses_what_cannot_be(wrong: dict[str, object], words: str) -> None:
    """The error names the argument."""
    with pytest.raises(UsageError, match=words):
        ask("", **wrong)  # type: ignore[arg-type]


def test_check_after_and_format() -> None:
    """-1 is before the first entry; formats are those that there are."""
    for fine in (None, -1, 0, 7):
        check_after(fine)
    with pytest.raises(UsageError, match="-2"):
        check_after(-2)
    assert check_format("csv") == "csv"
    with pytest.raises(UsageError, match="ndjson, csv"):
        check_format("xml")


def test_as_datetime_is_exact() -> None:
    """To the microsecond, in UTC."""
    assert as_datetime(to_microseconds(NOON) + 1) == datetime(2026, 1, 31, 12, 0, 0, 1, tzinfo=UTC)

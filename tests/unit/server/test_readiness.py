"""When a server says that it should not be sent work, and that it tells nobody the names of logs."""

from __future__ import annotations

from indelible.server.readiness import Check, Readiness, behind


def test_behind_names_how_far_and_how_many_but_no_log() -> None:
    """The worst of those beyond the limit; exactly at the limit is still in time."""
    lags = {"secret-project": 11, "another": 30, "in-time": 10}
    check = behind("index", lambda: lags, 10, "search indexes are behind")
    reason = check.ask()
    assert reason == "search indexes are behind by up to 30 entries in 2 logs; at most 10"
    lags.clear()
    assert check.ask() is None


def test_readiness_asks_every_question_each_time() -> None:
    """Also those added later; what was wrong a moment ago may be right now."""
    wrong = ["because"]
    readiness = Readiness([Check("first", lambda: None)])
    readiness.add(Check("second", lambda: wrong[0] if wrong else None))
    assert readiness.answers() == {"first": None, "second": "because"}
    wrong.clear()
    assert readiness.answers() == {"first": None, "second": None}

"""What a record of the server's own says, however strange the request was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.errors import StorageFull
from indelible.system_log import Action, Caller, SystemEvent, SystemLog
from indelible.system_log.asked import ONCE_SECONDS, Asked
from indelible.system_log.denials import Denials
from tests.recorded_log import TEST, RecordedLog


@given(
    st.builds(
        Caller,
        id=st.text(min_size=1, max_size=300).map("test:".__add__).filter(str.isprintable),
        name=st.text(max_size=300).filter(str.isprintable),
        ip=st.one_of(st.text(max_size=20), st.ip_addresses().map(str)),
        user_agent=st.text(max_size=600),
        request_id=st.just("r-1"),
    ),
    st.sampled_from(Action),
)
def test_event_of_any_caller_is_one_that_the_log_takes(caller: Caller, action: Action) -> None:
    """Whatever a client says it is, the record can be written: nobody can act unseen by a strange header."""
    log = RecordedLog()
    SystemLog(log).record(SystemEvent(action=action, by=caller, reason="x" * 5_000))
    (record,) = log.records
    assert record["action"] == action
    assert record["actor"]["type"] == "test"


def test_address_that_is_none_is_left_out() -> None:
    """A Unix socket has no address, and a zone means nothing elsewhere."""
    assert "ip" not in Caller(id="a:b", ip="").context
    assert "ip" not in Caller(id="a:b", ip="fe80::1%eth0").context
    assert Caller(id="a:b", ip="2001:db8::1").context["ip"] == "2001:db8::1"


def test_every_action_has_an_operation_that_records_know() -> None:
    """One of those that control reports count by."""
    known = {"create", "read", "update", "delete", "login", "logout", "execute", "approve", "export", "other"}
    assert {action.operation for action in Action} <= known


def test_page_lists_every_action_and_no_other() -> None:
    """The reference names what can be met in the log."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "system-log.md").read_text("utf-8")
    assert set(re.findall(r"`(indelible\.\w+)`", page)) == {action.value for action in Action}


def test_denials_are_added_up_by_source_and_principal() -> None:
    """One event for a source and a principal, with how often and where; nothing is left over."""
    denials = Denials()
    here, there = Caller(id="anonymous:-", ip="192.0.2.1", request_id="r-1"), Caller(id="anonymous:-", ip="192.0.2.2")
    for route in ("a", "a", "b"):
        denials.count(None, here, route)
    denials.count(None, there, "a")
    denials.count(TEST, here, "a")
    events = {(event.action, event.by.id, event.by.ip): event for event in denials.take()}
    assert len(events) == 3
    first = events[Action.LOGIN_DENIED, "anonymous:-", "192.0.2.1"]
    assert (first.outcome, first.by.request_id) == ("denied", "r-1")
    assert first.details == {"count": 3, "seconds": 60, "routes": {"a": 2, "b": 1}}
    assert events[Action.ACCESS_DENIED, "test:suite", "192.0.2.1"].by.name == "test"
    assert denials.take() == []


def test_denials_take_bounded_memory_and_lose_no_count() -> None:
    """Of very many sources and routes the first are told apart, the others counted together."""
    denials = Denials()
    for number in range(5_000):
        denials.count(None, Caller(id="anonymous:-", ip=str(number)), "a")
    for number in range(50):
        denials.count(None, Caller(id="anonymous:-", ip="0"), str(number))
    events = denials.take()
    assert len(events) == 1_001
    assert sum(event.details["count"] for event in events) == 5_050
    assert max(len(event.details.get("routes", {})) for event in events) == 10


def test_asked_is_new_once_and_again_later() -> None:
    """The same question soon is not; another one, of another, elsewhere or much later, is. A failed record is not."""
    now = [0.0]
    asked = Asked(clock=lambda: now[0])
    question = ("p", Action.SEARCH, "main", "tenant:a")
    assert asked.is_new(*question)
    assert asked.is_new(*question)  # it has not been recorded yet
    asked.note(*question)
    assert not asked.is_new(*question)
    for other in (
        ("q", Action.SEARCH, "main", "tenant:a"),
        ("p", Action.EXPORT, "main", "tenant:a"),
        ("p", Action.SEARCH, "_system", "tenant:a"),
        ("p", Action.SEARCH, "main", "tenant:b"),
    ):
        assert asked.is_new(*other)
    now[0] = ONCE_SECONDS
    assert asked.is_new(*question)


def test_asked_takes_bounded_memory() -> None:
    """The oldest are forgotten, which costs a record more and never one less."""
    asked = Asked(clock=lambda: 0.0)
    for number in range(10_001):
        asked.note("p", Action.SEARCH, "main", str(number))
    assert asked.is_new("p", Action.SEARCH, "main", "0")
    assert not asked.is_new("p", Action.SEARCH, "main", "1")


def test_record_without_a_reserve_says_that_the_disk_is_full() -> None:
    """There is nothing to be given up."""
    log = RecordedLog()
    log.failures = [StorageFull("full")]
    with pytest.raises(StorageFull):
        SystemLog(log).record(SystemEvent(action=Action.SEARCH, by=TEST))

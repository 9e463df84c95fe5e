"""Administrative acts: recorded before and after, done only on the record, settled after a crash anywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from indelible.access import ApiKeys, Grant
from indelible.control import ControlStore
from indelible.control import acts as statements
from indelible.errors import ReadOnly, StorageFull, UsageError
from indelible.system_log import Action, Caller, SystemLog
from indelible.system_log.acts import Acts
from tests.recorded_log import TEST, RecordedLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TARGETS = (("api-key", "7kq2m3xa90bd"),)


class Crashed(BaseException):
    """The process ends here."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ControlStore]:
    with ControlStore.open(tmp_path / "control.sqlite") as store:
        yield store


@pytest.fixture
def log() -> RecordedLog:
    return RecordedLog()


@pytest.fixture
def acts(store: ControlStore, log: RecordedLog) -> Acts:
    return Acts(SystemLog(log), store)


def open_acts(store: ControlStore) -> int:
    with store.snapshot() as connection:
        return len(statements.open_acts(connection))


def change(store: ControlStore, acts: Acts, *, error: BaseException | None = None) -> None:
    """An act that makes a principal, and may fail before its transaction ends."""
    with acts.act(Action.API_KEY_CREATED, by=TEST, targets=TARGETS) as act, store.transaction() as connection:
        connection.execute(text("INSERT INTO principals VALUES ('p', 'test', 'p', 't', 't')"))
        act.done(connection)
        if error is not None:
            raise error


def changed(store: ControlStore) -> bool:
    with store.snapshot() as connection:
        return bool(connection.execute(text("SELECT count(*) FROM principals")).scalar_one())


def test_act_records_intent_and_outcome(store: ControlStore, acts: Acts, log: RecordedLog) -> None:
    """Two records that say the same but for phase and outcome, the second naming the first; nothing is left over."""
    caller = Caller(id="api-key:boss", name="boss", ip="192.0.2.1", user_agent="curl/8", request_id="r-1")
    details = {"name": "ci"}
    with acts.act(Action.API_KEY_CREATED, by=caller, targets=TARGETS, details=details) as act:
        assert log.phases() == [("api_key_created", "intent", "unknown")]
        act.done()
    assert log.phases()[1:] == [("api_key_created", "outcome", "success")]
    intent, outcome = log.records
    assert intent["actor"] == {"type": "api-key", "id": "boss", "name": "boss"}
    assert intent["targets"] == [{"type": "api-key", "id": "7kq2m3xa90bd"}]
    assert intent["context"] == {
        "service": "indelible", "ip": "192.0.2.1", "user_agent": "curl/8", "request_id": "r-1",
    }  # fmt: skip
    assert intent["principal"] == "system:indelible"
    assert (intent["operation"], intent["metadata"]) == ("create", {"name": "ci", "phase": "intent"})
    assert outcome["metadata"] == {"name": "ci", "phase": "outcome", "intent": intent["id"]}
    for field in ("actor", "targets", "context", "operation"):
        assert outcome[field] == intent[field]
    assert open_acts(store) == 0


def test_act_that_fails_is_recorded_as_failed(store: ControlStore, acts: Acts, log: RecordedLog) -> None:
    """With the reason, and nothing changed; the error goes on."""
    with pytest.raises(UsageError, match="no"):
        change(store, acts, error=UsageError("no"))
    assert [phase[1:] for phase in log.phases()] == [("intent", "unknown"), ("outcome", "failure")]
    assert log.records[1]["reason"] == "no"
    assert not changed(store)
    assert open_acts(store) == 0


def test_act_that_cannot_be_recorded_is_not_done(store: ControlStore, acts: Acts, log: RecordedLog) -> None:
    """Fail closed: no record, no act, and no trace of it."""
    log.failures = [ReadOnly("the log takes nothing")]
    with pytest.raises(ReadOnly):
        change(store, acts)
    assert not changed(store)
    assert (log.records, open_acts(store)) == ([], 0)
    change(store, acts)
    assert changed(store)


def test_act_whose_outcome_cannot_be_recorded_is_settled_by_the_next(
    store: ControlStore, acts: Acts, log: RecordedLog
) -> None:
    """It is done, under a recorded intent: its outcome comes late, and says so."""
    with acts.act(Action.API_KEY_REVOKED, by=TEST, targets=TARGETS) as act:
        act.done()
        log.failures = [StorageFull("full")]
    assert log.phases() == [("api_key_revoked", "intent", "unknown")]
    with acts.act(Action.GRANT_CHANGED, by=TEST) as act:
        act.done()
    assert log.phases()[1:] == [
        ("api_key_revoked", "outcome", "success"),
        ("grant_changed", "intent", "unknown"),
        ("grant_changed", "outcome", "success"),
    ]
    assert log.records[1]["metadata"]["reconciled"] is True
    assert open_acts(store) == 0


@pytest.mark.parametrize("moment", ["before the intent", "before the change", "after the change", "after the outcome"])
def test_act_cut_short_by_a_crash_is_settled_at_the_next_start(
    store: ControlStore, acts: Acts, log: RecordedLog, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Wherever the process ends, there is one outcome for each intent, and it tells what is so."""

    def crash(*_: object, **__: object) -> None:
        raise Crashed

    with monkeypatch.context() as patch:
        if moment == "before the intent":
            patch.setattr(log, "append", crash)
            patch.setattr(statements, "delete_open_act", crash)
        elif moment == "before the change":
            patch.setattr(store, "transaction", crash_at(store, 2))
            patch.setattr(Acts, "_try_to_settle", crash)
        elif moment == "after the change":
            patch.setattr(Acts, "_try_to_settle", crash)
        else:
            patch.setattr(statements, "delete_open_act", crash)
        with pytest.raises(Crashed):
            change(store, acts)
    assert open_acts(store) == 1
    Acts(SystemLog(log), store).reconcile()
    assert open_acts(store) == 0
    phases = [phase[1:] for phase in log.phases()]
    if moment == "before the intent":
        assert phases == []
        assert not changed(store)
    elif moment == "before the change":
        assert phases == [("intent", "unknown"), ("outcome", "failure")]
        assert not changed(store)
    else:
        assert phases == [("intent", "unknown"), ("outcome", "success")]
        assert changed(store)
    Acts(SystemLog(log), store).reconcile()
    assert [phase[1:] for phase in log.phases()] == phases


def crash_at(store: ControlStore, number: int) -> object:
    """``store.transaction``, which ends the process instead of beginning for the so-manieth time."""
    begin = store.transaction
    calls = []

    def transaction(**options: bool) -> object:
        calls.append(options)
        if len(calls) == number:
            raise Crashed
        return begin(**options)

    return transaction


def test_reconcile_asks_whether_what_was_done_elsewhere_was_done(store: ControlStore, log: RecordedLog) -> None:
    """A log is made in files: whether it is there says whether it was made."""
    made = {"there"}
    acts = Acts(SystemLog(log), store, took_effect={Action.LOG_CREATED: lambda event: event.targets[0][1] in made})
    for name in ("there", "not there"):
        left_over = noted(acts, log, name)
        with store.transaction() as connection:
            statements.insert_open_act(connection, left_over)
    acts.reconcile()
    outcomes = {
        record["targets"][0]["id"]: record["outcome"]
        for record in log.records
        if record["metadata"]["phase"] == "outcome"
    }
    assert outcomes == {"there": "success", "not there": "failure"}


def settled(log: RecordedLog) -> set[str]:
    return {record["metadata"].get("intent", "") for record in log.records}


def noted(acts: Acts, log: RecordedLog, name: str) -> statements.OpenAct:
    """The note of an act whose intent was recorded, and which was cut short."""
    target = (("log", name),)
    with acts.act(Action.LOG_CREATED, by=TEST, targets=target), acts._store.snapshot() as connection:
        (noted,) = (each for each in statements.open_acts(connection) if each.id not in settled(log))
    log.records.pop()  # the outcome, which it did not live to record
    return noted


def test_reconcile_leaves_acts_alone_that_are_under_way(store: ControlStore, acts: Acts, log: RecordedLog) -> None:
    """Another thread's act is not cut short; each gets its own outcome."""
    with acts.act(Action.API_KEY_CREATED, by=TEST) as first:
        with acts.act(Action.GRANT_CHANGED, by=TEST) as second:
            second.done()
        first.done()
    assert [phase[:2] for phase in log.phases()] == [
        ("api_key_created", "intent"),
        ("grant_changed", "intent"),
        ("grant_changed", "outcome"),
        ("api_key_created", "outcome"),
    ]
    assert {phase[2] for phase in log.phases() if phase[1] == "outcome"} == {"success"}


class Room:
    """A reserve that counts, and makes a full log take one record for each piece that is given up."""

    def __init__(self, log: RecordedLog, *, pieces: int) -> None:
        self.log = log
        self.pieces = pieces
        self.asked: list[float] = []

    def make_room(self, *, keep: float = 0) -> None:
        self.asked.append(keep)
        if self.pieces and self.log.failures:
            self.pieces -= 1
            self.log.failures.pop()

    def refill(self) -> None:
        self.asked.append(-1)


def test_act_that_takes_away_is_possible_on_a_full_disk(store: ControlStore, log: RecordedLog) -> None:
    """The reserve is there for it before it begins; whatever gives something has to wait for space."""
    room = Room(log, pieces=1)
    acts = Acts(SystemLog(log, reserve=room), store)
    log.failures = [StorageFull("full")]
    with acts.act(Action.API_KEY_REVOKED, by=TEST, frees=True) as act:
        act.done()
    assert [phase[1:] for phase in log.phases()] == [("intent", "unknown"), ("outcome", "success")]
    assert room.asked == [0, -1]
    log.failures = [StorageFull("full"), StorageFull("full")]
    with pytest.raises(StorageFull), acts.act(Action.API_KEY_CREATED, by=TEST):
        pytest.fail("it was let in")
    assert room.asked[2:] == [0.5]


def test_records_of_api_keys_hold_no_secret(store: ControlStore, log: RecordedLog) -> None:
    """Name, grants and limits, never the key or its hash; every act on a key is there."""
    keys = ApiKeys(store, Acts(SystemLog(log), store))
    admin = keys.create(name="boss", grants=[Grant.parse("admin:*")], by=TEST)
    new = keys.rotate(admin.id, by=TEST, overlap=timedelta(hours=1))
    keys.revoke(admin.id, by=TEST)
    keys.revoke(admin.id, by=TEST)  # nothing to do, nothing to record
    assert [phase[0] for phase in log.phases()[::2]] == ["api_key_created", "api_key_rotated", "api_key_revoked"]
    assert [target["id"] for target in log.records[2]["targets"]] == [admin.id, new.id]
    assert log.records[0]["metadata"]["grants"] == ["admin:*"]
    everything = repr(log.records)
    for secret in (admin.secret, new.secret):
        assert secret.split("_")[2] not in everything

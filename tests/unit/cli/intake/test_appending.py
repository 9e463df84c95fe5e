"""Batches that hold bad events: the good are appended in order, each bad one is accounted for by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import indelible
from indelible.cli.intake import appending
from indelible.cli.intake.appending import Tally, append_all
from indelible.cli.intake.items import Candidate, Refused
from indelible.sdk.draft import new_event_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from indelible import AuditLog
    from indelible.cli.intake.items import Item


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    environment = {"INDELIBLE_STATE": str(tmp_path / "state")}
    with indelible.open(tmp_path / "data", create=True, environment=environment) as log:
        yield log


def event(number: int, **fields: object) -> bytes:
    whole = {"id": new_event_id(), "action": f"a.{number}", "actor": {"type": "user", "id": "ada"}, **fields}
    return json.dumps(whole).encode()


BAD: dict[str, Callable[[int], bytes]] = {
    "invalid": lambda number: event(number, action=""),
    "unknown field": lambda number: event(number, colour="red"),
    "duplicate key": lambda number: b'{"a":1,' + event(number)[1:-1] + b',"a":2}',
    "too large": lambda number: event(number, metadata={"x": "y" * 70_000}),
    "not JSON": lambda _: b"nonsense",
}


@pytest.mark.parametrize("kind", BAD)
def test_append_all_takes_all_but_the_bad_one(log: AuditLog, kind: str) -> None:
    """One poison event does not cost its neighbours, wherever it stands."""
    for place in (0, 3, 6):
        items = [Candidate("f", f"line {number}", event(number)) for number in range(7)]
        items[place] = Candidate("f", "the bad one", BAD[kind](place))
        tally = Tally()
        append_all(log, items, tally, done=lambda _: None)
        assert (tally.read, tally.added) == (7, 6)
        assert [(one.file, one.record) for one in tally.rejected] == [("f", "the bad one")]
        assert tally.rejected[0].detail
        actions = [log.get(tally.end - 6 + number).record["action"] for number in range(6)]
        assert actions == [f"a.{number}" for number in range(7) if number != place]


def test_append_all_sets_conflicts_aside(log: AuditLog) -> None:
    """An id used for other content is rejected with its first index; the same content is a duplicate."""
    first = event(0)
    again = json.dumps({**json.loads(first), "action": "other"}).encode()
    tally = Tally()
    items = [Candidate("f", name, text) for name, text in (("a", first), ("b", event(1)), ("c", first), ("d", again))]
    append_all(log, items, tally, done=lambda _: None)
    assert (tally.added, tally.duplicates, tally.first_index, tally.end) == (2, 1, 0, 2)
    assert [one.record for one in tally.rejected] == ["d"]
    assert first[8:44].decode() in tally.rejected[0].detail


@settings(max_examples=25)  # each makes a log on disk
@given(kinds=st.lists(st.sampled_from(["good", "refused", *BAD]), max_size=12))
def test_append_all_accounts_for_every_item(kinds: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever the mixture and the batches: read = added + rejected, and the good keep their order."""
    folder = tmp_path_factory.mktemp("log")
    items: list[Item] = []
    for number, kind in enumerate(kinds):
        if kind == "refused":
            items.append(Refused("f", str(number), "unreadable"))
        else:
            items.append(Candidate("f", str(number), event(number) if kind == "good" else BAD[kind](number)))
    with indelible.open(folder / "d", create=True, environment={"INDELIBLE_STATE": str(folder / "s")}) as log:
        tally = Tally()
        append_all(log, items, tally, done=lambda _: None)
        actions = [log.get(index).record["action"] for index in range(tally.added)]
    assert actions == [f"a.{number}" for number, kind in enumerate(kinds) if kind == "good"]
    assert sorted(int(one.record) for one in tally.rejected) == [n for n, kind in enumerate(kinds) if kind != "good"]


def test_append_all_sends_bounded_batches(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request holds more events, or more bytes, than its limits."""
    monkeypatch.setattr(appending, "BATCH_EVENTS", 10)
    monkeypatch.setattr(appending, "BATCH_BYTES", 2_000)
    seen: list[int] = []
    tally = Tally()
    items = [Candidate("f", str(number), event(number)) for number in range(25)]
    items += [Candidate("f", str(number), event(number, reason="x" * 900)) for number in range(4)]
    append_all(log, items, tally, done=lambda tally: seen.append(tally.added))
    assert tally.added == 29
    assert max(later - earlier for earlier, later in zip([0, *seen], seen, strict=False)) <= 10

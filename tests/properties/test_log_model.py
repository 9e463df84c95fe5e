"""A log against the simplest model of one: a list of ids, and the contents first seen under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from indelible.errors import IdConflict
from indelible.log import LogSettings, Stores, create_log
from indelible.merkle import leaf_hashes, tree_root, verify_consistency
from indelible.storage.memory import MemoryStores
from indelible.trust.signer import LogSigner, generate_log_keys
from tests.stepped_log import ORIGIN, SteppedLog, TurnedClock

if TYPE_CHECKING:
    from indelible.formats.checkpoint import Checkpoint

IDS = [f"017f22e2-79b0-7cc3-98c4-{number:012x}" for number in range(40)]
EVENTS = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(["a", "b"])), min_size=1, max_size=6)
SIGNER = LogSigner(generate_log_keys(ORIGIN))


class LogModel(RuleBasedStateMachine):
    """Appends, publications, restarts and clocks in any order."""

    @initialize()
    def create(self) -> None:
        memory = MemoryStores()
        self.stores = Stores(
            journal=memory.journal, ids=memory.ids, objects=memory.objects, checkpoints=memory.checkpoints
        )
        clock = TurnedClock()
        create_log(self.stores, origin=ORIGIN, signer=SIGNER, clock=clock)
        self.log = SteppedLog(self.stores, SIGNER, clock, LogSettings())
        self.indices: dict[str, int] = {}
        self.actions: list[str] = []
        self.checkpoints: list[Checkpoint] = []

    @rule(requests=st.lists(EVENTS, min_size=1, max_size=4))
    def append(self, requests: list[list[tuple[str, str]]]) -> None:
        """One group of requests, each all or nothing, decided in order."""
        prepared = [
            self.log.prepare(*[action for _, action in request], ids=[event_id for event_id, _ in request])
            for request in requests
        ]
        for request, submission in zip(requests, self.log.sequence(*prepared), strict=True):
            content: dict[str, str] = {}
            duplicates = []
            for event_id, action in request:
                known = content.get(event_id) or self._known(event_id)
                duplicates.append(known is not None)
                content[event_id] = known or action
            if any(content[event_id] != action for event_id, action in request):
                with pytest.raises(IdConflict):
                    submission.result()
                continue
            for event_id, action in content.items():
                if event_id not in self.indices:
                    self.indices[event_id] = len(self.actions)
                    self.actions.append(action)
            receipts = submission.result().events
            assert [receipt.index for receipt in receipts] == [self.indices[event_id] for event_id, _ in request]
            assert [receipt.duplicate for receipt in receipts] == duplicates

    def _known(self, event_id: str) -> str | None:
        index = self.indices.get(event_id)
        return None if index is None else self.actions[index]

    @rule()
    def publish(self) -> None:
        """Publish what is journaled."""
        self.log.publish()
        self.checkpoints.append(self.log.log.reader.published.checkpoint)

    @rule()
    def restart(self) -> None:
        """Recover from what is stored."""
        self.log.reopen()

    @rule(seconds=st.integers(min_value=-100, max_value=100))
    def turn_clock(self, seconds: int) -> None:
        """Clocks are not to be trusted."""
        self.log.clock.microseconds += seconds * 1_000_000

    @invariant()
    def everything_is_where_it_was_put(self) -> None:
        """Entries, ids, roots and order of time agree with the model."""
        reader = self.log.log.reader
        assert self.log.log.status.read_only is None
        entries = [reader.get(index).entry for index in range(len(self.actions))]
        assert self.log.log.status.journaled == len(entries)
        for event_id, index in self.indices.items():
            assert reader.find(event_id) == index
            assert event_id.encode() in entries[index]
        times = [entry.partition(b'"received_at":"')[2][:27] for entry in entries]
        assert times == sorted(times)
        checkpoint = reader.published.checkpoint
        assert checkpoint.root == tree_root(leaf_hashes(entries[: checkpoint.size]))
        for old in self.checkpoints:
            verify_consistency(
                old_size=old.size,
                new_size=checkpoint.size,
                old_root=old.root,
                new_root=checkpoint.root,
                proof=reader.consistency(old.size, checkpoint.size),
            )


TestLogModel = LogModel.TestCase
TestLogModel.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)

"""A log that tests drive step by step: real parts in memory, with a clock whose hands the test moves."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from indelible.log import Log, LogSettings, Stores, Submission
from indelible.log.assembly import assemble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.events import Prepared
    from indelible.trust.signer import LogSigner

ORIGIN = "log.example/main"


class TurnedClock:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.microseconds = 1_700_000_000_000_000
        self.seconds = 0.0

    def wall(self) -> int:
        return self.microseconds

    def monotonic(self) -> float:
        return self.seconds


class SteppedLog:
    """A log without threads: each step is taken by the test."""

    def __init__(self, stores: Stores, signer: LogSigner, clock: TurnedClock, settings: LogSettings) -> None:
        self.stores = stores
        self.signer = signer
        self.clock = clock
        self.settings = settings
        self._random = random.Random(1)
        self.reopen()

    def reopen(self) -> None:
        """Recover from what is stored."""
        self.log = Log(
            assemble(
                self.stores, name="main", origin=ORIGIN, signer=self.signer, settings=self.settings, clock=self.clock
            )
        )

    def prepare(self, *actions: str, ids: Sequence[str] | None = None) -> list[Prepared]:
        """Events with these actions, under ids of their own unless given."""
        events = [{"action": action, "actor": {"type": "user", "id": "ada"}} for action in actions]
        for event, event_id in zip(events, ids or (), strict=False):
            event["id"] = event_id
        return self.log.preparer.prepare_objects(
            events, principal="test", now_ms=self.clock.microseconds // 1_000, random=self._random.randbytes
        )

    def sequence(self, *requests: Sequence[Prepared]) -> list[Submission]:
        """Sequence these requests as one group."""
        submissions = [Submission(request, lambda _: None) for request in requests]
        self.log.sequencer.run(submissions)
        return submissions

    def append(self, count: int) -> None:
        """Sequence one request of ``count`` events."""
        (submission,) = self.sequence(self.prepare(*["thing.done"] * count))
        assert submission.result().added == count

    def publish(self) -> bool:
        """Publish everything that is journaled."""
        return self.log.publisher.run(1 << 62)

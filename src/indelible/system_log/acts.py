"""Administrative acts: the intent is recorded before, the outcome after. What cannot be recorded is not done.

The order survives a crash anywhere::

    note the act in control data  →  record the intent  →  do it, and note that in the same transaction
                                  →  record the outcome →  forget the note

A note that is left over is an act that was cut short: :meth:`Acts.reconcile` records its outcome, which the note tells.
An act whose outcome could not be recorded (a disk just filled up) has been done under a recorded intent; its note
stays, and its outcome follows at the next act or start.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from indelible.control import acts as statements
from indelible.errors import IndelibleError
from indelible.system_log.event import Action, SystemEvent
from indelible.system_log.log import new_event_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy.engine import Connection

    from indelible.control import ControlStore
    from indelible.control.acts import OpenAct
    from indelible.system_log.caller import Caller
    from indelible.system_log.log import SystemLog

__all__ = ["Act", "Acts"]

_log = logging.getLogger("indelible.system_log")
_INTERRUPTED = "it was interrupted before it took effect"


@dataclass(frozen=True, slots=True)
class Act:
    """An act whose intent has been recorded. ``id`` is the intent's."""

    id: str
    _store: ControlStore

    def done(self, connection: Connection | None = None) -> None:
        """Note that it is done: in the transaction that does it, so that both happen or neither.

        Without one, it was done elsewhere than in control data, just now; then ``took_effect`` of :class:`Acts` has to
        say how to see that, for a crash in between.
        """
        if connection is not None:
            statements.mark_applied(connection, self.id)
            return
        with self._store.transaction(forgettable=True) as own:
            statements.mark_applied(own, self.id)


class Acts:
    """Does administrative acts on the record. Safe to use from several threads."""

    def __init__(
        self,
        system: SystemLog,
        store: ControlStore,
        *,
        took_effect: Mapping[Action, Callable[[SystemEvent], bool]] | None = None,
    ) -> None:
        """Join the parts.

        Args:
            system: Where acts are recorded.
            store: The control data, in which acts that are under way are noted.
            took_effect: For acts that are done elsewhere: how to see whether one that was cut short was done.
        """
        self._system = system
        self._store = store
        self._took_effect = took_effect or {}
        self._lock = threading.Lock()  # owns the set
        self._under_way: set[str] = set()

    @contextmanager
    def act(
        self,
        action: Action,
        *,
        by: Caller,
        targets: tuple[tuple[str, str], ...] = (),
        details: dict[str, Any] | None = None,
        frees: bool = False,
    ) -> Iterator[Act]:
        """Do something on the record: the block does it, and calls :meth:`Act.done`.

        With ``frees`` it is an act that must be possible when the disk is full: it takes a right, or data, away.

        Raises:
            Unavailable: the intent could not be recorded, so the block was not entered.
        """
        if frees:
            self._system.make_room()
        self.reconcile()
        noted = statements.OpenAct(
            id=new_event_id(),
            outcome_id=new_event_id(),
            event=msgspec.json.encode(SystemEvent(action=action, by=by, targets=targets, details=details or {})),
        )
        with self._lock:
            self._under_way.add(noted.id)
        try:
            self._begin(noted)
            try:
                yield Act(noted.id, self._store)
            except BaseException as error:
                self._try_to_settle(noted, reason=str(error) or type(error).__name__)
                raise
            self._try_to_settle(noted, reason=_INTERRUPTED)
        finally:
            with self._lock:
                self._under_way.discard(noted.id)
        self._system.refill()

    def reconcile(self) -> None:
        """Record the outcome of every act that was cut short.

        Raises:
            Unavailable: it cannot be recorded now.
        """
        with self._store.snapshot() as connection:
            left_over = statements.open_acts(connection)
        for noted in left_over:
            with self._lock:
                if noted.id in self._under_way:
                    continue
            event = msgspec.json.decode(noted.event, type=SystemEvent)
            see = self._took_effect.get(event.action)
            applied = noted.applied or (see is not None and see(event))
            self._settle(noted, reason=_INTERRUPTED, applied=applied, reconciled=True)

    def _begin(self, noted: OpenAct) -> None:
        """Note the act and record its intent. When this raises, there is neither."""
        with self._store.transaction(forgettable=True) as connection:
            statements.insert_open_act(connection, noted)
        try:
            self._system.record(_intent(noted))
        except BaseException:
            # Should forgetting fail as well, reconciling finds a note without an intent, and forgets it then.
            with self._store.transaction(forgettable=True) as connection:
                statements.delete_open_act(connection, noted.id)
            raise

    def _try_to_settle(self, noted: OpenAct, *, reason: str) -> None:
        try:
            with self._store.snapshot() as connection:
                applied = statements.is_applied(connection, noted.id)
            self._settle(noted, reason=reason, applied=applied, reconciled=False)
        except IndelibleError as error:
            _log.warning("act_outcome_not_recorded", extra={"act": noted.id, "reason": type(error).__name__})

    def _settle(self, noted: OpenAct, *, reason: str, applied: bool, reconciled: bool) -> None:
        if not reconciled or (self._system.has(noted.id) and not self._system.has(noted.outcome_id)):
            self._system.record(_outcome(noted, reason=reason, applied=applied, reconciled=reconciled))
        with self._store.transaction(forgettable=True) as connection:
            statements.delete_open_act(connection, noted.id)


def _intent(noted: OpenAct) -> SystemEvent:
    event = msgspec.json.decode(noted.event, type=SystemEvent)
    return msgspec.structs.replace(event, id=noted.id, outcome="unknown", details={**event.details, "phase": "intent"})


def _outcome(noted: OpenAct, *, reason: str, applied: bool, reconciled: bool) -> SystemEvent:
    event = msgspec.json.decode(noted.event, type=SystemEvent)
    phase: dict[str, Any] = {"phase": "outcome", "intent": noted.id}
    if reconciled:
        phase["reconciled"] = True
    return msgspec.structs.replace(
        event,
        id=noted.outcome_id,
        outcome="success" if applied else "failure",
        reason="" if applied else reason,
        details={**event.details, **phase},
    )

"""Events as rows for people: when, with which outcome, who, what, on what, from where; fitted to the terminal.

The first rows decide the widths of the columns, later ones follow, so that a log can be read as it grows. In a pipe
nothing is cut. Times are in UTC, as queries take them, unless local ones are asked for; the heading says which.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.text import Text

from indelible.cli.columns import GAP, fit, shorten
from indelible.cli.outcomes import OUTCOME_STYLES
from indelible.cli.visible import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from indelible.cli.terminal import Terminal
    from indelible.sdk.found import FoundEntry

__all__ = ["EventTable", "cells_of"]

_OUTCOME = 2
_PROOF = 7
_DAMAGED = "damaged"
_STYLES = {_OUTCOME: {**OUTCOME_STYLES, _DAMAGED: "bold red"}, _PROOF: {"failed": "bold red"}}
_BOTH_ENDS = frozenset({3, 4, 5})  # an ARN says the most at its end, an action at both
_WHOLE = frozenset({0, 1, 2, _PROOF})  # index, time, outcome, and what became of a proof
_STREAMING = (24, 32, 32, 15)
_TARGET, _IP = 5, 6
_NAMES = frozenset({3, 4})  # who and what: of which too little is left where there are more columns than room
_READABLE = 20


class EventTable:
    """Prints entries as they come, under one line of headings.

    A star marks what no checkpoint covers yet; the first one is explained on standard error.
    """

    def __init__(self, terminal: Terminal, *, local: bool = False, growing: bool = False, proofs: bool = False) -> None:
        """``local`` shows local times; ``growing`` leaves room for what is still to come; ``proofs`` adds a column."""
        self._terminal = terminal
        self._local = local
        self._growing = growing
        self._proofs = proofs
        self._columns: list[int] = []  # those that are shown
        self._empty: list[int] = []  # those that are not, since nothing stood in them
        self._widths: list[int] = []
        self._star_explained = False

    def print(self, entries: Sequence[FoundEntry], failures: Sequence[str | None] = ()) -> None:
        """Print some entries, and which of them could not be proven; nothing with ``--json``."""
        rows: list[tuple[str, ...]] = [cells_of(entry, local=self._local) for entry in entries]
        if self._proofs:
            verdicts = map(_proof_cell, entries, failures)
            rows = [(*row, verdict) for row, verdict in zip(rows, verdicts, strict=True)]
        if (not self._widths and (rows or self._growing)) or self._hides(rows):
            self._begin(rows)
        for row in rows:
            self._terminal.line(self._line(row))
        if not (self._star_explained or self._terminal.json or all(entry.published for entry in entries)):
            self._star_explained = True
            self._terminal.note("* durable; not yet covered by a signed checkpoint", style="dim")

    def _begin(self, rows: Sequence[Sequence[str]]) -> None:
        time = f"time ({'local' if self._local else 'UTC'})"  # no zone's name: in summer and winter it has two
        headings = ["index", time, "outcome", "actor", "action", "target", "ip", *(["proof"] if self._proofs else [])]
        natural = [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]
        if self._growing:
            least = (8, 19, 7, *_STREAMING)
            natural = [max(one, other) for one, other in zip(natural, least, strict=True)]
        self._columns, self._widths = list(range(len(headings))), natural
        if self._terminal.is_terminal:
            self._fit(natural, rows)
        self._terminal.line(self._line(headings, heading=True))

    def _fit(self, natural: Sequence[int], rows: Sequence[Sequence[str]]) -> None:
        """Choose columns, and give them widths: what is empty makes room, and then what says least."""
        optional = (_IP, _TARGET)
        self._empty = [] if self._growing else [at for at in optional if not any(row[at] for row in rows)]
        self._columns = [column for column in self._columns if column not in self._empty]
        for column in optional:
            if column in self._columns and self._is_cramped(natural):
                self._columns.remove(column)
        self._widths = self._fitted(natural)

    def _hides(self, rows: Sequence[Sequence[str]]) -> bool:
        """Whether something stands in later rows where nothing did in the first: then there is a heading for it."""
        return any(row[column] for row in rows for column in self._empty)

    def _fitted(self, natural: Sequence[int]) -> list[int]:
        whole = {place for place, column in enumerate(self._columns) if column in _WHOLE}
        return fit([natural[column] for column in self._columns], self._terminal.width, whole)

    def _is_cramped(self, natural: Sequence[int]) -> bool:
        widths = dict(zip(self._columns, self._fitted(natural), strict=True))
        return any(widths[column] < min(natural[column], _READABLE) for column in _NAMES)

    def _line(self, row: Sequence[str], *, heading: bool = False) -> Text:
        line = Text(style="bold" if heading else "")
        for column, width in zip(self._columns, self._widths, strict=True):
            cell = row[column]
            cut = self._terminal.is_terminal or cell_len(cell) <= width
            text = shorten(cell, width, middle=column in _BOTH_ENDS) if cut else cell
            line.append(text + " " * GAP, "" if heading else _STYLES.get(column, {}).get(cell, ""))
        line.rstrip()
        if self._terminal.is_terminal:
            line.truncate(self._terminal.width, overflow="ellipsis")  # one that is too narrow for all columns
        return line


def cells_of(entry: FoundEntry, *, local: bool = False) -> tuple[str, ...]:
    """An entry's cells, safe to show: index, time, outcome, actor, action, target, address."""
    if entry.damage is not None:
        return (str(entry.index), "", _DAMAGED, "", "", "", "")
    record = entry.record
    targets = record.get("targets", ())
    more = f" +{len(targets) - 1}" if len(targets) > 1 else ""
    cells: tuple[str, ...] = (
        f"{entry.index}{'' if entry.published else '*'}",
        _time(record["occurred_at"], local=local),
        record["outcome"],
        _entity(record["actor"]),
        record["action"],
        _entity(targets[0]) + more if targets else "",
        record.get("context", {}).get("ip", ""),
    )
    return tuple(map(visible, cells))


def _proof_cell(entry: FoundEntry, failure: str | None) -> str:
    if failure is not None:
        return "failed"
    return "proven" if entry.proof is not None else "not yet"


def _entity(entity: Mapping[str, Any]) -> str:
    return f"{entity['type']}:{entity['id']}"


def _time(text: str, *, local: bool) -> str:
    if not local:
        return text[:19].replace("T", " ")
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")

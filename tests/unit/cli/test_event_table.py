"""Events as rows: the right cells, safe to show, and as wide as the terminal at most."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from rich.cells import cell_len

from indelible.cli.event_table import EventTable, cells_of
from indelible.sdk.found import FoundEntry

if TYPE_CHECKING:
    from rich.text import Text

RECORD: dict[str, Any] = {
    "occurred_at": "2026-01-31T08:09:10.123456Z",
    "outcome": "denied",
    "actor": {"type": "user", "id": "ada"},
    "action": "invoice.approve",
}


def entry(index: int = 7, *, published: bool = True, **more: object) -> FoundEntry:
    return FoundEntry(index=index, entry=msgspec.json.encode({**RECORD, **more}), leaf_hash="", published=published)


class Screen:
    """A terminal of a width, or a pipe, that keeps its lines."""

    def __init__(self, width: int | None) -> None:
        self.is_terminal = width is not None
        self.width = width or 100
        self.lines: list[Text] = []
        self.notes: list[str] = []
        self.json = False

    def line(self, text: Text) -> None:
        self.lines.append(text)

    def note(self, text: str, *, style: str) -> None:
        assert style == "dim"
        self.notes.append(text)


def shown(screen: Screen, *entries: FoundEntry, **options: bool) -> list[str]:
    EventTable(screen, **options).print(entries)  # type: ignore[arg-type]
    return [line.plain for line in screen.lines]


def test_cells_say_when_who_what_and_from_where() -> None:
    """Time to the second, type and id, the first of several targets and how many more, the address."""
    full = entry(targets=[{"type": "invoice", "id": "9"}, {"type": "a", "id": "b"}], context={"ip": "192.0.2.1"})
    assert cells_of(full) == (
        "7",
        "2026-01-31 08:09:10",
        "denied",
        "user:ada",
        "invoice.approve",
        "invoice:9 +1",
        "192.0.2.1",
    )
    assert cells_of(entry())[5:] == ("", "")


def test_cells_mark_what_no_checkpoint_covers() -> None:
    """A star, which is explained once, and not to programs, who see none."""
    assert cells_of(entry(published=False))[0] == "7*"
    screen = Screen(80)
    table = EventTable(screen, growing=True)  # type: ignore[arg-type]
    table.print([entry()])
    assert screen.notes == []
    for _ in range(2):
        table.print([entry(), entry(published=False)])
    assert screen.notes == ["* durable; not yet covered by a signed checkpoint"]
    screen.json = True
    shown(screen, entry(published=False))
    assert len(screen.notes) == 1


def test_cells_hold_nothing_that_a_terminal_obeys() -> None:
    """A record may hold escape sequences; they are shown, not sent."""
    cells = cells_of(entry(action="a\x1b[2J\u202eb", actor={"type": "user", "id": "a\nb"}))
    assert cells[3:5] == ("user:a\\x0ab", "a\\x1b[2J\\u202eb")


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("growing", [False, True])
def test_table_fits_the_terminal(width: int, growing: bool) -> None:
    """However long the cells are, also in rows that come later, no line is wider than the screen."""
    long = entry(10**7, actor={"type": "user", "id": "x" * 300}, action="日" * 100, context={"ip": "2001:db8::1"})
    screen = Screen(width)
    table = EventTable(screen, growing=growing)  # type: ignore[arg-type]
    table.print([entry()])
    table.print([long])
    assert all(cell_len(line.plain) <= width for line in screen.lines)
    assert len(screen.lines) == (3 if growing else 4)  # an address where none was has a heading


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (200, ["index", "time", "(UTC)", "outcome", "actor", "action", "target", "ip"]),
        (100, ["index", "time", "(UTC)", "outcome", "actor", "action", "target"]),
        (80, ["index", "time", "(UTC)", "outcome", "actor", "action"]),
    ],
)
def test_table_leaves_columns_out_before_names_become_unreadable(width: int, headings: list[str]) -> None:
    """Who and what come first; `show` and --json have the rest."""
    long = entry(
        actor={"type": "user", "id": "x" * 50},
        action="y" * 50,
        targets=[{"type": "invoice", "id": "1234"}],
        context={"ip": "192.168.100.100"},
    )
    assert shown(Screen(width), long)[0].split() == headings


def test_table_has_no_column_in_which_nothing_stands() -> None:
    """On a screen; a pipe has all of them, and so has a table that grows."""
    screen = Screen(80)
    table = EventTable(screen)  # type: ignore[arg-type]
    table.print([entry()])
    assert screen.lines[0].plain.split()[-1] == "action"
    table.print([entry(), entry(targets=[{"type": "invoice", "id": "9"}])])
    assert [line.plain.split()[-1] for line in screen.lines[2:]] == ["target", "invoice.approve", "invoice:9"]
    assert shown(Screen(200), entry(), growing=True)[0].split()[-1] == "ip"
    assert shown(Screen(None), entry())[0].split()[-1] == "ip"


def test_table_cuts_nothing_in_a_pipe() -> None:
    """What is read by another program is whole, in rows that come later too."""
    long = entry(actor={"type": "user", "id": "x" * 300})
    screen = Screen(None)
    assert ("user:" + "x" * 300) in shown(screen, entry(), long)[2]
    EventTable(screen).print([entry()])  # type: ignore[arg-type]
    table = EventTable(screen)  # type: ignore[arg-type]
    table.print([entry()])
    table.print([long])
    assert ("user:" + "x" * 300) in screen.lines[-1].plain


def test_table_prints_headings_once_and_says_whose_time_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """UTC unless local times are asked for; a table that grows has its headings before its first row."""
    assert "time (UTC)" in shown(Screen(100), entry())[0]
    monkeypatch.setenv("TZ", "Etc/GMT-2")
    time.tzset()
    try:
        lines = shown(Screen(100), entry(), local=True)
        assert "time (local)" in lines[0]
        assert "2026-01-31 10:09:10" in lines[1]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert shown(Screen(100)) == []
    assert len(shown(Screen(100), growing=True)) == 1


def test_table_colours_outcomes() -> None:
    """The outcome's cell, and no other, has a colour."""
    screen = Screen(100)
    shown(screen, entry())
    assert [str(span.style) for span in screen.lines[1].spans if span.style] == ["red"]

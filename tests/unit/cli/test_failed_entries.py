"""Entries that a command cannot vouch for are named, within reason, and its status says that there were any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import typer

from indelible.cli.failed_entries import FailedEntries
from indelible.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterable


def show(reasons: Iterable[str], error: type[Exception] | None = None) -> None:
    """As a command does that shows such entries, and then perhaps fails."""
    with FailedEntries(Terminal(json=True)) as failed:
        for reason in reasons:
            failed.say(reason)
        if error is not None:
            raise error


@pytest.mark.parametrize(
    ("count", "last"), [(20, ["entry 19"]), (1_220, ["entry 19", "and 1,200 more entries like these"])]
)
def test_failed_entries_are_named_up_to_a_bound_and_then_counted(
    count: int, last: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Twenty are, with ``--json`` as well; one line says how many more there are. The status is 1."""
    with pytest.raises(typer.Exit) as ended:
        show(f"entry {number}" for number in range(count))
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err.splitlines() == [f"entry {number}" for number in range(19)] + last


def test_failed_entries_with_one_reason_are_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A bundle that is lost takes hundreds with it."""
    with pytest.raises(typer.Exit):
        show(["lost", "lost", "altered", "lost"])
    assert capsys.readouterr().err.splitlines() == ["lost", "altered", "and 2 more entries like these"]


def test_failed_entries_leave_what_went_well_or_otherwise_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Without any, the block just ends; an error is not replaced."""
    show([])
    with pytest.raises(KeyError):
        show(["entry 0"], KeyError)
    assert capsys.readouterr().err == "entry 0\n"

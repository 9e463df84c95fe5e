"""What is longer than the screen goes through a pager, what is shorter does not."""

from __future__ import annotations

import io
import stat
from typing import TYPE_CHECKING

import pytest

from indelible.cli.paging import Pager, PagerLeft

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def paged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a pager writes what it was given; PAGER names it, with an argument."""
    script = tmp_path / "pager"
    script.write_text('#!/bin/sh\ncat > "$1"\necho "$LESS" > "$1.less"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PAGER", f"{script} {tmp_path / 'seen'}")
    monkeypatch.delenv("LESS", raising=False)
    return tmp_path / "seen"


def write(lines: int, height: int = 10) -> str:
    """What reaches the screen when so many lines are written."""
    screen = io.StringIO()
    pager = Pager(screen, lambda: height)
    for number in range(lines):
        pager.write(f"{number}\n")
        pager.flush()
    pager.close()
    return screen.getvalue()


def test_pager_leaves_short_answers_alone(paged: Path) -> None:
    """What fits, with a line for the next prompt, appears on the screen, and no pager runs."""
    assert write(8) == "".join(f"{number}\n" for number in range(8))
    assert not paged.exists()


def test_pager_gets_all_of_a_long_answer(paged: Path) -> None:
    """From its first line on; less is told to keep colours and the screen's content."""
    assert write(9) == ""
    assert paged.read_text() == "".join(f"{number}\n" for number in range(9))
    assert paged.with_suffix(".less").read_text() == "FRX\n"


@pytest.mark.parametrize("pager", ["", "cat", "/there/is/no/such/pager"])
def test_pager_may_be_none(pager: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty PAGER, ``cat``, or one that is not installed: everything scrolls by."""
    monkeypatch.setenv("PAGER", pager)
    assert write(30).count("\n") == 30


def test_pager_that_is_left_ends_the_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever quits has seen enough: the writer hears of it, and closing is no error."""
    monkeypatch.setenv("PAGER", "true")
    screen = io.StringIO()
    pager = Pager(screen, lambda: 5)

    def write_for_ever() -> None:
        for _ in range(1_000_000):
            pager.write("line\n" * 100)
            pager.flush()

    with pytest.raises(PagerLeft):
        write_for_ever()
    pager.close()

"""The runner of the documentation's blocks is itself held to what it promises: a page that lies must fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import Block, Command, blocks, commands
from tests.docs.session import Session, matches

if TYPE_CHECKING:
    from pathlib import Path


def test_blocks_reads_kinds_in_order() -> None:
    """Runnable blocks come in the page's order; reading matter and blocks marked as not run are left out."""
    page = (
        "<!-- before: mkdir here -->\n```python\nx = 1\n```\n\n1. do\n   ```console\n   $ true\n   ```\n"
        "```json\n{}\n```\n<!-- not run: needs a cloud -->\n```console\n$ false\n```\n"
        "```toml file=a/b.toml\nk = 1\n```\n"
    )
    assert [(block.kind, block.text, block.line, block.name) for block in blocks(page)] == [
        ("before", "mkdir here", 1, ""),
        ("python", "x = 1\n", 2, ""),
        ("console", "$ true\n", 7, ""),
        ("file", "k = 1\n", 17, "a/b.toml"),
    ]


def test_blocks_names_the_program_that_one_needs() -> None:
    """It belongs to the block whose fence follows at once, and to no other."""
    page = (
        "<!-- needs: java -->\n```console\n$ true\n```\n```console\n$ true\n```\n"
        "<!-- needs: go -->\n\n```python\n1\n```\n"
    )
    assert [block.needs for block in blocks(page)] == ["java", "", ""]


@pytest.mark.parametrize(
    "page", ["```bash\nls\n```\n", "```sh\nls\n```\n", "```python foo\n1\n```\n", "```python\n1\n"]
)
def test_blocks_refuses_what_would_escape_the_test(page: str) -> None:
    """A shell block under another name, an unknown option or a fence without end is an error, not prose."""
    with pytest.raises(ValueError, match="line 1"):
        blocks(page)


def test_commands_splits_output_and_continuations() -> None:
    """A command runs to the next one; its failure is allowed only where the page shows the status."""
    block = Block(kind="console", line=1, text="$ cat <<A\n> x\n> A\nx\n$ false\n$ echo $?\n1\n")
    assert commands(block) == [
        Command(text="cat <<A\nx\nA", output="x", may_fail=False),
        Command(text="false", output="", may_fail=True),
        Command(text="echo $?", output="1", may_fail=False),
    ]


@pytest.mark.parametrize(
    ("shown", "output", "expected"),
    [
        ("a ... c", "a b c\n", True),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a  ", "a", True),
        ("a", "a b", False),
        ("a\n...\nd", "a\nb\nc", False),
        ("a.c", "abc", False),
    ],
)
def test_matches_takes_dots_for_anything_and_nothing_else(shown: str, output: str, expected: bool) -> None:
    """``...`` stands for any text; everything else, full stops included, stands for itself."""
    assert matches(shown, output) is expected


def test_session_keeps_state_and_shows_status(tmp_path: Path) -> None:
    """Commands share one shell, and the status of the last is there for the next."""
    (tmp_path / "page").mkdir()
    with Session(tmp_path / "page") as session:
        assert session.run("export NAME=ada; cd ..") == ("", 0)
        assert session.run("echo $NAME; false") == ("ada\n", 1)
        assert session.run("echo $?") == ("1\n", 0)


def test_session_refuses_a_page_that_lies(tmp_path: Path) -> None:
    """Other output than shown, and a failure that is not shown, are errors."""
    (tmp_path / "page").mkdir()
    with Session(tmp_path / "page") as session:
        session.check(Command(text="echo one", output="one", may_fail=False))
        with pytest.raises(AssertionError, match="but it wrote"):
            session.check(Command(text="echo one", output="two", may_fail=False))
        with pytest.raises(AssertionError, match="failed with status 3"):
            session.check(Command(text="(exit 3)", output="", may_fail=False))


def test_session_waits_for_a_server_and_ends_it(tmp_path: Path) -> None:
    """A command that stays is waited for until what the page shows appears, and is ended with the page."""
    (tmp_path / "page").mkdir()
    with Session(tmp_path / "page") as session:
        session.serve(
            Command(text="sh -c 'echo listening on 8420; exec sleep 600'", output="listening on 8420", may_fail=False)
        )
        (process,) = session._servers
        assert process.poll() is None
    assert process.poll() is not None

"""The fenced blocks of a documentation page, as things to run.

What runs, in the order of the page:

- ``python``: the page's blocks share one namespace; ``>>>`` examples are compared with the output that they show.
- ``console``: each line that begins with ``$ `` is a command (``> `` continues it), what follows is its output, in
  which ``...`` stands for anything. A command must succeed, unless ``$ echo $?`` follows and shows its status.
- ``console background``: one command that stays; the page goes on once the output shown has appeared.
- ``LANGUAGE file=NAME``: is written to NAME.
- ``<!-- before: COMMAND -->``: what the reader is assumed to have, made by a command that the page does not show.
- ``<!-- needs: PROGRAM -->`` on the line before a fence: where there is no such program, the rest of the page is
  skipped, by its name; in CI nothing may be skipped, so there it has to be installed.
- ``<!-- not run: REASON -->`` on the line before a fence: the only way out.

Other languages (``json``, ``toml``, ``text`` …) are for reading. ``bash``, ``sh`` and ``shell`` are refused: they would
look like commands and escape this test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Block", "Command", "blocks", "commands"]

Kind = Literal["python", "console", "background", "file", "before"]

_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<info>[^`\n]*)$")
_BEFORE = re.compile(r"^ *<!-- before: (?P<command>.+?) -->$")
_NEEDS = re.compile(r"^ *<!-- needs: (?P<program>\S+) -->$")
_NOT_RUN = re.compile(r"^ *<!-- not run: \S.* -->$")
_READ_ONLY = {"", "text", "json", "toml", "ini", "http", "yaml", "sql", "mermaid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Something to run.

    ``line`` is where it begins in the page, counted from 1; ``name`` is a file's name, ``needs`` that of a program.
    """

    kind: Kind
    text: str
    line: int
    name: str = ""
    needs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of a console block, the output that the page shows for it, and whether its failure is shown next."""

    text: str
    output: str
    may_fail: bool


def blocks(page: str) -> list[Block]:
    """Read what a page has to run, in its order.

    Raises:
        ValueError: for a fence without end, or in a language that would look tested without being so.
    """
    found: list[Block] = []
    lines = enumerate(page.splitlines(), start=1)
    previous = ""
    for number, line in lines:
        if before := _BEFORE.match(line):
            found.append(Block(kind="before", text=before["command"], line=number))
        elif fence := _FENCE.match(line):
            text = _until(fence, lines, number)
            if not _NOT_RUN.match(previous) and (block := _block(fence["info"].strip(), text, number)):
                needs = _NEEDS.match(previous)
                found.append(replace(block, needs=needs["program"]) if needs else block)
        previous = line
    return found


def _until(fence: re.Match[str], lines: Iterator[tuple[int, str]], opened: int) -> str:
    """Take the lines up to the fence that closes, without the indentation of the one that opened."""
    taken: list[str] = []
    for _, line in lines:
        if line.strip() == fence["ticks"]:
            return "".join(f"{text}\n" for text in taken)
        taken.append(line.removeprefix(fence["indent"]))
    raise ValueError(f"line {opened}: the fence is never closed")


def _block(info: str, text: str, line: int) -> Block | None:
    language, _, rest = info.partition(" ")
    if rest.startswith("file="):
        return Block(kind="file", text=text, line=line, name=rest.removeprefix("file="))
    if language == "python" and not rest:
        return Block(kind="python", text=text, line=line)
    if language == "console" and rest in {"", "background"}:
        return Block(kind="background" if rest else "console", text=text, line=line)
    if language in _READ_ONLY and not rest:
        return None
    raise ValueError(f"line {line}: a block of kind {info!r} would not be tested; see tests/docs/blocks.py")


def commands(block: Block) -> list[Command]:
    """Split a console block into its commands.

    Raises:
        ValueError: when it does not begin with a command.
    """
    parsed: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            parsed.append((line[2:], []))
        elif not parsed:
            raise ValueError(f"line {block.line}: a console block begins with '$ '")
        elif line.startswith("> ") and not parsed[-1][1]:
            parsed[-1] = (f"{parsed[-1][0]}\n{line[2:]}", [])
        else:
            parsed[-1][1].append(line)
    following = [text for text, _ in parsed[1:]] + [""]
    return [
        Command(text=text, output="\n".join(output).strip("\n"), may_fail=after == "echo $?")
        for (text, output), after in zip(parsed, following, strict=True)
    ]

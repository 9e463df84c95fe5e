"""What a shell offers for a query that is being typed: fields, the values that a field can have, those that it has.

What is recorded is asked for only as long as a finger rests: an index that lags far behind is used as it is, a server
that does not answer at once is not waited for, and whatever goes wrong, there are just fewer suggestions.
"""

from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING, Any

import typer

from indelible.cli.target import DirectoryTarget, resolve_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indelible.query.ast import Field

__all__ = ["complete_query", "rejoin"]

_PATIENCE = 1.5
_MOST = 20
_SHELL_SAFE = re.compile(r"[\w@%+=:,./*-]+")


def complete_query(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The words that the one being typed could become, each with what it means."""
    words = ctx.params.get("query") or ()
    typed, split = incomplete, "COMP_WORDS" in os.environ
    if split and words and (words[-1].endswith(":") or incomplete.startswith(":")):
        typed = words[-1] + incomplete
    found = [(word, summary) for word, summary in _candidates(typed, ctx.params) if _SHELL_SAFE.fullmatch(word)]
    if typed == incomplete or not split:
        return found
    kept = typed.rfind(":") + 1  # bash takes a colon for the end of a word, and replaces only what follows the last one
    return [(word[kept:], summary) for word, summary in found]


def rejoin(words: Sequence[str]) -> list[str]:
    """The words of a command line that bash has cut at colons, which it then gives as words of their own."""
    joined: list[str] = []
    for word in words:
        if joined and (set(word) == {":"} or joined[-1].endswith(":")):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _candidates(typed: str, parameters: dict[str, Any]) -> Iterator[tuple[str, str]]:
    from indelible.query.complete import suggest  # noqa: PLC0415 - only who presses the key waits for it

    suggestion = suggest(typed, len(typed))
    before = typed[: suggestion.start]
    if len(suggestion.candidates) == 1 and suggestion.candidates[0].text.endswith(":"):
        # One field is left: offer its values, so that the shell does not put a space after the colon.
        yield from _candidates(before + suggestion.candidates[0].text, parameters)
    yield from ((before + candidate.text, candidate.summary) for candidate in suggestion.candidates)
    if suggestion.field is not None:
        yield from ((before + value, "") for value in _recorded(suggestion.field, suggestion.prefix, parameters))


def _recorded(field: Field, prefix: str, parameters: dict[str, Any]) -> list[str]:
    """Values that the log has for a field, if it can say so quickly."""
    values: list[str] = []

    def ask() -> None:
        try:
            values.extend(_ask(field, prefix, parameters))
        except Exception:  # noqa: BLE001 - a shell that completes has no place for errors
            values.clear()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return list(values)


def _ask(field: Field, prefix: str, parameters: dict[str, Any]) -> list[str]:
    from indelible.query.quoting import print_member, print_value  # noqa: PLC0415 - as above

    target = resolve_target(parameters.get("url"), parameters.get("data"), parameters.get("api_key_file"))
    with target.reader(parameters.get("log") or "main") as log:
        if isinstance(target, DirectoryTarget):
            found = log.plans.searcher.values(field, prefix, _MOST)  # type: ignore[attr-defined]  # of EmbeddedPlans
        else:
            name = ".".join((field.name, *map(print_member, field.path)))
            asked = log.facets(name, f"{name}:{print_value(prefix) if prefix else ''}*", limit=_MOST)
            found = [value for value, _ in asked.values]
    return [value for value in found if value.startswith(prefix) and print_value(value) == value]

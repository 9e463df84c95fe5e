"""Commands that take a query as words: ``indelible search action:aws.iam.* -outcome:success since:24h``.

The words join into one query. One that begins with a hyphen and holds a colon, a quote or a parenthesis is a negated
term and not an option, so that nobody has to write ``--`` before it; ``-x`` alone, and ``--xyz``, are options. Other
words with a hyphen might be either, and are refused with what to write instead.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from indelible.cli.completion import complete_query, rejoin
from indelible.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["QueryArgument", "QueryCommand", "as_query"]

_NEGATED = re.compile(r'-(?!-)[^\s=]*?[:("].*', re.DOTALL)
_EITHER = re.compile(r"-[^\W_].+", re.DOTALL)
_SHIELD = "\0"  # no argument of a process can hold it

QueryArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[QUERY]...",
        help="Words of the query language: actor:ada action:invoice.* -outcome:success since:24h.",
        autocompletion=complete_query,
        show_default=False,
    ),
]


class QueryCommand(TyperCommand):
    """A command whose arguments may be negated terms of a query. Typer has no public name for the class of ``ctx``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # type: ignore[explicit-override]  # noqa: ANN401
        """Parse the options, and leave what only looks like one in its place among the words."""
        if ctx.resilient_parsing and "COMP_WORDS" in os.environ:
            args = rejoin(args)
        shielded = _shielded(args)
        if not ctx.resilient_parsing:
            self._refuse_doubtful(shielded)
        rest = super().parse_args(ctx, shielded)
        for name, value in ctx.params.items():
            if isinstance(value, str):
                ctx.params[name] = value.removeprefix(_SHIELD)
            elif isinstance(value, list | tuple):
                ctx.params[name] = [one.removeprefix(_SHIELD) if isinstance(one, str) else one for one in value]
        return rest

    def _refuse_doubtful(self, args: Sequence[str]) -> None:
        """Say how to write what may be meant as an option or as a word to leave out."""
        options = [option for option in self.params if option.param_type_name == "option"]
        takes_value = {name for option in options if not getattr(option, "is_flag", False) for name in option.opts}
        long = {name for option in options for name in option.opts if name.startswith("--")}
        before = ""
        for place, word in enumerate(args):
            if word == "--":
                for later in long.intersection(args[place + 1 :]):
                    raise UsageError(f"{later} stands after --, where all is the query; put options before it")
                return
            if before not in takes_value and _EITHER.fullmatch(word) and word[:2] not in takes_value:
                raise UsageError(f"{word} is no option; to leave out what holds a word, quote it: '-\"{word[1:]}\"'")
            before = word

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:  # type: ignore[explicit-override]  # noqa: ANN401
        """What a word that begins with a hyphen could become: an option, or a negated term."""
        items: list[Any] = super().shell_complete(ctx, incomplete)
        if not incomplete.startswith("--"):
            words = next(parameter for parameter in self.params if parameter.name == "query")
            items += words.shell_complete(ctx, incomplete)
        return items


def as_query(words: Sequence[str] | None) -> str:
    """The query that words make."""
    return " ".join(words or ())


def _shielded(args: Sequence[str]) -> list[str]:
    end = args.index("--") if "--" in args else len(args)
    return [
        _SHIELD + argument if place < end and _NEGATED.fullmatch(argument) else argument
        for place, argument in enumerate(args)
    ]

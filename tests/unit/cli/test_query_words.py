"""Words of a query on a command line: what is a term stays one, what is an option too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pytest
import typer
from typer.testing import CliRunner

from indelible.cli.completion import rejoin
from indelible.cli.query_words import QueryArgument, QueryCommand, as_query
from indelible.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def parsed(arguments: Sequence[str]) -> tuple[str, bool, str]:
    """The query, the flag and the file that a command with ``-f`` and ``-o FILE`` understands."""
    heard: list[tuple[str, bool, str]] = []
    app = typer.Typer()

    @app.command(cls=QueryCommand)
    def command(
        query: QueryArgument = None,
        *,
        follow: Annotated[bool, typer.Option("-f")] = False,
        output: Annotated[str, typer.Option("-o")] = "-",
    ) -> None:
        heard.append((as_query(query), follow, output))

    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, UsageError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return heard[0]


@pytest.mark.parametrize(
    ("arguments", "query", "follow", "output"),
    [
        ([], "", False, "-"),
        (["actor:ada", "free"], "actor:ada free", False, "-"),
        (["-outcome:success", "-f"], "-outcome:success", True, "-"),
        (["-f", "-outcome:success"], "-outcome:success", True, "-"),
        (["a:b", "-o", "file", "-outcome:success"], "a:b -outcome:success", False, "file"),
        (["-ofile", "-outcome:success"], "-outcome:success", False, "file"),
        (["-(a:b OR c:d)", '-"free text"'], '-(a:b OR c:d) -"free text"', False, "-"),
        (["-actor:user:ada"], "-actor:user:ada", False, "-"),
        (['-metadata."odd key":x'], '-metadata."odd key":x', False, "-"),
        (["--", "-f", "-a:b"], "-f -a:b", False, "-"),
    ],
)
def test_query_command_tells_terms_from_options(arguments: list[str], query: str, follow: bool, output: str) -> None:
    """A negated term needs no ``--``, wherever it stands; options work before, between and after."""
    assert parsed(arguments) == (query, follow, output)


@pytest.mark.parametrize("word", ["-bert", "-limit", "-x9", "-24h", "-iam.delete", "-foo-bar", "-query", "-failed"])
def test_query_command_says_how_a_word_that_might_be_an_option_is_negated(word: str) -> None:
    """Taken for a term, a misspelt option would change the answer in silence."""
    with pytest.raises(UsageError, match="no option") as refused:
        parsed(["actor:ada", word])
    quoted = f'-"{word[1:]}"'
    assert quoted in str(refused.value)
    assert parsed(["actor:ada", quoted])[0] == f"actor:ada {quoted}"
    assert parsed(["actor:ada", "--", word])[0] == f"actor:ada {word}"


@pytest.mark.parametrize("arguments", [["-o", "-bert"], ["-obert"], ["-of-g"], ["-f", "a"], ["--", "-bert"]])
def test_query_command_takes_values_of_options_as_they_are(arguments: list[str]) -> None:
    """Whatever they look like; and so what follows ``--``."""
    parsed(arguments)


def test_query_command_still_refuses_unknown_options() -> None:
    """A misspelt option is no term."""
    app = typer.Typer()

    @app.command(cls=QueryCommand)
    def command(query: QueryArgument = None) -> None:
        raise AssertionError(query)

    for wrong in (["--limt", "3"], ["-x"], ["--since:24h"]):
        assert CliRunner().invoke(app, wrong).exit_code == 2


@pytest.mark.parametrize(
    ("cut", "whole"),
    [
        (["search", "action", ":", "aws"], ["search", "action:aws"]),
        (["action", ":"], ["action:"]),
        (["target", ":", "invoice", ":", "9", "next"], ["target:invoice:9", "next"]),
        (["-outcome", ":", "denied"], ["-outcome:denied"]),
        (["a", "::", "b"], ["a::b"]),
        (["a:b", "c"], ["a:b", "c"]),
    ],
)
def test_rejoin_undoes_what_bash_does_to_colons(cut: list[str], whole: list[str]) -> None:
    """Words that bash has cut at colons are whole again."""
    assert rejoin(cut) == whole

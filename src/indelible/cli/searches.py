"""``indelible searches``: questions with a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from indelible.cli.query_words import QueryArgument, QueryCommand, as_query
from indelible.cli.target import ApiKeyFileOption, DataOption, JsonOption, LogOption, UrlOption, resolve_target
from indelible.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["create", "delete", "list_", "register", "show"]

_NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The search's name.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    searches = typer.Typer(
        help="List, show, save and delete searches.", no_args_is_help=True, epilog="Example: indelible searches list"
    )
    searches.command("list", epilog="Example: indelible searches list")(list_)
    searches.command("show", epilog="Example: indelible searches show refused")(show)
    searches.command(
        "create", cls=QueryCommand, epilog="Example: indelible searches create refused outcome:denied since:24h"
    )(create)
    searches.command("delete", epilog="Example: indelible searches delete refused")(delete)
    app.add_typer(searches, name="searches")


def list_(
    *,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """List the saved searches."""
    terminal = Terminal(json=json)
    with resolve_target(url, data, api_key_file).administration() as admin:
        searches = admin.searches()
    if json:
        terminal.result({"searches": searches})
    terminal.table(
        ("name", "log", "query", "description"),
        [(saved["name"], saved["log"], saved["query"], saved["description"]) for saved in searches],
    )


def show(
    name: _NameArgument,
    *,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Show a saved search. `indelible search --saved NAME` runs it."""
    with resolve_target(url, data, api_key_file).administration() as admin:
        saved = admin.search(name)
    _print(Terminal(json=json), saved)


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="1 to 63 of a-z 0-9 . _ -, beginning with a-z or 0-9.")],
    query: QueryArgument = None,
    *,
    description: Annotated[str, typer.Option("--description", help="What it is for.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Give a name that is taken to this search.")] = False,
    log: LogOption = "main",
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Save a search under a name. Relative times in it, such as since:24h, count from when it is run."""
    with resolve_target(url, data, api_key_file).administration() as admin:
        save = admin.replace_search if replace else admin.create_search
        saved = save(name, log=log, query=as_query(query), description=description)
    _print(Terminal(json=json), saved)


def delete(
    name: _NameArgument,
    *,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Forget a saved search."""
    terminal = Terminal(json=json)
    with resolve_target(url, data, api_key_file).administration() as admin:
        admin.delete_search(name)
    if json:
        terminal.result({"name": name, "deleted": True})
    terminal.say(f"{name} is deleted")


def _print(terminal: Terminal, saved: Mapping[str, Any]) -> None:
    if terminal.json:
        terminal.result(saved)
        return
    terminal.say(f"{saved['name']}: {saved['description']}" if saved["description"] else saved["name"], style="bold")
    terminal.say(f"query    {saved['query'] or '(everything)'}")
    terminal.say(f"log      {saved['log']}")
    terminal.say(f"created  {saved['created_at']} by {saved['created_by']}")

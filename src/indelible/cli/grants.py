"""``indelible grants``: who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from indelible.access import Grant
from indelible.access.grants import principal_of
from indelible.cli.target import ApiKeyFileOption, DataOption, JsonOption, UrlOption, resolve_target
from indelible.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["create", "delete", "list_", "register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    grants = typer.Typer(
        help="List, make and delete grants of roles.", no_args_is_help=True, epilog="Example: indelible grants list"
    )
    grants.command("list", epilog="Example: indelible grants list --principal 7kq2m3xa90bd")(list_)
    grants.command("create", epilog="Example: indelible grants create 7kq2m3xa90bd 'reader:main tenant:acme'")(create)
    grants.command("delete", epilog="Example: indelible grants delete 12")(delete)
    app.add_typer(grants, name="grants")


def list_(
    *,
    principal: Annotated[
        str | None, typer.Option("--principal", metavar="ID", help="Only those of this API key or subject.")
    ] = None,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """List the grants, oldest first."""
    terminal = Terminal(json=json)
    wanted = None if principal is None else principal_of(principal)
    with resolve_target(url, data, api_key_file).administration() as admin:
        grants = admin.grants(wanted)
    if json:
        terminal.result({"grants": grants})
    terminal.table(("id", "principal", "name", "grant", "created"), [_row(grant) for grant in grants])


def create(
    principal: Annotated[str, typer.Argument(metavar="PRINCIPAL", help="An API key's id, or oidc:PROVIDER:SUBJECT.")],
    grant: Annotated[
        str,
        typer.Argument(
            metavar="ROLE:LOG",
            help="writer, reader, auditor or admin, for a log or a pattern; 'reader:LOG QUERY' for what matches only.",
        ),
    ],
    *,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Grant a role. It holds from the next request on."""
    terminal = Terminal(json=json)
    whom, what = principal_of(principal), Grant.parse(grant)
    with resolve_target(url, data, api_key_file).administration() as admin:
        made = admin.create_grant(principal=whom, role=what.role.value, log=what.log, query=what.query or None)
    if json:
        terminal.result(made)
    terminal.say(f"grant {made['id']}: {what.text} for {whom}")


def delete(
    grant_id: Annotated[int, typer.Argument(metavar="ID", min=0, help="The grant's id, as `grants list` shows it.")],
    *,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Take a role back, at once. The last API key that administers everything keeps that."""
    terminal = Terminal(json=json)
    with resolve_target(url, data, api_key_file).administration() as admin:
        admin.delete_grant(grant_id)
    if json:
        terminal.result({"id": grant_id, "deleted": True})
    terminal.say(f"grant {grant_id} is taken back")


def _row(made: Mapping[str, Any]) -> tuple[str, ...]:
    grant = " ".join(filter(None, (f"{made['role']}:{made['log']}", made["query"])))
    return str(made["id"]), made["principal"], made["principal_name"], grant, made["created_at"]

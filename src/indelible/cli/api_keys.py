"""``indelible api-keys``: who may speak to the server."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from indelible.access import Grant, RateLimit
from indelible.access.api_keys import MAX_OVERLAP
from indelible.cli.api_key_view import granted, print_key, print_new_key, row
from indelible.cli.target import ApiKeyFileOption, DataOption, JsonOption, UrlOption, resolve_target
from indelible.cli.terminal import Terminal
from indelible.cli.times import parse_duration

__all__ = ["create", "list_", "register", "revoke", "rotate", "show"]

_KeyArgument = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `api-keys list` shows it.")]
_ExpiresOption = Annotated[
    str | None, typer.Option("--expires", metavar="TIME", help="RFC 3339, such as 2030-01-01T00:00:00Z.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    keys = typer.Typer(
        help="List, show, create, rotate and revoke API keys.",
        no_args_is_help=True,
        epilog="Example: indelible api-keys list",
    )
    keys.command("list", epilog="Example: indelible api-keys list")(list_)
    keys.command("show", epilog="Example: indelible api-keys show 7kq2m3xa90bd")(show)
    keys.command("create", epilog="Example: indelible api-keys create --name ci --grant writer:main")(create)
    keys.command("rotate", epilog="Example: indelible api-keys rotate 7kq2m3xa90bd --overlap 1h")(rotate)
    keys.command("revoke", epilog="Example: indelible api-keys revoke 7kq2m3xa90bd")(revoke)
    app.add_typer(keys, name="api-keys")


def list_(
    *,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """List the API keys, newest first; revoked and expired ones too, and never a secret."""
    terminal = Terminal(json=json)
    with resolve_target(url, data, api_key_file).administration() as admin:
        keys = admin.api_keys()
    if json:
        terminal.result({"api_keys": keys})
    terminal.table(("id", "name", "grants", "created", "last used", "state"), [row(key) for key in keys])


def show(
    key_id: _KeyArgument,
    *,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Show an API key: what it may do, how long it holds, when it was last used. Never its secret."""
    with resolve_target(url, data, api_key_file).administration() as admin:
        key = admin.api_key(key_id)
    print_key(Terminal(json=json), key)


def create(
    *,
    name: Annotated[str, typer.Option("--name", help="For people: what the key is for.")],
    grant: Annotated[
        list[str],
        typer.Option(
            "--grant",
            metavar="ROLE:LOG",
            help="writer, reader, auditor or admin, for a log or a pattern; 'reader:LOG QUERY' for what matches only.",
        ),
    ],
    expires: _ExpiresOption = None,
    requests_per_second: Annotated[
        int | None, typer.Option("--requests-per-second", metavar="N", help="Refuse more requests than that.")
    ] = None,
    events_per_second: Annotated[
        int | None, typer.Option("--events-per-second", metavar="N", help="Refuse more events than that.")
    ] = None,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Make an API key. It is shown once, and only its hash is kept."""
    grants = [granted(Grant.parse(text)) for text in grant]
    limit = RateLimit(requests_per_second=requests_per_second, events_per_second=events_per_second)
    with resolve_target(url, data, api_key_file).administration() as admin:
        key = admin.create_api_key(name=name, grants=grants, expires_at=expires, limit=asdict(limit))
    print_new_key(Terminal(json=json), key)


def rotate(
    key_id: _KeyArgument,
    *,
    overlap: Annotated[
        str,
        typer.Option("--overlap", metavar="TIME", help=f"How long the old key works on, at most {MAX_OVERLAP.days}d."),
    ] = "24h",
    expires: _ExpiresOption = None,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Replace an API key: a new one with the same grants, shown once, while the old one works on for a while."""
    terminal = Terminal(json=json)
    lasting = parse_duration("--overlap", overlap)
    with resolve_target(url, data, api_key_file).administration() as admin:
        key = admin.rotate_api_key(key_id, overlap=lasting, expires_at=expires)
    print_new_key(terminal, key)
    terminal.note(f"{key_id} works on for {overlap}, unless it ends sooner.")


def revoke(
    key_id: _KeyArgument,
    *,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Make an API key worthless, at once. Its records stay what they are."""
    terminal = Terminal(json=json)
    with resolve_target(url, data, api_key_file).administration() as admin:
        admin.revoke_api_key(key_id)
    if json:
        terminal.result({"id": key_id, "revoked": True})
    terminal.say(f"{key_id} is revoked")

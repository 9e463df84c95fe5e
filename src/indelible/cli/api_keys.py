"""``indelible api-keys``: who may speak to the server."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from indelible.access import ApiKeys, Grant, RateLimit, StoredApiKeys
from indelible.access.api_keys import MAX_OVERLAP
from indelible.cli.api_key_view import described, granted, print_key, print_new_key, row
from indelible.cli.control_data import reading_control
from indelible.cli.target import (
    ApiKeyFileOption,
    DataOption,
    JsonOption,
    ServerTarget,
    UrlOption,
    resolve_target,
)
from indelible.cli.terminal import Terminal
from indelible.cli.times import parse_duration, parse_moment
from indelible.client import Administration
from indelible.embedded import DataDirectory
from indelible.embedded.administration import administering
from indelible.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.system_log import Caller

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
    target = resolve_target(url, data, api_key_file)
    if isinstance(target, ServerTarget):
        with Administration(target.url, api_key=target.api_key) as server:
            keys = server.api_keys()
    else:
        try:
            with _reading(target.path) as stored:
                keys = [described(key) for key in stored.list()]
        except NotFound:
            DataDirectory.open(target.path).close()
            keys = []  # a directory that was made in process, and never served
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
    target = resolve_target(url, data, api_key_file)
    if isinstance(target, ServerTarget):
        with Administration(target.url, api_key=target.api_key) as server:
            key = server.api_key(key_id)
    else:
        with _reading(target.path) as stored:
            key = described(stored.get(key_id))
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
    grants = [Grant.parse(text) for text in grant]
    limit = RateLimit(requests_per_second=requests_per_second, events_per_second=events_per_second)
    target = resolve_target(url, data, api_key_file)
    if isinstance(target, ServerTarget):
        with Administration(target.url, api_key=target.api_key) as server:
            key = server.create_api_key(
                name=name,
                grants=[granted(one) for one in grants],
                expires_at=expires,
                limit={"requests_per_second": requests_per_second, "events_per_second": events_per_second},
            )
    else:
        with _writing(target.path) as (keys, by):
            new = keys.create(
                name=name,
                grants=grants,
                by=by,
                expires_at=parse_moment("--expires", expires),
                limit=limit,
            )
        key = described(new)
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
    target = resolve_target(url, data, api_key_file)
    if isinstance(target, ServerTarget):
        with Administration(target.url, api_key=target.api_key) as server:
            key = server.rotate_api_key(key_id, overlap=lasting, expires_at=expires)
    else:
        with _writing(target.path) as (keys, by):
            new = keys.rotate(
                key_id, by=by, overlap=timedelta(seconds=lasting), expires_at=parse_moment("--expires", expires)
            )
        key = described(new)
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
    target = resolve_target(url, data, api_key_file)
    if isinstance(target, ServerTarget):
        with Administration(target.url, api_key=target.api_key) as server:
            server.revoke_api_key(key_id)
    else:
        with _writing(target.path) as (keys, by):
            keys.revoke(key_id, by=by)
    if json:
        terminal.result({"id": key_id, "revoked": True})
    terminal.say(f"{key_id} is revoked")


@contextmanager
def _reading(path: Path) -> Iterator[StoredApiKeys]:
    """The keys of a directory, beside whatever changes them."""
    with reading_control(path) as store:
        yield StoredApiKeys(store)


@contextmanager
def _writing(path: Path) -> Iterator[tuple[ApiKeys, Caller]]:
    """The keys of a directory, to be changed under its lock and on the record, and who does it."""
    with DataDirectory.open(path) as directory, administering(directory) as admin:
        yield ApiKeys(admin.store, admin.acts), admin.by

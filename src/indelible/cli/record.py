"""``indelible record``: append one event."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from indelible.cli.target import (
    ApiKeyFileOption,
    DataOption,
    DirectoryTarget,
    JsonOption,
    LogOption,
    UrlOption,
    resolve_target,
)
from indelible.cli.terminal import Terminal
from indelible.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["metadata_of", "record", "register"]

_PAIR = re.compile(r"(?P<key>[^=]+?)(?P<typed>:?)=(?P<value>.*)", re.DOTALL)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(
        "record",
        epilog="Example: indelible record invoice.approve --actor user:ada --target invoice:9 --metadata amount:=950",
    )(record)


def record(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="What was done, such as invoice.approve.")],
    *,
    actor: Annotated[str, typer.Option("--actor", metavar="TYPE:ID", help="Who did it, such as user:ada.")],
    target: Annotated[
        list[str] | None, typer.Option("--target", metavar="TYPE:ID", help="On what; may be given several times.")
    ] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option("--metadata", metavar="K=V", help="A text of your own; K:=V takes V as JSON. May be repeated."),
    ] = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", help="success, failure, denied or unknown; success by default.")
    ] = None,
    operation: Annotated[
        str | None, typer.Option("--operation", help="The coarse kind: create, read, update, delete, …")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why.")] = None,
    message: Annotated[str | None, typer.Option("--message", help="A human sentence.")] = None,
    severity: Annotated[str | None, typer.Option("--severity", help="debug … critical.")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Whose data it is about.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="May be given several times.")] = None,
    occurred_at: Annotated[
        str | None, typer.Option("--occurred-at", metavar="TIME", help="When, as RFC 3339; now by default.")
    ] = None,
    event_id: Annotated[
        str | None, typer.Option("--id", metavar="UUIDv7", help="The event's id, so that a retry adds nothing.")
    ] = None,
    log: LogOption = "main",
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Append one event to a log. It is durable when this returns, and with --data also published."""
    terminal = Terminal(json=json)
    target_log = resolve_target(url, data, api_key_file)
    given = {
        "outcome": outcome,
        "operation": operation,
        "reason": reason,
        "message": message,
        "severity": severity,
        "tenant": tenant,
        "tags": tag,
        "occurred_at": occurred_at,
        "id": event_id,
        "metadata": metadata_of(metadata or ()),
    }
    fields: Any = {name: value for name, value in given.items() if value}
    with target_log.writer(log) as audit_log:
        receipt = audit_log.record(action, actor=actor, targets=target or (), **fields)
        if isinstance(target_log, DirectoryTarget):
            receipt.wait_published()
    if json:
        terminal.result(
            {
                "log": log,
                "index": receipt.index,
                "id": receipt.id,
                "leaf_hash": receipt.leaf_hash,
                "duplicate": receipt.duplicate,
            }
        )
    known = " (it was there already)" if receipt.duplicate else ""
    terminal.say(f"{action} is entry {receipt.index} of {log}{known}")
    terminal.say(f"id         {receipt.id}")
    terminal.say(f"leaf hash  {receipt.leaf_hash}")


def metadata_of(pairs: Sequence[str]) -> dict[str, Any]:
    """The object that ``K=V`` and ``K:=JSON`` arguments make.

    Raises:
        UsageError: an argument of another form, a repeated key, or a value after ``:=`` that is not JSON.
    """
    metadata: dict[str, Any] = {}
    for pair in pairs:
        match = _PAIR.fullmatch(pair)
        if match is None:
            raise UsageError(f"--metadata {pair!r} is not of the form KEY=VALUE")
        key = match["key"]
        if key in metadata:
            raise UsageError(f"--metadata names {key!r} twice")
        try:
            metadata[key] = msgspec.json.decode(match["value"]) if match["typed"] else match["value"]
        except msgspec.DecodeError as error:
            raise UsageError(f"--metadata {key}:= wants JSON, such as 950 or true: {error}") from error
    return metadata

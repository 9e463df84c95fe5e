"""``indelible show``: one record, for people or as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from indelible.cli.outcomes import OUTCOME_STYLES
from indelible.cli.target import ApiKeyFileOption, DataOption, JsonOption, LogOption, UrlOption, resolve_target
from indelible.cli.terminal import Terminal
from indelible.cli.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indelible.sdk.answers import Entry

__all__ = ["print_entry", "register", "show", "which_entry"]

_INDEX = re.compile(r"0|[1-9][0-9]{0,18}")
_SHOWN_FIRST = frozenset(
    {"v", "id", "occurred_at", "received_at", "action", "operation", "outcome", "actor", "targets", "log", "raw"}
)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("show", epilog="Example: indelible show 0 --raw")(show)


def show(
    event: Annotated[str, typer.Argument(metavar="ID", help="The event's id, or its index in the log.")],
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Show the original document of an imported event too.")] = False,
    log: LogOption = "main",
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Show one record of a log."""
    terminal = Terminal(json=json)
    with resolve_target(url, data, api_key_file).reader(log) as audit_log:
        entry = audit_log.get(which_entry(event))
    if json:
        place = {"index": entry.index, "leaf_hash": entry.leaf_hash, "published": entry.published}
        terminal.result({**entry.record, **place})
        return
    print_entry(terminal, entry, raw=raw)


def which_entry(text: str) -> int | str:
    """An index when the text is a number, else an id, which the log will check."""
    return int(text) if _INDEX.fullmatch(text) else text


def print_entry(terminal: Terminal, entry: Entry, *, raw: bool = False) -> None:
    """Print a record for people; its original document only when ``raw``."""
    record = entry.record
    state = "" if entry.published else " (durable; not yet covered by a signed checkpoint)"
    terminal.say(f"entry {entry.index} of {record['log']}{state}", style="bold")
    for name, value in _lines(record):
        style = OUTCOME_STYLES.get(value, "") if name == "outcome" else ""
        terminal.say(f"{name:<12}{visible(value)}", style=style)  # no value makes a line of its own
    rest = {name: value for name, value in record.items() if name not in _SHOWN_FIRST}
    if raw and "raw" in record:
        rest["raw"] = record["raw"]
    if rest:
        terminal.say(msgspec.json.format(msgspec.json.encode(rest), indent=2).decode())
    if not raw and "raw" in record:
        terminal.say("(the original document is kept with it: --raw shows it)", style="dim")
    terminal.say(f"{'leaf hash':<12}{entry.leaf_hash}")


def _lines(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "id", record["id"]
    yield "occurred", record["occurred_at"]
    yield "received", record["received_at"]
    yield "action", record["action"] + (f" ({record['operation']})" if "operation" in record else "")
    yield "outcome", record["outcome"]
    yield "actor", _entity(record["actor"])
    for target in record.get("targets", ()):
        yield "target", _entity(target)


def _entity(entity: Mapping[str, Any]) -> str:
    name = f" ({entity['name']})" if "name" in entity else ""
    behalf = f" on behalf of {_entity(entity['on_behalf_of'])}" if "on_behalf_of" in entity else ""
    return f"{entity['type']}:{entity['id']}{name}{behalf}"

"""``indelible config``: whether a directory's configuration can work, and what holds, from where."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from indelible.cli.target import DEFAULT_DATA, DataOption, JsonOption
from indelible.cli.terminal import Terminal
from indelible.config.sections import sections
from indelible.embedded import DataDirectory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indelible.config.values import Value

__all__ = ["check", "register", "show"]

_OTHERS = ("INDELIBLE_DATA", "INDELIBLE_URL", "INDELIBLE_STATE")
_SECRETS = ("INDELIBLE_API_KEY",)
_PROVIDER = ("name", "issuer", "audience", "client_id", "client_secret_file", "redirect_uri")
_MASK = "********"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    config = typer.Typer(
        help="Check and show the configuration.", no_args_is_help=True, epilog="Example: indelible config show"
    )
    config.command("check", epilog="Example: indelible config check --data /var/lib/indelible")(check)
    config.command("show", epilog="Example: INDELIBLE_SERVER_MAX_BODY='16 MiB' indelible config show")(show)
    app.add_typer(config, name="config")


def check(*, data: DataOption = None, json: JsonOption = False) -> None:
    """Check indelible.toml and the INDELIBLE_… variables, as the server would read them. Exits with 2 if they cannot.

    Files that settings name are looked at by `indelible doctor`.
    """
    terminal = Terminal(json=json)
    directory = _open(data)
    set_ = len(directory.configuration_sources)
    if json:
        terminal.result({"file": str(directory.configuration_path), "valid": True, "set": set_})
    terminal.say(f"{directory.configuration_path} is valid; set here or in the environment: {set_}")


def show(*, data: DataOption = None, json: JsonOption = False) -> None:
    """Show every setting, its value, and where that comes from: the environment, the file, or the default."""
    terminal = Terminal(json=json)
    directory = _open(data)
    configuration, sources = directory.configuration, directory.configuration_sources
    rows: list[dict[str, Any]] = [
        {
            "section": setting.section,
            "key": setting.key,
            "value": getattr(getattr(configuration, section.name), setting.key),
            "unit": setting.rule.unit or None,
            "source": sources.get((setting.section, setting.key), "default"),
            "variable": setting.variable,
        }
        for section in sections()
        for setting in section.settings
    ]
    if json:
        terminal.result(
            {
                "file": str(directory.configuration_path),
                "settings": rows,
                "logs": [asdict(log) for log in configuration.logs.values()],
                "certificates": [asdict(identity) for identity in configuration.certificates.values()],
                "identity_providers": [
                    {name: getattr(each, name) for name in _PROVIDER}
                    for each in configuration.identity_providers.values()
                ],
                "environment": _environment(os.environ),
            }
        )
        return
    terminal.table(
        ("setting", "value", "from"),
        [(f"[{row['section']}] {row['key']}", _shown(row["value"], row["unit"]), row["source"]) for row in rows],
    )
    terminal.say()
    terminal.table(("log", "origin"), [(log.name, log.origin) for log in configuration.logs.values()])
    for identity in configuration.certificates.values():
        terminal.say(f"certificate {identity.name}: {', '.join(identity.grants)}")
    for each in configuration.identity_providers.values():
        terminal.say(f"identity provider {each.name}: {each.issuer}, for {each.audience}, {len(each.rules)} rules")
    for name, value in _environment(os.environ).items():
        terminal.say(f"{name}={value}")


def _open(data: Path | None) -> DataDirectory:
    return DataDirectory.open(data or Path(os.environ.get("INDELIBLE_DATA") or DEFAULT_DATA))


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What else commands take from the environment, of what is set; never a secret itself."""
    found = {name: environment[name] for name in _OTHERS if environment.get(name)}
    return found | {name: _MASK for name in _SECRETS if environment.get(name)}


def _shown(value: Value, unit: str | None) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return ", ".join(value) or "(none)"
        case str():
            return value or "(none)"
        case _:
            number = f"{value:,g}" if isinstance(value, float) else f"{value:,}"
            return f"{number} {unit or ''}".rstrip()

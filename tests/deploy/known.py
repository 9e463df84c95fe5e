"""What deployment files may refer to: the settings that there are, and commands that can be parsed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer.main
import yaml  # type: ignore[import-untyped]

from indelible.cli.app import build
from indelible.config.sections import sections

__all__ = ["DEPLOY", "check_command", "check_setting", "load_yaml", "load_yamls"]

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"

_VARIABLES = {setting.variable: setting for section in sections() for setting in section.settings}
_OTHERS = {"INDELIBLE_DATA", "INDELIBLE_STATE"}


class _Strict(yaml.SafeLoader):  # type: ignore[misc]
    """YAML that says each key once."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT002 - PyYAML's signature
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key stands twice at {node.start_mark}"
        made: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return made


def load_yaml(text: str) -> Any:
    """One document."""
    return yaml.load(text, _Strict)  # noqa: S506 - it is a SafeLoader


def load_yamls(text: str) -> list[Any]:
    """Every document that is not empty."""
    return [each for each in yaml.load_all(text, _Strict) if each is not None]


def check_setting(variable: str, value: str) -> None:
    """A variable that is set is one that Indelible reads, and its value can be read."""
    from indelible.config.values import from_text  # noqa: PLC0415 - beside its only use

    if not variable.startswith("INDELIBLE_") or variable in _OTHERS:
        return
    setting = _VARIABLES[variable]
    from_text(value, setting.default, setting.rule)


def check_command(arguments: list[str]) -> None:
    """The arguments of ``indelible`` are ones that it takes; nothing is run."""
    group: Any = typer.main.get_command(build([arguments[0]]))
    context = group.make_context("indelible", list(arguments), resilient_parsing=True)
    command = group.get_command(context, arguments[0])
    command.make_context(arguments[0], list(arguments[1:]), parent=context)

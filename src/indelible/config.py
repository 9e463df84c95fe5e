"""The configuration of one data directory: one frozen structure, read from and written to ``indelible.toml``.

Holds no secret and no path: keys lie in files of their own, and a directory may be moved. Refuses unknown keys (with a
suggestion) and values of the wrong type or range, since a setting that is silently ignored is a setting that somebody
relies on in vain.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from indelible.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DEFAULT_LISTEN",
    "Configuration",
    "LogConfiguration",
    "check_log_name",
    "encode_configuration",
    "parse_configuration",
    "parse_listen",
]

DEFAULT_LISTEN = "127.0.0.1:8420"
DEFAULT_PUBLISH_INTERVAL = 0.2

_LOG_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_SYSTEM_LOG_NAME = re.compile(r"_[a-z0-9][a-z0-9._-]{0,61}")
_PORT = re.compile(r"0|[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfiguration:
    """What is fixed or public about one log.

    Attributes:
        name: The log's name in this directory and in the server's addresses.
        origin: Its C2SP origin: its name in the world, in every record and on every checkpoint.
        vkeys: Its public keys, the C2SP verifier keys of its two checkpoint signatures.
        public: Whether the server gives its checkpoint and hash tiles to anyone.
    """

    name: str
    origin: str
    vkeys: tuple[str, ...]
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that can be set.

    Attributes:
        listen: Where the server listens, ``HOST:PORT``; port 0 picks a free one.
        publish_interval: Seconds between two checkpoints while events arrive, in ``[0.01, 60]``.
        metrics_public: Whether ``/metrics`` answers without credentials.
        logs: The directory's logs by name.
    """

    listen: str = DEFAULT_LISTEN
    publish_interval: float = DEFAULT_PUBLISH_INTERVAL
    metrics_public: bool = False
    logs: Mapping[str, LogConfiguration] = field(default_factory=lambda: MappingProxyType({}))

    def with_log(self, log: LogConfiguration) -> Configuration:
        """The same configuration with one log more."""
        return replace(self, logs=MappingProxyType({**self.logs, log.name: log}))


def check_log_name(name: str, *, system: bool = False) -> None:
    """Check a log's name: 1 to 63 of ``a-z 0-9 . _ -``, beginning with a letter or digit.

    Names that begin with ``_`` are the system's; they are allowed only when ``system`` is true.

    Raises:
        UsageError: the name is not allowed; says what is.
    """
    if _LOG_NAME.fullmatch(name) or (system and _SYSTEM_LOG_NAME.fullmatch(name)):
        return
    if name.startswith("_"):
        raise UsageError(f"log names that begin with an underscore are the system's: {name!r}")
    raise UsageError(f"{name!r} cannot name a log: use 1 to 63 of a-z 0-9 . _ -, beginning with a letter or digit")


def parse_listen(text: str) -> tuple[str, int]:
    """Split ``HOST:PORT``; an IPv6 address stands in brackets.

    Raises:
        ConfigurationError: it is not of that form, or the port is beyond 65535.
    """
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or not _PORT.fullmatch(port) or int(port) > 65_535 or (":" in host and not bracketed):
        raise ConfigurationError(f"{text!r} is not an address to listen on; write HOST:PORT, such as {DEFAULT_LISTEN}")
    return host.strip("[]"), int(port)


def parse_configuration(text: str, *, source: str = "indelible.toml") -> Configuration:
    """Read a configuration; ``source`` names it in errors.

    Raises:
        ConfigurationError: not TOML, an unknown key, or a value that cannot work; names the key and the remedy.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{source} is not TOML: {error}") from error
    top = _Table(document, source, ("server", "publish", "logs"))
    server = _Table(top.table("server"), f"{source}: [server]", ("listen", "metrics_public"))
    publish = _Table(top.table("publish"), f"{source}: [publish]", ("interval",))
    configuration = Configuration(
        listen=server.text("listen", DEFAULT_LISTEN),
        metrics_public=server.flag("metrics_public"),
        publish_interval=publish.seconds("interval", DEFAULT_PUBLISH_INTERVAL, low=0.01, high=60.0),
    )
    parse_listen(configuration.listen)
    for name, table in top.table("logs").items():
        configuration = configuration.with_log(_parse_log(name, table, source))
    return configuration


def encode_configuration(configuration: Configuration) -> str:
    """The text that :func:`parse_configuration` reads back into an equal structure."""
    lines = [
        "# Indelible: configuration of this data directory. It holds no secrets.",
        "",
        "[server]",
        f"listen = {_quote(configuration.listen)}",
        f"metrics_public = {_flag(configuration.metrics_public)}",
        "",
        "[publish]",
        f"interval = {configuration.publish_interval!r}  # seconds between two checkpoints while events arrive",
    ]
    for log in configuration.logs.values():
        lines += [
            "",
            f"[logs.{_quote(log.name)}]",
            f"origin = {_quote(log.origin)}",
            f"public = {_flag(log.public)}",
            "vkeys = [",
            *(f"  {_quote(vkey)}," for vkey in log.vkeys),
            "]",
        ]
    return "\n".join(lines) + "\n"


def _parse_log(name: str, table: object, source: str) -> LogConfiguration:
    where = f"{source}: [logs.{name}]"
    try:
        check_log_name(name, system=True)
    except UsageError as error:
        raise ConfigurationError(f"{where}: {error}") from error
    log = _Table(table, where, ("origin", "public", "vkeys"))
    return LogConfiguration(name=name, origin=log.text("origin"), public=log.flag("public"), vkeys=log.texts("vkeys"))


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a TOML basic string, but for DEL, which none holds


def _flag(value: bool) -> str:  # noqa: FBT001 - the value is the whole meaning
    return "true" if value else "false"


class _Table:
    """One TOML table, its keys checked when it is made, its values when they are asked for."""

    def __init__(self, table: object, where: str, known: tuple[str, ...]) -> None:
        if not isinstance(table, dict):
            raise ConfigurationError(f"{where} must be a table")
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
                raise ConfigurationError(f"{where}: unknown key {key!r}; {hint}")
        self._table: dict[str, object] = table
        self._where = where

    def table(self, key: str) -> dict[str, object]:
        value = self._table.get(key, {})
        if not isinstance(value, dict):
            raise ConfigurationError(f"{self._where}: {key} must be a table")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value = self._table.get(key, default)
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{self._where}: {key} must be a text that is not empty")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._table.get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigurationError(f"{self._where}: {key} must be a list of texts")
        return tuple(value)

    def flag(self, key: str) -> bool:
        value = self._table.get(key, False)
        if not isinstance(value, bool):
            raise ConfigurationError(f"{self._where}: {key} must be true or false")
        return value

    def seconds(self, key: str, default: float, *, low: float, high: float) -> float:
        value = self._table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ConfigurationError(f"{self._where}: {key} must be seconds between {low:g} and {high:g}")
        return float(value)

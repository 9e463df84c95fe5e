"""``indelible.toml`` and ``INDELIBLE_…`` variables to a :class:`~indelible.config.settings.Configuration`, and back.

The environment beats the file, the file beats the defaults; where each value came from is kept. The file is a person's:
when a log is made its table is added at the end, and everything else stays as it was written, comments too.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from indelible.config.identity_providers import read_provider
from indelible.config.log_names import check_log_name
from indelible.config.sections import sections
from indelible.config.settings import CertificateIdentity, Configuration, LogConfiguration
from indelible.config.values import Rule, Value, from_text, from_toml
from indelible.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from indelible.config.sections import Section, Setting

__all__ = ["Loaded", "append_log", "initial_document", "load_configuration"]

_RENAMED = {("publish", "interval"): ("log", "publish_interval")}
"""How the first release wrote it."""

_KUBERNETES = re.compile(r"INDELIBLE_\w*?(?:SERVICE_(?:HOST|PORT)|PORT)(?:_\w+)?")
"""What Kubernetes sets in every pod beside a Service called ``indelible-…``. Nobody means us by it."""

_IDENTITY = re.compile(r"(?:uri|dns|email|subject):\S.*")
_HEAD = """\
# Indelible: configuration of this data directory. It holds no secrets.
# `indelible config show` prints every setting, its value and where that comes from; `indelible config check` checks.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration, and where each value that is not a default came from: ``(section, key)`` to a place in words."""

    configuration: Configuration
    sources: Mapping[tuple[str, str], str]


def load_configuration(
    text: str, *, source: str = "indelible.toml", environment: Mapping[str, str] = MappingProxyType({})
) -> Loaded:
    """Read a configuration; ``source`` names the text in errors.

    Raises:
        ConfigurationError: not TOML, an unknown key, or a value that cannot work; names the place and the remedy.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{source} is not TOML: {error}") from error
    known = sections()
    tables = {"logs", "certificates", "identity_providers"}
    renamed = {name for name, _ in _RENAMED}
    _check_known(document, [*(section.name for section in known), *tables, *renamed], source, hidden=renamed)
    _move_renamed(document, source)
    _check_variables(environment, known)
    sources: dict[tuple[str, str], str] = {}
    read: dict[str, Any] = {
        section.name: _read_section(section, document, source, environment, sources) for section in known
    }
    logs = _read_tables(document, "logs", source, _read_log)
    certificates = _read_tables(document, "certificates", source, _read_identity)
    providers = _read_tables(document, "identity_providers", source, read_provider)
    configuration = Configuration(**read, logs=logs, certificates=certificates, identity_providers=providers)
    _check_together(configuration, source)
    return Loaded(configuration=configuration, sources=MappingProxyType(sources))


def initial_document() -> str:
    """What a new data directory's file begins with: every setting at its default, so nothing but a comment."""
    return _HEAD


def append_log(text: str, log: LogConfiguration) -> str:
    """The file with one log more."""
    lines = [
        "",
        f"[logs.{_quote(log.name)}]",
        f"origin = {_quote(log.origin)}",
        f"public = {_flag(log.public)}",
        *(["read_only = true"] if log.read_only else []),
        "vkeys = [",
        *(f"  {_quote(vkey)}," for vkey in log.vkeys),
        "]",
    ]
    return f"{text.rstrip()}\n" + "\n".join(lines) + "\n"


def _read_section(
    section: Section,
    document: Mapping[str, object],
    source: str,
    environment: Mapping[str, str],
    sources: dict[tuple[str, str], str],
) -> object:
    where = f"{source}: [{section.name}]"
    table = _table(document.get(section.name, {}), where)
    _check_known(table, [setting.key for setting in section.settings], where)
    values: dict[str, Value] = {}
    for setting in section.settings:
        if setting.key in table:
            place = f"{where} {setting.key}"
            values[setting.key] = _placed(place, from_toml, table[setting.key], setting)
            sources[section.name, setting.key] = place
        if text := environment.get(setting.variable):
            values[setting.key] = _placed(setting.variable, from_text, text, setting)
            sources[section.name, setting.key] = setting.variable
    return section.kind(**values)


def _check_together(configuration: Configuration, source: str) -> None:
    """Refuse settings that cannot work beside each other."""
    tls, proxy, server = configuration.tls, configuration.proxy, configuration.server
    by_certificate = proxy.client_certificate
    for wrong, detail in (
        (bool(tls.certificate) != bool(tls.key), "[tls] certificate and key belong together; give both or neither"),
        (bool(tls.client_ca) and not tls.certificate, "[tls] client_ca needs a certificate of the server's own"),
        (by_certificate and not proxy.trusted, "[proxy] client_certificate needs the proxies that are trusted"),
        (
            bool(configuration.certificates) and not by_certificate and not tls.client_ca,
            "[certificates]: nobody vouches for these; set [tls] client_ca, or [proxy] trusted and client_certificate",
        ),
        (server.max_in_flight < server.max_body, "[server] max_in_flight is less than one body of max_body"),
    ):
        if wrong:
            raise ConfigurationError(f"{source}: {detail}")


def _placed(place: str, read: Callable[[Any, Value, Rule], Value], value: object, setting: Setting) -> Value:
    try:
        return read(value, setting.default, setting.rule)
    except ConfigurationError as error:
        raise ConfigurationError(f"{place}: {error}") from error


def _move_renamed(document: dict[str, Any], source: str) -> None:
    for (old_section, old), (section, key) in _RENAMED.items():
        where = f"{source}: [{old_section}]"
        table = _table(document.pop(old_section, {}), where)
        _check_known(table, [old], where)
        if old not in table:
            continue
        new = document.setdefault(section, {})
        if not isinstance(new, dict) or key in new:
            raise ConfigurationError(f"{where} {old} is the former name of [{section}] {key}; give one of them")
        new[key] = table[old]


def _check_variables(environment: Mapping[str, str], known: Iterable[Section]) -> None:
    settings = {setting.variable: setting for section in known for setting in section.settings}
    prefixes = tuple(f"INDELIBLE_{section.name.upper()}_" for section in known)
    for name in environment:
        if name.startswith(prefixes) and name not in settings and not _KUBERNETES.fullmatch(name):
            raise ConfigurationError(f"the environment: unknown variable {_with_suggestion(name, list(settings))}")


def _check_known(table: Mapping[str, object], known: list[str], where: str, *, hidden: Iterable[str] = ()) -> None:
    for key in table:
        if key not in known:
            shown = [name for name in known if name not in hidden]
            raise ConfigurationError(f"{where}: unknown key {_with_suggestion(key, shown)}")


def _with_suggestion(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"{word!r}; " + (f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}")


def _read_tables(
    document: Mapping[str, object], name: str, source: str, read: Callable[[str, dict[str, Any], str], Any]
) -> Mapping[str, Any]:
    tables = _table(document.get(name, {}), f"{source}: {name}")
    return MappingProxyType(
        {key: read(key, _table(table, where := f"{source}: [{name}.{key}]"), where) for key, table in tables.items()}
    )


def _read_log(name: str, table: dict[str, Any], where: str) -> LogConfiguration:
    try:
        check_log_name(name, system=True)
    except UsageError as error:
        raise ConfigurationError(f"{where}: {error}") from error
    _check_known(table, ["origin", "public", "read_only", "vkeys"], where)
    origin, public, read_only = table.get("origin"), table.get("public", False), table.get("read_only", False)
    if not isinstance(origin, str) or not origin:
        raise ConfigurationError(f"{where}: origin must be a text that is not empty")
    for key, flag in (("public", public), ("read_only", read_only)):
        if not isinstance(flag, bool):
            raise ConfigurationError(f"{where}: {key} must be true or false")
    return LogConfiguration(
        name=name, origin=origin, vkeys=_texts(table, "vkeys", where), public=public, read_only=read_only
    )


def _read_identity(name: str, table: dict[str, Any], where: str) -> CertificateIdentity:
    if not _IDENTITY.fullmatch(name):
        raise ConfigurationError(f"{where}: begin it with uri:, dns:, email: or subject:, such as dns:api.example.com")
    _check_known(table, ["grants"], where)
    return CertificateIdentity(name=name, grants=_texts(table, "grants", where))


def _texts(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigurationError(f"{where}: {key} must be a list of texts")
    return tuple(value)


def _table(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where} must be a table")
    return value


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a TOML basic string, but for DEL, which none holds


def _flag(value: bool) -> str:  # noqa: FBT001 - the value is the whole meaning
    return "true" if value else "false"

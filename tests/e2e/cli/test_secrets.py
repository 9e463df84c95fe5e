"""Secrets are nowhere but where they belong: not in logs, metrics, errors, answers, `ps`, nor in any other file."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.certificates import Authority
from tests.e2e.cli.command import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.cli.command import Serving

CONTENT = "what-an-event-says-is-nobody-else-s-business"
EVENT = {"action": "thing.done", "actor": {"type": "user", "id": "ada"}, "reason": CONTENT}
MADE_UP = "idl_0123456789ab_" + "Q" * 43


class Seen:
    """Everything that anybody but the owner of a secret could come to see."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, bytes]] = []

    def add(self, where: str, text: str | bytes) -> None:
        self.texts.append((where, text.encode() if isinstance(text, str) else text))

    def run(self, command: Command, *arguments: str, **environment: str) -> None:
        done = command(*arguments, **environment)
        self.add(f"indelible {' '.join(arguments)}", done.out + done.err)

    def holds(self, secret: bytes) -> list[str]:
        return [where for where, text in self.texts if secret in text]


def processes() -> Iterator[bytes]:
    """The arguments of every process, as `ps` shows them."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes()
        except OSError:
            continue  # it has ended


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    folder = tmp_path_factory.mktemp("secrets")
    return Command(folder, {"INDELIBLE_LOGGING_LEVEL": "debug", "INDELIBLE_LOGGING_REQUESTS": "true"})


@pytest.fixture(scope="module")
def secret(command: Command) -> str:
    """The first admin key: shown once, here."""
    key: str = command("init", "--json").expect(0).json["key"]["secret"]
    (command.folder / "admin.key").touch(mode=0o600)
    (command.folder / "admin.key").write_text(key)
    return key


def ask(served: Serving, context: ssl.SSLContext, secret: str, seen: Seen) -> str:
    """Requests of all kinds, good and bad; returns the secret of a key that was made by one of them."""
    with httpx.Client(base_url=served.url, verify=context) as client:
        good = {"Authorization": f"Bearer {secret}"}
        body = {"name": "second", "grants": [{"role": "writer", "log": "main"}]}
        made: str = client.post("/v1/api-keys", json=body, headers=good).json()["secret"]
        client.post("/v1/logs/main/events", json=EVENT, headers=good)
        for method, path, headers, content in (
            ("POST", "/v1/logs/main/events", good, json.dumps([EVENT, {"reason": CONTENT}])),
            ("POST", "/v1/logs/main/events", good, f'{{"reason": "{CONTENT}'),
            ("POST", "/v1/logs/main/ingest/cloudtrail", good, json.dumps({"Records": [EVENT]})),
            ("POST", "/v1/logs/main/events", {"Authorization": f"Basic {secret}"}, json.dumps(EVENT)),
            ("GET", f"/v1/logs/main?key={secret}", {}, ""),
            ("GET", f"/v1/logs/{secret}", good, ""),
            ("GET", f"/{secret}", {"Authorization": f"Bearer {secret}{secret}"}, ""),
            ("GET", "/v1/logs", {"Authorization": f"Bearer {MADE_UP}"}, ""),
            ("GET", "/v1/logs", {"Client-Cert": secret, "X-Forwarded-For": secret, "Cookie": secret}, ""),
            ("GET", "/v1/logs", {"X-Api-Key": secret}, ""),
            ("GET", "/v1/api-keys", good, ""),
            ("GET", "/v1/logs/main", good, ""),
            ("GET", "/metrics", good, ""),
            ("GET", "/readyz", {}, ""),
            ("PUT", "/v1/logs/main/events", good, CONTENT),
        ):
            type_ = {"Content-Type": "application/json"} if content else {}
            answer = client.request(method, path, headers={**headers, **type_}, content=content)
            # An answer goes to whoever sent the request; what it repeats of the address, they know already.
            seen.add(f"{method} {path}", f"{answer.headers}{answer.text}".replace(path.rpartition("/")[2], ""))
    return made


def test_secrets_are_only_where_they_belong(command: Command, secret: str) -> None:
    """Everything that is written, printed, counted or listed, while a server is used well and badly."""
    seen = Seen()
    authority = Authority()
    _, tls_key = authority.for_loopback().save(command.folder / "data", "server")
    (command.folder / "ca.pem").write_bytes(authority.root.pem)
    command.environment.update(INDELIBLE_TLS_CERTIFICATE="server.pem", INDELIBLE_TLS_KEY="server.key")
    context = ssl.create_default_context(cafile=command.folder / "ca.pem")
    with command.serving() as served:
        made = ask(served, context, secret, seen)
        with httpx.Client(base_url=served.url, verify=context) as client:
            events = client.get("/v1/logs/_system/events", headers={"Authorization": f"Bearer {secret}"})
            seen.add("_system", events.text)
        keyed = {"INDELIBLE_API_KEY": secret, "SSL_CERT_FILE": str(command.folder / "ca.pem")}
        for arguments in (
            ["logs", "list"],
            ["api-keys", "list"],
            ["record", "thing.done", "--actor", "user:ada"],
            ["verify", served.url],
        ):
            at = [] if arguments[0] == "verify" else ["--url", served.url]
            seen.run(command, *arguments, *at, **keyed)
        seen.run(command, "record", "thing.done", "--actor", "nobody", "--url", served.url, **keyed)
        seen.run(command, "logs", "list", "--url", "http://127.0.0.1:9", **keyed)
        seen.run(command, "config", "show", **keyed)
        seen.run(command, "doctor", **keyed)
        seen.run(command, "backup", "backup", "--no-keys")
        for shown in processes():
            seen.add("ps", shown)
        assert served.stop() == 0
    seen.add("the server's log", "".join(served.lines))
    private = [tls_key, *(command.folder / "data" / "keys").rglob("*.pem")]
    for path in command.folder.rglob("*"):
        if path.is_file() and path not in {*private, command.folder / "admin.key"}:
            seen.add(str(path.relative_to(command.folder)), path.read_bytes())
    secrets = {name: value.encode() for name, value in {"first key": secret, "second key": made}.items()}
    secrets |= {f"{name}, its secret part": value.split(b"_")[2] for name, value in secrets.items()}
    secrets |= {str(path): path.read_bytes().splitlines()[1] for path in private}
    assert {name: where for name, value in secrets.items() if (where := seen.holds(value))} == {}
    recorded = ("data/", "backup/", "ps")
    told = [where for where in seen.holds(CONTENT.encode()) if not where.startswith(recorded)]
    assert told == [], "what events say is told elsewhere than in the log"
    # The search itself works: what is public is found.
    assert seen.holds(b"second")


def test_tracebacks_are_the_operator_s_choice(command: Command, secret: str) -> None:
    """By default a failure is one line, and without the key that it was tried with."""
    done = command("logs", "list", "--url", "http://127.0.0.1:9", INDELIBLE_API_KEY=secret)
    assert done.status == 3
    assert "Traceback" not in done.err
    assert secret not in done.err

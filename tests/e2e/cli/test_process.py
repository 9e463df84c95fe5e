"""Commands as processes: pipes and terminals, signals, what `exec` passes through, Control-C."""

from __future__ import annotations

import json
import os
import pty
import re
import selectors
import signal
import socket
import ssl
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography import x509

from tests.certificates import Authority
from tests.e2e.cli.command import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.cli.command import Command, InProcess

ESCAPE = "\x1b"


def on_a_terminal(command: Command, *arguments: str) -> str:
    """What a command writes to a terminal that is both of its output streams."""
    main, side = pty.openpty()
    environment = {**command.variables({}), "TERM": "xterm-256color"}
    with (
        selectors.DefaultSelector() as selector,
        subprocess.Popen(
            [PROGRAM, *arguments], cwd=command.folder, env=environment, stdin=side, stdout=side, stderr=side
        ) as process,
    ):
        os.close(side)
        seen = b""
        selector.register(main, selectors.EVENT_READ)
        while True:
            assert selector.select(60), seen
            try:
                read = os.read(main, 65_536)
            except OSError:  # Linux says so when the last writer has closed its side
                break
            if not read:
                break
            seen += read
        process.wait(60)
    os.close(main)
    return seen.decode()


def test_a_pipe_gets_plain_text_and_a_terminal_colour(command: Command, made: InProcess) -> None:
    """Colour only on a terminal, the same words on both; FORCE_COLOR does not change what a pipe gets."""
    made("record", "a.b", "--actor", "user:ada", "--outcome", "denied").expect(0)
    piped = command("show", "0", FORCE_COLOR="1").expect(0)
    assert ESCAPE not in piped.out + piped.err
    shown = on_a_terminal(command, "show", "0")
    assert f"{ESCAPE}[31m" in shown
    assert re.sub(rf"{ESCAPE}\[[0-9;]*m", "", shown).split() == piped.out.split()


def test_import_shows_progress_on_a_terminal_only(command: Command, made: InProcess) -> None:
    """A bar with count and rate on a terminal; nothing of it in a pipe."""
    (made.folder / "x.ndjson").write_text('{"action":"a.b","actor":{"type":"user","id":"ada"}}\n' * 3)
    assert "importing" not in command("import", "ndjson", "x.ndjson").expect(0).err
    shown = on_a_terminal(command, "import", "ndjson", "x.ndjson")
    assert "importing ndjson" in shown
    assert re.search(r"[0-9] events  [0-9,]+/s", shown)


def test_control_characters_of_an_event_never_reach_a_terminal(command: Command, made: InProcess) -> None:
    """An event may hold escape sequences and text-direction marks; what is shown holds neither, in any form."""
    hostile = {"evil": "\x1b]0;owned\x07\x1b[2J", "more": "\u202e\x9b31m\u2028\U000e0041"}
    made(
        "record", "a.b", "--actor", f"user:a{hostile['more']}b", "--metadata", f"x:={json.dumps(hostile)}"
    ).expect(0)  # fmt: skip
    for arguments in (("show", "0"), ("show", "0", "--json")):
        shown = on_a_terminal(command, *arguments)
        assert f"{ESCAPE}]0" not in shown
        assert f"{ESCAPE}[2J" not in shown
        assert not set(shown) & set("\x07\x9b\u202e\u2028\U000e0041")
    assert made("show", "0", "--json").json["metadata"]["x"] == hostile


def test_standard_input_is_a_file_named_with_a_dash(command: Command, made: InProcess) -> None:
    """``import ndjson -`` reads a pipe, whose end cannot be known."""
    line = '{"action":"a.b","actor":{"type":"user","id":"ada"}}\n'
    done = command("import", "ndjson", "-", "--json", given=line * 2).expect(0).json
    assert (done["read"], done["added"]) == (2, 2)


def test_exec_passes_the_status_through_and_records_the_run(command: Command, made: InProcess) -> None:
    """Output, status and input are the command's own; the record says who ran what, how long, and how it ended."""
    done = command("exec", "--reason", "ticket", "--", "sh", "-c", "cat; echo oops >&2; exit 7", given="in").expect(7)
    assert (done.out, done.err) == ("in", "oops\n")
    record = made("show", "0", "--json").json
    assert (record["action"], record["outcome"], record["reason"]) == ("command.run", "failure", "ticket")
    assert record["actor"]["type"] == "user"
    assert record["metadata"]["arguments"] == ["sh", "-c", "cat; echo oops >&2; exit 7"]
    assert record["metadata"]["exit_status"] == 7
    assert record["metadata"]["milliseconds"] >= 0
    assert record["metadata"]["directory"] == str(made.folder)


def test_exec_records_what_a_signal_ended_and_what_was_never_there(command: Command, made: InProcess) -> None:
    """A command that a signal ended is 128 and the signal, as shells say; one that does not exist is 127."""
    command("exec", "--", "sh", "-c", "kill -KILL $$").expect(128 + 9)
    command("exec", "--redact", "--", "no-such-command", "--password=hunter2").expect(127)
    assert made("show", "0", "--json").json["metadata"]["signal"] == "SIGKILL"
    redacted = made("show", "1", "--json")
    assert redacted.json["metadata"]["argument_count"] == 1
    assert "hunter2" not in redacted.out


def test_exec_hands_signals_to_the_command_and_records_all_the_same(command: Command, made: InProcess) -> None:
    """SIGTERM is the command's to handle; what it makes of it is recorded."""
    script = "trap 'exit 3' TERM; touch ready; while true; do sleep 0.1; done"
    process = command.start("exec", "--", "sh", "-c", script)
    _await_file(made.folder / "ready")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 3
    assert made("show", "0", "--json").json["metadata"]["exit_status"] == 3


def test_exec_runs_nothing_that_could_not_be_recorded(command: Command, made: InProcess) -> None:
    """Without a log there is no run: the command is not started."""
    command("exec", "--data", "nowhere", "--", "touch", "ran").expect(2)
    command("exec", "--url", "http://127.0.0.1:9", "--", "touch", "ran").expect(3)
    command("exec", "--actor", "ada", "--", "touch", "ran").expect(2)
    assert not (made.folder / "ran").exists()


def test_control_c_ends_an_import_with_a_word_on_how_to_go_on(command: Command, made: InProcess) -> None:
    """An interrupted import has kept what it took, and says that running it again goes on."""
    line = '{"action":"a.b","actor":{"type":"user","id":"ada"}}\n'
    os.mkfifo(made.folder / "pipe")
    process = command.start("import", "ndjson", "pipe")
    with (made.folder / "pipe").open("w") as pipe:
        pipe.write(line * 1_500)
        pipe.flush()
        _await_size(made, 1_000)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "interrupted" in err
    assert "run the same command again" in err


def test_a_reader_that_leaves_is_no_crash(command: Command, made: InProcess) -> None:
    """``indelible … | head`` ends without a traceback, and not with the status of tampering."""
    process = command.start("demo", "--help")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) != 1
    assert "Traceback" not in err


def _await_file(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.05)


def _await_size(cli: InProcess, size: int) -> None:
    """Wait until a log that another process writes has published so many entries."""
    deadline = time.monotonic() + 60
    while cli("logs", "show", "main", "--json").json["size"] < size:
        assert time.monotonic() < deadline


def _await_answer(url: str, context: ssl.SSLContext) -> None:
    """Ask until answered: the old listener closes what it took up last before it has read a request."""
    deadline = time.monotonic() + 60
    while True:
        try:
            assert httpx.get(url, verify=context).status_code == 200
            return
        except httpx.TransportError:
            assert time.monotonic() < deadline


def test_serve_speaks_tls_and_takes_a_renewed_certificate(command: Command) -> None:
    """It says ``https``, and `SIGHUP` is answered in the log; without TLS it does no harm."""
    command("init").expect(0)
    authority = Authority()
    authority.for_loopback().save(command.folder / "data", "server")
    (command.folder / "ca.pem").write_bytes(authority.root.pem)
    secured = replace(
        command, environment={"INDELIBLE_TLS_CERTIFICATE": "server.pem", "INDELIBLE_TLS_KEY": "server.key"}
    )
    with secured.serving() as served:
        assert served.url.startswith("https://")
        context = ssl.create_default_context(cafile=command.folder / "ca.pem")
        served.process.send_signal(signal.SIGHUP)
        while not any("certificate_reloaded" in line for line in list(served.lines)):
            time.sleep(0.05)
        _await_answer(f"{served.url}/healthz", context)
        assert served.stop() == 0
    with command.serving() as served:
        served.process.send_signal(signal.SIGHUP)
        while not any("reload_without_effect" in line for line in list(served.lines)):
            assert httpx.get(f"{served.url}/healthz").status_code == 200


def test_serve_identifies_by_certificate_and_says_nothing_of_nonsense(command: Command) -> None:
    """A certificate lets in, a renewed one of the server's takes its place; its log holds no traceback, whoever knocks.

    An idle client does not hold up the end.
    """
    command("init").expect(0)
    data, authority = command.folder / "data", Authority()
    authority.for_loopback().save(data, "server")
    authority.issue("x", names=[x509.DNSName("collector.example")]).save(command.folder, "client")
    (data / "ca.pem").write_bytes(authority.root.pem)
    with (data / "indelible.toml").open("a") as configuration:
        configuration.write(
            '[tls]\ncertificate = "server.pem"\nkey = "server.key"\nclient_ca = "ca.pem"\n'
            '[certificates."dns:collector.example"]\ngrants = ["writer:main"]\n'
        )
    context = ssl.create_default_context(cafile=data / "ca.pem")
    context.load_cert_chain(command.folder / "client.pem", command.folder / "client.key")
    with command.serving() as served, httpx.Client(base_url=served.url, verify=context, timeout=60) as client:
        address = ("127.0.0.1", int(served.url.rpartition(":")[2]))
        for nonsense in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05abcde"):
            with socket.create_connection(address, timeout=60) as plain:
                plain.sendall(nonsense)
        stranger = ssl.create_default_context(cafile=data / "ca.pem")
        with pytest.raises(httpx.TransportError):
            httpx.get(served.url, verify=stranger)
        served.process.send_signal(signal.SIGHUP)
        while not any("certificate_reloaded" in line for line in list(served.lines)):
            time.sleep(0.05)
        event = {"action": "a.b", "actor": {"type": "user", "id": "ada"}}
        assert client.post("/v1/logs/main/events", json=event).status_code == 201
        assert served.stop() == 0
    assert [line for line in served.lines if "Traceback" in line or "error" in line] == []
    assert command("show", "0", "--json").expect(0).json["principal"] == "certificate:dns:collector.example"


def test_serve_refuses_a_key_that_anyone_can_read(command: Command) -> None:
    """Wrong use, said in one line, before anything listens."""
    command("init").expect(0)
    _, key = Authority().for_loopback().save(command.folder / "data", "server")
    key.chmod(0o644)
    tls = {"INDELIBLE_TLS_CERTIFICATE": "server.pem", "INDELIBLE_TLS_KEY": "server.key"}
    assert "chmod o=" in command("serve", "--listen", "127.0.0.1:0", **tls).expect(2).err

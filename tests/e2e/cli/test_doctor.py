"""``indelible doctor`` as a command: what it prints, and how it ends."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from tests.certificates import Authority

if TYPE_CHECKING:
    from tests.e2e.cli.command import InProcess


def test_doctor_exits_with_what_it_found(made: InProcess) -> None:
    """0 with warnings only, 1 with a problem, and each has its remedy."""
    done = made("doctor", "--json").expect(0)
    assert {finding["level"] for finding in done.json["findings"]} == {"ok", "warning"}
    (made.folder / "data").chmod(0o757)
    text = made("doctor").expect(1).out
    assert "permissions: chmod o-w" in text
    findings = made("doctor", "--json").expect(1).json["findings"]
    assert next(finding for finding in findings if finding["level"] == "problem")["remedy"].startswith("chmod")


def test_doctor_looks_at_the_certificate(made: InProcess) -> None:
    """What it names, until when, and that others cannot reach its key."""
    _, key = Authority().for_loopback().save(made.folder / "data", "server")
    tls = {"INDELIBLE_TLS_CERTIFICATE": "server.pem", "INDELIBLE_TLS_KEY": "server.key"}
    assert "for 127.0.0.1, until" in made("doctor", **tls).expect(0).out
    key.chmod(0o604)
    assert "chmod o=" in made("doctor", **tls).expect(1).out


def test_doctor_asks_the_witnesses_of_a_policy(made: InProcess) -> None:
    """Those of a log's own policy have no address; one that does not answer is a problem."""
    policy = made("logs", "show", "main", "--json").expect(0).json["policy"]
    file = made.folder / "policy"
    file.write_text(policy)
    assert "it is not asked" in made("doctor", "--policy", str(file)).expect(0).out
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    (witness,) = [line for line in policy.splitlines() if line.startswith("witness ")]
    file.write_text(policy.replace(witness, f"{witness} http://127.0.0.1:{port}"))
    assert "cannot be reached" in made("doctor", "--policy", str(file)).expect(1).out
    file.write_text("quorum nobody\n")
    assert "line 1" in made("doctor", "--policy", str(file)).expect(2).err


def test_doctor_finds_a_configuration_that_cannot_be_used(made: InProcess) -> None:
    """It is a problem with a remedy, as any other; so is one that is gone while there are logs."""
    file = made.folder / "data" / "indelible.toml"
    sound = file.read_text()
    for text, said in (
        (sound + "[log\n", "is not TOML"),
        (sound + "[log]\npool_entriess = 3\n", "did you mean 'pool_entries'?"),
    ):
        file.write_text(text)
        assert said in made("doctor").expect(1).out
    (finding,) = made("doctor", "--json").expect(1).json["findings"]
    assert (finding["subject"], finding["level"]) == ("configuration", "problem")
    assert "indelible.toml" in finding["detail"]
    assert "correct what is named" in finding["remedy"]
    file.write_text(sound)
    assert "INDELIBLE_SERVER_THREADS" in made("doctor", INDELIBLE_SERVER_THREADS="many").expect(1).out
    file.write_text("")
    assert "logs: restore its section" in made("doctor").expect(1).out
    file.unlink()
    assert "configuration: restore it" in made("doctor").expect(1).out


def test_doctor_needs_a_directory(cli: InProcess) -> None:
    """Wrong use, with what to do."""
    assert "indelible init" in cli("doctor").expect(2).err


def test_doctor_finds_a_segment_that_somebody_has_altered(made: InProcess) -> None:
    """What is searched by it may be wrong; deleted, it is built again."""
    small = {"INDELIBLE_INDEX_SEGMENT_ENTRIES": "256"}
    events = made.folder / "events.ndjson"
    events.write_text('{"action": "invoice.pay", "actor": {"type": "user", "id": "ada"}}\n' * 300)
    made("import", "ndjson", str(events)).expect(0)
    made("search", "--limit", "1", **small).expect(0)
    assert "256 of 300 entries are in segments" in made("doctor", **small).expect(0).out
    (segment,) = (made.folder / "data" / "index" / "main").glob("*.parquet")
    altered = bytearray(segment.read_bytes())
    altered[len(altered) // 2] ^= 1
    segment.write_bytes(altered)
    assert f"{segment.name} is not what was written" in made("doctor", **small).expect(1).out
    segment.unlink()
    made("search", "--limit", "1", **small).expect(0)
    assert "256 of 300 entries are in segments" in made("doctor", **small).expect(0).out

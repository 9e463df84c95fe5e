"""The commands over a directory: the JSON that scripts rely on, and the exit statuses of the reference."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from indelible.cli.app import COMMANDS

if TYPE_CHECKING:
    from tests.e2e.cli.command import InProcess

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
HEX = re.compile(r"[0-9a-f]{64}")


def test_init_makes_a_directory_pins_its_keys_and_shows_one_key(cli: InProcess) -> None:
    """`init --json` is its contract; a second one on the same place is refused."""
    made = cli("init", "--data", "here", "--origin", "logs.example.com/main", "--json").expect(0).json
    assert made["data"] == "here"
    assert (made["log"], made["origin"]) == ("main", "logs.example.com/main")
    assert [vkey.split("+")[0] for vkey in made["vkeys"]] == [
        "logs.example.com/main",
        "logs.example.com/main/ml-dsa-44",
    ]
    assert made["key"]["secret"].startswith(f"idl_{made['key']['id']}_")
    assert any((cli.folder / "state").rglob("vkeys"))
    for file in (cli.folder / "here").rglob("*"):
        assert made["key"]["secret"].encode() not in (file.read_bytes() if file.is_file() else b"")
    again = cli("init", "--data", "here").expect(2)
    assert "data directory already" in again.err
    assert "pinned for the origin" in cli("init", "--data", "there", "--origin", made["origin"]).expect(2).err


def test_init_gives_each_directory_an_origin_of_its_own(cli: InProcess) -> None:
    """Two directories never share a default origin."""
    origins = {cli("init", "--data", name, "--json").json["origin"] for name in ("a", "b")}
    assert len(origins) == 2


def test_record_show_and_prove_agree(made: InProcess) -> None:
    """What was recorded is shown, and its proof verifies with nothing but the two files and the pinned keys."""
    recorded = made(
        "record", "invoice.approve", "--actor", "user:ada", "--target", "invoice:9", "--target", "user:a:b",
        "--metadata", "amount:=950", "--metadata", "note=a=b", "--json",
    ).expect(0).json  # fmt: skip
    assert recorded["log"] == "main"
    assert recorded["index"] == 0
    assert HEX.fullmatch(recorded["leaf_hash"])
    by_id = made("show", recorded["id"], "--json").expect(0).json
    by_index = made("show", "0", "--json").expect(0).json
    assert by_id == by_index
    assert by_id["targets"] == [{"type": "invoice", "id": "9"}, {"type": "user", "id": "a:b"}]
    assert by_id["metadata"] == {"amount": 950, "note": "a=b"}
    assert (by_id["index"], by_id["leaf_hash"], by_id["published"]) == (0, recorded["leaf_hash"], True)

    proved = made("prove", recorded["id"], "-o", "evidence.1", "--json").expect(0).json
    assert proved["proof"] == "evidence.1.tlog-proof"
    assert json.loads((made.folder / "evidence.1.json").read_bytes())["id"] == recorded["id"]
    verified = made("verify", "evidence.1.tlog-proof", "--record", "evidence.1.json", "--json").expect(0).json
    assert verified["logs"][0]["verdicts"]["intact"]["status"] == "verified"

    record = made.folder / "evidence.1.json"
    record.write_bytes(record.read_bytes().replace(b"ada", b"eve"))
    altered = made("verify", "evidence.1.tlog-proof", "--record", "evidence.1.json", "--json").expect(1).json
    assert altered["logs"][0]["findings"][0]["kind"] == "entry_altered"


def test_prove_refuses_what_is_not_in_the_signed_tree(made: InProcess) -> None:
    """An altered entry gets no proof, and no files; it is said what it is and what to do."""
    for number in range(3):
        made("record", f"door.{number}", "--actor", "user:ada").expect(0)
    bundle = made.folder / "data/logs/main/tile/entries/000.p/3"
    bundle.chmod(0o644)
    bundle.write_bytes(bundle.read_bytes().replace(b"door.1", b"door.9"))
    made("prove", "0", "-o", "sound").expect(0)
    refused = made("prove", "1", "-o", "altered").expect(1)
    assert "entry 1 is not in the tree that was signed" in refused.err
    assert "indelible verify" in refused.err
    assert not list(made.folder.glob("altered*"))


def test_import_takes_no_other_documents_for_github_payloads(made: InProcess) -> None:
    """Their files are named after their events: what is not, is something else."""
    (made.folder / "218007301253_CloudTrail_us-east-1.json").write_text('{"Records":[]}')
    refused = made("import", "github", "218007301253_CloudTrail_us-east-1.json", "--json").expect(1).json
    assert refused["added"] == 0
    assert "is no GitHub event" in refused["rejected"][0]["detail"]


def test_record_says_what_is_wrong_in_one_line(made: InProcess) -> None:
    """Wrong use is status 2 and a sentence with the remedy."""
    assert "type:id" in made("record", "a.b", "--actor", "ada").expect(2).err
    assert "KEY=VALUE" in made("record", "a.b", "--actor", "user:ada", "--metadata", "x").expect(2).err
    assert "outcome" in made("record", "a.b", "--actor", "user:ada", "--outcome", "great").expect(2).err
    assert "has no log 'nope'" in made("record", "a.b", "--actor", "user:ada", "--log", "nope").expect(2).err
    assert "indelible init" in made("record", "a.b", "--actor", "user:ada", "--data", "nowhere").expect(2).err
    assert "no entry 0" in made("show", "0").expect(2).err
    for command in ("show", "prove"):
        assert "'abc' names no event: give its index" in made(command, "abc").expect(2).err
    assert "No such command" in made("recrod").expect(2).err
    assert "No such option" in made("record", "--colour").expect(2).err


def test_record_again_with_the_same_id_adds_nothing(made: InProcess) -> None:
    """An id makes a retry harmless, and a conflict an error."""
    arguments = ("record", "a.b", "--actor", "user:ada", "--id", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "--json")
    first, second = made(*arguments).expect(0).json, made(*arguments).expect(0).json
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    assert second["index"] == first["index"] == 0
    assert "at index 0" in made(*arguments, "--reason", "another").expect(2).err


def test_import_takes_the_good_lists_the_bad_and_adds_nothing_twice(made: InProcess) -> None:
    """Status 1 when something was rejected, after taking the rest; each rejection names its place."""
    name = "events.ndjson"
    lines = [
        '{"action":"a.b","actor":{"type":"user","id":"ada"}}',
        '{"action":"a.b","actor":{"type":"user","id":""}}',
        "not json",
        "",
        '{"action":"a.b","action":"c.d","actor":{"type":"user","id":"ada"}}',
        '{"action":"a.b","actor":{"type":"user","id":"ada"}}',
    ]
    (made.folder / name).write_text("\n".join(lines) + "\n")
    done = made("import", "ndjson", name, "--json").expect(1).json
    assert {key: done[key] for key in ("log", "read", "added", "duplicates", "first_index", "size")} == {
        "log": "main", "read": 5, "added": 2, "duplicates": 0, "first_index": 0, "size": 2,
    }  # fmt: skip
    assert sorted((one["file"], one["record"]) for one in done["rejected"]) == [
        (name, "line 2"), (name, "line 3"), (name, "line 5"),
    ]  # fmt: skip
    assert any("/actor/id" in one["detail"] for one in done["rejected"])
    again = made("import", "ndjson", name, "--json").expect(1).json
    assert (again["added"], again["duplicates"], again["first_index"], again["size"]) == (0, 2, None, 2)

    (made.folder / "more.ndjson.gz").write_bytes(gzip.compress((made.folder / name).read_bytes()))
    shutil.move(made.folder / "more.ndjson.gz", made.folder / f"{name}.gz")
    gzipped = made("import", "ndjson", f"{name}.gz", "--json").expect(1).json
    assert (gzipped["added"], gzipped["duplicates"]) == (0, 2)


@pytest.mark.parametrize(("form", "count"), [("cloudtrail", 2549), ("kubernetes", 35), ("github", 27)])
def test_import_takes_every_bundled_event_once(made: InProcess, form: str, count: int) -> None:
    """All bundled real events are taken; importing the same folder again adds 0."""
    first = made("import", form, str(SAMPLES / form), "--json").expect(0).json
    assert (first["read"], first["added"], first["rejected"], first["size"]) == (count, count, [], count)
    second = made("import", form, str(SAMPLES / form), "--json").expect(0).json
    assert (second["added"], second["duplicates"], second["size"]) == (0, count, count)
    assert made("verify", "data", "--log", "main", "--json").expect(0).json["logs"][0]["size"] == count


def test_import_says_what_it_cannot_read(made: InProcess) -> None:
    """A missing file is wrong use; a file that is not of the format is a rejection."""
    assert "does not exist" in made("import", "cloudtrail", "nope.json").expect(2).err
    (made.folder / "empty").mkdir()
    assert "holds no file" in made("import", "cloudtrail", "empty").expect(2).err
    (made.folder / "x.json").write_text("{}")
    done = made("import", "cloudtrail", "x.json", "--json").expect(1).json
    assert (done["added"], [one["file"] for one in done["rejected"]]) == (0, ["x.json"])
    (made.folder / "cut.json.gz").write_bytes(gzip.compress(b"{" * 1000)[:-9])
    assert "gzip" in made("import", "cloudtrail", "cut.json.gz", "--json").expect(1).json["rejected"][0]["detail"]


def test_verify_names_what_an_insider_changed(made: InProcess) -> None:
    """Damage is status 1: the finding names log, index, event id, file, what was expected and what was found."""
    recorded = made("record", "invoice.approve", "--actor", "user:ada", "--json").json
    assert made("verify", "data", "--json").expect(0).json["target"] == "data"
    bundle = made.folder / "data/logs/main/tile/entries/000.p/1"
    bundle.chmod(0o600)
    bundle.write_bytes(bundle.read_bytes().replace(b"ada", b"eve"))
    report = made("verify", "data", "--json").expect(1).json
    main = next(log for log in report["logs"] if log["log"] == "main")
    assert main["verdicts"]["intact"]["status"] == "failed"
    assert main["verdicts"]["signed"]["status"] == "verified"
    finding = main["findings"][0]
    assert set(finding) >= {"kind", "index", "event_id", "path", "expected", "found", "detail"}
    assert (finding["kind"], finding["index"], finding["event_id"]) == ("entry_altered", 0, recorded["id"])
    assert (finding["path"], finding["expected"]) == ("tile/entries/000.p/1", recorded["leaf_hash"])
    text = made("verify", "data").expect(1).out
    assert recorded["id"] in text
    assert "entry_altered, entry 0" in text


def test_verify_remembers_what_it_saw(made: InProcess) -> None:
    """An old copy of everything is sound in itself, and caught by the checkpoint kept in the state directory."""
    made("record", "a.b", "--actor", "user:ada").expect(0)
    shutil.copytree(made.folder / "data", made.folder / "old")
    made("record", "a.c", "--actor", "user:ada").expect(0)
    made("verify", "data").expect(0)
    shutil.rmtree(made.folder / "data")
    shutil.move(made.folder / "old", made.folder / "data")
    report = made("verify", "data", "--json").expect(1).json
    main = next(log for log in report["logs"] if log["log"] == "main")
    assert main["verdicts"]["intact"]["status"] == "verified"
    assert [finding["kind"] for finding in main["findings"]] == ["rolled_back"]
    refused = made("record", "a.d", "--actor", "user:ada").expect(1)
    assert "old copy" in refused.err


def test_verify_takes_keys_from_a_policy_or_the_command_line(made: InProcess) -> None:
    """Keys of another log are not this log's; a required verdict that cannot be had is status 3."""
    described = made("logs", "show", "main", "--json").json
    keys = [argument for vkey in described["vkeys"] for argument in ("--vkey", vkey)]
    made("verify", "data", "--log", "main", *keys).expect(0)
    (made.folder / "policy").write_text(described["policy"])
    made("verify", "data", "--log", "main", "--policy", "policy").expect(0)
    other = [
        argument for vkey in made("logs", "show", "_system", "--json").json["vkeys"] for argument in ("--vkey", vkey)
    ]
    made("verify", "data", "--log", "main", *other).expect(1)
    for given in (("--policy", "policy"), keys):
        unsaid = made("verify", "data", *given).expect(2).err
        assert "a key of _system; say with --log which of the directory's logs to verify: main, _system" in unsaid
    assert "give one of them" in made("verify", "data", "--policy", "policy", *keys).expect(2).err
    made("verify", "data", "--require", "intact,witnessed").expect(3)
    assert "the verdicts are" in made("verify", "data", "--require", "shiny").expect(2).err
    made("verify", "data", "--quick", "--require", "signed").expect(0)


def test_verify_reports_a_lost_configuration_and_takes_a_bare_log(made: InProcess) -> None:
    """A missing stored file is a finding; a copy of a log's folder alone verifies against the pins."""
    made("record", "a.b", "--actor", "user:ada").expect(0)
    shutil.copytree(made.folder / "data/logs/main", made.folder / "copy")
    assert made("verify", "copy", "--json").expect(0).json["logs"][0]["size"] == 1
    (made.folder / "data/indelible.toml").unlink()
    assert "indelible.toml" in made("verify", "data").expect(1).err
    assert "not a data directory" in made("verify", "nowhere").expect(2).err


def test_logs_and_api_keys_are_administered_without_a_server(made: InProcess) -> None:
    """`logs` and `api-keys` over a directory speak the JSON of the HTTP interface."""
    assert [log["log"] for log in made("logs", "list", "--json").expect(0).json["logs"]] == ["main", "_system"]
    created = made("logs", "create", "team-a", "--public", "--json").expect(0).json
    assert set(created) >= {
        "log", "origin", "vkeys", "size", "root", "checkpoint", "journaled", "witnesses", "policy",
    }  # fmt: skip
    assert created == made("logs", "show", "team-a", "--json").json
    assert "has a log team-a already" in made("logs", "create", "team-a").expect(2).err
    assert "system's" in made("logs", "create", "_mine").expect(2).err
    made("record", "a.b", "--actor", "user:ada", "--log", "team-a").expect(0)

    key = made("api-keys", "create", "--name", "ci", "--grant", "writer:team-*", "--json").expect(0).json
    assert key["secret"].startswith(f"idl_{key['id']}_")
    made("api-keys", "revoke", key["id"]).expect(0)
    listed = made("api-keys", "list", "--json").expect(0)
    assert key["secret"] not in listed.out
    first = next(one for one in listed.json["api_keys"] if one["id"] == key["id"])
    assert first["grants"] == [{"role": "writer", "log": "team-*"}]
    assert first["revoked_at"] is not None
    assert "no API key" in made("api-keys", "revoke", "nope").expect(2).err
    old = made(
        "api-keys", "create", "--name", "bot", "--grant", "writer:main", "--events-per-second", "9", "--json"
    ).json
    new = made("api-keys", "rotate", old["id"], "--overlap", "90m", "--json").expect(0).json
    assert (new["principal"], new["limit"]["events_per_second"]) == (old["principal"], 9)
    shown = made("api-keys", "show", old["id"], "--json").expect(0).json
    assert (shown["rotated_to"], "secret" in shown) == (new["id"], False)
    lines = made("api-keys", "show", old["id"]).expect(0).out
    assert f"replaced by {new['id']}" in lines
    assert "9 events/s" in lines
    assert old["secret"] not in lines
    assert new["id"] in made("api-keys", "rotate", old["id"]).expect(2).err
    assert "30m, 24h or 7d" in made("api-keys", "rotate", new["id"], "--overlap", "soon").expect(2).err
    made("api-keys", "rotate", new["id"], "--overlap", "0s").expect(0)
    assert "expired" in made("api-keys", "show", new["id"]).expect(0).out
    assert made("api-keys", "create", "--name", "x", "--grant", "owner:main").expect(2).err


def test_grants_are_administered_without_a_server(made: InProcess) -> None:
    """`grants` over a directory: given to a key by its id, restricted by a query, listed, taken back."""
    key = made("api-keys", "create", "--name", "ci", "--grant", "reader:main tenant:a", "--json").expect(0).json
    assert key["grants"] == [{"role": "reader", "log": "main", "query": "tenant:a"}]
    grant = made("grants", "create", key["id"], "reader:team-* tenant:acme -tag:x", "--json").expect(0).json
    assert (grant["principal"], grant["query"]) == (f"api-key:{key['id']}", "tenant:acme -tag:x")
    assert "already" in made("grants", "create", key["id"], grant["role"] + ":team-* tenant:acme -tag:x").expect(2).err
    subject = "oidc:github:repo:acme/app:ref:refs/heads/main"
    made("grants", "create", subject, "writer:main").expect(0)
    listed = made("grants", "list", "--json").expect(0).json["grants"]
    assert [each["principal"] for each in listed[-2:]] == [f"api-key:{key['id']}", subject]
    assert "reader:team-* tenant:acme -tag:x" in made("grants", "list", "--principal", key["id"]).expect(0).out
    made("grants", "delete", str(grant["id"])).expect(0)
    assert "no grant" in made("grants", "delete", str(grant["id"])).expect(2).err
    first = listed[0]
    assert (first["role"], first["log"]) == ("admin", "*")
    assert "make another first" in made("grants", "delete", str(first["id"])).expect(2).err
    assert "column" in made("grants", "create", key["id"], "reader:main tenant:(").expect(2).err
    assert "names no principal" in made("grants", "create", "ada", "reader:main").expect(2).err


def test_target_is_flag_before_environment_before_default(made: InProcess) -> None:
    """Flags beat environment beats ./data, and a contradiction in one place is refused."""
    made("init", "--data", "other", "--json").expect(0)
    other = str(made.folder / "other")
    made("record", "a.b", "--actor", "user:ada", INDELIBLE_DATA=other).expect(0)
    assert made("logs", "show", "main", "--json", INDELIBLE_DATA=other).json["size"] == 1
    assert made("logs", "show", "main", "--json", "--data", "data", INDELIBLE_DATA=other).json["size"] == 0
    assert made("logs", "show", "main", "--json").json["size"] == 0
    assert "both set" in made("logs", "list", INDELIBLE_DATA=other, INDELIBLE_URL="http://localhost:1").expect(2).err
    assert "one of them" in made("logs", "list", "--data", "data", "--url", "http://localhost:1").expect(2).err


def test_every_command_shows_an_example(cli: InProcess) -> None:
    """`--help` of each command ends with one; the list of commands holds no other."""
    listed = cli("--help").expect(0).out
    for name in COMMANDS:
        assert f" {name} " in listed
        assert f"Example: indelible {name}" in " ".join(cli(name, "--help").expect(0).out.split())
    assert cli("--version").expect(0).out.startswith("indelible ")

"""What the commands that read say of a directory in which an insider has been."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from tests.insider import NO_RECORDS, alter

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.cli.command import Command, InProcess


@pytest.fixture
def filled(made: InProcess) -> InProcess:
    """With six events."""
    events = [{"action": f"door.{number}", "actor": {"type": "user", "id": "ada"}} for number in range(6)]
    (made.folder / "events").write_text("\n".join(map(json.dumps, events)))
    made("import", "ndjson", "events").expect(0)
    return made


def files_of(filled: InProcess) -> Path:
    return filled.folder / "data" / "logs" / "main"


@pytest.mark.parametrize(
    ("gone", "commands"),
    [
        ("tile/entries/000.p/6", ("show 3", "prove 3")),
        ("tile/0/000.p/6", ("prove 3",)),
        ("checkpoint", ("show 3", "prove 3", "search", "export", "tail")),
    ],
)
def test_a_missing_file_is_named_with_the_remedy(filled: InProcess, gone: str, commands: tuple[str, ...]) -> None:
    """The status is that of damage, not of wrong use; what needs no such file is as it was."""
    (files_of(filled) / gone).unlink()
    for command in commands:
        done = filled(*command.split()).expect(1)
        assert gone in done.err
        assert "restore" in done.err
        assert not done.out
    if gone.startswith("tile/0"):
        filled("show", "3").expect(0)
    if gone != "checkpoint":
        assert "no entry 6" in filled("show", "6").expect(2).err


@pytest.mark.parametrize("command", ["search", "tail", "export", "export -o all.parquet", "search door"])
@pytest.mark.parametrize("there", ["nothing", "a folder", "too much"])
def test_entries_of_a_missing_file_stand_where_they_were(filled: InProcess, command: str, there: str) -> None:
    """A log of which a file cannot be read can be searched: what is left is found, and what is not is said."""
    filled("record", "door.6", "--actor", "user:ada").expect(0)
    bundle = files_of(filled) / "tile" / "entries" / "000.p" / "7"
    bundle.unlink()
    if there == "a folder":
        bundle.mkdir()
    elif there == "too much":
        bundle.write_bytes(bytes(17 << 20))
    done = filled(*command.split()).expect(1)
    assert "tile/entries/000.p/7" in done.err
    assert "restore" in done.err
    if "parquet" in command:
        assert "7 entries are damaged" in done.err
    else:
        rows = [line for line in done.out.splitlines() if "damaged" in line]
        assert len(rows) == 7


@pytest.mark.parametrize("command", ["search", "export", "search --histogram", "search --facet actor"])
def test_damage_that_keeps_entries_from_matching_is_said(filled: InProcess, command: str) -> None:
    """Nobody knows whether it would have: the status is that of damage, and the rest is there."""
    alter(files_of(filled), 6, 3, NO_RECORDS["no JSON"])
    done = filled(*command.split(), "action:door.*").expect(1)
    assert "1 entry is damaged, and found by no value" in done.err
    assert done.out
    assert filled("search", "--json", "action:door.*").expect(1).out.count("door.") == 5
    assert filled("search", "--histogram", "--json").expect(1).json["coverage"]["unreadable"] == 1


@pytest.mark.parametrize("what", NO_RECORDS)
def test_an_entry_that_is_no_record_is_named_and_the_rest_is_shown(filled: InProcess, what: str) -> None:
    """Whatever was made of it: every reading command goes on past it, and its status says that there was something."""
    alter(files_of(filled), 6, 3, NO_RECORDS[what])
    named = "tile/entries/000.p/6 of "
    for command in ("search", "search --proof", "tail"):
        done = filled(*command.split()).expect(1)
        rows = [line.split() for line in done.out.splitlines()[1:]]
        assert sorted(row[0] for row in rows) == list("012345")
        assert [row[1] for row in rows if row[0] == "3"] == ["damaged"]
        if "--proof" in command:
            assert all(row[-1] == ("failed" if row[0] == "3" else "proven") for row in rows)
        assert named in done.err
        assert "entry 3 is no record any more; run `indelible verify`" in done.err
        shown = filled(*command.split(), "--json").expect(1).json_lines
        assert [one["index"] for one in shown if "damaged" in one] == [3]
        assert all("action" in one for one in shown if one["index"] != 3)
    for command in ("show 3", "show 3 --json", "prove 3"):
        done = filled(*command.split()).expect(1)
        assert named in done.err
        assert not done.out
    filled("show", "2").expect(0)
    filled("prove", "4", "-o", "four").expect(0)


def test_an_entry_that_is_no_record_stands_in_exports(filled: InProcess) -> None:
    """As a row of its own where the format has a place for it; else the export ends there, and leaves no file."""
    alter(files_of(filled), 6, 3, NO_RECORDS["no JSON"])
    done = filled("export").expect(1)
    assert "1 entry is damaged" in done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["index"] for line in lines] == list(range(6))
    assert set(lines[3]) == {"index", "published", "damaged"}
    done = filled("export", "--format", "csv", "-o", "whole.csv").expect(1)
    assert "1 entry is damaged" in done.err
    rows = list(csv.DictReader(io.StringIO((filled.folder / "whole.csv").read_text())))
    assert [bool(row["damaged"]) for row in rows] == [False, False, False, True, False, False]
    for form in ("ocsf", "ecs", "cloudevents"):
        done = filled("export", "--format", form, "-o", "out").expect(1)
        assert "entry 3" in done.err
        assert not (filled.folder / "out").exists()


def test_an_event_whose_entry_is_no_record_is_not_called_missing(filled: InProcess) -> None:
    """By its id, too, and also where no id run on disk leads to it."""
    event_id = filled("show", "3", "--json").expect(0).json["id"]
    alter(files_of(filled), 6, 3, NO_RECORDS["cut off"])
    assert "entry 3 is no record any more" in filled("show", event_id).expect(1).err
    for run in (filled.folder / "data" / "state" / "main" / "ids").iterdir():
        run.unlink()
    assert "entry 3 is no record any more" in filled("show", event_id).expect(1).err


def test_a_missing_tile_keeps_no_row_from_being_shown(filled: InProcess) -> None:
    """`search --proof` says of each that it came without a proof; `prove` says why."""
    (files_of(filled) / "tile" / "0" / "000.p" / "6").unlink()
    done = filled("search", "--proof").expect(1)
    assert len(done.out.splitlines()) == 7
    assert "entry 3 came without a proof, though it is published" in done.err


def test_commands_name_what_a_server_calls_damaged(filled: InProcess, command: Command) -> None:
    """As they do of a directory."""
    created = filled("api-keys", "create", "--name", "auditor", "--grant", "auditor:main", "--json").expect(0).json
    with command.serving() as server:
        alter(files_of(filled), 6, 3, NO_RECORDS["no JSON"])
        remote = {"INDELIBLE_URL": server.url, "INDELIBLE_API_KEY": created["secret"]}
        for words in ("search", "search --proof", "tail"):
            shown = filled(*words.split(), "--json", **remote).expect(1)
            assert [one["index"] for one in shown.json_lines if "damaged" in one] == [3]
            assert len(shown.json_lines) == 6
            assert "entry 3 is no record any more" in shown.err
        for words in ("show 3", "prove 3"):
            assert "entry 3 is no record any more" in filled(*words.split(), **remote).expect(1).err

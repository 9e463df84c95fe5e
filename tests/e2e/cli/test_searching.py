"""search, tail, export and searches on a directory, beside whatever writes it."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.e2e.cli.command import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.cli.command import Command, InProcess

PATIENCE = 60


def on_a_terminal(command: Command, *arguments: str, columns: int, status: int = 0, **environment: str) -> str:
    """What a command writes to a terminal of so many columns and 24 lines."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    variables = command.variables({"TERM": "xterm-256color"})
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        variables.pop(name, None)
    variables |= environment
    process = subprocess.Popen(
        [PROGRAM, *arguments], cwd=command.folder, env=variables, stdin=its, stdout=its, stderr=its
    )
    os.close(its)
    written = b""
    with suppress(OSError):  # the terminal is gone once the command has ended
        while piece := os.read(ours, 65_536):
            written += piece
    os.close(ours)
    assert process.wait(PATIENCE) == status, written
    return written.decode().replace("\r\n", "\n")


def without_colours(shown: str) -> str:
    """What is read of what a terminal shows."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


def alter_an_address(data: Path, address: bytes) -> None:
    """Do as an insider would to one entry of the published bundle."""
    bundle = data / "logs" / "main" / "tile" / "entries" / "000.p" / "60"
    altered = bundle.read_bytes().replace(address, b"192.0.2.99")
    bundle.unlink()
    bundle.write_bytes(altered)


@pytest.fixture
def filled(made: InProcess) -> InProcess:
    """With sixty events: every third one refused, by three actors, an hour apart."""
    events = [
        {
            "action": "door.open" if number % 2 else "door.close",
            "actor": {"type": "user", "id": f"u{number % 3}"},
            "outcome": "success" if number % 3 else "denied",
            "occurred_at": f"2026-01-{1 + number // 24:02d}T{number % 24:02d}:00:00Z",
            "context": {"ip": f"192.0.2.{number}"},
        }
        for number in range(60)
    ]
    (made.folder / "events").write_text("\n".join(map(json.dumps, events)))
    made("import", "ndjson", "events").expect(0)
    return made


def test_search_prints_a_table_newest_first(filled: InProcess) -> None:
    """Fifty by default, and it says that there are more; times in UTC, which the heading states."""
    done = filled("search").expect(0)
    lines = done.out.splitlines()
    assert lines[0].split() == ["index", "time", "(UTC)", "outcome", "actor", "action", "target", "ip"]
    assert lines[1].split() == ["59", "2026-01-03", "11:00:00", "success", "user:u2", "door.open", "192.0.2.59"]
    assert len(lines) == 51
    assert "more match" in done.err
    assert len(filled("search", "--all").expect(0).out.splitlines()) == 61
    assert filled("search", "--limit", "2", "--order", "asc", "--json").expect(0).json_lines[0]["index"] == 0


def test_search_takes_words_and_negated_terms(filled: InProcess) -> None:
    """No ``--`` is needed, wherever the options stand; bounds of time are options or words."""
    found = filled("search", "-outcome:success", "--json", "action:door.open", "-actor:u1").expect(0).json_lines
    assert [one["index"] for one in found] == list(range(57, 0, -6))
    span = ("--since", "2026-01-02", "--until", "2026-01-02T03:00")
    assert [one["index"] for one in filled("search", *span, "--json").expect(0).json_lines] == [26, 25, 24]
    words = ("since:2026-01-02", "until:2026-01-02T03:00")
    assert [one["index"] for one in filled("search", *words, "--json").expect(0).json_lines] == [26, 25, 24]


def test_search_on_a_terminal_fits_it(filled: InProcess, command: Command) -> None:
    """Colours, times that are whole, no line wider than the screen; notes come after what they are about."""
    shown = on_a_terminal(command, "search", "--limit", "30", columns=72, PAGER="cat")
    lines = without_colours(shown).splitlines()
    assert "\x1b[31mdenied" in shown
    assert all(len(line) <= 72 for line in lines[:31])
    assert all(re.match(r"\d+ +2026-01-0\d \d\d:00:00  ", line) for line in lines[1:31])
    assert "more match" in lines[31]


def test_search_on_a_terminal_that_says_it_has_no_width(filled: InProcess, command: Command) -> None:
    """Some say so of themselves; they are shown the same as others."""
    shown = on_a_terminal(command, "search", "--limit", "1", columns=72, PAGER="cat", COLUMNS="0")
    row = without_colours(shown).splitlines()[1]
    assert row.split() == ["59", "2026-01-03", "11:00:00", "success", "user:u2", "door.open", "192.0.2.59"]


def test_search_that_finds_nothing_succeeds(filled: InProcess) -> None:
    """Status 0, nothing on standard output, and how much was searched on standard error."""
    done = filled("search", "actor:nobody").expect(0)
    assert done.out == ""
    assert "60 entries" in done.err
    assert filled("search", "actor:nobody", "--json").expect(0).out == ""


def test_search_refuses_what_cannot_be_asked(filled: InProcess) -> None:
    """Status 2, with the column of the query, or the option."""
    assert "column 1" in filled("search", "actr:ada").expect(2).err
    assert "since" in filled("search", "--since", "soon").expect(2).err
    assert (
        "'actr' is not the name of a field; did you mean 'actor'?" in filled("search", "--facet", "actr").expect(2).err
    )
    assert "since" in filled("search", "since:2026-01-02", "until:2026-01-01").expect(2).err
    assert "--url" in filled("search", "--api-key-file", "key").expect(2).err
    assert "--limit stands after --" in filled("search", "--", "-actor:u1", "--limit", "1").expect(2).err
    filled("search", "--histogram", "--facet", "actor").expect(2)
    filled("search", "--order", "sideways").expect(2)
    filled("search", "--log", "none").expect(2)


def test_search_counts(filled: InProcess) -> None:
    """A histogram and facets, for people and for programs."""
    drawn = filled("search", "--histogram", "--buckets", "3").expect(0).out.splitlines()
    assert len(drawn) == 4
    assert drawn[-1] == "█ success 40   ▒ denied 20   total 60"
    values = filled("search", "--facet", "actor", "outcome:denied").expect(0).out.splitlines()
    assert values[0].split() == ["user:u0", values[0].split()[1], "20"]
    assert values[-1] == "1 value in 20 events"
    counted = filled("search", "--facet", "actor", "--limit", "2", "--json").expect(0).json
    assert (counted["distinct"], counted["total"], len(counted["values"])) == (3, 60, 2)
    assert counted["coverage"]["complete"]


def test_search_proves_what_it_shows(filled: InProcess) -> None:
    """Each event's proof is checked under the pinned keys, and given to programs as it is."""
    lines = filled("search", "--proof", "--limit", "3").expect(0).out.splitlines()
    assert [line.split()[-1] for line in lines] == ["proof", "proven", "proven", "proven"]
    one = filled("search", "--proof", "--limit", "1", "--json").expect(0).json
    assert one["proof"].startswith("c2sp.org/tlog-proof@v1\n")


def test_search_names_what_could_not_be_proven_and_goes_on(filled: InProcess) -> None:
    """Every row is shown with what became of its proof; the altered one is explained, and the status is 1."""
    alter_an_address(filled.folder / "data", b"192.0.2.57")
    done = filled("search", "--proof", "--limit", "4").expect(1)
    rows = [line.split() for line in done.out.splitlines()[1:]]
    assert [(row[0], row[-1]) for row in rows] == [
        ("59", "proven"),
        ("58", "proven"),
        ("57", "failed"),
        ("56", "proven"),
    ]
    assert "entry 57 is not in the tree that was signed" in done.err
    assert "more match" in done.err
    as_json = filled("search", "--proof", "--limit", "4", "--json").expect(1)
    assert [one["index"] for one in as_json.json_lines if "proof_error" in one] == [57]
    assert [one["index"] for one in as_json.json_lines if "proof" in one] == [59, 58, 57, 56]
    assert "entry 57" in as_json.json_lines[2]["proof_error"]
    assert "entry 57" in as_json.err


def test_search_tells_of_a_failed_proof_when_the_pager_is_left_early(filled: InProcess, command: Command) -> None:
    """Whoever has read enough has perhaps seen the row; that it is explained and is no success does not hang on it."""
    alter_an_address(filled.folder / "data", b"192.0.2.57")
    asked = ("search", "--proof", "--all")
    for pager in ("true", "sed 3q"):
        shown = on_a_terminal(command, *asked, columns=150, status=1, PAGER=pager)
        assert "entry 57 is not in the tree that was signed" in shown
    on_a_terminal(command, "search", "--all", columns=150, PAGER="true")


def test_search_names_what_a_server_could_not_prove(filled: InProcess, command: Command) -> None:
    """The proofs are checked here, whatever the server has noticed."""
    created = filled("api-keys", "create", "--name", "auditor", "--grant", "auditor:main", "--json").expect(0).json
    with command.serving() as server:
        alter_an_address(filled.folder / "data", b"192.0.2.58")
        remote = {"INDELIBLE_URL": server.url, "INDELIBLE_API_KEY": created["secret"]}
        found = filled("search", "--proof", "--limit", "3", "--json", **remote).expect(1)
    assert ["proof_error" in one for one in found.json_lines] == [False, True, False]
    assert "entry 58" in found.err


def test_searches_are_saved_run_replaced_and_deleted(filled: InProcess) -> None:
    """A name stands for a query of a log, and words narrow it."""
    filled("searches", "create", "refused", "outcome:denied", "OR", "outcome:failure", "--description", "why").expect(0)
    assert "already" in filled("searches", "create", "refused").expect(2).err
    assert (
        filled("searches", "show", "refused", "--json").expect(0).json["query"] == "outcome:denied OR outcome:failure"
    )
    assert "refused" in filled("searches", "list").expect(0).out
    found = filled("search", "--saved", "refused", "-action:door.open", "--all", "--json").expect(0).json_lines
    assert "column 12: expected a term" in filled("search", "--saved", "refused", "actor:u1 OR").expect(2).err
    assert [one["index"] for one in found] == list(range(54, -1, -6))
    filled("searches", "create", "refused", "-outcome:success", "--replace").expect(0)
    assert filled("searches", "list", "--json").expect(0).json["searches"][0]["query"] == "-outcome:success"
    assert "unknown field" in filled("searches", "create", "wrong", "actr:ada").expect(2).err
    filled("searches", "delete", "refused").expect(0)
    assert "no saved search" in filled("search", "--saved", "refused").expect(2).err
    filled("searches", "delete", "refused").expect(2)


def test_searches_of_a_directory_that_was_never_served(made: InProcess) -> None:
    """There are none, and that is no error; what is no directory is one."""
    assert made("searches", "list", "--json").expect(0).json == {"searches": []}
    made("searches", "list", "--data", "nowhere").expect(2)


def test_export_into_a_folder_is_wrong_use(filled: InProcess) -> None:
    """Said before anything is read."""
    assert "is a directory; name a file in it" in filled("export", "-o", str(filled.folder)).expect(2).err


def test_export_writes_files_and_standard_output(filled: InProcess, command: Command) -> None:
    """The format follows the file's name; a file appears when it is whole, and a bad query leaves none."""
    filled("export", "outcome:denied", "-o", "denied.csv").expect(0)
    rows = list(csv.DictReader(io.StringIO((filled.folder / "denied.csv").read_text())))
    assert [int(row["index"]) for row in rows] == list(range(0, 60, 3))
    done = command("export", "-outcome:denied", "--order", "desc").expect(0)
    assert [one["index"] for one in done.json_lines] == [n for n in range(59, -1, -1) if n % 3]
    filled("export", "actr:x", "-o", "none.csv").expect(2)
    filled("export", "--format", "xml", "-o", "none.xml").expect(2)
    assert sorted(path.name for path in filled.folder.iterdir()) == ["data", "denied.csv", "events", "state"]


def test_tail_shows_the_newest_oldest_first(filled: InProcess) -> None:
    """Ten by default, as many as asked for, or only those that match."""
    lines = filled("tail").expect(0).out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [str(index) for index in range(50, 60)]
    found = filled("tail", "-n", "2", "-outcome:success", "--json").expect(0).json_lines
    assert [one["index"] for one in found] == [54, 57]


def test_tail_follows_what_another_process_records(filled: InProcess, command: Command) -> None:
    """What is there comes first, then what is recorded meanwhile, each once; Control-C is its natural end."""
    following = command.start("tail", "-f", "-n", "1", "-actor:u1", "--json")
    indices: list[int] = []
    told = threading.Condition()

    def read() -> None:
        assert following.stdout is not None
        for line in following.stdout:
            with told:
                indices.append(json.loads(line)["index"])
                told.notify_all()

    def await_shown(count: int) -> None:
        with told:
            assert told.wait_for(lambda: len(indices) >= count, PATIENCE), indices

    reader = threading.Thread(target=read)
    reader.start()
    await_shown(1)
    for number in range(3):
        filled("record", "door.open", "--actor", f"user:u{number}").expect(0)
    await_shown(3)
    following.send_signal(signal.SIGINT)
    assert following.wait(PATIENCE) == 0
    reader.join()
    for stream in (following.stdout, following.stderr):
        assert stream is not None
        stream.close()
    assert indices == [59, 60, 62]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("outcome", {"outcome:success", "outcome:failure", "outcome:denied", "outcome:unknown", "outcome:"}),
        ("outcome:d", {"denied"}),
        ("actor:u", {"u0", "u1", "u2"}),
        ("actor:user:", {"u0", "u1", "u2"}),
        ("-action:door.c", {"door.close"}),
        ("acti", {"action:door.open", "action:door.close", "action:"}),
        ("since:2", {"24h"}),
        ("actr:", set()),
    ],
)
def test_completion_offers_fields_and_recorded_values(
    filled: InProcess, monkeypatch: pytest.MonkeyPatch, words: str, offered: set[str]
) -> None:
    """As bash asks: words cut at colons, of which what follows the last one is replaced."""
    monkeypatch.setattr("indelible.cli.completion._PATIENCE", PATIENCE)
    cut = [piece for piece in re.split("(:)", words) if piece]
    line = ["indelible", "search", "free", *cut]
    done = filled(
        COMP_WORDS="\n".join(line), COMP_CWORD=str(len(line) - 1), _INDELIBLE_COMPLETE="complete_bash"
    ).expect(0)
    assert set(done.out.split()) == offered


def test_completion_offers_options_too(filled: InProcess) -> None:
    """What begins with two hyphens is an option; a shell that does not cut words gets whole ones."""
    asked = {"_INDELIBLE_COMPLETE": "complete_zsh"}
    assert "--histogram" in filled(_TYPER_COMPLETE_ARGS="indelible search --hist", **asked).expect(0).out
    assert "outcome\\\\:denied" in filled(_TYPER_COMPLETE_ARGS="indelible search -outcome:den", **asked).expect(0).out


def test_a_directory_that_cannot_be_written_is_searched_all_the_same(filled: InProcess, tmp_path: Path) -> None:
    """Reading needs neither lock nor key, nor a place for an index."""
    data = filled.folder / "data"
    if os.geteuid() == 0:  # root may write anywhere: take the place away instead
        (data / "index").write_text("not a folder")
    else:
        data.chmod(0o555)
    try:
        assert len(filled("search", "outcome:denied", "--json").expect(0).json_lines) == 20
    finally:
        data.chmod(0o755)


def test_no_value_makes_a_line_of_its_own(made: InProcess) -> None:
    """Whoever records may write anything: what ``show`` prints beside a name is one line."""
    made("record", "invoice.pay", "--actor", "user:eve\noutcome     success", "--outcome", "denied").expect(0)
    lines = made("show", "0").expect(0).out.splitlines()
    assert [line for line in lines if line.startswith("outcome")] == ["outcome     denied"]
    assert "actor       user:eve\\x0aoutcome     success" in lines


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--histogram --proof", "--proof is about events that are shown; leave it out, or --histogram"),
        ("--facet action --proof", "--proof is about events that are shown; leave it out, or --facet"),
        ("--facet action --order asc", "--order is about"),
        ("--histogram --all", "--all is about"),
        ("--histogram --limit 3", "--limit is about"),
        ("--all --limit 3", "leave one of them out"),
        ("--buckets 3", "--buckets are those of a --histogram"),
        ("--histogram --facet action", "ask for one of them"),
    ],
)
def test_options_that_would_do_nothing_are_refused(made: InProcess, arguments: str, words: str) -> None:
    """Counts are not proven, for one, and nobody should believe so."""
    assert words in made("search", *arguments.split()).expect(2).err


def test_output_that_takes_ascii_only_gets_everything(filled: InProcess, command: Command) -> None:
    """What its encoding lacks is drawn otherwise, or is an escape; JSON stays JSON."""
    filled("record", "café.open", "--actor", "user:é").expect(0)
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    assert "####" in command("search", "--facet", "action", **ascii_only).expect(0).out
    assert "####" in command("search", "--histogram", **ascii_only).expect(0).out
    assert "caf\\xe9.open" in command("search", "action:café.open", **ascii_only).expect(0).out
    (shown,) = command("search", "action:café.open", "--json", **ascii_only).expect(0).json_lines
    assert shown["action"] == "café.open"


def test_a_closed_output_is_said(filled: InProcess, command: Command) -> None:
    """Nothing can be shown: an error of use, and no alarm."""
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {PROGRAM} search >&-"],
        cwd=command.folder,
        env=command.variables({}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 2
    assert "standard output is closed" in done.stderr

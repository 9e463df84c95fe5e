"""NDJSON files: ids that make an import repeatable, and damage that is named."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from indelible.cli.intake.files import InputFile, find_files
from indelible.cli.intake.items import Candidate, Refused
from indelible.cli.intake.lines import read_lines
from indelible.events.identity import normalise_id

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.cli.intake.items import Item

LINE = '{"action":"a.b","actor":{"type":"user","id":"ada"}}'


def read(path: Path, origin: str = "o") -> list[Item]:
    return list(read_lines(InputFile(str(path), path, path.stat().st_size), origin=origin, advance=lambda _: None))


def ids(items: list[Item]) -> list[str]:
    return [json.loads(item.event)["id"] for item in items if isinstance(item, Candidate)]


def test_read_lines_derives_ids_from_log_name_line_and_content(tmp_path: Path) -> None:
    """The same line at the same place has the same id, in a grown or compressed file too; any other has another."""
    path = tmp_path / "x.ndjson"
    path.write_text(f"{LINE}\n{LINE}\n")
    first = ids(read(path))
    assert [normalise_id(each) for each in first] == first
    assert len(set(first)) == 2
    path.write_text(f"{LINE}\n{LINE}\n{LINE}\n")
    assert ids(read(path))[:2] == first
    compressed = tmp_path / "x.ndjson.gz"
    compressed.write_bytes(gzip.compress(path.read_bytes()))
    assert ids(read(compressed))[:2] == first
    other = tmp_path / "y.ndjson"
    other.write_text(f"{LINE}\n")
    assert ids(read(other)) != first[:1]
    assert ids(read(path, origin="p"))[:2] != first


def test_read_lines_leaves_a_given_id_and_the_rest_of_the_line_alone(tmp_path: Path) -> None:
    """What a line says is judged as it was written: nothing is decoded and encoded again."""
    given = '{"id": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "action" : "a"}'
    path = tmp_path / "x"
    path.write_text(f'  {given}  \r\n{{ "action":"a","action":"b"}}\n{{}}\n')
    events = [item.event.decode() for item in read(path) if isinstance(item, Candidate)]
    assert events[0] == given
    assert events[1].endswith(',"action":"a","action":"b"}')
    assert set(json.loads(events[2])) == {"id"}


def test_read_lines_names_lines_that_are_no_events(tmp_path: Path) -> None:
    """A bad line is refused under its number; the file goes on behind it, also behind one of endless length."""
    path = tmp_path / "x"
    path.write_bytes(f"{LINE}\nnonsense\n\n[1]\n".encode() + b"\xff\xfe\n" + b"x" * (3 << 20) + f"\n{LINE}\n".encode())
    items = read(path)
    assert [item.record for item in items if isinstance(item, Refused)] == ["line 2", "line 4", "line 5", "line 6"]
    assert [item.record for item in items if isinstance(item, Candidate)] == ["line 1", "line 7"]


def test_read_lines_reads_damaged_gzip_up_to_the_damage(tmp_path: Path) -> None:
    """What comes before the damage is taken, and the damage is said."""
    path = tmp_path / "x.gz"
    whole = gzip.compress("".join(f'{{"n":{number}}}\n' for number in range(50_000)).encode())
    path.write_bytes(whole[: len(whole) // 2])
    items = read(path)
    assert isinstance(items[-1], Refused)
    assert "damaged" in items[-1].detail
    assert len(items) > 1_000
    path.write_bytes(whole[:100] + bytes([whole[100] ^ 0xFF]) + whole[101:])
    assert any(isinstance(item, Refused) for item in read(path))


def test_read_lines_reports_how_far_it_has_come(tmp_path: Path) -> None:
    """Progress is in bytes of the file as stored, and ends at its size."""
    path = tmp_path / "x"
    path.write_text(f"{LINE}\n" * 10_000)
    seen: list[int] = []
    list(read_lines(InputFile("x", path, path.stat().st_size), origin="o", advance=seen.append))
    assert seen == sorted(seen)
    assert seen[-1] == path.stat().st_size


def test_find_files_walks_folders_in_order_and_skips_what_is_hidden(tmp_path: Path) -> None:
    """A folder stands for its data files, below it too, in the order of their names."""
    for name in ("b.json", "a.json.gz", "README.md", ".hidden.json", "sub/c.ndjson", ".git/d.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    found = [file.name.removeprefix(f"{tmp_path}/") for file in find_files([tmp_path])]
    assert found == ["a.json.gz", "b.json", "sub/c.ndjson"]
    assert [file.path for file in find_files([tmp_path / "README.md"])] == [tmp_path / "README.md"]

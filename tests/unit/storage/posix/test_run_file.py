"""A run on disk: found in it is what was written to it, and no flipped bit goes unnoticed."""

from __future__ import annotations

import hashlib
from random import Random
from typing import TYPE_CHECKING

import google_crc32c
import numpy as np
import pytest

from indelible.errors import Damaged, InternalError
from indelible.storage.durable import Disk
from indelible.storage.posix.id_columns import keys_of, sort_order
from indelible.storage.posix.run_file import Run, RunWriter, verify_run
from indelible.storage.posix.run_format import MAX_RUN, RUN_HEADER_SIZE, RunHeader, parse_run_name, run_name
from indelible.storage.posix.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def make_ids(count: int, seed: int = 1) -> list[bytes]:
    random = Random(seed)
    return [random.randbytes(16) for _ in range(count)]


def write_run(folder: Path, first: int, ids: Sequence[bytes], *, chunk: int = 1_000) -> Path:
    """A run of these ids, written in chunks."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    staging = Staging(Disk(), temporary)
    writer = RunWriter(staging, first, first + len(ids))
    keys = keys_of(ids)
    order = sort_order(keys)
    for start in range(0, len(ids), chunk):
        part = order[start : start + chunk]
        writer.write(keys.take(part), part.astype(np.uint32))
    writer.finish()
    writer.close()
    path = folder / run_name(first, first + len(ids))
    staging.link(writer.path, path)
    staging.discard([writer.path])
    return path


def search(run: Run, ids: Sequence[bytes]) -> dict[int, int]:
    keys = keys_of(ids)
    positions, indices = run.find(keys, keys.hashes())
    return dict(zip(positions.tolist(), indices.tolist(), strict=True))


@pytest.mark.parametrize("count", [1, 2, 3, 777, 5_000])
def test_run_finds_what_was_written(tmp_path: Path, count: int) -> None:
    """Every id under the index of its entry, and no other."""
    ids = make_ids(count)
    path = write_run(tmp_path, 70, ids)
    verify_run(path)
    run = Run(path)
    run.check_digests()
    assert search(run, [*make_ids(100, 2), *ids]) == {100 + position: 70 + position for position in range(count)}
    run.forget()
    assert search(run, ids[:1]) == {0: 70}
    highs = [int.from_bytes(id_[:8]) for id_ in ids]
    assert run.overlaps(min(highs), min(highs))
    assert run.overlaps(0, 2**64 - 1)
    assert not run.overlaps(max(highs) + 1, 2**64 - 1)


def test_run_has_these_bytes(tmp_path: Path) -> None:
    """Another program must be able to read what this one writes: the layout of the docstring, written out."""
    low_first, high_first = bytes(8) + b"\xff" * 8, b"\xff" * 8 + bytes(8)
    data = write_run(tmp_path, 5, [low_first, high_first]).read_bytes()
    assert len(data) == 256 + 2 * 8 + 2 * 8 + 2 * 4 + 8
    assert data[:8] == b"\xf7indlids"
    numbers = [
        int.from_bytes(data[at : at + size], "little") for at, size in ((8, 4), (12, 4), (16, 8), (24, 8), (32, 8))
    ]
    assert numbers == [1, 5, 5, 7, 64]
    assert data[40:56] == bytes(8) + b"\xff" * 8
    columns = data[256:272], data[272:288], data[288:296], data[296:]
    assert columns[:3] == (bytes(8) + b"\xff" * 8, b"\xff" * 8 + bytes(8), b"\x01\0\0\0\0\0\0\0")
    assert data[56:184] == b"".join(hashlib.sha256(column).digest() for column in columns)
    assert data[184:252] == bytes(68)
    assert int.from_bytes(data[252:256], "little") == google_crc32c.value(data[:252])


@pytest.mark.parametrize("count", [1, 3])
def test_run_with_any_bit_flipped_is_damaged(tmp_path: Path, count: int) -> None:
    """Every bit of every byte is noticed, by the writer's check and the verifier's, and the file is named."""
    path = write_run(tmp_path, 0, make_ids(count))
    data = path.read_bytes()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(Damaged) as caught:
            Run(path).check_digests()
        assert caught.value.path == str(path)
        assert caught.value.offset is not None
        assert caught.value.offset <= bit // 8
        with pytest.raises(Damaged):
            verify_run(path)


def test_run_of_another_length_is_damaged(tmp_path: Path) -> None:
    """Cut anywhere, or longer."""
    path = write_run(tmp_path, 0, make_ids(5))
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(Damaged):
            Run(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(Damaged):
        Run(path)


def rewritten(data: bytes, **columns: bytes) -> bytes:
    """A run with other columns under checksums that are right: what a bug could have written."""
    header = RunHeader.parse(data)
    found = {
        name: columns.get(name, data[offset : offset + length])
        for name, (offset, length) in zip(("low", "high", "index", "bloom"), header.spans, strict=True)
    }
    new = RunHeader(
        first=header.first,
        end=header.end,
        smallest=header.smallest,
        largest=header.largest,
        digests=tuple(hashlib.sha256(column).digest() for column in found.values()),
    )
    content = bytearray(data)
    content[:RUN_HEADER_SIZE] = new.encode()
    for column, (offset, length) in zip(found.values(), header.spans, strict=True):
        content[offset : offset + length] = column
    return bytes(content)


def test_run_that_cannot_have_been_written_is_damaged(tmp_path: Path) -> None:
    """The verifier does not stop at checksums: order, bounds, indices and filter must be those of a run."""
    path = write_run(tmp_path, 0, make_ids(4))
    data = path.read_bytes()
    low, high, index, bloom = (data[offset : offset + length] for offset, length in RunHeader.parse(data).spans)
    verify_run(path)
    swapped = low[8:16] + low[:8] + low[16:]
    for columns, complaint in (
        ({"low": swapped}, "order"),
        ({"low": low[:8] * 2 + low[16:], "high": high[:8] * 2 + high[16:]}, "order"),
        ({"high": b"\xff" * 8 + high[8:]}, "bounds"),
        ({"index": index[:4] + index[:4] + index[8:]}, "indices"),
        ({"bloom": bytes(len(bloom))}, "Bloom"),
        ({"bloom": b"\xff" * len(bloom)}, "Bloom"),
    ):
        path.write_bytes(rewritten(data, **columns))
        Run(path).check_digests()
        with pytest.raises(Damaged, match=complaint):
            verify_run(path)


def test_run_under_another_name_is_damaged(tmp_path: Path) -> None:
    """A run that was renamed would answer for other entries."""
    path = write_run(tmp_path, 0, make_ids(4))
    other = path.rename(tmp_path / run_name(4, 8))
    with pytest.raises(Damaged, match="its name"):
        verify_run(other)


def test_run_writer_finishes_only_what_is_complete(tmp_path: Path) -> None:
    """A run has as many ids as it has entries."""
    staging = Staging(Disk(), tmp_path)
    writer = RunWriter(staging, 0, 3)
    writer.write(keys_of(make_ids(2)), np.arange(2, dtype=np.uint32))
    with pytest.raises(InternalError):
        writer.finish()
    writer.close()


def test_run_of_a_later_version_is_refused_by_its_version(tmp_path: Path) -> None:
    """So that whoever goes back to an older program is told why."""
    path = write_run(tmp_path, 0, make_ids(1))
    data = bytearray(path.read_bytes())
    data[8:12] = (2).to_bytes(4, "little")
    data[252:256] = google_crc32c.value(bytes(data[:252])).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(Damaged, match="version 2"):
        Run(path)


@pytest.mark.parametrize(
    "name",
    [
        "0-1.ids",
        run_name(0, 1) + "x",
        run_name(1, 1),
        run_name(2, 1),
        run_name(0, MAX_RUN + 1),
        run_name(2**63 - 1, 2**63),
        f"{0:021d}-{1:020d}.ids",
        "",
    ],
)
def test_run_name_has_one_spelling(name: str) -> None:
    """Twenty digits each, a range that is not empty and not beyond what a run can hold."""
    assert parse_run_name(name) is None
    assert parse_run_name(run_name(5, 7)) == (5, 7)

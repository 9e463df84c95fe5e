"""Every flipped byte and every truncation of a log's files is noticed, and the report names the file.

What is undetectable in principle is not tried here: an earlier partial file that is gone altogether looks as if no
checkpoint had ever implied it.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from indelible.formats.tile import TILE_WIDTH
from indelible.verify.verdicts import Finding, FindingKind, Status, VerdictName
from tests.fabricated_log import FabricatedLog, FileFetcher, records

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL = (1, 2, 3)
"""Sizes published one after another; their partial files all stay."""
TALL = (1, 255, 256, 258)
"""With a full tile and a tile above it."""

CHECKPOINT_KINDS = {
    FindingKind.CHECKPOINT_ALTERED,
    FindingKind.MALFORMED,
    FindingKind.SIGNATURE_INVALID,
    FindingKind.SIGNATURE_MISSING,
}
TILE_KINDS = {FindingKind.TILE_ALTERED, FindingKind.TILE_MISSING, FindingKind.MALFORMED}
ENTRY_KINDS = {FindingKind.ENTRY_ALTERED, FindingKind.ENTRY_MISSING, FindingKind.MALFORMED}


@functools.cache
def published(sizes: tuple[int, ...]) -> tuple[FabricatedLog, FileFetcher]:
    """A log that was published at these sizes, and its files; the folder itself is gone."""
    with tempfile.TemporaryDirectory() as folder:
        log = FabricatedLog(Path(folder))
        for size in sizes:
            log.write(records(size))
        return log, FileFetcher.load(log)


def findings_with(sizes: tuple[int, ...], path: str, data: bytes | None) -> tuple[Finding, ...]:
    """What verification finds when one file is other than it was; it must find something."""
    log, files = published(sizes)
    report = log.verify(fetcher=files.with_file(path, data))
    verdict = VerdictName.SIGNED if path == "checkpoint" else VerdictName.INTACT
    assert report.verdicts[verdict].status is Status.FAILED
    assert report.worst() is Status.FAILED
    return report.findings


def changed(data: bytes, step: int) -> Iterator[tuple[int, bytes]]:
    """Every ``step``-th byte with one bit flipped, every ``step``-th truncation, and a byte more."""
    for place in range(0, len(data), step):
        yield place, data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
        yield place, data[:place]
    yield len(data), data + b"\n"


def check_location(path: str, findings: tuple[Finding, ...]) -> None:
    """The findings are about this file and no other, of a kind that fits, and point to entries that it covers."""
    assert {finding.path for finding in findings} == {path}
    kinds = {finding.kind for finding in findings}
    if path == "checkpoint":
        assert kinds <= CHECKPOINT_KINDS
    elif path.startswith("tile/entries/"):
        assert kinds <= ENTRY_KINDS
    else:
        assert kinds <= TILE_KINDS
    for finding in findings:
        if finding.kind in {FindingKind.ENTRY_ALTERED, FindingKind.TILE_ALTERED}:
            assert finding.index is not None
            assert finding.expected != finding.found


@pytest.mark.parametrize("path", sorted(published(SMALL)[1].files))
def test_verify_notices_every_flip_and_truncation_in_a_small_log(path: str) -> None:
    """Some 10,500 cases: each byte of each file, earlier partials included."""
    data = published(SMALL)[1].files[path]
    for _, damaged in changed(data, 1):
        check_location(path, findings_with(SMALL, path, damaged))


@pytest.mark.parametrize("path", sorted(published(TALL)[1].files))
def test_verify_notices_flips_and_truncations_in_a_tall_log(path: str) -> None:
    """Where there are full tiles and tiles above them, a sample of places."""
    data = published(TALL)[1].files[path]
    for _, damaged in changed(data, max(len(data) // 40, 1)):
        check_location(path, findings_with(TALL, path, damaged))


@pytest.mark.parametrize("path", sorted(published(TALL)[1].files))
def test_verify_notices_every_file_that_is_gone(path: str) -> None:
    """A file that the tree needs cannot be taken away."""
    needed = {
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/2",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/2",
    }
    if path in needed:
        findings = findings_with(TALL, path, None)
        assert {finding.path for finding in findings} == {path}


def test_verify_names_the_entry_whose_byte_was_flipped() -> None:
    """A flip within an entry is located at its index, with its id and both hashes; within a leaf tile likewise."""
    log, files = published(TALL)
    bundle = files.files["tile/entries/000"]
    for index in (0, 1, 100, 255):
        at = bundle.index(log.entries[index]) + 3
        damaged = bundle[:at] + bytes([bundle[at] ^ 1]) + bundle[at + 1 :]
        (finding,) = findings_with(TALL, "tile/entries/000", damaged)
        assert (finding.kind, finding.index) == (FindingKind.ENTRY_ALTERED, index)
        tile = files.files["tile/0/000"]
        at = index * 32 + 5
        (finding,) = findings_with(TALL, "tile/0/000", tile[:at] + bytes([tile[at] ^ 1]) + tile[at + 1 :])
        assert (finding.kind, finding.index) == (FindingKind.TILE_ALTERED, index)
    assert len(log.entries) == TILE_WIDTH + 2

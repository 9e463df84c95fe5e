"""Logs made on disk from merkle and formats alone: tests of verification must not hang on the code that writes."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from indelible.errors import NotFound
from indelible.events import canonical_json
from indelible.formats import entry_bundle
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.tile import TILE_WIDTH, Tile, tiles_of
from indelible.merkle import complete_subtree_root, leaf_hashes, tree_root
from indelible.trust.signer import LogKeys, LogSigner, generate_log_keys
from indelible.verify.fetch import DirectoryFetcher
from indelible.verify.trusted_keys import TrustedKeys
from indelible.verify.verification import LogTarget, VerifyOptions, verify_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from indelible.merkle import Hash
    from indelible.verify.verdicts import LogReport

ORIGIN = "audit.example.com/main"


@functools.cache
def log_keys(number: int = 0) -> LogKeys:
    """Keys that are made once a test run; each number has its own."""
    return generate_log_keys(ORIGIN)


def record(index: int, /, **changes: Any) -> bytes:
    """A record of the log ORIGIN, as canonical JSON; a change to ``None`` takes a field away."""
    fields: dict[str, Any] = {
        "v": 1,
        "id": event_id(index),
        "occurred_at": "2026-07-22T10:00:00.000000Z",
        "received_at": f"2026-07-22T10:00:{index // 1_000_000:02d}.{index % 1_000_000:06d}Z",
        "action": "invoice.approve",
        "outcome": "success",
        "actor": {"type": "user", "id": f"ada-{index % 7}"},
        "principal": "api-key:1",
        "log": ORIGIN,
        **changes,
    }
    return canonical_json({name: value for name, value in fields.items() if value is not None})


def event_id(index: int) -> str:
    """The id of the record at ``index``."""
    return f"01980000-0000-7000-8000-{index:012x}"


def records(count: int, start: int = 0) -> list[bytes]:
    """The records ``[start, start + count)``."""
    return [record(index) for index in range(start, start + count)]


def hash_levels(leaves: Sequence[Hash]) -> list[list[Hash]]:
    """The hashes of each tile level."""
    levels = [list(leaves)]
    while len(levels[-1]) >= TILE_WIDTH:
        below = levels[-1]
        full = len(below) // TILE_WIDTH
        levels.append([complete_subtree_root(below[n * TILE_WIDTH : (n + 1) * TILE_WIDTH]) for n in range(full)])
    return levels


@dataclass
class FabricatedLog:
    """A log's folder, its entries, and what a test does to it."""

    root: Path
    keys: LogKeys = field(default_factory=log_keys)
    entries: list[bytes] = field(default_factory=list)

    def write(self, entries: Sequence[bytes], *, keep_partials: bool = True) -> None:
        """Write the tree of these entries and sign its checkpoint; partial files of the tree before stay by choice."""
        if not keep_partials:
            for folder in sorted(self.root.glob("**/*.p")):
                for path in folder.iterdir():
                    path.unlink()
        self.entries = list(entries)
        size = len(entries)
        levels = hash_levels(leaf_hashes(entries))
        for tile in tiles_of(size):
            start = tile.index * TILE_WIDTH
            self.put(tile.path, b"".join(levels[tile.level][start : start + tile.width]))
            if tile.level == 0:
                bundle = entries[start : start + tile.width]
                self.put(entry_bundle.bundle_path(tile.index, tile.width), entry_bundle.encode(bundle))
        self.sign(size, tree_root(levels[0]))

    def sign(self, size: int, root: bytes, *, keys: LogKeys | None = None) -> None:
        """Replace the checkpoint by a signed one."""
        keys = keys or self.keys
        checkpoint = Checkpoint(origin=keys.origin, size=size, root=root)  # type: ignore[arg-type]
        self.put("checkpoint", LogSigner(keys).sign(checkpoint, timestamp=1_790_000_000))

    def put(self, path: str, data: bytes) -> None:
        """Write one file of the log, whatever was there."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def get(self, path: str) -> bytes:
        """Read one file of the log."""
        return (self.root / path).read_bytes()

    def bundle(self, index: int) -> str:
        """The path of the bundle that holds the entry at ``index``."""
        number = index // TILE_WIDTH
        return entry_bundle.bundle_path(number, min(TILE_WIDTH, len(self.entries) - number * TILE_WIDTH))

    def leaf_tile(self, index: int) -> str:
        """The path of the leaf tile that holds the hash of the entry at ``index``."""
        number = index // TILE_WIDTH
        return Tile(0, number, min(TILE_WIDTH, len(self.entries) - number * TILE_WIDTH)).path

    def rewrite_bundle(self, index: int, entries: Sequence[bytes]) -> None:
        """Replace the entries of the bundle that holds the entry at ``index``, and nothing else."""
        self.put(self.bundle(index), entry_bundle.encode(entries))

    def entries_of_bundle(self, index: int) -> list[bytes]:
        """The entries of the bundle that holds the entry at ``index``."""
        start = index // TILE_WIDTH * TILE_WIDTH
        return self.entries[start : start + TILE_WIDTH]

    def target(self, **changes: Any) -> LogTarget:
        """This log as something to verify, under its own keys unless told otherwise."""
        trusted = TrustedKeys.from_vkeys(self.keys.vkeys, source="the test")
        fields: dict[str, Any] = {"name": "main", "fetcher": DirectoryFetcher(self.root), "trusted": trusted}
        return LogTarget(**{**fields, **changes})

    def verify(self, options: VerifyOptions | None = None, **changes: Any) -> LogReport:
        """Verify this log."""
        return verify_log(self.target(**changes), options)


@dataclass(frozen=True)
class FileFetcher:
    """A log's files in memory, by path."""

    files: dict[str, bytes]

    @classmethod
    def load(cls, log: FabricatedLog) -> FileFetcher:
        """Everything in a log's folder."""
        paths = [path for path in log.root.glob("**/*") if path.is_file()]
        return cls({path.relative_to(log.root).as_posix(): path.read_bytes() for path in paths})

    def with_file(self, path: str, data: bytes | None) -> FileFetcher:
        """The same with one file replaced, or taken away."""
        files = {**self.files, path: b"" if data is None else data}
        if data is None:
            del files[path]
        return FileFetcher(files)

    def get(self, path: str) -> bytes:
        """See :class:`indelible.verify.fetch.Fetcher`."""
        if path not in self.files:
            raise NotFound(path)
        return self.files[path]

    def paths(self) -> Iterator[str]:
        """See :class:`indelible.verify.fetch.Lister`."""
        return iter(self.files)

"""C2SP tlog-tiles: where the hashes of a tree lie, in tiles of up to 256, and how nodes are had from them.

Hash ``i`` of tile ``n`` at tile level ``l`` is the complete node over ``[(256n+i) * 256**l, (256n+i+1) * 256**l)``. A
hash at level ``l+1`` is the root of a full tile at level ``l``; a partial tile is never folded into the level above. A
tile's path is ``tile/<l>/<n>[.p/<width>]``.

Tiles are not authentic because they were fetched: check them against a signed checkpoint's root before use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from indelible.errors import FormatError, UsageError
from indelible.formats.tile_path import MAX_TILE_INDEX, path_element, split_path_element
from indelible.merkle import HASH_SIZE, MAX_TREE_SIZE, Hash, complete_subtree_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indelible.merkle import Node

__all__ = [
    "TILE_HEIGHT",
    "TILE_WIDTH",
    "Tile",
    "new_tiles",
    "node_from_tile",
    "split_hashes",
    "tiles_for",
    "tiles_of",
]

TILE_HEIGHT: Final = 8
"""Levels of the tree that one tile level spans."""

TILE_WIDTH: Final = 256
"""Hashes of a full tile."""

_MAX_LEVEL: Final = 63
_PATH: Final = re.compile(r"tile/(0|[1-9][0-9]?)/([0-9x/.p]{1,40})")


@dataclass(frozen=True, slots=True)
class Tile:
    """The first ``width`` hashes of a tile.

    Attributes:
        level: Tile level, in ``[0, 63]``.
        index: Number of the tile within its level, in ``[0, 2**55)``.
        width: Number of hashes, in ``[1, 256]``; the tile is full at 256.

    Raises:
        FormatError: one of them is not so.
    """

    level: int
    index: int
    width: int

    def __post_init__(self) -> None:
        if not (0 <= self.level <= _MAX_LEVEL and 0 <= self.index <= MAX_TILE_INDEX and 0 < self.width <= TILE_WIDTH):
            raise FormatError(f"there is no tile {self.index} of {self.width} hashes at level {self.level}")

    @property
    def path(self) -> str:
        """The path below the log's prefix, such as ``tile/0/x001/234.p/5``."""
        return f"tile/{self.level}/{path_element(self.index, self.width)}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read the path of a tile.

        Raises:
            FormatError: it is none, or spelt in another way than :attr:`path` would.
        """
        match = _PATH.fullmatch(path)
        if match is None:
            raise FormatError(f"not the path of a tile: {path[:80]!r}")
        return cls(int(match[1]), *split_path_element(match[2]))


def tiles_for(nodes: Iterable[Node], size: int) -> dict[Tile, list[Node]]:
    """The tiles of a tree of ``size`` leaves that hold ``nodes``, each as wide as that size makes it, with their nodes.

    Raises:
        UsageError: a node is not in the tree.
    """
    found: dict[Tile, list[Node]] = {}
    for node in nodes:
        if not (node.level >= 0 <= node.index and node.end <= size <= MAX_TREE_SIZE):
            raise UsageError(f"a tree of {size} leaves has no complete {node}")
        level, height = divmod(node.level, TILE_HEIGHT)
        index = node.index >> (TILE_HEIGHT - height)
        width = min((size >> TILE_HEIGHT * level) - index * TILE_WIDTH, TILE_WIDTH)
        found.setdefault(Tile(level, index, width), []).append(node)
    return found


def node_from_tile(node: Node, tile: Tile, data: bytes) -> Hash:
    """The hash of a node from the tile that holds it.

    Raises:
        FormatError: ``data`` has not the tile's length.
        UsageError: the tile does not hold the node.
    """
    if len(data) != tile.width * HASH_SIZE:
        raise FormatError(f"{tile.path} has {len(data)} bytes instead of {tile.width * HASH_SIZE}")
    level, height = divmod(node.level, TILE_HEIGHT)
    start = (node.index << height) - tile.index * TILE_WIDTH
    end = start + (1 << height)
    if level != tile.level or not 0 <= start < end <= tile.width:
        raise UsageError(f"{tile.path} does not hold {node}")
    return complete_subtree_root(split_hashes(data[start * HASH_SIZE : end * HASH_SIZE]))


def split_hashes(data: bytes) -> list[Hash]:
    """The hashes of a tile, which holds nothing else.

    Raises:
        FormatError: the length is not a multiple of 32.
    """
    if len(data) % HASH_SIZE:
        raise FormatError(f"a tile consists of hashes of {HASH_SIZE} bytes; {len(data)} bytes are no multiple of that")
    return [Hash(data[start : start + HASH_SIZE]) for start in range(0, len(data), HASH_SIZE)]


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of ``size`` leaves, level by level from the leaves up, each level from left to right.

    Raises:
        UsageError: ``size`` is not in ``[0, 2**63)``.
    """
    return new_tiles(0, size)


def new_tiles(old_size: int, new_size: int) -> Iterator[Tile]:
    """The tiles of a tree of ``new_size`` leaves that one of ``old_size`` did not have, in the order of ``tiles_of``.

    A partial tile that has become wider is a new tile.

    Raises:
        UsageError: not ``0 <= old_size <= new_size < 2**63``.
    """
    if not 0 <= old_size <= new_size <= MAX_TREE_SIZE:
        raise UsageError(f"a tree does not grow from {old_size} to {new_size} leaves")
    return _new_tiles(old_size, new_size)


def _new_tiles(old_size: int, new_size: int) -> Iterator[Tile]:
    level = 0
    while new_size:
        full, partial = divmod(new_size, TILE_WIDTH)
        for index in range(old_size // TILE_WIDTH, full):
            yield Tile(level, index, TILE_WIDTH)
        if partial and old_size < new_size:
            yield Tile(level, full, partial)
        level, old_size, new_size = level + 1, old_size >> TILE_HEIGHT, new_size >> TILE_HEIGHT

"""The right edge of a tree as it is stored: the partial tiles, which alone give the root.

C2SP tlog-tiles: at tile level L a tree of ``size`` leaves has ``size // 256**L`` hashes, of which the last
``size // 256**L % 256`` lie in a partial tile. The hashes of all partial tiles fold into the root. So, once the root is
known from a signed checkpoint, they are known to be right, and every full tile can be checked against them.

When what is stored does not give the root, each partial tile is computed again from what lies below it, and the
mixture of stored and computed ones that does give the root says which of them were altered.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import FormatError, NotFound, TooLarge
from indelible.formats import entry_bundle
from indelible.formats.tile import TILE_WIDTH, Tile, split_hashes
from indelible.merkle import EMPTY_ROOT, HASH_SIZE, Hash, complete_subtree_root, leaf_hashes, tree_root
from indelible.verify.verdicts import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.verify.fetch import Fetcher

__all__ = [
    "RightEdge",
    "computed_hashes",
    "computed_root",
    "fetch_bundle",
    "fetch_tile",
    "levels_of",
    "load_right_edge",
    "tile_differences",
]

_MAX_AMBIGUOUS_LEVELS = 8


def levels_of(size: int) -> list[int]:
    """The number of hashes at each tile level of a tree, ``size // 256**level``, while there are any."""
    counts = []
    while size:
        counts.append(size)
        size //= TILE_WIDTH
    return counts


def fetch_tile(fetcher: Fetcher, tile: Tile) -> bytes:
    """A tile's bytes; where a partial one is gone, the beginning of the full one (tlog-tiles, "Partial Tiles").

    Raises:
        NotFound: neither exists.
        FormatError: it has not the length that it must have.
    """
    wanted = tile.width * HASH_SIZE
    try:
        data = fetcher.get(tile.path)
        expected = wanted
    except NotFound:
        if tile.width == TILE_WIDTH:
            raise
        data = fetcher.get(Tile(tile.level, tile.index, TILE_WIDTH).path)
        expected = TILE_WIDTH * HASH_SIZE
    except TooLarge as error:
        raise FormatError(str(error)) from error
    if len(data) != expected:
        raise FormatError(f"the tile has {len(data)} bytes instead of {expected}")
    return data[:wanted]


def fetch_bundle(fetcher: Fetcher, number: int, width: int) -> bytes:
    """An entry bundle's bytes, undecoded; where a partial one is gone, those of the full one, cut to ``width`` entries.

    Raises:
        NotFound: neither exists.
        FormatError: it is too large, or the full one is malformed in its beginning.
    """
    try:
        return fetcher.get(entry_bundle.bundle_path(number, width))
    except NotFound:
        if width == TILE_WIDTH:
            raise
        full = fetcher.get(entry_bundle.bundle_path(number, TILE_WIDTH))
        return entry_bundle.encode(entry_bundle.decode_prefix(full, width))
    except TooLarge as error:
        raise FormatError(str(error)) from error


def tile_differences(tile: Tile, *, stored: Sequence[Hash], right: Sequence[Hash]) -> list[Finding]:
    """A finding for each hash of a stored tile that is not the right one."""
    span = TILE_WIDTH**tile.level
    findings = []
    for position, (found, expected) in enumerate(zip(stored, right, strict=True)):
        if found != expected:
            index = (tile.index * TILE_WIDTH + position) * span
            covers = f"entry {index}" if span == 1 else f"entries {index} to {index + span - 1}"
            findings.append(
                Finding(
                    kind=FindingKind.TILE_ALTERED,
                    index=index,
                    path=tile.path,
                    expected=expected.hex(),
                    found=found.hex(),
                    detail=f"hash {position} of this tile, which stands for {covers}, is not what was written",
                )
            )
    return findings


@dataclass(frozen=True, slots=True, kw_only=True)
class RightEdge:
    """The hashes of the partial tiles by level (empty where a level has none), and whether they give the root.

    ``root`` is the root that they give. When ``authentic`` is false they are only what is stored; a level that is
    neither stored whole nor can be computed is empty then, and ``complete`` is false.
    """

    size: int
    levels: tuple[tuple[Hash, ...], ...]
    root: Hash
    authentic: bool
    complete: bool
    findings: tuple[Finding, ...]


def load_right_edge(fetcher: Fetcher, size: int, root: bytes) -> RightEdge:
    """Load the right edge of the tree that a checkpoint names, and repair it in memory where it does not give the root.

    Raises:
        Unavailable: something could not be had now.
    """
    findings: list[Finding] = []
    stored: list[tuple[Hash, ...] | None] = []
    for level, count in enumerate(levels_of(size)):
        tile = _edge_tile(level, count)
        stored.append(() if tile is None else _stored_hashes(fetcher, tile, findings))
    whole = tuple(hashes for hashes in stored if hashes is not None)
    if len(whole) == len(stored) and _fold(whole) == root:
        return RightEdge(size=size, levels=whole, root=Hash(root), authentic=True, complete=True, findings=())
    return _repair(fetcher, size, root, stored, findings)


def _edge_tile(level: int, count: int) -> Tile | None:
    width = count % TILE_WIDTH
    return Tile(level, count // TILE_WIDTH, width) if width else None


def _fold(levels: Sequence[Sequence[Hash]]) -> Hash:
    """The root: each level's hashes, with the root of what lies right of them, have the shape of one tree."""
    below: list[Hash] = []
    for hashes in levels:
        if hashes or below:
            below = [tree_root([*hashes, *below])]
    return below[0] if below else EMPTY_ROOT


def _stored_hashes(fetcher: Fetcher, tile: Tile, findings: list[Finding]) -> tuple[Hash, ...] | None:
    try:
        return tuple(split_hashes(fetch_tile(fetcher, tile)))
    except NotFound:
        findings.append(Finding(kind=FindingKind.TILE_MISSING, path=tile.path, detail="the tile does not exist"))
    except FormatError as error:
        findings.append(Finding(kind=FindingKind.MALFORMED, path=tile.path, detail=str(error)))
    return None


def _repair(
    fetcher: Fetcher, size: int, root: bytes, stored: list[tuple[Hash, ...] | None], findings: list[Finding]
) -> RightEdge:
    tiles = [_edge_tile(level, count) for level, count in enumerate(levels_of(size))]
    choices: list[list[tuple[Hash, ...]]] = []
    complete = True
    for tile, hashes in zip(tiles, stored, strict=True):
        computed = () if tile is None else computed_hashes(fetcher, tile)
        options = list(dict.fromkeys(option for option in (hashes, computed) if option is not None))
        complete = complete and bool(options)
        choices.append(options or [()])
        if not options and tile is not None and tile.level == 0:
            findings.append(_lost_bundle(tile))
    if sum(len(options) > 1 for options in choices) > _MAX_AMBIGUOUS_LEVELS:
        choices = [options[:1] for options in choices]
    # Stored hashes come first in each level's choices, so the mixture that blames the fewest upper tiles is met first.
    for levels in itertools.product(*choices) if complete else ():
        if _fold(levels) == root:
            for tile, hashes, right in zip(tiles, stored, levels, strict=True):
                if tile is not None and hashes is not None:
                    findings += tile_differences(tile, stored=hashes, right=right)
            return _edge(size, levels, findings, authentic=True, complete=True)
    return _edge(size, tuple(options[0] for options in choices), findings, authentic=False, complete=complete)


def _edge(
    size: int, levels: tuple[tuple[Hash, ...], ...], findings: list[Finding], *, authentic: bool, complete: bool
) -> RightEdge:
    return RightEdge(
        size=size,
        levels=levels,
        root=_fold(levels),
        authentic=authentic,
        complete=complete,
        findings=tuple(findings),
    )


def _lost_bundle(tile: Tile) -> Finding:
    return Finding(
        kind=FindingKind.ENTRY_MISSING,
        index=tile.index * TILE_WIDTH,
        path=entry_bundle.bundle_path(tile.index, tile.width),
        detail="neither these last entries nor their leaf hashes can be read",
    )


def computed_hashes(fetcher: Fetcher, tile: Tile) -> tuple[Hash, ...] | None:
    """A tile's hashes from what lies below it: a bundle's entries, or the roots of full tiles."""
    if tile.level == 0:
        return _leaves(fetcher, tile)
    hashes = []
    for position in range(tile.width):
        root = computed_root(fetcher, tile.level - 1, tile.index * TILE_WIDTH + position)
        if root is None:  # at once: of a tree that does not exist, nothing below needs to be looked for
            return None
        hashes.append(root)
    return tuple(hashes)


def computed_root(fetcher: Fetcher, level: int, index: int) -> Hash | None:
    """The root of a full tile as it is stored; of one that cannot be read, from what lies below it."""
    tile = Tile(level, index, TILE_WIDTH)
    try:
        return complete_subtree_root(split_hashes(fetch_tile(fetcher, tile)))
    except (NotFound, FormatError):
        hashes = computed_hashes(fetcher, tile)
    return None if hashes is None else complete_subtree_root(hashes)


def _leaves(fetcher: Fetcher, tile: Tile) -> tuple[Hash, ...] | None:
    try:
        entries = entry_bundle.decode(fetch_bundle(fetcher, tile.index, tile.width), tile.width)
    except (NotFound, FormatError):
        return None
    return tuple(leaf_hashes(entries))

"""Tiles: C2SP tlog-tiles, "Merkle Tree" and "Partial Tiles"."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import pytest

from indelible.errors import FormatError, UsageError
from indelible.formats.entry_bundle import bundle_path, encode
from indelible.formats.tile import TILE_WIDTH, Tile, new_tiles, node_from_tile, split_hashes, tiles_for, tiles_of
from indelible.merkle import Hash, Node, complete_subtree_root, fold, frontier_nodes
from tests.unit.merkle.trees import numbered_leaves
from tests.vectors.load import vectors

VECTORS = vectors("tiles")
LOGS = {log["size"]: log for log in VECTORS["logs"]}


@cache
def resources(size: int) -> dict[str, bytes]:
    """Every tile and bundle of the log of that size, made from its leaves."""
    levels: list[tuple[Hash, ...]] = [numbered_leaves(70_000)[:size]]
    while len(levels[-1]) >= TILE_WIDTH:
        below = levels[-1]
        full = len(below) // TILE_WIDTH
        levels.append(tuple(complete_subtree_root(below[at * 256 : at * 256 + 256]) for at in range(full)))
    made = {}
    for tile in tiles_of(size):
        first = tile.index * TILE_WIDTH
        made[tile.path] = b"".join(levels[tile.level][first : first + tile.width])
        if tile.level == 0:
            entries = [b"entry-%d" % index for index in range(first, first + tile.width)]
            made[bundle_path(tile.index, tile.width)] = encode(entries)
    return made


@pytest.mark.parametrize("size", LOGS)
def test_tiles_of_is_exactly_what_the_vectors_hold(size: int) -> None:
    """No resource more or less, each with the right bytes: one hash over the sorted list of all of them."""
    made = resources(size)
    manifest = "".join(f"{hashlib.sha256(made[path]).hexdigest()}  {path}\n" for path in sorted(made, key=str.encode))
    assert len(made) == LOGS[size]["resource_count"]
    assert hashlib.sha256(manifest.encode()).hexdigest() == LOGS[size]["manifest_sha256"]


@pytest.mark.parametrize("size", LOGS)
def test_tiles_of_has_the_resources_of_the_vectors(size: int) -> None:
    """Each resource that is listed has the listed length and hash."""
    made = resources(size)
    for resource in LOGS[size]["resources"]:
        data = made[resource["path"]]
        assert (len(data), hashlib.sha256(data).hexdigest()) == (resource["bytes"], resource["sha256"])


@pytest.mark.parametrize("tiny", [VECTORS["tiny_bodies"], VECTORS["tiny_bodies_2"]], ids=lambda tiny: str(tiny["size"]))
def test_tiles_of_tiny_logs_are_those_of_the_vectors(tiny: dict[str, Any]) -> None:
    """The whole content of the smallest logs, in full."""
    made = resources(tiny["size"])
    assert {path: data.hex() for path, data in made.items()} == {k: v for k, v in tiny.items() if k != "size"}


@pytest.mark.parametrize("size", LOGS)
def test_node_from_tile_rebuilds_the_root_from_tiles_alone(size: int) -> None:
    """The nodes of the frontier, taken from tile bytes, fold into the root of the vectors."""
    made, nodes = resources(size), frontier_nodes(size)
    found = {
        node: node_from_tile(node, tile, made[tile.path])
        for tile, held in tiles_for(nodes, size).items()
        for node in held
    }
    assert fold([found[node] for node in nodes]).hex() == LOGS[size]["root_hex"]


@pytest.mark.parametrize("case", VECTORS["path_encoding"], ids=lambda case: case["path_element"])
def test_tile_path_encodes_the_vectors(case: dict[str, Any]) -> None:
    """Groups of three digits, all but the last with an x; and back."""
    for width, suffix in ((256, ""), (1, ".p/1"), (255, ".p/255")):
        tile, path = Tile(7, case["index"], width), f"tile/7/{case['path_element']}{suffix}"
        assert tile.path == path
        assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        *VECTORS["bad_paths"],
        "",
        "checkpoint",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/0/x036/x028/x797/x018/x963/968",  # 2^55
        "tile/0/" + "x001/" * 50 + "000",
        "tile/8/001.p/1.p/1",
    ],
)
def test_tile_path_has_one_spelling(path: str) -> None:
    """Every other spelling, and everything that is no tile, is refused."""
    with pytest.raises(FormatError):
        Tile.parse(path)


@pytest.mark.parametrize(
    ("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 2**55, 1), (0, 0, 0), (0, 0, 257)]
)
def test_tile_refuses_coordinates_that_no_tree_has(level: int, index: int, width: int) -> None:
    """Levels 0 to 63, indices below 2^55, 1 to 256 hashes."""
    with pytest.raises(FormatError):
        Tile(level, index, width)


def test_tiles_for_gives_each_tile_once_at_the_width_of_the_size() -> None:
    """Nodes of one tile come together; where the tree ends within the tile, so does the tile."""
    nodes = [Node(0, 0), Node(3, 1), Node(8, 0), Node(0, 256), Node(9, 0)]
    assert tiles_for(nodes, 700) == {
        Tile(0, 0, 256): [Node(0, 0), Node(3, 1)],
        Tile(1, 0, 2): [Node(8, 0), Node(9, 0)],
        Tile(0, 1, 256): [Node(0, 256)],
    }
    assert tiles_for([Node(0, 699)], 700) == {Tile(0, 2, 188): [Node(0, 699)]}


@pytest.mark.parametrize(
    ("node", "size"), [(Node(0, 5), 5), (Node(3, 0), 7), (Node(-1, 0), 7), (Node(0, -1), 7), (Node(0, 0), 2**63)]
)
def test_tiles_for_refuses_nodes_that_the_tree_has_not(node: Node, size: int) -> None:
    """A node that is not complete at that size lies in no tile."""
    with pytest.raises(UsageError):
        tiles_for([node], size)


def test_node_from_tile_measures_the_tile() -> None:
    """A tile of another length than its width is refused before a hash is taken from it."""
    for data in (b"", bytes(63), bytes(65), bytes(96)):
        with pytest.raises(FormatError, match="instead of 64"):
            node_from_tile(Node(0, 0), Tile(0, 0, 2), data)


@pytest.mark.parametrize("node", [Node(0, 2), Node(2, 0), Node(8, 0), Node(0, 256)])
def test_node_from_tile_refuses_nodes_of_other_tiles(node: Node) -> None:
    """Beyond the width, at another level, in another tile."""
    with pytest.raises(UsageError, match="does not hold"):
        node_from_tile(node, Tile(0, 0, 2), bytes(64))


def test_split_hashes_cuts_a_tile() -> None:
    """32 bytes each; a rest is refused."""
    one, two = numbered_leaves(2)
    assert split_hashes(one + two) == [one, two]
    with pytest.raises(FormatError):
        split_hashes(one + two[:-1])


def test_new_tiles_are_what_a_publication_adds() -> None:
    """A partial tile that has grown is new; what was full before is not."""
    assert list(new_tiles(0, 0)) == []
    assert list(new_tiles(5, 5)) == []
    assert list(new_tiles(5, 7)) == [Tile(0, 0, 7)]
    assert list(new_tiles(255, 257)) == [Tile(0, 0, 256), Tile(0, 1, 1), Tile(1, 0, 1)]
    assert list(new_tiles(257, 258)) == [Tile(0, 1, 2)]


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1), (0, 2**63)])
def test_new_tiles_refuses_impossible_sizes(old: int, new: int) -> None:
    """At the call, not at the first tile."""
    with pytest.raises(UsageError):
        new_tiles(old, new)

"""Integration gives the tree of RFC 6962 in the layout of tlog-tiles, in whatever steps the entries come."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indelible.log.integrate import RightEdge, integrate
from indelible.merkle import EMPTY_ROOT, leaf_hash, leaf_hashes, tree_root
from tests.vectors.load import vectors

VECTORS: list[dict[str, Any]] = vectors("tiles")["logs"]


def entries(start: int, end: int) -> list[bytes]:
    return [b"entry-%d" % index for index in range(start, end)]


def grown(sizes: list[int]) -> tuple[RightEdge, dict[str, bytes]]:
    """A log grown to these sizes one after another, and every object that was ever written for it."""
    edge = RightEdge.empty()
    objects: dict[str, bytes] = {}
    for size in sizes:
        new = entries(edge.size, size)
        result = integrate(edge, new, leaf_hashes(new))
        for path, data in result.objects:
            assert objects.setdefault(path, data) == data
        edge = result.edge
        assert edge.root() == result.root
    return edge, objects


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["size"]))
def test_integrate_agrees_with_the_published_vectors(vector: dict[str, Any]) -> None:
    """Root and every resource, byte for byte."""
    edge, objects = grown([vector["size"]])
    assert edge.root().hex() == vector["root_hex"]
    for resource in vector["resources"]:
        assert hashlib.sha256(objects[resource["path"]]).hexdigest() == resource["sha256"]
    assert len(objects) == vector["resource_count"]


@given(st.lists(st.integers(min_value=1, max_value=700), min_size=1, max_size=8))
@settings(max_examples=60)
def test_integrate_in_steps_gives_what_one_step_gives(steps: list[int]) -> None:
    """Root and full objects depend on the entries only; partial ones are prefixes of what follows."""
    sizes = [sum(steps[: number + 1]) for number in range(len(steps))]
    edge, objects = grown(sizes)
    whole_edge, whole = grown([sizes[-1]])
    assert edge == whole_edge
    assert edge.root() == tree_root(leaf_hashes(entries(0, sizes[-1])))
    for path, data in whole.items():
        assert objects[path] == data
    for path, data in objects.items():
        full = whole.get(path.partition(".p/")[0])
        if full is not None:
            assert full.startswith(data)


def test_integrate_nothing_changes_nothing() -> None:
    """No entries: no objects, the same root."""
    assert RightEdge.empty().root() == EMPTY_ROOT
    edge, _ = grown([300])
    result = integrate(edge, [], [])
    assert (result.objects, result.edge, result.root) == ((), edge, edge.root())


def test_integrate_across_the_second_level() -> None:
    """65,537 entries in unequal steps: the first tile of level 2 appears, and the edge has three levels."""
    edge, objects = grown([1, 65_535, 65_536, 65_537])
    assert [len(level) for level in edge.levels] == [1, 0, 1]
    assert objects["tile/2/000.p/1"] == tree_root([leaf_hash(entry) for entry in entries(0, 65_536)])
    assert len(objects["tile/1/000"]) == 8_192

"""The bare work that figures are compared with does that work, and leaves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from indelible.bench import ceilings
from indelible.bench.workload import Workload
from indelible.merkle import leaf_hashes, tree_root

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("count", [1, 2, 3, 255, 256, 257, 1000])
def test_bare_tree_is_the_tree_of_rfc_6962(count: int) -> None:
    """The bare loop hashes everything that a log must hash: its root is the log's."""
    entries = [b"entry %d" % number for number in range(count)]
    assert ceilings.bare_tree(entries) == tree_root(leaf_hashes(entries))


def test_ceilings_leave_no_files(tmp_path: Path) -> None:
    """Each ceiling gives a positive figure and removes what it wrote."""
    bodies = [Workload().ndjson(range(10))]
    assert ceilings.durable_bandwidth(tmp_path, 1) > 0
    assert ceilings.bare_ingest_rate(tmp_path, bodies) > 0
    assert len(ceilings.sync_times(tmp_path, 3)) == 3
    assert list(tmp_path.iterdir()) == []

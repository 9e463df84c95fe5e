"""Whether the tree extends the checkpoint that this verifier saw last: the verdict *consistent*.

RFC 9162 section 2.1.4, with the proof computed from the log's own tiles. Both checkpoints are signed; the tiles are
not, so a proof that fails says either that history was rewritten or that the tiles it was made of are damaged. The two
are told apart by proving the tree's own beginning: if that succeeds, the tiles are sound, and history differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import FormatError, NotFound, ProofError
from indelible.formats.tile import node_from_tile, tiles_for
from indelible.merkle import Frontier, frontier_nodes, plan_consistency, verify_consistency
from indelible.verify.right_edge import fetch_tile
from indelible.verify.verdicts import Finding, FindingKind, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.formats.checkpoint import Checkpoint
    from indelible.merkle import Hash, Node
    from indelible.verify.fetch import Fetcher

__all__ = ["check_consistency", "root_at"]


def check_consistency(
    fetcher: Fetcher, *, remembered: Checkpoint, offered: Checkpoint, remembered_where: str
) -> tuple[Verdict, list[Finding]]:
    """Whether ``offered`` extends ``remembered``; ``remembered_where`` says in words where the latter was kept.

    Raises:
        Unavailable: something could not be had now.
    """
    if offered.size < remembered.size:
        return _failed(
            Finding(
                kind=FindingKind.ROLLED_BACK,
                index=offered.size,
                path="checkpoint",
                expected=f"size >= {remembered.size}",
                found=f"size {offered.size}",
                detail=f"{remembered_where} has {remembered.size} entries; entries {offered.size} and later are gone: "
                "an old copy was put back",
            )
        )
    try:
        proof = _proof(fetcher, remembered.size, offered.size)
        own_root = root_at(fetcher, remembered.size, offered.size)
    except (NotFound, FormatError) as error:
        return _damaged(str(error)), []
    sizes = {"old_size": remembered.size, "new_size": offered.size}
    try:
        verify_consistency(**sizes, old_root=remembered.root, new_root=offered.root, proof=proof)
    except ProofError as error:
        if offered.size > remembered.size:
            try:
                verify_consistency(**sizes, old_root=own_root, new_root=offered.root, proof=proof)
            except ProofError:
                return _damaged(str(error)), []
        return _failed(
            Finding(
                kind=FindingKind.INCONSISTENT,
                path="checkpoint",
                expected=remembered.root.hex(),
                found=own_root.hex() if offered.size > remembered.size else offered.root.hex(),
                detail=f"the first {remembered.size} entries have another root than {remembered_where} has: "
                "history was rewritten",
            )
        )
    detail = f"extends {remembered_where}, from {remembered.size} to {offered.size} entries"
    return Verdict(status=Status.VERIFIED, detail=detail), []


def _failed(finding: Finding) -> tuple[Verdict, list[Finding]]:
    return Verdict(status=Status.FAILED, detail=finding.detail), [finding]


def _damaged(reason: str) -> Verdict:
    detail = f"the tiles that would prove it are missing or damaged ({reason})"
    return Verdict(status=Status.UNVERIFIABLE, detail=detail)


def _proof(fetcher: Fetcher, old_size: int, new_size: int) -> tuple[Hash, ...]:
    plan = plan_consistency(old_size, new_size)
    return plan.finish(_fetch_nodes(fetcher, plan.nodes, new_size))


def root_at(fetcher: Fetcher, size: int, tree_size: int) -> Hash:
    """The root that the first ``size`` leaves of a tree of ``tree_size`` have, by its tiles.

    Raises:
        NotFound: a tile does not exist.
        FormatError: a tile has not the length that it must have.
    """
    nodes = frontier_nodes(size)
    hashes = _fetch_nodes(fetcher, nodes, tree_size)
    return Frontier(size, tuple(hashes[node] for node in nodes)).root()


def _fetch_nodes(fetcher: Fetcher, nodes: Sequence[Node], size: int) -> dict[Node, Hash]:
    found: dict[Node, Hash] = {}
    for tile, wanted in tiles_for(nodes, size).items():
        data = fetch_tile(fetcher, tile)
        for node in wanted:
            found[node] = node_from_tile(node, tile, data)
    return found

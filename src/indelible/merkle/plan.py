"""Plan, fetch, finish: a proof as the complete nodes that it is made of.

A proof's hash is either that of one complete node, or, on the tree's right edge, the fold of several (RFC 9162 section
2.1.2). A plan knows which; where the nodes' hashes come from is somebody else's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from indelible.errors import UsageError
from indelible.merkle.hashing import fold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indelible.merkle.coordinates import Node
    from indelible.merkle.hashing import Hash

__all__ = ["ProofPlan"]


@dataclass(frozen=True, slots=True)
class ProofPlan:
    """What a proof is made of.

    Attributes:
        steps: For each hash of the proof, in the proof's order, the complete nodes that fold into it, largest first.
    """

    steps: tuple[tuple[Node, ...], ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every node whose hash :meth:`finish` needs; none twice."""
        return tuple(chain.from_iterable(self.steps))

    def finish(self, hashes: Mapping[Node, Hash]) -> tuple[Hash, ...]:
        """The proof, from the hashes of at least :attr:`nodes`.

        Raises:
            UsageError: a hash is missing.
        """
        try:
            return tuple(fold([hashes[node] for node in step]) for step in self.steps)
        except KeyError as error:
            raise UsageError(f"the hash of {error.args[0]} was not fetched") from error

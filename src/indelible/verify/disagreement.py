"""Which of the witnesses of an entry was altered: the bundle that holds it, or the leaf tile that holds its hash.

A full bundle's entries and its leaf tile must both give the same hash in the tile above, which is known to be right by
the time they are looked at. So whichever gives it is right, and the other is compared with it, hash by hash. Where
neither does, a few single hashes may still be exchanged between the two; where that does not help either, both are
reported as they are. This runs only where something is wrong, so it need not be fast.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.formats import entry_bundle
from indelible.formats.tile import TILE_WIDTH, Tile
from indelible.merkle import Hash, complete_subtree_root, leaf_hash
from indelible.verify.records import event_id_of
from indelible.verify.right_edge import tile_differences
from indelible.verify.verdicts import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BundleEvidence", "explain", "salvage"]

_MAX_AMBIGUOUS_HASHES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleEvidence:
    """What there is about the entries of one bundle.

    ``entries`` and ``tile`` are ``None`` when the bundle or the leaf tile is missing or malformed; ``bundle_fault`` and
    ``tile_fault`` say so. ``salvaged`` are the entries that can be read from the beginning of a malformed bundle.
    Either ``parent`` is the hash that they must give, or ``leaves`` are the leaf hashes that they must have.
    """

    number: int
    width: int
    entries: Sequence[bytes] | None
    bundle_fault: Finding | None
    salvaged: Sequence[bytes]
    tile: Sequence[Hash] | None
    tile_fault: Finding | None
    parent: Hash | None
    leaves: Sequence[Hash]

    @property
    def start(self) -> int:
        """The index of the bundle's first entry."""
        return self.number * TILE_WIDTH

    @property
    def path(self) -> str:
        """The bundle's path."""
        return entry_bundle.bundle_path(self.number, self.width)


def salvage(data: bytes) -> list[bytes]:
    """The entries that can be read from the beginning of a malformed bundle."""
    entries: list[bytes] = []
    position = 0
    while len(entries) < TILE_WIDTH and position + 2 <= len(data):
        end = position + 2 + int.from_bytes(data[position : position + 2])
        if end > len(data):
            break
        entries.append(data[position + 2 : end])
        position = end
    return entries


def explain(evidence: BundleEvidence) -> list[Finding]:
    """What is wrong, given that not everything agrees; never empty then, unless another file's finding says it."""
    hashes = None if evidence.entries is None else [leaf_hash(entry) for entry in evidence.entries]
    right = _right_leaves(evidence, hashes)
    if right is None:
        return _explain_unresolved(evidence, hashes)
    findings = []
    if hashes is not None:
        findings += _altered_entries(evidence, hashes, right)
    elif evidence.bundle_fault is not None:
        findings.append(_place_fault(evidence, evidence.bundle_fault, right))
    if evidence.leaves:
        return findings  # the partial leaf tile is part of the right edge, and reported with it
    if evidence.tile is not None:
        findings += tile_differences(Tile(0, evidence.number, evidence.width), stored=evidence.tile, right=right)
    elif evidence.tile_fault is not None:
        findings.append(evidence.tile_fault)
    return findings


def _right_leaves(evidence: BundleEvidence, hashes: Sequence[Hash] | None) -> Sequence[Hash] | None:
    """The leaf hashes that are right, as far as that can be known."""
    if evidence.leaves:
        return evidence.leaves
    candidates = [found for found in (evidence.tile, hashes) if found is not None]
    for candidate in candidates:
        if evidence.parent is not None and complete_subtree_root(candidate) == evidence.parent:
            return candidate
    if len(candidates) < 2 or evidence.parent is None:
        return None
    first, second = candidates
    differing = [place for place in range(evidence.width) if first[place] != second[place]]
    if len(differing) > _MAX_AMBIGUOUS_HASHES:
        return None
    for choice in itertools.product((first, second), repeat=len(differing)):
        mixture = list(first)
        for place, origin in zip(differing, choice, strict=True):
            mixture[place] = origin[place]
        if complete_subtree_root(mixture) == evidence.parent:
            return mixture
    return None


def _altered_entries(evidence: BundleEvidence, hashes: Sequence[Hash], right: Sequence[Hash]) -> list[Finding]:
    entries = evidence.entries or ()
    places = {expected: place for place, expected in enumerate(right)}
    findings = []
    for place, (found, expected) in enumerate(zip(hashes, right, strict=True)):
        if found == expected:
            continue
        detail = "the entry is not the one that was recorded"
        if found in places:
            detail = f"here stands the entry that was recorded at index {evidence.start + places[found]}"
        findings.append(
            Finding(
                kind=FindingKind.ENTRY_ALTERED,
                index=evidence.start + place,
                event_id=event_id_of(entries[place]),
                path=evidence.path,
                expected=expected.hex(),
                found=found.hex(),
                detail=detail,
            )
        )
    return findings


def _place_fault(evidence: BundleEvidence, fault: Finding, right: Sequence[Hash]) -> Finding:
    """The fault of a bundle that cannot be read, with the first entry that is not as it was recorded."""
    found = [leaf_hash(entry) for entry in evidence.salvaged]
    place = next((at for at, expected in enumerate(right) if at >= len(found) or found[at] != expected), None)
    if place is None:  # all entries are there; something follows them
        return fault
    deleted = len(found) == len(right) - 1 and found[place:] == list(right[place + 1 :])
    return Finding(
        kind=FindingKind.ENTRY_MISSING if deleted else fault.kind,
        index=evidence.start + place,
        event_id=event_id_of(evidence.salvaged[place]) if place < len(found) and not deleted else None,
        path=evidence.path,
        expected=right[place].hex(),
        found=None if deleted or place >= len(found) else found[place].hex(),
        detail="the entry was taken out of its bundle" if deleted else fault.detail,
    )


def _explain_unresolved(evidence: BundleEvidence, hashes: Sequence[Hash] | None) -> list[Finding]:
    findings = [fault for fault in (evidence.bundle_fault, evidence.tile_fault) if fault is not None]
    if hashes is not None and evidence.tile is not None and list(hashes) != list(evidence.tile):
        return [*findings, *_altered_entries(evidence, hashes, evidence.tile)]
    known = hashes if hashes is not None else evidence.tile
    if known is not None and evidence.parent is not None:
        last = evidence.start + evidence.width - 1
        findings.append(
            Finding(
                kind=FindingKind.ENTRY_ALTERED,
                index=evidence.start,
                path=evidence.path,
                expected=evidence.parent.hex(),
                found=complete_subtree_root(known).hex(),
                detail=f"among the entries {evidence.start} to {last} at least one is not the one that was recorded; "
                "which, cannot be told, since their leaf tile does not give the hash above it either",
            )
        )
    return findings

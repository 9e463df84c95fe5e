"""What is found, as JSON for programs; in the form that HTTP gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from indelible.sdk.found import Coverage, Facets, FoundEntry, Histogram

__all__ = ["entry_json", "facets_json", "histogram_json"]


def entry_json(entry: FoundEntry, *, proof_error: str | None = None) -> dict[str, Any]:
    """The record's own fields, where it stands, and what is wrong with its proof if it was checked and failed.

    Of an entry that is no record any more, where it stands, and that.
    """
    place: dict[str, Any] = {"index": entry.index, "leaf_hash": entry.leaf_hash, "published": entry.published}
    if entry.proof is not None:
        place["proof"] = entry.proof.decode()
    if entry.damage is not None:
        return {"index": entry.index, "published": entry.published, "damaged": entry.damage}
    if proof_error is not None:
        place["proof_error"] = proof_error
    return {**entry.record, **place}


def histogram_json(histogram: Histogram) -> dict[str, Any]:
    """As ``GET /v1/logs/{log}/histogram``."""
    spans = [
        {"start": _time(bucket.start), "end": _time(bucket.end), "counts": dict(bucket.counts)}
        for bucket in histogram.buckets
    ]
    return {
        "from": spans[0]["start"] if spans else None,
        "to": spans[-1]["end"] if spans else None,
        "buckets": spans,
        "total": histogram.total,
        "coverage": _coverage(histogram.coverage),
    }


def facets_json(facets: Facets) -> dict[str, Any]:
    """As ``GET /v1/logs/{log}/facets``."""
    return {
        "field": facets.field,
        "values": [{"value": value, "count": count} for value, count in facets.values],
        "distinct": facets.distinct,
        "total": facets.total,
        "coverage": _coverage(facets.coverage),
    }


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "size": coverage.size,
        "root": coverage.root,
        "indexed": coverage.indexed,
        "complete": coverage.complete,
        "unreadable": coverage.unreadable,
    }

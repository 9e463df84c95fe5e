"""What is counted over all entries that match: histograms and facets."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from indelible.index.answers import Bucket
from indelible.index.facet_values import field_values
from indelible.index.fragment import TRUE, Fragment
from indelible.index.parts import Span
from indelible.index.resident_counting import UNKNOWN, add_outcomes, most_frequent, resident_spans, resident_values

if TYPE_CHECKING:
    from indelible.index.facet_values import Values
    from indelible.index.scan import Relation, Scan
    from indelible.query.ast import Field

__all__ = ["count_over_time", "count_values", "list_values"]

_COMPLETION_PARTS = 16
"""Parts whose values are proposed, the newest."""


def count_over_time(scan: Scan, since_us: int | None, until_us: int | None, buckets: int) -> list[Bucket]:
    """At most ``buckets`` buckets of equal width; a bound that is ``None`` is where what matches begins or ends."""
    relation = scan.relation(scan.others) if scan.others else None
    if since_us is None or until_us is None:
        found = _occurred(scan, relation)
        if found is None:
            return []
        since_us = found.low if since_us is None else since_us
        until_us = found.high + 1 if until_us is None else until_us
    if until_us <= since_us:
        return []
    width = -(-(until_us - since_us) // buckets)
    starts = range(since_us, until_us, width)
    counts: list[Counter[str]] = [Counter() for _ in starts]
    if scan.resident:
        add_outcomes(scan.resident, starts, counts)
    if relation is not None:
        # No value is bound in what is selected: it stands before the rows, whose values come first.
        place = f"(epoch_us(occurred_at) - {since_us:d}) // {width:d}"
        for bucket, outcome, count in relation.select(
            f"{place} AS bucket, coalesce(outcome, '{UNKNOWN}') AS result, count(*)",
            "GROUP BY bucket, result",
            more=Fragment("(occurred_at IS NOT NULL)"),
        ):
            counts[bucket][outcome] += count
    return [
        Bucket(since_us=start, until_us=min(start + width, until_us), counts=dict(sorted(count.items())))
        for start, count in zip(starts, counts, strict=True)
    ]


def _occurred(scan: Scan, relation: Relation | None) -> Span | None:
    """When what matches occurred; ``None`` when nothing matches that says so."""
    spans = [part.occurred for part in scan.parts]
    if not scan.takes_everything or None in spans:
        spans = resident_spans(scan.resident)
        if relation is not None:
            ((low, high),) = relation.select("epoch_us(min(occurred_at)), epoch_us(max(occurred_at))")
            spans.append(None if low is None else Span(low, high))
    known = [span for span in spans if span is not None]
    return Span(min(span.low for span in known), max(span.high for span in known)) if known else None


def count_values(scan: Scan, field: Field, limit: int) -> tuple[list[tuple[str, int]], int]:
    """The most frequent values of a field with their counts, and how many different values there are."""
    what = field_values(field)
    if scan.resident and all(part.file is None for part in scan.others):
        return most_frequent(
            scan.resident.values(field.name), resident_values(scan.resident, field.name), _count_all(scan, what), limit
        )
    if not scan.parts:
        return [], 0
    relation = scan.relation(scan.parts)
    groups = _groups(relation, what)
    found = relation.cursor.execute(
        f"SELECT value, entries, count(*) OVER () FROM {groups.sql} ORDER BY entries DESC, value LIMIT ?",
        [*groups.values, limit],
    ).fetchall()
    return [(value, count) for value, count, _ in found], found[0][2] if found else 0


def _count_all(scan: Scan, what: Values) -> dict[str, int]:
    """All values with their counts, of the parts that are not resident."""
    if not scan.others:
        return {}
    relation = scan.relation(scan.others)
    groups = _groups(relation, what)
    return dict(relation.cursor.execute(f"SELECT value, entries FROM {groups.sql}", groups.values).fetchall())


def _groups(relation: Relation, what: Values) -> Fragment:
    """A table of the values, each once, and in how many entries it occurs."""
    rows = relation.subquery(what.columns)
    return Fragment(
        f"(SELECT {what.value} AS value, count(*) AS entries FROM {rows.sql}"
        f" WHERE {what.value} IS NOT NULL GROUP BY {what.keys})",
        rows.values,
    )


def list_values(scan: Scan, field: Field, prefix: str, limit: int) -> list[str]:
    """Values of a field that begin with ``prefix``, from the newest parts, most frequent first."""
    what = field_values(field, ids_only=":" not in prefix)
    parts = scan.parts[-_COMPLETION_PARTS:]
    if not parts:
        return []
    relation = scan.relation(parts, more=TRUE)
    rows = relation.subquery(what.columns)
    found = relation.cursor.execute(
        f"SELECT {what.value} AS value FROM {rows.sql} WHERE starts_with({what.value}, ?)"
        f" GROUP BY {what.keys} ORDER BY count(*) DESC, value LIMIT ?",
        [*rows.values, prefix, limit],
    ).fetchall()
    return [value for (value,) in found]

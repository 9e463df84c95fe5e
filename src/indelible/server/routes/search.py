"""Asking a log: ``GET /v1/logs/{log}/events``, ``…/histogram`` and ``…/facets``.

The index finds, the log answers: each record shown is read from the log, and can be asked for with its proof.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations
from msgspec import Struct

from indelible.access import Permission
from indelible.errors import DamagedObject
from indelible.events.timestamps import from_microseconds
from indelible.query.fields import find_field
from indelible.server.body import read_headers
from indelible.server.place import with_place
from indelible.server.problem import Refusal
from indelible.server.query import parse_natural, parse_query
from indelible.server.question import SPAN, asked, bounded, read_flag, read_order, read_question
from indelible.system_log import Action

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from litestar.handlers import HTTPRouteHandler

    from indelible.access import Principal
    from indelible.index import Control, Coverage, Found
    from indelible.index import Facets as Counted
    from indelible.query.ast import Field
    from indelible.server.context import Context
    from indelible.server.hosted_logs import HostedLog

__all__ = ["Bucket", "CoverageShown", "Facets", "Histogram", "ValueCount", "search_routes"]

_MOST_EVENTS = 1_000
_MOST_BUCKETS = 500
_MOST_VALUES = 1_000
_CURSOR = re.compile(r"(?P<order>[ad])(?P<index>[0-9]{1,19})")


class CoverageShown(Struct, frozen=True, kw_only=True):
    """Which part of the log was searched.

    ``size`` and ``root`` are those of the signed checkpoint when the question came; ``indexed`` entries were searched,
    journaled ones beyond the checkpoint among them; ``complete`` says whether everything under the checkpoint was.
    ``unreadable`` of them are no records, or the log cannot give them: no question finds those by a value.
    """

    size: int
    root: str
    indexed: int
    complete: bool
    unreadable: int


class Bucket(Struct, frozen=True, kw_only=True):
    """The events that occurred in ``[start, end)``, counted by outcome."""

    start: str
    end: str
    counts: dict[str, int]


class Histogram(Struct, frozen=True, kw_only=True):
    """Counts over time. ``from`` and ``to`` are ``null`` when nothing matches and no bounds were given."""

    from_: str | None = msgspec.field(name="from")
    to: str | None
    buckets: list[Bucket]
    total: int
    coverage: CoverageShown


class ValueCount(Struct, frozen=True, kw_only=True):
    """A value of a field, and in how many matching events it stands."""

    value: str
    count: int


class Facets(Struct, frozen=True, kw_only=True):
    """The most frequent values of a field among the ``total`` events that match; ``distinct`` is how many there are."""

    field: str
    values: list[ValueCount]
    distinct: int
    total: int
    coverage: CoverageShown


def search_routes(context: Context) -> list[HTTPRouteHandler]:
    """The routes, over these logs."""

    async def reading(request: Request[Any, Any, Any], log: str) -> tuple[Principal, HostedLog]:
        return await context.authorise(read_headers(request.scope["headers"]), Permission.READ, log)

    async def record(principal: Principal, log: str, parameters: Mapping[str, str]) -> None:
        """Put the question on record, once for its events, their histogram and their facets."""
        await context.system.record_reading(principal, Action.SEARCH, log, **asked(parameters))

    @get("/v1/logs/{log:str}/events")
    async def search_events(request: Request[Any, Any, Any], log: FromPath[str]) -> Response[bytes]:
        principal, hosted = await reading(request, log)
        parameters = parse_query(request.scope["query_string"], (*SPAN, "order", "limit", "cursor", "proof"))
        question = read_question(parameters, within=principal.visible(log))
        order = read_order(parameters, "desc")
        limit = bounded(parameters, "limit", default=50, most=_MOST_EVENTS)
        after = _read_cursor(parameters, order)
        proof = read_flag(parameters, "proof")
        if proof:
            principal.require(Permission.PROVE, log)

        def search(control: Control) -> bytes:
            found = hosted.index.search(question.query, order=order, limit=limit, after=after, control=control)
            return _page(hosted, found, order=order, proof=proof)

        await record(principal, log, parameters)
        return _json(await context.searching(request.receive, search))

    @get("/v1/logs/{log:str}/histogram")
    async def get_histogram(request: Request[Any, Any, Any], log: FromPath[str]) -> Response[bytes]:
        principal, hosted = await reading(request, log)
        parameters = parse_query(request.scope["query_string"], (*SPAN, "buckets"))
        question = read_question(parameters, within=principal.visible(log))
        buckets = bounded(parameters, "buckets", default=60, most=_MOST_BUCKETS)
        await record(principal, log, parameters)
        histogram = await context.searching(
            request.receive,
            lambda control: hosted.index.histogram(
                question.query,
                since_us=question.since_us,
                until_us=question.until_us,
                buckets=buckets,
                control=control,
            ),
        )
        shown = [
            Bucket(start=from_microseconds(each.since_us), end=from_microseconds(each.until_us), counts=each.counts)
            for each in histogram.buckets
        ]
        answer = Histogram(
            from_=shown[0].start if shown else None,
            to=shown[-1].end if shown else None,
            buckets=shown,
            total=sum(sum(each.counts.values()) for each in histogram.buckets),
            coverage=_shown(histogram.coverage),
        )
        return _json(msgspec.json.encode(answer))

    @get("/v1/logs/{log:str}/facets")
    async def get_facets(request: Request[Any, Any, Any], log: FromPath[str]) -> Response[bytes]:
        principal, hosted = await reading(request, log)
        parameters = parse_query(request.scope["query_string"], (*SPAN, "field", "limit"))
        question = read_question(parameters, within=principal.visible(log))
        field = _read_field(parameters)
        limit = bounded(parameters, "limit", default=10, most=_MOST_VALUES)

        def count(control: Control) -> tuple[Counted, int]:
            counted = hosted.index.facets(question.query, field, limit=limit, control=control)
            matching = hosted.index.histogram(question.query, buckets=1, control=control)
            return counted, sum(sum(each.counts.values()) for each in matching.buckets)

        await record(principal, log, parameters)
        facets, total = await context.searching(request.receive, count)
        answer = Facets(
            field=parameters["field"],
            values=[ValueCount(value=value, count=count) for value, count in facets.values],
            distinct=facets.distinct,
            total=total,
            coverage=_shown(facets.coverage),
        )
        return _json(msgspec.json.encode(answer))

    return [search_events, get_histogram, get_facets]


def _page(hosted: HostedLog, found: Found, *, order: Literal["asc", "desc"], proof: bool) -> bytes:
    """The answer to a search, whose records and proofs are read from the log. Blocks."""
    reader = hosted.log.reader
    events = []
    for index in found.indices:
        stored = reader.look(index)
        made = None
        if proof and stored.published:
            with suppress(DamagedObject):  # a tile that it needs is missing: that one is due, and none there, says it
                made = reader.prove(index)
        events.append(with_place(stored, proof=made))
    cursor = None if found.next is None else f"{order[0]}{found.next}"
    return b'{"events":[%b],"next":%b,"coverage":%b}' % (
        b",".join(events),
        msgspec.json.encode(cursor),
        msgspec.json.encode(_shown(found.coverage)),
    )


def _read_cursor(parameters: Mapping[str, str], order: str) -> int | None:
    text = parameters.get("cursor")
    if text is None:
        return None
    match = _CURSOR.fullmatch(text)
    index = parse_natural(match["index"]) if match else None
    if match is None or index is None:
        raise Refusal(400, "bad-query", "cursor must be the `next` of an earlier answer", pointer="?cursor")
    if match["order"] != order[0]:
        raise Refusal(400, "bad-query", "this cursor belongs to a search in the other order", pointer="?cursor")
    return index


def _read_field(parameters: Mapping[str, str]) -> Field:
    name = parameters.get("field")
    if name is None:
        raise Refusal(400, "bad-query", "the query parameter 'field' is missing: the name of a field", pointer="?field")
    field = find_field(name.split("."))
    if field is None:
        raise Refusal(400, "bad-query", f"there is no field {name!r} to count", pointer="?field")
    return field


def _shown(coverage: Coverage) -> CoverageShown:
    return CoverageShown(
        size=coverage.size,
        root=coverage.root.hex(),
        indexed=coverage.indexed,
        complete=coverage.complete,
        unreadable=coverage.unreadable,
    )


def _json(body: bytes) -> Response[bytes]:
    return Response(body, media_type="application/json")

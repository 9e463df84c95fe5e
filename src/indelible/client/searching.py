"""Searching a log on a server: ``/events``, ``/histogram``, ``/facets`` and ``/export``, as plans."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from indelible.client.exchange import Close, Exchange, Open, Opened, Read
from indelible.client.problem import error_of
from indelible.client.reading import ask_server, decode
from indelible.client.records import entry_of
from indelible.events.timestamps import from_microseconds
from indelible.sdk.found import Bucket, Coverage, Facets, FoundEntry, Histogram

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indelible.client.exchange import Stream
    from indelible.sdk.plan import Plan
    from indelible.sdk.question import ExportFormat, Question

__all__ = ["ExportStream", "SearchPages", "facets", "histogram"]

_PAGE = 250  # entries: even the largest ones fit into the largest answer that is read


class _Coverage(msgspec.Struct):
    size: int
    root: str
    indexed: int
    complete: bool
    unreadable: int = 0

    def known(self) -> Coverage:
        return Coverage(
            size=self.size,
            root=self.root,
            indexed=self.indexed,
            complete=self.complete,
            unreadable=self.unreadable,
        )


class _Page(msgspec.Struct):
    events: list[dict[str, Any]]
    next: str | None
    coverage: _Coverage


class _Bucket(msgspec.Struct):
    start: datetime
    end: datetime
    counts: dict[str, int]


class _Histogram(msgspec.Struct):
    buckets: list[_Bucket]
    coverage: _Coverage


class _Value(msgspec.Struct):
    value: str
    count: int


class _Facets(msgspec.Struct):
    field: str
    values: list[_Value]
    distinct: int
    total: int
    coverage: _Coverage


class SearchPages:
    """The pages of a search; see :class:`indelible.sdk.feed.SearchFeed`. Nothing is held between two of them."""

    def __init__(self, log: str, question: Question) -> None:
        self._log = log
        self._question = question
        self._left = question.limit
        self._cursor: str | None = None
        self._stopped = False
        self.coverage: Coverage | None = None

    def next(self) -> Plan[list[FoundEntry] | None]:
        """See :class:`indelible.sdk.feed.Feed`."""
        if self._stopped or self._left == 0:
            return None
        parameters = {
            **_parameters(self._question),
            "order": self._question.order,
            "limit": str(_PAGE if self._left is None else min(_PAGE, self._left)),
            **({"proof": "true"} if self._question.proof else {}),
            **({} if self._cursor is None else {"cursor": self._cursor}),
        }
        answer = yield from ask_server(f"/v1/logs/{self._log}/events?{urlencode(parameters)}")
        page = decode(answer, _Page)
        found = [entry_of(event) for event in page.events]
        self._cursor = page.next
        self._stopped = page.next is None
        if self._left is not None:
            self._left = max(0, self._left - len(found))
        self.coverage = page.coverage.known()
        return found

    def stop(self) -> None:
        """See :class:`indelible.sdk.feed.Feed`."""
        self._stopped = True

    def close(self) -> Plan[None]:
        """See :class:`indelible.sdk.feed.Feed`."""
        yield from ()


class ExportStream:
    """The bytes of an export; see :class:`indelible.sdk.feed.Feed`."""

    def __init__(self, log: str, question: Question, form: ExportFormat) -> None:
        parameters = {**_parameters(question), "format": form, "order": question.order}
        self._request = Exchange(method="GET", path=f"/v1/logs/{log}/export?{urlencode(parameters)}")
        self._stream: Stream | None = None
        self._stopped = False

    def next(self) -> Plan[list[bytes] | None]:
        """See :class:`indelible.sdk.feed.Feed`."""
        if self._stream is None and not self._stopped:
            opened: Opened = yield Open(self._request)
            if opened.stream is None:
                raise error_of(opened.answer)
            self._stream = opened.stream
        if self._stream is None or self._stopped:
            return None
        piece: bytes = yield Read(self._stream)
        return [piece] if piece else None

    def stop(self) -> None:
        """See :class:`indelible.sdk.feed.Feed`."""
        self._stopped = True
        if self._stream is not None:
            self._stream.wake()

    def close(self) -> Plan[None]:
        """See :class:`indelible.sdk.feed.Feed`."""
        if self._stream is not None:
            yield Close(self._stream)


def histogram(log: str, question: Question, buckets: int) -> Plan[Histogram]:
    """``GET /v1/logs/{log}/histogram``."""
    parameters = {**_parameters(question), "buckets": str(buckets)}
    answer = yield from ask_server(f"/v1/logs/{log}/histogram?{urlencode(parameters)}")
    counted = decode(answer, _Histogram)
    return Histogram(
        buckets=tuple(Bucket(start=one.start, end=one.end, counts=one.counts) for one in counted.buckets),
        coverage=counted.coverage.known(),
    )


def facets(log: str, question: Question, field: str, limit: int) -> Plan[Facets]:
    """``GET /v1/logs/{log}/facets``."""
    parameters = {**_parameters(question), "field": field, "limit": str(limit)}
    answer = yield from ask_server(f"/v1/logs/{log}/facets?{urlencode(parameters)}")
    counted = decode(answer, _Facets)
    return Facets(
        field=counted.field,
        values=tuple((one.value, one.count) for one in counted.values),
        distinct=counted.distinct,
        total=counted.total,
        coverage=counted.coverage.known(),
    )


def _parameters(question: Question) -> Mapping[str, str]:
    bounds = {"since": question.since_us, "until": question.until_us}
    return {
        **({"q": question.query} if question.query else {}),
        **{name: from_microseconds(bound) for name, bound in bounds.items() if bound is not None},
    }

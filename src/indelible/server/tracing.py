"""Spans for requests and publications, when traces are configured.

Only OpenTelemetry's API is used. Which provider stands behind it, and where spans go, is the business of whoever starts
the process (``opentelemetry-instrument``, or a program that sets one); without a provider the API does nothing. A span
names routes and logs, never what was asked for or recorded.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indelible.config import TelemetrySettings
    from indelible.log.measures import Publication
    from indelible.server.asgi import Scope

__all__ = ["Tracing"]


class Tracing:
    """Makes spans with the global tracer provider."""

    def __init__(self) -> None:
        from opentelemetry import propagate, trace  # noqa: PLC0415 - costs nothing unless it is wanted

        self._tracer = trace.get_tracer("indelible")
        self._extract = propagate.extract
        self._server = trace.SpanKind.SERVER
        self._error = trace.StatusCode.ERROR

    @classmethod
    def from_settings(cls, settings: TelemetrySettings) -> Tracing | None:
        """Tracing, if it is configured."""
        return cls() if settings.traces else None

    @contextmanager
    def request(self, scope: Scope) -> Iterator[Callable[[int, str], None]]:
        """A span around a request, child of the caller's; what is given is called with the status and the route."""
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method = scope["method"]
        with self._tracer.start_as_current_span(
            method, context=self._extract(carrier), kind=self._server, attributes={"http.request.method": method}
        ) as span:

            def ended(status: int, route: str) -> None:
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_status(self._error)

            yield ended

    def published(self, log: str, publication: Publication) -> None:
        """A span for a publication that has ended."""
        span = self._tracer.start_span("publish", start_time=publication.began)
        span.set_attribute("indelible.log", log)
        span.set_attribute("indelible.size", publication.size)
        span.end(publication.ended)

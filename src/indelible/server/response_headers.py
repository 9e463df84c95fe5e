"""The headers that every response has, whoever made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indelible.server.asgi import Send

__all__ = ["PAGE_POLICY", "with_headers"]

# Whatever is not a page of ours is data that somebody else wrote: nothing in it may run, load, or be framed.
_DATA_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""The policy of our own pages: a style sheet and pictures from this server, no scripts at all."""

_DEFAULTS = (
    (b"content-security-policy", _DATA_POLICY),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


_TLS_ONLY = (b"strict-transport-security", b"max-age=63072000")


def with_headers(send: Send, request_id: bytes, status: list[int], *, tls: bool) -> Send:
    """A ``send`` that adds what a response lacks of these headers, and notes its status in ``status[0]``."""

    async def send_with_headers(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status[0] = message["status"]
            headers = [(name, value) for name, value in message["headers"] if name != b"x-request-id"]
            present = {name for name, _ in headers}
            headers += [header for header in _DEFAULTS if header[0] not in present]
            if tls:
                headers.append(_TLS_ONLY)
            message = {**message, "headers": [*headers, (b"x-request-id", request_id)]}
        await send(message)

    return send_with_headers

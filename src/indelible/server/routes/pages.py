"""What people open in a browser, and the OpenAPI document: open to anyone, made once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations

from indelible.errors import NotFound
from indelible.server.docs_page import render_docs
from indelible.server.openapi import build_document
from indelible.server.pages import asset, page, start_page
from indelible.server.response_headers import PAGE_POLICY

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

__all__ = ["page_routes"]

_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_ASSETS = {"style.css": "text/css", "mark.svg": "image/svg+xml"}


def page_routes() -> list[HTTPRouteHandler]:
    """The routes."""
    document = build_document()
    openapi = msgspec.json.encode(document)
    docs = page("Indelible: HTTP API", render_docs(document))
    assets = {name: asset(name) for name in _ASSETS}

    @get("/")
    async def get_start(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _page(start_page(_base(request)))

    @get("/docs")
    async def get_docs() -> Response[bytes]:
        return _page(docs)

    @get("/openapi.json")
    async def get_openapi() -> Response[bytes]:
        return Response(openapi, media_type="application/json", headers={"cache-control": "no-cache"})

    @get("/assets/{name:str}")
    async def get_asset(name: FromPath[str]) -> Response[bytes]:
        if name not in assets:
            detail = f"there is no asset {name!r}"
            raise NotFound(detail)
        return Response(assets[name], media_type=_ASSETS[name], headers={"cache-control": "max-age=3600"})

    return [get_start, get_docs, get_openapi, get_asset]


def _page(content: bytes) -> Response[bytes]:
    headers = {"content-security-policy": PAGE_POLICY}
    return Response(content, media_type="text/html", headers=headers)


def _base(request: Request[Any, Any, Any]) -> str:
    """The address that the client used, for commands that work as pasted; a host of any other form is not repeated."""
    host = request.headers.get("host", "")
    return f"{request.scope['scheme']}://{host}" if _HOST.fullmatch(host) else "http://127.0.0.1:8420"

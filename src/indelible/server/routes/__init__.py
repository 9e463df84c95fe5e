"""The routes that Litestar serves, one file a subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.server.routes.api_keys import api_key_routes
from indelible.server.routes.appending import appending_routes
from indelible.server.routes.auth import auth_routes
from indelible.server.routes.events import event_routes
from indelible.server.routes.export import export_routes
from indelible.server.routes.grants import grant_routes
from indelible.server.routes.health import health_routes
from indelible.server.routes.logs import log_routes
from indelible.server.routes.pages import page_routes
from indelible.server.routes.search import search_routes
from indelible.server.routes.searches import saved_search_routes
from indelible.server.routes.stream import stream_routes
from indelible.server.routes.tiles import tile_routes

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from indelible.server.append import Append
    from indelible.server.context import Context
    from indelible.server.ingest import Ingest

__all__ = ["all_routes"]


def all_routes(context: Context, *, append: Append, ingest: Ingest) -> list[HTTPRouteHandler]:
    """Every route of the server."""
    return [
        *appending_routes(append, ingest),
        *event_routes(context),
        *search_routes(context),
        *stream_routes(context),
        *export_routes(context),
        *saved_search_routes(context),
        *log_routes(context),
        *tile_routes(context),
        *auth_routes(context),
        *api_key_routes(context),
        *grant_routes(context),
        *health_routes(context),
        *page_routes(),
    ]

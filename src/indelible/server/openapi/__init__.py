"""The OpenAPI document: what ``/openapi.json`` serves, ``/docs`` shows, and the reference is made from.

Bodies are described by the structs that the server decodes and encodes; paths, parameters and statuses are written
here, and tests hold them against the routes and against the answers of a real server.
"""

from __future__ import annotations

from indelible.server.openapi.document import build_document

__all__ = ["build_document"]

"""JSON bodies that administer: small, strict, read into a struct."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from indelible.errors import MalformedInput, Place
from indelible.server.body import Reserved, read_body
from indelible.server.media_type import MediaType, content_type, is_gzip
from indelible.server.problem import Refusal

if TYPE_CHECKING:
    from litestar import Request

    from indelible.server.body import Headers
    from indelible.server.context import Context

__all__ = ["read_json"]

S = TypeVar("S")


async def read_json(request: Request[Any, Any, Any], headers: Headers, context: Context, form: type[S]) -> S:
    """The body as ``form``, a struct.

    Raises:
        MalformedInput: not UTF-8, not JSON, or a key twice.
        Refusal: 415: not JSON. 422: JSON, but not of this form; names the place.
        TooLarge: over ``max_admin_body``.
    """
    content_type(headers.content_type, (MediaType.JSON,))
    if is_gzip(headers.content_encoding):
        raise Refusal(415, "unsupported-media-type", "a body this small is not taken compressed")
    settings = context.settings
    with Reserved(context.budget) as reserved:
        body = await read_body(
            request.receive, headers, reserved, limit=settings.max_admin_body, seconds=settings.body_timeout
        )
    return decode(body, form)


def decode(body: bytes, form: type[S]) -> S:
    """Decode strictly; see :func:`read_json`."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise MalformedInput(f"the body is not UTF-8, from byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise MalformedInput(f"the body is not JSON: {error.msg} at byte {error.pos}") from None
    except RecursionError:
        raise MalformedInput("the body is nested too deeply") from None
    try:
        return msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        detail, _, path = str(error).partition(" - at `$")
        raise Refusal(422, "invalid-request", detail, pointer=_pointer(path.rstrip("`"))) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                detail = f"the key {key!r} stands twice in one object"
                raise MalformedInput(detail, places=[Place("", detail)])
            seen.add(key)
    return value


def _refuse_constant(name: str) -> None:
    detail = f"{name} is not JSON"
    raise MalformedInput(detail)


def _pointer(path: str) -> str:
    """An RFC 6901 pointer from msgspec's path: ``.grants[0].role`` becomes ``/grants/0/role``."""
    return path.replace("[", ".").replace("]", "").replace(".", "/")

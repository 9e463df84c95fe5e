"""What a body claims to be: ``Content-Type`` and ``Content-Encoding``."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from indelible.server.problem import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MediaType", "content_type", "is_gzip"]


class MediaType(Enum):
    """The media types that a body may have somewhere."""

    JSON = b"application/json"
    NDJSON = b"application/x-ndjson"
    CLOUDEVENT = b"application/cloudevents+json"
    CLOUDEVENTS = b"application/cloudevents-batch+json"


_EXACT = {media_type.value: media_type for media_type in MediaType}
_CHARSETS = {b"charset=utf-8", b'charset="utf-8"'}


def content_type(value: bytes | None, accepted: Sequence[MediaType]) -> MediaType:
    """The media type of a body whose ``Content-Type`` is ``value``.

    Raises:
        Refusal: 415: it is absent or not one of ``accepted``, or its charset is not UTF-8.
    """
    found = _EXACT.get(value or b"")
    if found is None and value is not None:
        essence, *parameters = (part.strip(b" \t").lower() for part in value.split(b";"))
        if all(parameter in _CHARSETS for parameter in parameters if parameter):
            found = _EXACT.get(essence)
    if found is None or found not in accepted:
        expected = " or ".join(media_type.value.decode() for media_type in accepted)
        sent = "none was sent" if value is None else f"not {value[:100].decode('latin-1')!r}"
        detail = f"the Content-Type must be {expected} (in UTF-8); {sent}"
        raise Refusal(415, "unsupported-media-type", detail)
    return found


def is_gzip(value: bytes | None) -> bool:
    """Whether a body whose ``Content-Encoding`` is ``value`` must be decompressed.

    Raises:
        Refusal: 415: it is neither gzip nor identity.
    """
    if value is None:
        return False
    match value.strip(b" \t").lower():
        case b"gzip" | b"x-gzip":  # RFC 9110 section 8.4.1.3: equivalent
            return True
        case b"identity" | b"":
            return False
        case _:
            detail = f"the Content-Encoding must be gzip or none, not {value[:100].decode('latin-1')!r}"
            # RFC 7694 section 3: says what would have been accepted.
            raise Refusal(415, "unsupported-media-type", detail, headers=[(b"accept-encoding", b"gzip, identity")])

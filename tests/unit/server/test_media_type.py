"""Content-Type and Content-Encoding."""

from __future__ import annotations

import pytest

from indelible.server.media_type import MediaType, content_type, is_gzip
from indelible.server.problem import Refusal

BOTH = (MediaType.JSON, MediaType.NDJSON)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"application/json", MediaType.JSON),
        (b"application/x-ndjson", MediaType.NDJSON),
        (b"Application/JSON ; Charset=UTF-8", MediaType.JSON),
        (b'application/x-ndjson;charset="utf-8"', MediaType.NDJSON),
        (b"application/json;", MediaType.JSON),
    ],
)
def test_content_type_reads_what_is_meant(value: bytes, expected: MediaType) -> None:
    """Case, white space and a charset of UTF-8 do not matter."""
    assert content_type(value, BOTH) is expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"application/json; charset=latin-1",
        b"application/json; profile=x",
        b"application/cloudevents+json",
        b"application/json, text/plain",
        b"\xff",
    ],
)
def test_content_type_refuses_with_what_it_takes(value: bytes | None) -> None:
    """415, naming what would be taken."""
    with pytest.raises(Refusal, match="application/json or application/x-ndjson") as refusal:
        content_type(value, BOTH)
    assert refusal.value.status == 415


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, False), (b"", False), (b"identity", False), (b"gzip", True), (b" GZIP ", True), (b"x-gzip", True)],
)
def test_is_gzip_knows_the_encodings(value: bytes | None, expected: bool) -> None:
    """Gzip or none."""
    assert is_gzip(value) is expected


@pytest.mark.parametrize("value", [b"br", b"zstd", b"deflate", b"gzip, gzip", b"gzip;q=1"])
def test_is_gzip_refuses_others(value: bytes) -> None:
    """415, with the encodings that would be accepted (RFC 7694)."""
    with pytest.raises(Refusal, match="gzip or none") as refusal:
        is_gzip(value)
    assert refusal.value.status == 415
    assert (b"accept-encoding", b"gzip, identity") in refusal.value.headers

"""The few words of HTTP that the load generator speaks."""

from __future__ import annotations

import pytest

from indelible.bench.http1 import Response, build_request, response_end, split_response

WHOLE = b"HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nDate: today\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n"


def test_response_end_waits_for_the_head_and_the_body() -> None:
    """Before the head is complete nothing is known; after it the end is, whatever has arrived of the body."""
    head = len(WHOLE) - 5
    ends = [response_end(WHOLE[:length]) for length in range(len(WHOLE) + 1)]
    assert ends == [None] * head + [len(WHOLE)] * (len(WHOLE) - head + 1)


def test_response_end_finds_a_length_at_the_end_of_the_head() -> None:
    """The field may be the last one, and its name may be in any case."""
    data = b"HTTP/1.1 200 OK\r\ncontent-length:  7\r\n\r\n"
    assert response_end(data) == len(data) + 7


def test_response_end_of_chunks_is_the_last_chunk() -> None:
    """A chunked response is complete with its empty chunk, not before."""
    assert response_end(CHUNKED) == len(CHUNKED)
    assert response_end(CHUNKED[:-1]) is None


@pytest.mark.parametrize(
    ("data", "response"), [(WHOLE, Response(201, b"hello")), (CHUNKED, Response(200, b"abc0123456789"))]
)
def test_split_response_gives_status_and_body(data: bytes, response: Response) -> None:
    """Both ways to delimit a body give the same body."""
    assert split_response(data) == response


def test_build_request_states_the_length_of_a_body() -> None:
    """A request with a body has a Content-Length, one without has none."""
    request = build_request("POST", "/x?y=1", headers={"A": "b"}, body=b"12345")
    assert request == b"POST /x?y=1 HTTP/1.1\r\nHost: localhost\r\nA: b\r\nContent-Length: 5\r\n\r\n12345"
    assert build_request("GET", "/", headers={}) == b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

"""A log's files over HTTP: bounded, patient, and never taken for anything else."""

from __future__ import annotations

import gzip
import pickle
from typing import TYPE_CHECKING

import httpx
import pytest

from indelible.client.fetch import HttpFetcher
from indelible.errors import Forbidden, NotFound, TooLarge, Unauthenticated, Unavailable, UsageError
from indelible.verify.fetch import MAX_OBJECT_BYTES
from indelible.verify.verdicts import Status
from tests.fabricated_log import FabricatedLog, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URL = "https://audit.example.com/logs/main"


class Server:
    """Answers requests as told, and remembers them."""

    def __init__(self, *answers: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def fetcher(self, api_key: str | None = None) -> HttpFetcher:
        return HttpFetcher(URL, api_key=api_key, transport=httpx.MockTransport(self), sleep=self.pauses.append)


def test_http_fetcher_gets_a_file_with_the_key() -> None:
    """The path below the log's address, the key as a bearer token, compression as the specification recommends."""
    server = Server(httpx.Response(200, content=b"hashes"))
    assert server.fetcher("idl_key").get("tile/0/x001/234.p/5") == b"hashes"
    (request,) = server.requests
    assert str(request.url) == f"{URL}/tile/0/x001/234.p/5"
    assert request.headers["Authorization"] == "Bearer idl_key"
    assert request.headers["Accept-Encoding"] == "gzip, identity"


def test_http_fetcher_unpacks_what_is_compressed() -> None:
    """Hashes are over the plain bytes."""
    body = gzip.compress(b"entries" * 1000)
    server = Server(httpx.Response(200, content=body, headers={"Content-Encoding": "gzip"}))
    assert server.fetcher().get("tile/entries/000") == b"entries" * 1000


def test_http_fetcher_reads_no_more_than_the_largest_file() -> None:
    """A small answer that unpacks without end is cut off."""
    bomb = gzip.compress(bytes(MAX_OBJECT_BYTES + 1), 9)
    assert len(bomb) < 100_000
    server = Server(httpx.Response(200, content=bomb, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(TooLarge):
        server.fetcher().get("tile/entries/000")


@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFound), (410, NotFound), (401, Unauthenticated), (403, Forbidden)]
)
def test_http_fetcher_takes_a_clear_answer_at_once(status: int, error: type[Exception]) -> None:
    """What will not change is not asked for again."""
    server = Server(httpx.Response(status))
    with pytest.raises(error):
        server.fetcher().get("checkpoint")
    assert len(server.requests) == 1
    assert server.pauses == []


@pytest.mark.parametrize("status", [429, 503, 502, 500, 301])
def test_http_fetcher_asks_again_and_then_gives_up(status: int) -> None:
    """A busy server is given time, in vain; nothing is taken for missing, and redirects are not followed."""
    server = Server(httpx.Response(status, headers={"Location": "https://elsewhere.example.com/"}))
    with pytest.raises(Unavailable, match=str(status)):
        server.fetcher().get("checkpoint")
    assert len(server.requests) == 4
    assert server.pauses == [1, 2, 4]


def test_http_fetcher_waits_as_long_as_it_is_asked_to() -> None:
    """``Retry-After`` is respected, up to a bound; then the answer is taken."""
    busy = httpx.Response(503, headers={"Retry-After": "3"})
    late = httpx.Response(429, headers={"Retry-After": "9999"})
    server = Server(busy, late, httpx.Response(200, content=b"x"))
    assert server.fetcher().get("checkpoint") == b"x"
    assert server.pauses == [3, 10]


def test_http_fetcher_survives_a_broken_line() -> None:
    """A connection that fails is made again."""
    server = Server(httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.Response(200, content=b"x"))
    assert server.fetcher().get("checkpoint") == b"x"
    broken = Server(httpx.ConnectError("refused"))
    with pytest.raises(Unavailable, match="cannot be reached"):
        broken.fetcher().get("checkpoint")


def test_http_fetcher_can_go_to_another_process() -> None:
    """Workers get address and key, and open their own connections."""
    fetcher = pickle.loads(pickle.dumps(HttpFetcher(URL + "/", api_key="idl_key")))  # noqa: S301 - our own bytes
    assert isinstance(fetcher, HttpFetcher)
    assert fetcher.url == URL
    server = Server(httpx.Response(200, content=b"x"))
    original = server.fetcher("idl_key")
    original.get("checkpoint")
    pickle.dumps(original)  # also with a connection open
    original.close()
    assert original.get("checkpoint") == b"x"


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "example.com", "https://user:pw@example.com", "https://e.com/?q=1"]
)
def test_http_fetcher_takes_only_a_plain_address(url: str) -> None:
    """Credentials do not belong into an address."""
    with pytest.raises(UsageError):
        HttpFetcher(url)


def test_http_fetcher_serves_a_whole_verification(tmp_path: Path) -> None:
    """A log verified over HTTP is the log verified on disk, except for what cannot be seen from there."""
    log = FabricatedLog(tmp_path)
    log.write(records(600))

    def answer(request: httpx.Request) -> httpx.Response:
        path = tmp_path / request.url.path.removeprefix("/logs/main/")
        return httpx.Response(200, content=path.read_bytes()) if path.is_file() else httpx.Response(404)

    server = Server(answer)
    assert log.verify(fetcher=server.fetcher()).worst() is Status.VERIFIED
    log.put("tile/0/001", bytes(8192))
    report = log.verify(fetcher=server.fetcher())
    assert report.worst() is Status.FAILED
    assert {finding.path for finding in report.findings} == {"tile/0/001"}

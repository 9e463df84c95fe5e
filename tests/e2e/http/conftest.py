"""One server for a module's tests: each test has a log of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.http.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.e2e.http.serving import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture
def log(served: Served) -> str:
    return served.new_log()


@pytest.fixture(scope="module")
def empty(served: Served) -> str:
    """A log to which no test of the module succeeds in writing."""
    return served.new_log()


@pytest.fixture
def writer(served: Served) -> Iterator[httpx.Client]:
    with served.client("writer") as client:
        yield client


@pytest.fixture
def reader(served: Served) -> Iterator[httpx.Client]:
    with served.client("reader") as client:
        yield client


@pytest.fixture
def auditor(served: Served) -> Iterator[httpx.Client]:
    with served.client("auditor") as client:
        yield client


@pytest.fixture
def admin(served: Served) -> Iterator[httpx.Client]:
    with served.client("admin") as client:
        yield client


@pytest.fixture
def stranger(served: Served) -> Iterator[httpx.Client]:
    with served.client(None) as client:
        yield client

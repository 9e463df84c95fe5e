"""A server whose files an insider has changed: it says what is damaged, and goes on with the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from indelible.client.exchange import Answer
from indelible.client.problem import error_of
from indelible.errors import IntegrityError
from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_bad_input import check_problem
from tests.e2e.http.test_search import append

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.e2e.http.serving import Served


@pytest.fixture
def files(served: Served, writer: httpx.Client, log: str) -> Path:
    """The folder of a log with six entries."""
    append(writer, log, [{**EVENT, "action": f"door.{number}"} for number in range(6)])
    return served.logs.path / "logs" / log


@pytest.mark.parametrize(
    ("gone", "asked"),
    [
        ("tile/entries/000.p/6", "events/3"),
        ("tile/0/000.p/6", "events/3/proof"),
        ("tile/0/000.p/6", "consistency?from=3&to=6"),
    ],
)
def test_a_missing_file_is_no_404_for_an_entry_that_exists(
    auditor: httpx.Client, log: str, files: Path, gone: str, asked: str
) -> None:
    """A problem document that names log, file and remedy; the file itself is not found, as a static server says it."""
    (files / gone).unlink()
    problem = check_problem(auditor.get(f"/v1/logs/{log}/{asked}"), 500)
    assert problem["type"] == "urn:indelible:problem:integrity"
    assert f"{gone} of " in problem["detail"]
    assert "indelible verify" in problem["detail"]
    assert str(files) not in problem["detail"]
    check_problem(auditor.get(f"/v1/logs/{log}/events/6"), 404)
    check_problem(auditor.get(f"/logs/{log}/{gone}"), 404)


def test_the_client_takes_damage_for_damage(auditor: httpx.Client, log: str, files: Path) -> None:
    """The error that the same call on a directory raises, with the same words."""
    (files / "tile" / "entries" / "000.p" / "6").unlink()
    answer = auditor.get(f"/v1/logs/{log}/events/3")
    error = error_of(Answer(status=answer.status_code, headers=dict(answer.headers), body=answer.content))
    assert isinstance(error, IntegrityError)
    assert "entries 0 to 5" in str(error)

"""git histories, read by the real git from a real repository."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from indelible.cli.intake.documents import Translator
from indelible.cli.intake.git import read_history
from indelible.cli.intake.items import Candidate
from indelible.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

PERSON = {
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com", "GIT_AUTHOR_DATE": "2026-01-02T03:04:05+0200",
    "GIT_COMMITTER_NAME": "Bo", "GIT_COMMITTER_EMAIL": "bo@example.com", "GIT_COMMITTER_DATE": "2026-01-03T00:00:00Z",
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
}  # fmt: skip


def git(repository: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=repository, check=True, capture_output=True, env={**os.environ, **PERSON})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    git(path, "init", "-q", "-b", "trunk")
    for number in range(3):
        git(path, "commit", "-q", "--allow-empty", "-m", f"commit {number}\n\nbody \x1b[2J")
    git(path, "tag", "-a", "v1", "-m", "first")
    return path


def events(repository: Path, origin: str = "o") -> list[dict[str, object]]:
    found = list(read_history(repository, Translator(origin), advance=lambda _done, _total: None))
    return [json.loads(item.event) for item in found if isinstance(item, Candidate)]


def test_read_history_gives_commits_oldest_first_and_tags(repository: Path) -> None:
    """Author, committer, time, branch and message are where the record has fields for them."""
    found = events(repository)
    assert [event["action"] for event in found] == ["git.commit"] * 3 + ["git.tag"]
    first = found[0]
    assert str(first["message"]).startswith("commit 0")
    assert first["occurred_at"] == "2026-01-02T01:04:05.000000Z"
    actor = first["actor"]
    assert isinstance(actor, dict)
    assert actor["id"] == "ada@example.com"
    assert actor["on_behalf_of"]["id"] == "bo@example.com"
    assert {"type": "branch", "id": "trunk"} in list(first["targets"])  # type: ignore[call-overload]
    assert not {"v", "log", "principal", "received_at"} & set(first)


def test_read_history_names_a_repository_by_its_origin_without_credentials(repository: Path, tmp_path: Path) -> None:
    """A clone elsewhere gives the same ids; the address holds no password."""
    git(repository, "remote", "add", "origin", "https://ada:secret@git.example.com/project.git")
    here = events(repository)
    git(tmp_path, "clone", "-q", "project", "clone")
    git(tmp_path / "clone", "remote", "set-url", "origin", "https://git.example.com/project.git")
    there = events(tmp_path / "clone")
    assert [event["id"] for event in here] == [event["id"] for event in there]
    assert "secret" not in json.dumps(here)
    assert [event["id"] for event in events(repository, "other log")] != [event["id"] for event in here]


def test_read_history_says_what_is_no_repository(tmp_path: Path) -> None:
    """The word is git's own, in one line."""
    with pytest.raises(UsageError, match="not a git repository"):
        events(tmp_path)

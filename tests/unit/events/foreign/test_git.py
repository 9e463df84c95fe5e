"""Git history: real repositories, made by git itself, and objects that git would not make."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from indelible.errors import MalformedInput
from indelible.events.foreign import git
from tests.unit.events.foreign.conftest import RECEIVED, Importer

if TYPE_CHECKING:
    from pathlib import Path


class Repository:
    """A git repository in a folder of its own, deaf to the configuration of whoever runs the tests."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run("init", "--quiet", "--initial-branch=main")

    def run(self, *arguments: str, stdin: bytes = b"", **environment: str) -> bytes:
        people = {
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_AUTHOR_DATE": "1700000000 +0100",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
            "GIT_COMMITTER_DATE": "1700000001 +0100",
        }
        base = {"PATH": os.environ["PATH"], "HOME": str(self.path), "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=base | people | environment,
            input=stdin,
            capture_output=True,
            check=True,
        )
        return done.stdout

    def commit(self, message: str, **environment: str) -> str:
        self.run("commit", "--quiet", "--allow-empty", "-F", "-", stdin=message.encode(), **environment)
        return self.run("rev-parse", "HEAD").decode().strip()

    def objects(self) -> bytes:
        """What the reader is given: all commits, oldest first, and all annotated tags."""
        names = self.run("rev-list", "--reverse", "HEAD")
        names += self.run("for-each-ref", "--format=%(objectname)", "refs/tags")
        return self.run("cat-file", "--batch", stdin=names)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def _read(objects: bytes) -> Any:
    return git.read(objects, repository="example/repo", branch="main")


def test_history_is_taken_commit_by_commit(importer: Importer, repository: Repository) -> None:
    """Who, when by their clock, on what branch; the original is the object, from which its name can be made again."""
    first = repository.commit("First: été\n\nWith a body.\n")
    second = repository.commit("Second", GIT_COMMITTER_NAME="Bob", GIT_COMMITTER_EMAIL="bob@example.com")
    records = importer.records(_read(repository.objects()))
    assert [record["upstream"]["id"] for record in records] == [first, second]
    one, two = records
    assert one["actor"] == {"type": "user", "id": "ada@example.com", "name": "Ada", "email": "ada@example.com"}
    assert two["actor"]["on_behalf_of"] == {"type": "user", "id": "bob@example.com", "name": "Bob"}
    assert one["occurred_at"] == "2023-11-14T22:13:20.000000Z"
    assert one["message"] == "First: été\n\nWith a body."
    assert (one["action"], one["outcome"], one["operation"]) == ("git.commit", "success", "create")
    assert one["targets"] == [
        {"type": "repository", "id": "example/repo"},
        {"type": "branch", "id": "main"},
        {"type": "commit", "id": first},
    ]
    for name, record in ((first, one), (second, two)):
        content = record["raw"]["text"].encode()
        assert hashlib.sha1(b"commit %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == name
        assert record["upstream"]["sha256"] == hashlib.sha256(content).hexdigest()
        assert record["upstream"]["size"] == len(content)


def test_annotated_tags_are_events_and_light_ones_are_their_commits(importer: Importer, repository: Repository) -> None:
    """A tag object has a tagger, a name and what it points to."""
    commit = repository.commit("c")
    repository.run("tag", "-a", "v1.0", "-m", "Release", GIT_COMMITTER_DATE="1700000100 +0000")
    repository.run("tag", "light")
    records = importer.records(_read(repository.objects()))
    (tag,) = [record for record in records if record["action"] == "git.tag"]
    assert tag["targets"][1:] == [{"type": "tag", "id": "v1.0"}, {"type": "commit", "id": commit}]
    assert (tag["actor"]["id"], tag["message"]) == ("ada@example.com", "Release")
    assert tag["occurred_at"] == "2023-11-14T22:15:00.000000Z"
    commits = [record for record in records if record["action"] == "git.commit"]
    assert len({record["id"] for record in commits}) == 1, "the light tag is the commit again: one id, one event"


def test_nothing_in_a_message_breaks_the_frame(importer: Importer, repository: Repository) -> None:
    """Messages that look like the frame, like headers, or like other records."""
    evil = "x\n\n" + "0" * 40 + " commit 5\nhello\nauthor Mallory <m@x> 1 +0000\n\nmore"
    names = [repository.commit(evil), repository.commit("after")]
    records = importer.records(_read(repository.objects()))
    assert [record["upstream"]["id"] for record in records] == names
    assert records[0]["message"] == evil
    assert {record["actor"]["id"] for record in records} == {"ada@example.com"}


def test_old_encodings_are_read(importer: Importer, repository: Repository) -> None:
    """A commit says in which encoding it is; its object is then no UTF-8, and kept as base64."""
    repository.run("config", "i18n.commitEncoding", "ISO-8859-1")
    repository.run(
        "commit", "--quiet", "--allow-empty", "-F", "-", stdin="é".encode("latin-1"), GIT_AUTHOR_NAME="Ren\udce9"
    )
    record = importer.record(_read(repository.objects()))
    assert record["message"] == "é"
    assert record["actor"]["name"] == "René"
    assert b"encoding ISO-8859-1" in base64.b64decode(record["raw"], validate=True)


def test_same_commit_in_another_repository_is_another_event(importer: Importer, repository: Repository) -> None:
    """A fork has its own history; the branch it was found on does not matter."""
    repository.commit("c")
    objects = repository.objects()
    here = importer.intake(git.read(objects, repository="a", branch="main")).prepared[0]
    branch = importer.intake(git.read(objects, repository="a", branch=None)).prepared[0]
    fork = importer.intake(git.read(objects, repository="b", branch="main")).prepared[0]
    assert here.id == branch.id != fork.id


def test_trees_and_blobs_are_passed_over_and_missing_objects_returned(
    importer: Importer, repository: Repository
) -> None:
    """Whatever names git is asked for."""
    name = repository.commit("c")
    tree = repository.run("rev-parse", "HEAD^{tree}").strip()
    missing = b"f" * 40
    objects = repository.run("cat-file", "--batch", stdin=b"\n".join([tree, missing, name.encode()]) + b"\n")
    intake = importer.intake(_read(objects))
    assert len(intake.prepared) == 1
    assert [rejected.record for rejected in intake.rejected] == [missing.decode()]


def _frame(content: bytes, kind: bytes = b"commit") -> bytes:
    name = hashlib.sha1(kind + b" %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return b"%s %s %d\n%s\n" % (name.encode(), kind, len(content), content)


@pytest.mark.parametrize(
    ("content", "actor", "time"),
    [
        (b"author  <> 5 +0000\n\n", {"type": "user", "id": "-"}, "1970-01-01T00:00:05.000000Z"),
        (b"author N <> 5 +0000\n\n", {"type": "user", "id": "N", "name": "N"}, "1970-01-01T00:00:05.000000Z"),
        (b"author N <e> -5 +0000\n\n", {"type": "user", "id": "e", "name": "N", "email": "e"}, RECEIVED),
        (b"author N <e> 999999999999 +0000\n\n", {"type": "user", "id": "e", "name": "N", "email": "e"}, RECEIVED),
    ],
)
def test_odd_authors_are_taken_as_they_are(
    importer: Importer, content: bytes, actor: dict[str, str], time: str
) -> None:
    """Histories hold empty names and absurd times; arrival stands in for what is no time."""
    record = importer.record(_read(_frame(content)))
    assert record["actor"] == actor
    assert record["occurred_at"] == time


def test_old_tags_have_no_tagger(importer: Importer) -> None:
    """Then nobody is named."""
    record = importer.record(_read(_frame(b"object abc\ntype commit\ntag v0\n\nold", b"tag")))
    assert record["actor"] == {"type": "anonymous", "id": "-"}


def test_a_commit_without_author_is_returned(importer: Importer) -> None:
    """Its neighbours are taken."""
    bad, good = _frame(b"tree x\n\nm"), _frame(b"author A <a> 1 +0000\n\nm\0m")
    intake = importer.intake(_read(bad + good))
    assert len(intake.prepared) == 1
    assert "author" in intake.rejected[0].detail


@pytest.mark.parametrize(
    "objects",
    [
        b"nonsense\n",
        b"nonsense",
        b"0" * 40 + b" commit 10\nshort\n",
        b"0" * 40 + b" commit 3\nlonger\n",
        b"0" * 40 + b" commit 03\nabc\n",
        b"0" * 40 + b" commit 3\nabc",
        b"0" * 39 + b" commit 3\nabc\n",
    ],
)
def test_torn_output_is_malformed(objects: bytes) -> None:
    """A stream that is cut off or not git's is an error, never half a history taken for a whole one."""
    with pytest.raises(MalformedInput, match="git cat-file"):
        list(_read(objects))

"""The original of an imported event, as the text of which the import pinned the hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from indelible.events import canonical_json
from indelible.events.exports.original import original_text
from indelible.events.foreign import git
from tests.unit.events.foreign.conftest import RECEIVED, Importer

COMMIT = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A U Thor <a@example.com> 1700000000 +0100\n\nÄ first\n"


def text_of(record: dict[str, Any]) -> str | None:
    return original_text(canonical_json(record), record)


def test_original_of_a_git_object_is_the_object() -> None:
    """A commit's bytes, from which its name can be computed again."""
    content = COMMIT.encode()
    name = hashlib.sha1(b"commit %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()
    importer = Importer()
    batch = f"{name} commit {len(content)}\n".encode() + content + b"\n"
    (prepared,) = importer.intake(git.read(batch, repository="example/repo")).prepared
    entry = importer.preparer.finish(prepared.template, RECEIVED.encode())
    record = json.loads(entry)
    text = original_text(entry, record)
    assert text == COMMIT
    assert hashlib.sha256(text.encode()).hexdigest() == record["upstream"]["sha256"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"b": [1, 2.5], "a": "ä"}, '{"a":"ä","b":[1,2.5]}'),
        ("YmFzZTY0", "YmFzZTY0"),
        ([1], "[1]"),
        (0, "0"),
        ({"text": "x"}, '{"text":"x"}'),
    ],
)
def test_original_is_the_very_text(raw: object, expected: str) -> None:
    """JSON in canonical form; a text is itself."""
    assert text_of({"raw": raw, "upstream": {"format": "other"}}) == expected


def test_original_of_a_native_event_is_none() -> None:
    """Nothing was imported, nothing is kept."""
    assert text_of({"action": "x"}) is None

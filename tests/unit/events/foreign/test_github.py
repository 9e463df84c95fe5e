"""GitHub webhooks: every bundled payload, and the ways in which payloads differ."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import rfc8785

from indelible.errors import MalformedInput
from indelible.events.foreign import github
from tests.unit.events.foreign.conftest import RECEIVED, Importer, sample_files


@pytest.fixture(scope="module")
def records() -> dict[str, dict[str, Any]]:
    importer = Importer()
    return {
        path.name: importer.record(github.read(path.read_bytes(), event=github.event_of(path.name)))
        for path in sample_files("github")
    }


def test_all_sample_files_are_taken(records: dict[str, dict[str, Any]]) -> None:
    """27 payloads, each by its sender, on its repository, with its original and an id from its hash."""
    assert len(records) == 27
    assert len({record["id"] for record in records.values()}) == 27
    for path in sample_files("github"):
        original, record = json.loads(path.read_bytes()), records[path.name]
        digest = hashlib.sha256(rfc8785.dumps(original)).hexdigest()
        assert record["raw"] == original
        assert record["upstream"]["id"] == record["upstream"]["sha256"] == digest
        assert record["actor"]["id"] == original["sender"]["login"]
        assert record["actor"]["type"] == original["sender"]["type"].lower()
        assert record["targets"][0]["type"] == "repository"
        assert record["targets"][0]["id"] == original["repository"]["full_name"]
        assert len(record["targets"]) > 1, "the object concerned"
        expected = f"github.{path.name.split('.')[0]}"
        assert record["action"] == (f"{expected}.{original['action']}" if original.get("action") else expected)


@pytest.mark.parametrize(
    ("file", "time", "target"),
    [
        ("check_run.completed.payload.json", "2019-05-15T15:21:12.000000Z", ("check_run", "128620228")),
        (
            "branch_protection_rule.created.payload.json",
            "2021-08-19T16:16:32.000000Z",
            ("branch_protection_rule", "21796960"),
        ),
        ("create.with-organization.payload.json", RECEIVED, ("tag", "simple-tag")),
        ("delete.with-installation.payload.json", RECEIVED, ("tag", "simple-tag")),
        ("dependabot_alert.created.payload.json", "2023-06-24T13:57:12.000000Z", ("dependabot_alert", "20")),
        ("deploy_key.created.payload.json", "2019-04-02T17:37:07.000000Z", ("deploy_key", "100")),
        ("discussion.answered.payload.json", "2021-03-30T23:17:18.000000Z", ("discussion", "3299614")),
        (
            "fork.with-installation.payload.json",
            "2019-05-15T15:20:41.000000Z",
            ("repository", "Octocoders/Hello-World"),
        ),
        ("gollum.payload.json", RECEIVED, ("page", "Home")),
        ("commit_comment.created.payload.json", "2019-05-15T15:20:39.000000Z", ("commit_comment", "33548674")),
    ],
)
def test_time_and_object_concerned(
    records: dict[str, dict[str, Any]], file: str, time: str, target: tuple[str, str]
) -> None:
    """The object's own time in UTC, else that of arrival; the object under the event's name."""
    record = records[file]
    assert record["occurred_at"] == time
    assert (record["targets"][1]["type"], record["targets"][1]["id"]) == target


def test_changes_are_before_and_after(records: dict[str, dict[str, Any]]) -> None:
    """What GitHub tells of a change becomes the record's changes, null values included."""
    changes = {change["path"]: change for change in records["branch_protection_rule.edited.payload.json"]["changes"]}
    assert changes["/required_approving_review_count"] == {
        "path": "/required_approving_review_count",
        "old": 2,
        "new": 1,
    }
    assert changes["/authorized_dismissal_actors_only"]["old"] is None
    assert records["discussion_comment.edited.payload.json"]["changes"][0]["path"] == "/body"


PUSH: dict[str, Any] = {
    "ref": "refs/heads/main",
    "head_commit": {"id": "c" * 40, "timestamp": "2026-01-01T01:00:00+01:00"},
    "repository": {"id": 1, "full_name": "o/r", "name": "r", "pushed_at": 17},
    "sender": {"login": "ada", "id": 7, "type": "User"},
}


def _read(payload: Any, event: str, delivery: str | None = None) -> Any:
    return github.read(json.dumps(payload).encode(), event=event, delivery=delivery)


def test_push_names_branch_and_commit(importer: Importer) -> None:
    """An event without an action of its own."""
    record = importer.record(_read(PUSH, "push"))
    assert (record["action"], record["operation"]) == ("github.push", "update")
    assert record["occurred_at"] == "2026-01-01T00:00:00.000000Z"
    assert [(one["type"], one["id"]) for one in record["targets"]] == [
        ("repository", "o/r"),
        ("commit", "c" * 40),
        ("branch", "refs/heads/main"),
    ]
    tag = importer.record(_read(PUSH | {"ref": "refs/tags/v1", "head_commit": None}, "push"))
    assert [one["type"] for one in tag["targets"]] == ["repository", "tag"]


def test_delivery_names_the_event(importer: Importer) -> None:
    """A redelivery is the same event; the same payload under another delivery is another."""
    first = importer.intake(_read(PUSH, "push", "d1")).prepared[0]
    again = importer.intake(_read(PUSH, "push", "d1")).prepared[0]
    other = importer.intake(_read(PUSH, "push", "d2")).prepared[0]
    assert first.id == again.id != other.id


def test_github_itself_may_be_the_sender(importer: Importer) -> None:
    """Events without a sender have an actor all the same; without a repository, the organization is the target."""
    record = importer.record(
        _read({"action": "published", "organization": {"login": "o", "id": 3}}, "security_advisory")
    )
    assert record["actor"] == {"type": "service", "id": "github"}
    assert record["targets"] == [{"type": "organization", "id": "o", "attributes": {"id": "3"}}]


def test_strange_payloads_are_rejected_not_raised(importer: Importer) -> None:
    """An array is no payload; a payload of nothing is still an event."""
    assert importer.intake(_read([], "push")).rejected[0].detail == "expected an object"
    assert importer.record(_read({}, "ping"))["action"] == "github.ping"
    with pytest.raises(MalformedInput):
        github.read(b"{", event="push")


def test_event_of_reads_a_file_name() -> None:
    """Up to the first dot."""
    assert github.event_of("check_run.completed.payload.json") == "check_run"
    assert github.event_of("push") == "push"

"""OCSF: valid by the schema for every real record, in the class that an analyst expects, and nothing lost."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from indelible.events.exports import FORMATS
from indelible.merkle import leaf_hash
from tests.unit.events.exports.conftest import FULL, entry_of, record_of, scalars
from tests.unit.events.exports.ocsf_schema import problems


def event_of(entry: bytes, index: int = 7, *, published: bool | None = None) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(FORMATS["ocsf"].encode(index, entry, published))
    return event


@pytest.fixture(scope="module")
def events(samples: tuple[bytes, ...]) -> list[dict[str, Any]]:
    return [event_of(entry, index) for index, entry in enumerate(samples)]


def of_action(events: list[dict[str, Any]], action: str) -> dict[str, Any]:
    return next(event for event in events if event["metadata"]["event_code"] == action)


def test_every_sample_is_a_valid_event(events: list[dict[str, Any]]) -> None:
    """Required attributes are there, none is unknown or of another type, numbers and captions agree."""
    assert len(events) == 2_611
    assert {problem for event in events for problem in problems(event)} == set()


@pytest.mark.parametrize("field", [None, *FULL])
def test_every_field_alone_and_all_together_are_valid(field: str | None) -> None:
    """Whatever a producer sets or leaves out, the event is valid."""
    least = {name: FULL[name] for name in ("action", "actor")}
    event = FULL if field is None else {**least, field: FULL[field]}
    assert problems(event_of(entry_of(event))) == []


def test_schema_check_notices_what_is_wrong(full: bytes) -> None:
    """The check above can fail: each kind of mistake is one."""
    good = event_of(full)
    mistakes: list[dict[str, Any]] = [
        {"class_uid": 1},
        {"type_uid": 600302},
        {"severity_id": 7},
        {"time": "2026"},
        {"invented": 1},
        {"actor": {}},
        {"src_endpoint": {"ip": 5}},
        {"http_request": {"http_method": "BREW"}},
        {"resources": []},
        {"is_mfa": True},
        {"cloud": {"provider": "AWS"}},
    ]
    assert [mistake for mistake in mistakes if problems(good | mistake) == []] == []
    assert [name for name in ("time", "actor", "api", "metadata") if not problems(_without(good, name))] == []


def _without(event: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key != name}


def test_nothing_of_a_record_is_lost(full: bytes) -> None:
    """Every value of every field stands somewhere in the event, mapped or unmapped."""
    event = event_of(full)
    kept = Counter(map(json.dumps, scalars(event)))
    record = record_of(full)
    mapped = {json.dumps(value) for value in (record["operation"], record["severity"])}
    # The original is there as a text; times stand in milliseconds beside their texts.
    assert json.loads(event["raw_data"]) == record.pop("raw")
    assert {value for value in map(json.dumps, scalars(record)) if not kept[value]} <= mapped
    assert event["activity_name"] == record["operation"]
    assert event["unmapped"]["metadata"] == record["metadata"]
    assert event["unmapped"]["changes"] == record["changes"]


def test_samples_lose_nothing_either(events: list[dict[str, Any]], samples: tuple[bytes, ...]) -> None:
    """The same for every real record."""
    for event, entry in zip(events, samples, strict=True):
        record = record_of(entry)
        del record["raw"], record["operation"]
        kept = set(map(json.dumps, scalars(event)))
        assert {value for value in map(json.dumps, scalars(record)) if value not in kept} == set()


def test_events_bear_what_a_proof_needs(samples: tuple[bytes, ...], events: list[dict[str, Any]]) -> None:
    """Log, index, leaf hash, and the hash of the original, which is the one that the import pinned."""
    for index, (entry, event) in enumerate(zip(samples, events, strict=True)):
        record = record_of(entry)
        assert event["metadata"]["uid"] == record["id"]
        assert event["metadata"]["sequence"] == index
        assert event["metadata"]["log_name"] == event["unmapped"]["log"] == "example.com/log"
        assert event["unmapped"]["leaf_hash"] == leaf_hash(entry).hex()
        assert event["raw_data_hash"]["value"] == record["upstream"]["sha256"]
        assert event["raw_data_hash"]["value"] == hashlib.sha256(event["raw_data"].encode()).hexdigest()
        assert event["raw_data_size"] == record["upstream"]["size"]


def test_samples_are_in_the_classes_that_fit(events: list[dict[str, Any]]) -> None:
    """Sign-ins are authentication; only what makes, reads, changes or deletes an identity manages entities."""
    classes: dict[int, set[str]] = {}
    for event in events:
        classes.setdefault(event["class_uid"], set()).add(event["metadata"]["event_code"])
    assert classes[3002] == {"aws.signin.ConsoleLogin", "aws.sts.AssumeRole"}
    assert classes[3004] == {
        "aws.iam.CreatePolicy",
        "aws.iam.CreateRole",
        "aws.iam.DeleteAccessKey",
        "aws.iam.DeletePolicy",
        "aws.iam.DeleteRole",
        "aws.iam.DeleteUser",
        "aws.iam.GetPolicy",
        "aws.iam.GetRole",
        "aws.iam.GetUser",
        "github.deploy_key.created",
        "k8s.core.serviceaccounts.create",
        "k8s.core.serviceaccounts.delete",
        "k8s.rbac.authorization.k8s.io.clusterrolebindings.create",
        "k8s.rbac.authorization.k8s.io.clusterroles.create",
        "k8s.rbac.authorization.k8s.io.clusterroles.delete",
        "k8s.rbac.authorization.k8s.io.clusterroles.patch",
    }
    assert {"aws.iam.DeleteRolePolicy", "aws.iam.DeleteLoginProfile", "aws.kms.Decrypt"} <= classes[6003]


def test_cloudtrail_is_mapped_in_aws_words(events: list[dict[str, Any]]) -> None:
    """Service and call as AWS names them, account, region and key where rules for CloudTrail look for them."""
    event = of_action(events, "aws.iam.AttachRolePolicy")
    assert event["api"]["operation"] == "AttachRolePolicy"
    assert event["api"]["service"] == {"name": "iam.amazonaws.com"}
    assert event["cloud"]["provider"] == "AWS"
    assert event["cloud"]["region"] == "us-east-1"
    assert event["metadata"]["profiles"] == ["cloud"]
    assert event["actor"]["user"]["account"] == {"uid": "123837392027", "type": "AWS Account", "type_id": 10}
    assert event["actor"]["user"]["programmatic_credentials"][0]["uid"].startswith("A")
    assert {resource["type"] for resource in event["resources"]} == {"iam.role", "iam.policy"}


def test_sign_in_is_an_authentication(events: list[dict[str, Any]]) -> None:
    """Who signed in, where, from where, how it ended."""
    event = of_action(events, "aws.signin.ConsoleLogin")
    assert (event["type_uid"], event["status"]) == (300201, "Success")
    assert event["user"] == event["actor"]["user"]
    assert event["service"] == {"name": "signin.amazonaws.com"}
    assert event["src_endpoint"] == {"ip": "192.168.10.20"}
    assert {"name": "src_endpoint.ip", "type": "IP Address", "type_id": 2, "value": "192.168.10.20"} in event[
        "observables"
    ]


def test_deleted_user_is_the_entity(events: list[dict[str, Any]]) -> None:
    """The user is named as such; the activity is its deletion."""
    event = of_action(events, "aws.iam.DeleteUser")
    assert event["type_uid"] == 300404
    assert event["entity"]["type_id"] == 2
    assert event["entity"]["user"]["uid"] == event["entity"]["uid"]


@pytest.mark.parametrize(
    ("change", "path", "expected"),
    [
        ({"outcome": "denied"}, "status status_id status_code", ["Failure", 2, "denied"]),
        ({"outcome": "failure"}, "status status_id status_code", ["Failure", 2, "failure"]),
        ({"outcome": "unknown"}, "status status_id status_code", ["Unknown", 0, "unknown"]),
        ({"severity": "critical"}, "severity severity_id", ["Critical", 5]),
        ({"severity": "debug"}, "severity severity_id", ["Informational", 1]),
        ({}, "severity severity_id", ["Informational", 1]),
        ({"occurred_at": "2026-01-31T13:45:00.123999Z"}, "time", [1_769_867_100_123]),
        ({"operation": "logout"}, "class_uid type_uid activity_name", [3002, 300202, "Logoff"]),
        ({"operation": "execute"}, "class_uid activity_id activity_name", [6003, 99, "execute"]),
        ({}, "class_uid activity_id activity_name", [6003, 0, "Unknown"]),
        ({"operation": "delete"}, "class_uid activity_id activity_name", [6003, 4, "Delete"]),
        ({"reason": "limit", "message": "no"}, "status_detail message", ["limit", "no"]),
        (
            {"action": "user.create", "operation": "create", "targets": [{"type": "user", "id": "9", "name": "Ada"}]},
            "class_uid activity_id entity",
            [
                3004,
                1,
                {"type": "user", "type_id": 2, "uid": "9", "name": "Ada", "user": {"uid": "9", "name": "Ada"}},
            ],
        ),
        (
            {"action": "team.delete", "operation": "delete", "targets": [{"type": "team", "id": "ops"}]},
            "class_uid activity_id entity",
            [3004, 4, {"type": "team", "type_id": 3, "uid": "ops", "group": {"uid": "ops"}}],
        ),
        (
            {"action": "api_key.update", "operation": "update", "targets": [{"type": "api_key", "id": "k"}]},
            "class_uid activity_id entity",
            [3004, 3, {"type": "api_key", "type_id": 99, "uid": "k"}],
        ),
        # The action names no user, so no user was made, though one is the target.
        (
            {"action": "password.create", "operation": "create", "targets": [{"type": "user", "id": "9"}]},
            "class_uid",
            [6003],
        ),
        (
            {"context": {"http": {"method": "BREW", "path": "/", "status": 418}}},
            "http_request",
            [{"url": {"path": "/"}}],
        ),
    ],
)
def test_fields_are_mapped(change: dict[str, Any], path: str, expected: list[Any]) -> None:
    """Field by field; and every such event is valid."""
    event = event_of(entry_of({"action": "invoice.approve", "actor": {"type": "user", "id": "ada"}, **change}))
    assert problems(event) == []
    assert [event[name] for name in path.split()] == expected


def test_other_targets_of_a_managed_entity_are_kept() -> None:
    """The class has room for one entity; what else was concerned is unmapped, not lost."""
    targets = [{"type": "org", "id": "acme"}, {"type": "user", "id": "9"}]
    event = event_of(
        entry_of(
            {"action": "user.delete", "operation": "delete", "actor": {"type": "x", "id": "y"}, "targets": targets}
        )
    )
    assert event["entity"]["uid"] == "9"
    assert event["unmapped"]["targets"] == targets[:1]


def test_values_that_are_no_text_are_left_unmapped() -> None:
    """A placeholder in place of a text has no place in an attribute of texts."""
    placeholder = {"$sealed": {"k": "1", "n": "2", "c": "3", "t": "4"}}
    record = record_of(entry_of(FULL))
    record["actor"]["email"] = record["context"]["ip"] = record["message"] = placeholder
    record["targets"][0]["name"] = placeholder
    event = event_of(json.dumps(record).encode())
    assert problems(event) == []
    assert event["unmapped"]["actor"]["email"] == placeholder
    assert event["unmapped"]["context"]["ip"] == placeholder
    assert event["unmapped"]["message"] == placeholder
    assert event["resources"][0]["data"]["name"] == placeholder


@pytest.mark.parametrize("published", [True, False])
def test_published_is_told_when_it_is_known(full: bytes, published: bool) -> None:
    """An entry that no checkpoint covers yet says so."""
    assert event_of(full, published=published)["unmapped"]["published"] is published
    assert "published" not in event_of(full)["unmapped"]

"""Kubernetes audit events: one, a list, or a log file; each stage of a request is an event."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from indelible.errors import MalformedInput
from indelible.events.foreign import kubernetes
from tests.unit.events.foreign.conftest import RECEIVED, Importer, sample_files


@pytest.fixture(scope="module")
def records() -> dict[str, dict[str, Any]]:
    importer = Importer()
    return {path.stem: importer.record(kubernetes.read(path.read_bytes())) for path in sample_files("kubernetes")}


def test_all_sample_files_are_taken(records: dict[str, dict[str, Any]]) -> None:
    """35 events, each with its original, its time to the microsecond, and an id of its own."""
    assert len(records) == 35
    assert len({record["id"] for record in records.values()}) == 35
    for path in sample_files("kubernetes"):
        original, record = json.loads(path.read_bytes()), records[path.stem]
        assert record["raw"] == original
        assert record["upstream"]["id"] == f"{original['auditID']}/{original['stage']}"
        assert record["occurred_at"] == original["requestReceivedTimestamp"]
        assert record["context"]["ip"] == original["sourceIPs"][-1]
        assert len(record["targets"]) == 1
        assert "*" not in record["targets"][0]["id"]


def test_sample_actors_and_outcomes(records: dict[str, dict[str, Any]]) -> None:
    """People, service accounts and nodes are told apart; all of these requests were allowed and done."""
    assert Counter(record["actor"]["type"] for record in records.values()) == {
        "user": 26,
        "serviceaccount": 8,
        "node": 1,
    }
    assert {record["outcome"] for record in records.values()} == {"success"}


def test_chosen_records_map_as_written(records: dict[str, dict[str, Any]]) -> None:
    """An exec into a pod, a pod made by a controller, a cluster role deleted."""
    exec_pod, create_pod = records["exec_pod"], records["create_nginx_pod_hostnetwork"]
    assert (exec_pod["action"], exec_pod["operation"]) == ("k8s.core.pods.exec.create", "execute")
    assert exec_pod["actor"] == {
        "type": "user",
        "id": "minikube-user",
        "roles": ["system:masters", "system:authenticated"],
    }
    assert exec_pod["targets"] == [
        {
            "type": "pods",
            "id": "default/nginx-deployment-7998647bdf-phvq7",
            "name": "nginx-deployment-7998647bdf-phvq7",
            "attributes": {"namespace": "default"},
        }
    ]
    assert (create_pod["action"], create_pod["operation"]) == ("k8s.core.pods.create", "create")
    assert create_pod["actor"]["id"] == "system:serviceaccount:kube-system:replicaset-controller"
    assert create_pod["targets"][0]["id"] == "default/nginx-deployment-754c877bcd-zh5qx", "named by the answer"
    assert records["delete_clusterrole"]["action"] == "k8s.rbac.authorization.k8s.io.clusterroles.delete"
    assert records["delete_clusterrole"]["targets"][0]["id"] == "some-reader"


MINIMAL: dict[str, Any] = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "auditID": "a1",
    "stage": "ResponseComplete",
    "verb": "get",
    "user": {"username": "ada"},
}


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"responseStatus": {"code": 200}}, "outcome", "success"),
        ({"responseStatus": {"code": 101}}, "outcome", "success"),
        ({"responseStatus": {"code": 401}}, "outcome", "denied"),
        ({"responseStatus": {"code": 403}}, "outcome", "denied"),
        ({"responseStatus": {"code": 404}}, "outcome", "failure"),
        ({"responseStatus": {"code": 500}}, "outcome", "failure"),
        ({"responseStatus": {"code": []}}, "outcome", "unknown"),
        ({"annotations": {"authorization.k8s.io/decision": "forbid"}}, "outcome", "denied"),
        ({"stage": "RequestReceived"}, "outcome", "unknown"),
        ({"stage": "Panic"}, "outcome", "failure"),
        ({}, "action", "k8s.nonresource.get"),
        ({"objectRef": {"resource": "pods"}}, "action", "k8s.core.pods.get"),
        ({"objectRef": {"resource": "pods", "subresource": "log"}}, "action", "k8s.core.pods.log.get"),
        ({"objectRef": {"resource": "jobs", "apiGroup": "batch"}}, "action", "k8s.batch.jobs.get"),
        ({"objectRef": {"resource": "pods"}}, "targets", [{"type": "pods", "id": "*"}]),
        (
            {"objectRef": {"resource": "pods", "namespace": "n", "name": "p", "uid": "u"}},
            "targets",
            [{"type": "pods", "id": "n/p", "name": "p", "attributes": {"namespace": "n", "uid": "u"}}],
        ),
        (
            {"objectRef": {"resource": "pods", "namespace": "n"}},
            "targets",
            [{"type": "pods", "id": "n/*", "attributes": {"namespace": "n"}}],
        ),
        ({"verb": "watch"}, "operation", "read"),
        ({"verb": "deletecollection"}, "operation", "delete"),
        ({"verb": "patch"}, "operation", "update"),
        ({"verb": "escalate"}, "operation", "other"),
        ({"user": {}}, "actor", {"type": "anonymous", "id": "-"}),
        ({"user": {"username": "system:node:n1"}}, "actor", {"type": "node", "id": "system:node:n1"}),
        (
            {"impersonatedUser": {"username": "system:serviceaccount:a:b"}},
            "actor",
            {
                "type": "user",
                "id": "ada",
                "on_behalf_of": {"type": "serviceaccount", "id": "system:serviceaccount:a:b"},
            },
        ),
        ({"sourceIPs": ["10.0.0.1", "192.0.2.1"]}, "context", {"ip": "192.0.2.1", "request_id": "a1"}),
        ({"sourceIPs": ["192.0.2.1", "spoofed"]}, "context", {"request_id": "a1"}),
        ({"sourceIPs": ["192.0.2.1", 7]}, "context", {"request_id": "a1"}),
        ({"stageTimestamp": "2026-01-01T00:00:00.000001Z"}, "occurred_at", "2026-01-01T00:00:00.000001Z"),
        ({}, "occurred_at", RECEIVED),
        ({"responseStatus": {"reason": "Forbidden", "code": 403}}, "reason", "Forbidden"),
    ],
)
def test_fields_are_mapped(importer: Importer, change: dict[str, Any], field: str, value: Any) -> None:
    """One event, one thing different."""
    assert importer.record(kubernetes.read(json.dumps(MINIMAL | change).encode()))[field] == value


def test_list_lines_and_single_event_give_the_same(importer: Importer) -> None:
    """An EventList from the webhook, a log file, and one event alone."""
    events = [MINIMAL | {"auditID": str(number), "stage": stage} for number in (1, 2) for stage in ("Panic", "Other")]
    lists = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": events}
    lines = b"\n".join(json.dumps(event).encode() for event in events)
    as_list = importer.intake(kubernetes.read(json.dumps(lists, indent=1).encode())).prepared
    as_lines = importer.intake(kubernetes.read(lines + b"\n\n")).prepared
    alone = [
        prepared
        for event in events
        for prepared in importer.intake(kubernetes.read(json.dumps(event).encode())).prepared
    ]
    assert [one.id for one in as_list] == [one.id for one in as_lines] == [one.id for one in alone]
    assert len({one.id for one in as_list}) == 4, "each stage is an event"
    assert importer.intake(kubernetes.read(b'{"kind":"EventList","items":[]}')).prepared == []


def test_a_poison_event_costs_none_of_its_neighbours(importer: Importer) -> None:
    """In a list as in a file."""
    good, worse = json.dumps(MINIMAL).encode(), [b'{"auditID":1}', b'{"a":1,"a":2}', b"3", b'{"s":"\\ud800"}', b"[NaN]"]
    body = b'{"items":[' + b",".join([*worse, good]) + b"]}"
    intake = importer.intake(kubernetes.read(body))
    assert len(intake.prepared) == 1
    assert [rejected.record for rejected in intake.rejected] == [f"/items/{place}" for place in range(5)]
    intake = importer.intake(kubernetes.read(b"\n".join([b'{"torn', *worse, good, b"\xff", good])))
    assert len(intake.prepared) == 2
    assert [rejected.record for rejected in intake.rejected] == ["/0", "/1", "/2", "/3", "/4", "/5", "/7"]


@pytest.mark.parametrize(
    "event", [{"apiVersion": "v1"}, {"auditID": ""}, {"auditID": None}, {"stage": 3}, {"verb": None}]
)
def test_what_is_no_audit_event_is_rejected(importer: Importer, event: dict[str, Any]) -> None:
    """Another kind of object, or one without what names it."""
    intake = importer.intake(kubernetes.read(json.dumps(MINIMAL | event).encode()))
    assert intake.prepared == []
    assert "auditID, stage and verb" in intake.rejected[0].detail


@pytest.mark.parametrize("body", [b"", b"nonsense", b"a\nb", b'{"items":', b"\xff", b'{"items":[1],"items":[2]}'])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    """There is nothing to take one by one."""
    with pytest.raises(MalformedInput):
        kubernetes.read(body)

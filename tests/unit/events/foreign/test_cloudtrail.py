"""CloudTrail: every real record is taken, and says who did what to what, from where, with which outcome."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785

from indelible.errors import MalformedInput
from indelible.events.foreign import Rejected, cloudtrail
from tests.unit.events.foreign.conftest import Importer, sample_files

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    importer = Importer()
    return [
        record for path in sample_files("cloudtrail") for record in importer.records(cloudtrail.read(path.read_bytes()))
    ]


@pytest.fixture(scope="module")
def originals() -> dict[str, dict[str, Any]]:
    return {
        original["eventID"]: original
        for path in sample_files("cloudtrail")
        for original in json.loads(path.read_bytes())["Records"]
    }


def test_all_sample_files_are_taken_whole(records: list[dict[str, Any]], originals: dict[str, dict[str, Any]]) -> None:
    """46 files, 2,549 records, each with its original, each under an id of its own."""
    assert len(sample_files("cloudtrail")) == 46
    assert len(records) == len(originals) == 2_549
    assert len({record["id"] for record in records}) == 2_549
    for record in records:
        original = originals[record["upstream"]["id"]]
        canonical = rfc8785.dumps(original)
        assert record["raw"] == original
        assert record["upstream"]["sha256"] == hashlib.sha256(canonical).hexdigest()
        assert record["upstream"]["size"] == len(canonical)
        assert record["occurred_at"] == original["eventTime"].replace("Z", ".000000Z")


def test_sample_outcomes_are_those_of_the_error_codes(
    records: list[dict[str, Any]], originals: dict[str, dict[str, Any]]
) -> None:
    """No error code is success; denial is told from failure."""
    assert Counter(record["outcome"] for record in records) == {"success": 2_283, "failure": 207, "denied": 59}
    denied = {originals[one["upstream"]["id"]]["errorCode"] for one in records if one["outcome"] == "denied"}
    assert denied == {"AccessDenied", "Client.UnauthorizedOperation"}
    assert all(("errorCode" in originals[one["upstream"]["id"]]) == (one["outcome"] != "success") for one in records)


def test_sample_actors_are_named(records: list[dict[str, Any]]) -> None:
    """Users and roles by ARN, services by their name; nobody is unknown."""
    assert Counter(record["actor"]["type"] for record in records) == {
        "IAMUser": 2_427,
        "AssumedRole": 75,
        "AWSService": 47,
    }
    for record in records:
        if record["actor"]["type"] == "AWSService":
            assert record["actor"]["id"].endswith(".amazonaws.com")
        else:
            assert record["actor"]["id"].startswith(("arn:aws:", "AIDA", "AROA"))
            assert record["actor"]["name"]


def test_sample_addresses_are_addresses(records: list[dict[str, Any]], originals: dict[str, dict[str, Any]]) -> None:
    """An address is an ip, a service is a service, never both."""
    assert Counter("ip" in record["context"] for record in records) == {True: 2_238, False: 311}
    for record in records:
        peer = originals[record["upstream"]["id"]]["sourceIPAddress"]
        assert record["context"].get("ip", record["context"].get("service")) == peer


def test_sample_targets_are_found(records: list[dict[str, Any]]) -> None:
    """Every record with resources or naming parameters has targets; types bear no colon."""
    kinds = Counter(target["type"] for record in records for target in record.get("targets", []))
    for kind, least in {"kms.key": 235, "s3.bucket": 200, "iam.role": 180, "ec2.vpc": 120, "ec2.instance": 80}.items():
        assert kinds[kind] >= least
    assert all(record.get("targets") for record in records if record["raw"].get("resources"))
    assert sum("targets" in record for record in records) > 1_700


def test_sample_operations_leave_no_read_for_a_change(records: list[dict[str, Any]]) -> None:
    """What AWS calls read-only is a read; what is not, never is."""
    for record in records:
        if record["operation"] != "login":
            assert (record["operation"] == "read") == record["raw"]["readOnly"]


GOLDEN: dict[str, dict[str, Any]] = {
    # somebody signs in to the console as a user that an attack has given a password
    "70e5932e-9022-4b38-837e-ca10dad94eb7": {
        "action": "aws.signin.ConsoleLogin",
        "operation": "login",
        "outcome": "success",
        "actor": {
            "type": "IAMUser",
            "id": "arn:aws:iam::123837392027:user/stratus-red-team-nmfalu-gfjyeaypjt",
            "name": "stratus-red-team-nmfalu-gfjyeaypjt",
            "attributes": {"account_id": "123837392027"},
        },
        "context": {"ip": "192.168.10.20", "user_agent": "stratus-red-team_01190e38-873e-4cc4-aede-7ceb7ffc2a4a"},
        "occurred_at": "2023-07-10T12:23:15.000000Z",
    },
    # a disk's snapshot is shared with a foreign account
    "741616fd-4713-426d-8861-3ccae4ba994e": {
        "action": "aws.ec2.ModifySnapshotAttribute",
        "operation": "update",
        "targets": [
            {"type": "ec2.snapshot", "id": "snap-083d3b857c13988bc"},
            {"type": "ec2.user", "id": "012345678912"},
        ],
    },
    # a service acts by itself
    "92108b75-429b-4d53-9b83-05a78fb4e4c2": {
        "action": "aws.s3.GetBucketAcl",
        "actor": {"type": "AWSService", "id": "cloudtrail.amazonaws.com"},
        "context": {
            "service": "cloudtrail.amazonaws.com",
            "user_agent": "cloudtrail.amazonaws.com",
            "request_id": "3NRK5HPBE28TM16N",
        },
        "targets": [{"type": "s3.bucket", "id": "arn:aws:s3:::stratus-red-team-ctes-bucket-qyxyekjbtk"}],
    },
    # an identity without a type
    "d2ba211c-a040-45b6-86d0-33249cc21647": {
        "action": "aws.secretsmanager.StartSecretVersionDelete",
        "actor": {
            "type": "AWSService",
            "id": "secretsmanager.amazonaws.com",
            "attributes": {"account_id": "123837392027"},
        },
    },
}


@pytest.mark.parametrize("event_id", GOLDEN)
def test_chosen_records_map_as_written(records: list[dict[str, Any]], event_id: str) -> None:
    """Field by field."""
    (record,) = [record for record in records if record["upstream"]["id"] == event_id]
    assert {name: record[name] for name in GOLDEN[event_id]} == GOLDEN[event_id]


def test_importing_again_makes_the_same_events(records: list[dict[str, Any]]) -> None:
    """Ids are those of the first time; in another log they are others."""
    path = sample_files("cloudtrail")[0]
    again = {record["id"] for record in Importer().records(cloudtrail.read(path.read_bytes()))}
    assert again <= {record["id"] for record in records}
    elsewhere = {record["id"] for record in Importer("example.com/other").records(cloudtrail.read(path.read_bytes()))}
    assert not again & elsewhere
    assert len(again) == len(elsewhere)


MINIMAL: dict[str, Any] = {"eventID": "e1", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser"}


def _file(*records: Any) -> Iterator[Any]:
    return cloudtrail.read(json.dumps({"Records": records}).encode())


def test_a_poison_record_costs_none_of_its_neighbours(importer: Importer) -> None:
    """What cannot be mapped is returned with its place; the rest is taken."""
    intake = importer.intake(
        _file(
            MINIMAL,
            "text",
            {**MINIMAL, "eventID": ""},
            {**MINIMAL, "eventName": "x" * 300},
            {**MINIMAL, "eventID": "e2"},
        )
    )
    assert len(intake.prepared) == 2
    assert [rejected.record for rejected in intake.rejected] == ["/Records/1", "/Records/2", "/Records/3"]
    assert "expected an object" in intake.rejected[0].detail
    assert "eventID" in intake.rejected[1].detail
    assert "/action: at most 256" in intake.rejected[2].detail


def test_duplicate_keys_in_a_record_reject_it_alone(importer: Importer) -> None:
    """Nobody can say what such a record means."""
    body = b'{"Records":[{"eventID":"e1","eventID":"e2"},' + json.dumps(MINIMAL).encode() + b"]}"
    intake = importer.intake(cloudtrail.read(body))
    assert len(intake.prepared) == 1
    assert intake.rejected == [
        Rejected(record="/Records/0", detail="/eventID: this key occurs twice in its object; keep one")
    ]


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"errorCode": "AccessDenied"}, "outcome", "denied"),
        ({"errorCode": "Client.UnauthorizedOperation"}, "outcome", "denied"),
        ({"errorCode": "NoSuchEntity"}, "outcome", "failure"),
        ({"responseElements": {"ConsoleLogin": "Failure"}}, "outcome", "failure"),
        ({}, "outcome", "success"),
        ({"eventTime": "not a time"}, "occurred_at", "2026-02-03T04:05:06.000007Z"),
        ({"eventTime": "2023-07-10T12:00:00Z"}, "occurred_at", "2023-07-10T12:00:00.000000Z"),
        ({"readOnly": True}, "operation", "read"),
        ({"eventName": "AssumeRole", "readOnly": True}, "operation", "login"),
        ({"eventName": "TerminateInstances"}, "operation", "delete"),
        ({"eventName": "lowercase"}, "operation", "other"),
        ({"eventSource": "custom.example.com"}, "action", "aws.custom.example.com.CreateUser"),
        ({"userIdentity": {"type": "Root", "principalId": "1"}}, "actor", {"type": "Root", "id": "1"}),
        ({"userIdentity": {}}, "actor", {"type": "unknown", "id": "-"}),
        ({"userIdentity": None}, "actor", {"type": "unknown", "id": "-"}),
        ({"sourceIPAddress": "2001:db8::1"}, "context", {"ip": "2001:db8::1"}),
        ({"sourceIPAddress": "AWS Internal"}, "context", {"service": "AWS Internal"}),
        ({"resources": [{"ARN": "arn:aws:s3:::b/k"}]}, "targets", [{"type": "s3.object", "id": "arn:aws:s3:::b/k"}]),
        ({"resources": [{"ARN": "arn:aws:s3:::b"}]}, "targets", [{"type": "s3.bucket", "id": "arn:aws:s3:::b"}]),
        ({"resources": [{"ARN": "arn:aws:sns:eu:1:t"}]}, "targets", [{"type": "sns", "id": "arn:aws:sns:eu:1:t"}]),
        (
            {"resources": [{"ARN": "arn:aws:iam::1:role/x"}] * 2},
            "targets",
            [{"type": "iam.role", "id": "arn:aws:iam::1:role/x"}],
        ),
        ({"resources": [{"ARN": "odd"}]}, "targets", [{"type": "aws.resource", "id": "odd"}]),
        (
            {
                "requestParameters": {
                    "name": "n",
                    "roleName": "r",
                    "filterSet": {"roleName": "no"},
                    "n": {"groupIds": ["g"]},
                }
            },
            "targets",
            [{"type": "iam.user", "id": "n"}, {"type": "iam.role", "id": "r"}, {"type": "iam.group", "id": "g"}],
        ),
        (
            {"requestParameters": {"NatGatewayId": {"tag": 1, "content": "nat-1"}}},
            "targets",
            [{"type": "iam.natgateway", "id": "nat-1"}],
        ),
    ],
)
def test_fields_are_mapped(importer: Importer, change: dict[str, Any], field: str, value: Any) -> None:
    """One record, one thing different."""
    assert importer.record(_file(MINIMAL | change))[field] == value


def test_hostile_parameters_are_bounded(importer: Importer) -> None:
    """Thousands of names and deep nesting give at most 64 targets."""
    deep: Any = [{"roleName": "too deep"}]
    for _ in range(200):
        deep = [[{"x": [deep]}]]
    record = importer.record(
        _file(MINIMAL | {"requestParameters": {"roleNames": [str(n) for n in range(2000)], "d": deep}})
    )
    assert len(record["targets"]) == 64
    assert isinstance(record["raw"], str), "too deep for JSON in a record: kept as base64"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"Records":{}}', b'{"Records":[', b"\xff", b'{"Records":[{}}'])
def test_what_is_no_cloudtrail_file_is_malformed(body: bytes) -> None:
    """The whole is refused when there is nothing to take one by one."""
    with pytest.raises(MalformedInput):
        cloudtrail.read(body)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (json.dumps(MINIMAL).encode(), "it has no Records"),
        (b'{"records":[]}', "it has no Records"),
        (b"{}", "it has no Records"),
        (json.dumps([MINIMAL]).encode(), "it is not, at character 0"),
        (b'{"Records":3}', "it is not, at character 11"),
        (b'{"Records":[] x', "it is not, at character 14"),
    ],
)
def test_a_file_of_another_shape_is_told_what_was_expected(document: bytes, why: str) -> None:
    """With the place where it departs from it; a member that is missing has none."""
    with pytest.raises(MalformedInput) as raised:
        list(cloudtrail.read(document))
    assert str(raised.value) == f"expected an object with Records, an array; {why}"

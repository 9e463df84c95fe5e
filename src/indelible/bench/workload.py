"""The events that benchmarks send: as many distinct ones as wanted, about 450 bytes each, made as if by real producers.

Actions, their frequencies, the kinds of targets, addresses and agents follow the CloudTrail events in ``samples/``. An
event is known by its number: the same number gives the same bytes in every process, so that load can be sent again. Ids
are UUIDv7 whose time rises with the number, with scattered tails, as ids from many producers do.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MEDIA_TYPE", "Workload"]

MEDIA_TYPE = "application/x-ndjson"

_SHAPES = 4096
_FIRST_MILLISECOND = 1_767_225_600_000  # the start of 2026
_EVENTS_PER_MILLISECOND = 50
_GOLDEN = 0x9E3779B97F4A7C15  # odd, so that multiplying by it permutes the numbers below 2**48
_ACCOUNT = "123837392027"

_ACTIONS = (
    ("kms", "Decrypt", "execute", "aws.kms.Key", 175),
    ("ec2", "DescribeRouteTables", "read", "aws.ec2.RouteTable", 138),
    ("iam", "GetUser", "read", "aws.iam.User", 105),
    ("ssm", "DescribeParameters", "read", "aws.ssm.Parameter", 82),
    ("ssm", "GetParameter", "read", "aws.ssm.Parameter", 80),
    ("ssm", "ListTagsForResource", "read", "aws.ssm.Parameter", 77),
    ("secretsmanager", "GetSecretValue", "read", "aws.secretsmanager.Secret", 60),
    ("ec2", "DescribeNatGateways", "read", "aws.ec2.NatGateway", 51),
    ("ssm", "PutParameter", "update", "aws.ssm.Parameter", 42),
    ("kms", "Encrypt", "execute", "aws.kms.Key", 41),
    ("s3", "GetBucketAcl", "read", "aws.s3.Bucket", 39),
    ("sts", "AssumeRole", "login", "aws.iam.Role", 30),
    ("iam", "CreateUser", "create", "aws.iam.User", 9),
    ("ec2", "TerminateInstances", "delete", "aws.ec2.Instance", 6),
)
_AGENTS = (
    "aws-sdk-go/1.44.157 (go1.19.3; linux; amd64)",
    "Boto3/1.26.165 Python/3.10.6 Botocore/1.29.165",
    "APN/1.0 HashiCorp/1.0 Terraform/1.1.2",
    "S3Console/0.4, aws-internal/3",
)
_OUTCOMES = (("success", 94), ("denied", 4), ("failure", 2))


class Workload:
    """An endless row of distinct events. Making one from its number costs a microsecond or two."""

    def __init__(self) -> None:
        chance = random.Random(20_230_710)  # noqa: S311 - the same events every time are wanted
        self._rests = [msgspec.json.encode(_event(chance))[1:] for _ in range(_SHAPES)]

    def event(self, number: int) -> bytes:
        """Event ``number`` as a JSON object in one line, without a line feed."""
        return b'{"id":"%b",%b' % (event_id(number).encode(), self._rests[number % _SHAPES])

    def ndjson(self, numbers: Iterable[int]) -> bytes:
        """These events, one a line."""
        return b"".join([b"%b\n" % self.event(number) for number in numbers])


def event_id(number: int) -> str:
    """The id of event ``number``, in ``[0, 2**40)``."""
    time = f"{_FIRST_MILLISECOND + number // _EVENTS_PER_MILLISECOND:012x}"
    tail = f"{(number * _GOLDEN) & 0xFFFF_FFFF_FFFF_FFFF:016x}"
    return f"{time[:8]}-{time[8:]}-7{tail[:3]}-a{tail[1:4]}-{tail[4:]}"


def _event(chance: random.Random) -> dict[str, object]:
    service, action, operation, kind, _ = chance.choices(_ACTIONS, [row[-1] for row in _ACTIONS])[0]
    (outcome, _) = chance.choices(_OUTCOMES, [row[-1] for row in _OUTCOMES])[0]
    user = f"user-{int(chance.paretovariate(0.6)) % 997:03d}"
    second, microsecond = divmod(chance.randrange(3_600_000_000), 1_000_000)
    return {
        "occurred_at": f"2026-01-01T00:{second // 60:02d}:{second % 60:02d}.{microsecond:06d}Z",
        "action": f"aws.{service}.{action}",
        "operation": operation,
        "outcome": outcome,
        "actor": {"type": "IAMUser", "id": f"arn:aws:iam::{_ACCOUNT}:user/{user}", "name": user},
        "targets": [{"type": kind, "id": f"arn:aws:{service}:us-east-1:{_ACCOUNT}:{chance.randrange(5000):04d}"}],
        "context": {
            "ip": f"192.168.{chance.randrange(4)}.{chance.randrange(1, 255)}",
            "user_agent": chance.choice(_AGENTS),
            "request_id": f"{chance.getrandbits(64):016x}",
        },
    }

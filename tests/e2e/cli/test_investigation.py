"""The incident of ``docs/tutorial/investigate.md``: every answer is that of a plain scan over the records.

The scan is Python over dictionaries and knows nothing of the query language or the index.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

import indelible
from indelible.cli.demo.samples import samples_folder
from tests.e2e.cli.command import Command, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    Record: TypeAlias = dict[str, Any]
    Predicate: TypeAlias = Callable[[Record], bool]

PAGE = Path(__file__).resolve().parents[3] / "docs" / "tutorial" / "investigate.md"
KEY = "AKIATFQR7NSC8Q4X20BJ"
WITH_VALUE = ("--facet", "--limit", "--buckets", "--order", "--since", "--until", "--saved")
FLAGS = ("--histogram", "--proof")

pytestmark = pytest.mark.xdist_group("investigation")


def key_of(record: Record) -> str | None:
    key: str | None = record["actor"].get("attributes", {}).get("access_key_id")
    return key


def ip_of(record: Record) -> str | None:
    ip: str | None = record.get("context", {}).get("ip")
    return ip


def is_instance(record: Record) -> bool:
    return str(record["actor"]["id"]).endswith("/i-0dbc91f429e48eeed")


def holds(value: object, text: str) -> bool:
    if isinstance(value, dict):
        return any(text in name or holds(inner, text) for name, inner in value.items())
    if isinstance(value, list):
        return any(holds(inner, text) for inner in value)
    return isinstance(value, str) and text in value.lower()


def acts(*beginnings: str) -> Predicate:
    return lambda record: record["action"].startswith(beginnings)


HIDING = acts(
    "aws.cloudtrail.StopLogging",
    "aws.cloudtrail.DeleteTrail",
    "aws.cloudtrail.PutEventSelectors",
    "aws.ec2.DeleteFlowLogs",
)
PERSISTING = acts(
    "aws.iam.CreateLoginProfile",
    "aws.rolesanywhere.CreateTrustAnchor",
    "aws.lambda.AddPermission",
    "aws.lambda.UpdateFunctionCode",
)

QUESTIONS: dict[str, Predicate] = {
    "": lambda _: True,
    "action:aws.iam.* outcome:denied": lambda r: r["action"].startswith("aws.iam.") and r["outcome"] == "denied",
    "outcome:denied": lambda r: bool(r["outcome"] == "denied"),
    "action:aws.organizations.LeaveOrganization": lambda r: bool(r["action"] == "aws.organizations.LeaveOrganization"),
    "actor.name:bert-jan": lambda r: r["actor"].get("name") == "bert-jan",
    "ip:192.168.10.20": lambda r: ip_of(r) == "192.168.10.20",
    f"actor.attributes.access_key_id:{KEY}": lambda r: key_of(r) == KEY,
    '"stratus-red-team_" -context.user_agent:*Terraform* action:aws.rds.*': lambda r: (
        r["action"].startswith("aws.rds.")
        and holds(r, "stratus-red-team_")
        and "Terraform" not in r["context"].get("user_agent", "")
    ),
    "(action:aws.cloudtrail.StopLogging OR action:aws.cloudtrail.DeleteTrail "
    "OR action:aws.cloudtrail.PutEventSelectors OR action:aws.ec2.DeleteFlowLogs) -outcome:failure": lambda r: (
        HIDING(r) and r["outcome"] != "failure"
    ),
    "actor:*/i-0dbc91f429e48eeed": is_instance,
    "actor:*/i-0dbc91f429e48eeed -ip:3.225.16.109": lambda r: is_instance(r) and ip_of(r) != "3.225.16.109",
    "action:aws.ssm.SendCommand outcome:success": lambda r: (
        r["action"] == "aws.ssm.SendCommand" and r["outcome"] == "success"
    ),
    "action:aws.ec2.GetPasswordData": lambda r: bool(r["action"] == "aws.ec2.GetPasswordData"),
    "action:aws.secretsmanager.GetSecretValue": lambda r: bool(r["action"] == "aws.secretsmanager.GetSecretValue"),
    "(action:*.ModifySnapshotAttribute OR action:*.ModifyDBSnapshotAttribute)": lambda r: r["action"].endswith(
        (".ModifySnapshotAttribute", ".ModifyDBSnapshotAttribute")
    ),
    "193672423079": lambda r: holds(r, "193672423079"),
    "(action:aws.iam.CreateLoginProfile OR action:aws.rolesanywhere.CreateTrustAnchor "
    "OR action:aws.lambda.AddPermission* OR action:aws.lambda.UpdateFunctionCode*) -outcome:failure": lambda r: (
        PERSISTING(r) and r["outcome"] != "failure"
    ),
    "action:aws.signin.ConsoleLogin": lambda r: bool(r["action"] == "aws.signin.ConsoleLogin"),
    f"actor.attributes.access_key_id:{KEY} -operation:read": lambda r: (
        key_of(r) == KEY and r.get("operation") != "read"
    ),
    "action:aws.rds.*": acts("aws.rds."),
}
"""Each query of the page, and what it means."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose ``data`` holds the CloudTrail sample, the same for all questions."""
    folder = tmp_path_factory.mktemp("incident")
    command = Command(folder)
    command("init").expect(0)
    command("import", "cloudtrail", str(samples_folder() / "cloudtrail")).expect(0)
    return folder


@pytest.fixture(scope="module")
def records(folder: Path) -> dict[int, Record]:
    """Every record by its index, read from the log entry by entry."""
    environment = {"INDELIBLE_STATE": str(folder / "state")}
    with indelible.open(folder / "data", read_only=True, environment=environment) as log:
        return {index: log.get(index).record for index in range(log.checkpoint().size)}


@pytest.fixture
def cli(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> InProcess:
    return InProcess(folder, monkeypatch, capsys)


def searches_of_the_page() -> list[list[str]]:
    commands = re.findall(r"^\$ indelible search (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [shlex.split(command) for command in commands]


def query_of(words: list[str]) -> str:
    """The query within the words of a command: what is no option, nor the value of one."""
    kept, skip = [], False
    for word in words:
        if not skip and word not in (*WITH_VALUE, *FLAGS):
            kept.append(word)
        skip = word in WITH_VALUE
    return " ".join(kept)


def test_the_page_asks_nothing_that_is_not_compared_here() -> None:
    """Every query of the page has a scan beside it, and there are more than the eleven that were promised."""
    asked = {query_of(words) for words in searches_of_the_page()}
    assert asked == set(QUESTIONS)
    assert len(asked) > 11


@pytest.mark.parametrize("query", QUESTIONS)
def test_search_finds_what_a_scan_finds(cli: InProcess, records: dict[int, Record], query: str) -> None:
    """The same records, newest first, each with all of its fields."""
    found = cli("search", *shlex.split(query.replace('"', "'\"'")), "--all", "--json").expect(0).json_lines
    expected = [index for index, record in sorted(records.items(), reverse=True) if QUESTIONS[query](record)]
    assert [one["index"] for one in found] == expected
    for one in found:
        own = {name: value for name, value in one.items() if name not in ("index", "leaf_hash", "published")}
        assert own == records[one["index"]]


def test_facets_count_what_a_scan_counts(cli: InProcess, records: dict[int, Record]) -> None:
    """Values and their counts are those that counting gives."""
    facets = cli("search", "--facet", "action", "outcome:denied", "--limit", "100", "--json").expect(0).json
    counted = Counter(record["action"] for record in records.values() if record["outcome"] == "denied")
    assert {one["value"]: one["count"] for one in facets["values"]} == counted
    assert (facets["distinct"], facets["total"]) == (len(counted), sum(counted.values()))
    addresses = cli("search", "--facet", "ip", "actor:*/i-0dbc91f429e48eeed", "--json").expect(0).json
    counted = Counter(ip_of(record) for record in records.values() if is_instance(record))
    assert {one["value"]: one["count"] for one in addresses["values"]} == counted


def test_histogram_counts_what_a_scan_counts(cli: InProcess, records: dict[int, Record]) -> None:
    """Each event is in the bucket of its time, under its outcome."""
    histogram = cli("search", "--histogram", "--buckets", "12", "--json").expect(0).json
    assert histogram["total"] == len(records)
    for bucket in histogram["buckets"]:
        inside = [r["outcome"] for r in records.values() if bucket["start"] <= r["occurred_at"] < bucket["end"]]
        assert {outcome: count for outcome, count in bucket["counts"].items() if count} == Counter(inside)


def test_times_bound_what_is_found(cli: InProcess, records: dict[int, Record]) -> None:
    """The question of the page's end: one key, six minutes, no reads."""
    words = next(words for words in searches_of_the_page() if "--since" in words)
    found = cli("search", *words, "--json").expect(0).json_lines
    expected = {
        index
        for index, record in records.items()
        if key_of(record) == KEY
        and record.get("operation") != "read"
        and "2023-07-10T12:20:00" <= record["occurred_at"] < "2023-07-10T12:26:00"
    }
    assert {one["index"] for one in found} == expected
    assert expected

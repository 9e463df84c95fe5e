"""`indelible.open`, with and without `await`: one object, durable answers, nothing that outlives `close`."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

import indelible
import indelible.aio
from indelible.embedded import DataDirectory
from indelible.errors import (
    Closed,
    IdConflict,
    InvalidEvent,
    Locked,
    NotFound,
    NotYetPublished,
    ProofError,
    UsageError,
)
from indelible.sdk.audit_log import AuditLog
from indelible.verify.verdicts import Status, VerdictName

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"INDELIBLE_STATE": str(tmp_path / "state")}


@pytest.fixture
def path(tmp_path: Path, environment: dict[str, str]) -> Path:
    DataDirectory.create(tmp_path / "data", environment=environment).close()
    return tmp_path / "data"


def test_open_creates_only_when_asked(tmp_path: Path, environment: dict[str, str]) -> None:
    """A log is created only by an explicit act; `create=True` is one, and opens what is there already."""
    with pytest.raises(NotFound, match="init"):
        indelible.open(tmp_path / "audit", environment=environment)
    for size in (1, 2):
        with indelible.open(tmp_path / "audit", create=True, environment=environment) as log:
            assert log.record("a.b", actor="user:ada").index == size - 1


def test_open_refuses_to_write_to_the_system_log(path: Path, environment: dict[str, str]) -> None:
    """In a directory, too, nobody adds to what is recorded of Indelible itself; anybody who has the files reads it."""
    with pytest.raises(UsageError, match="its own"):
        indelible.open(path, log="_system", environment=environment)
    with indelible.open(path, log="_system", read_only=True, environment=environment) as log:
        assert log.get(0).record["action"] == "indelible.log_created"


def test_record_gives_a_receipt_that_verifies(path: Path, environment: dict[str, str]) -> None:
    """The receipt names the entry; waiting and verifying end well; the record holds what was said."""
    with indelible.open(path, environment=environment) as log:
        receipt = log.record(
            "invoice.approve", actor="user:ada", targets=["invoice:9", {"type": "team", "id": "x", "name": "X"}],
            reason="under the limit", metadata={"amount": 950},
        )  # fmt: skip
        receipt.wait_published(timeout=60)
        receipt.verify()
        entry = log.get(receipt.id)
        assert log.name == "main"
        assert (entry.index, entry.leaf_hash, entry.published) == (receipt.index, receipt.leaf_hash, True)
        assert entry.record["targets"][1]["name"] == "X"
        assert entry.record["principal"].startswith("local:")
        assert log.prove(0).record == entry.record
        assert log.checkpoint().size == 1


def test_record_many_is_all_or_nothing(path: Path, environment: dict[str, str]) -> None:
    """One bad event refuses the call, and names its place; good ones get consecutive indices."""
    with indelible.open(path, environment=environment) as log:
        good = [{"action": f"a.{number}", "actor": "user:ada", "targets": ["x:y"]} for number in range(5)]
        with pytest.raises(InvalidEvent) as raised:
            log.record_many([*good, {"action": "", "actor": "user:ada"}])
        assert raised.value.places[0].pointer == "/5/action"
        assert [receipt.index for receipt in log.record_many(good)] == [0, 1, 2, 3, 4]
        assert log.record_many([]) == []
        with pytest.raises(InvalidEvent) as alone:
            log.record("", actor="user:ada")
        assert alone.value.places[0].pointer == "/action"
        with pytest.raises(InvalidEvent) as one_of_one:
            log.record_many([{"action": "", "actor": "user:ada"}])
        assert one_of_one.value.places[0].pointer == "/0/action"


def test_record_is_idempotent_by_id(path: Path, environment: dict[str, str]) -> None:
    """The same id with the same content is the same entry, with other content a conflict."""
    with indelible.open(path, environment=environment) as log:
        first = log.record("a.b", actor="user:ada")
        again = log.record("a.b", actor="user:ada", id=first.id)
        assert (again.index, again.duplicate, first.duplicate) == (first.index, True, False)
        with pytest.raises(IdConflict):
            log.record("a.c", actor="user:ada", id=first.id)


def test_open_is_for_one_writer_and_many_readers(path: Path, environment: dict[str, str]) -> None:
    """A second writer is refused; readers see entries by index and by id, whether or not an id run holds them yet."""
    with indelible.open(path, environment=environment) as log:
        receipts = log.record_many([{"action": f"a.{number}", "actor": "user:ada"} for number in range(300)])
        with pytest.raises(Locked):
            indelible.open(path, environment=environment)
        with indelible.open(path, read_only=True, environment=environment) as reader:
            for receipt in (receipts[0], receipts[-1]):
                assert reader.get(receipt.id).index == receipt.index
                assert reader.get(receipt.index).record["id"] == receipt.id
            with pytest.raises(UsageError, match="opened for reading"):
                reader.record("a.b", actor="user:ada")
        receipts[-1].wait_published()
        with indelible.open(path, read_only=True, environment=environment) as reader:
            assert reader.prove(receipts[-1].id).index == 299
            with pytest.raises(NotYetPublished):
                reader.run(reader.plans.wait_published(1_000, 0.0))
    indelible.open(path, environment=environment).close()


def test_get_says_what_is_not_there(path: Path, environment: dict[str, str]) -> None:
    """Wrong references are told apart: no such entry, no such event, no id at all, no index at all."""
    for read_only in (False, True):
        with indelible.open(path, read_only=read_only, environment=environment) as log:
            with pytest.raises(NotFound):
                log.get(0)
            with pytest.raises(NotFound):
                log.get("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
            for wrong in ("nonsense", "", "0", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f"):
                with pytest.raises(UsageError, match="index in the log, a number from 0 on, or its id, a UUIDv7"):
                    log.get(wrong)
            with pytest.raises(UsageError):
                log.get(-1)


def test_close_ends_everything_and_may_be_repeated(path: Path, environment: dict[str, str]) -> None:
    """After `close` the lock is free, no thread is left, and recording is refused."""
    before = threading.active_count()
    log = indelible.open(path, environment=environment)
    log.record("a.b", actor="user:ada")
    log.close()
    log.close()
    assert threading.active_count() == before
    with pytest.raises(Closed):
        log.record("a.b", actor="user:ada")


def test_verify_reports_and_remembers(path: Path, environment: dict[str, str]) -> None:
    """The first verification pins down a checkpoint; the next must extend it."""
    with indelible.open(path, environment=environment) as log:
        log.record("a.b", actor="user:ada").wait_published()
        first = log.verify().logs[0]
        assert first.verdicts[VerdictName.CONSISTENT].status is Status.NOT_CHECKED
        log.record("a.b", actor="user:ada").wait_published()
        second = log.verify()
        assert second.exit_status() == 0
        assert second.logs[0].verdicts[VerdictName.CONSISTENT].status is Status.VERIFIED
        assert log.verify(quick=True).logs[0].verdicts[VerdictName.INTACT].status is not Status.VERIFIED


def test_receipt_verify_notices_another_entry_in_its_place(path: Path, environment: dict[str, str]) -> None:
    """A receipt is compared with what the log proves now."""
    with indelible.open(path, environment=environment) as log:
        receipt = log.record("a.b", actor="user:ada")
        other = log.record("a.c", actor="user:ada")
        forged = type(receipt)(
            id=receipt.id, index=other.index, leaf_hash=receipt.leaf_hash, duplicate=False, _log=log
        )  # fmt: skip
        with pytest.raises(ProofError, match="not the one"):
            forged.verify()


def test_aio_open_does_the_same_with_await(path: Path, environment: dict[str, str]) -> None:
    """The async object has the same names and gives the same answers; it can be awaited or entered."""

    async def scenario() -> None:
        async with indelible.aio.open(path, environment=environment) as log:
            receipts = await asyncio.gather(*(log.record("a.b", actor=f"user:{number}") for number in range(50)))
            assert sorted(receipt.index for receipt in receipts) == list(range(50))
            await receipts[-1].wait_published(60)
            await receipts[-1].verify()
            assert (await log.get(receipts[3].id)).index == receipts[3].index
            assert (await log.prove(0)).index == 0
            assert (await log.checkpoint()).size == 50
            assert (await log.verify()).exit_status() == 0
            assert log.name == "main"
            many = await log.record_many([{"action": "a.b", "actor": "user:ada"}] * 2)
            assert [receipt.index for receipt in many] == [50, 51]
            assert await log.record_many([]) == []
            with pytest.raises(InvalidEvent):
                await log.record("", actor="user:ada")
            with pytest.raises(NotYetPublished):
                await log.run(log.plans.wait_published(1_000, 0.01))
        log = await indelible.aio.open(path, read_only=True, environment=environment)
        assert (await log.get(0)).published
        await log.close()

    asyncio.run(scenario())


def test_indelible_names_are_all_there() -> None:
    """Every public name exists, nothing else is promised, and an unknown one is an AttributeError."""
    for name in indelible.__all__:
        assert getattr(indelible, name) is not None
    assert dir(indelible) == sorted(indelible.__all__)
    assert indelible.AuditLog is AuditLog
    with pytest.raises(AttributeError, match="nonsense"):
        _ = indelible.nonsense

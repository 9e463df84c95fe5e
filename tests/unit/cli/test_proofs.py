"""A proof that came with an entry is checked under keys that are known here, and what is wrong with it is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import indelible
from indelible.cli.proofs import ProofChecker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.sdk.audit_log import AuditLog
    from indelible.sdk.found import FoundEntry


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditLog]:
    folder: Path = tmp_path_factory.mktemp("log")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INDELIBLE_STATE", str(folder / "state"))
        with indelible.open(folder / "data", create=True) as log:
            for number in range(3):
                last = log.record(f"door.{number}", actor="user:ada")
            last.wait_published()
            yield log


@pytest.fixture(scope="module")
def found(log: AuditLog) -> list[FoundEntry]:
    return list(log.search(order="asc", proof=True))


def test_a_proof_that_holds_is_no_failure(log: AuditLog, found: list[FoundEntry]) -> None:
    """Neither is the absence of one where no checkpoint covers the entry yet."""
    checker = ProofChecker(log)
    assert [checker.failure(each) for each in found] == [None] * 3
    assert checker.failure(replace(found[0], proof=None, published=False)) is None


def test_whatever_is_wrong_with_a_proof_is_said(log: AuditLog, found: list[FoundEntry]) -> None:
    """Another entry's bytes or proof, no proof at all, one that is none, and one that is not signed by the log."""
    checker, one = ProofChecker(log), found[1]
    assert one.proof is not None
    checkpoint = one.proof.index(b"\n\n") + 2
    foreign = one.proof[:checkpoint] + one.proof[checkpoint:].replace("\n— ".encode(), "\n— not-".encode())
    for wrong, said in (
        (replace(one, entry=found[0].entry), "entry 1 is not in the tree that was signed"),
        (replace(one, proof=found[0].proof), "the proof given for entry 1 is that of entry 0"),
        (replace(one, proof=None), "entry 1 came without a proof"),
        (replace(one, proof=b"no proof"), "the proof given for entry 1 does not hold"),
        (replace(one, proof=foreign), "the proof given for entry 1 does not hold"),
    ):
        assert said in (checker.failure(wrong) or "")

"""Checkpoints: C2SP tlog-checkpoint, "Note text"."""

from __future__ import annotations

from typing import Any

import pytest

from indelible.errors import FormatError
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import MAX_NOTE_BYTES
from indelible.merkle import EMPTY_ROOT, Hash
from tests.vectors.load import vectors

BODIES = vectors("note")["checkpoint_bodies"]


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case["why"])
def test_checkpoint_reads_the_vectors(case: dict[str, Any]) -> None:
    """Good texts are written again to the character, bad ones refused."""
    if case["expect"] == "ok":
        assert Checkpoint.parse(case["body"]).text() == case["body"]
    else:
        with pytest.raises(FormatError):
            Checkpoint.parse(case["body"])


def test_checkpoint_says_what_its_lines_say() -> None:
    """Origin, size, root, extensions, in this order."""
    checkpoint = Checkpoint(origin="go.sum database tree", size=0, root=EMPTY_ROOT, extensions=("x", "y z"))
    assert checkpoint.text() == ("go.sum database tree\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nx\ny z\n")
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


@pytest.mark.parametrize(
    "change",
    [
        {"origin": ""},
        {"origin": "a\nb"},
        {"origin": "a\tb"},
        {"origin": "\ud800"},
        {"size": -1},
        {"size": 2**63},
        {"root": bytes(31)},
        {"extensions": ("",)},
        {"extensions": ("a\n",)},
    ],
)
def test_checkpoint_cannot_hold_what_could_not_be_read(change: dict[str, Any]) -> None:
    """A value that would not survive being written does not come into being."""
    good: dict[str, Any] = {"origin": "o", "size": 3, "root": Hash(bytes(32))}
    assert Checkpoint.parse(Checkpoint(**good).text()) == Checkpoint(**good)
    with pytest.raises(FormatError):
        Checkpoint(**{**good, **change})


def test_checkpoint_bounds_what_it_reads() -> None:
    """More than a note can hold is refused before it is split."""
    with pytest.raises(FormatError, match="at most"):
        Checkpoint.parse("x\n" * MAX_NOTE_BYTES)

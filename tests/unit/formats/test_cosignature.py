"""What cosigners sign: C2SP tlog-cosignature."""

from __future__ import annotations

from typing import Any

import pytest

from indelible.errors import FormatError
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.cosignature import (
    TimestampedSignature,
    ed25519_message,
    ml_dsa_44_message,
    subtree_message,
)
from tests.unit.formats import cast
from tests.vectors.load import vectors

VECTORS = vectors("note")
SUBTREES = VECTORS["mldsa44_subtree"]


@pytest.mark.parametrize(
    "case", [one for one in VECTORS["notes"] if "cosigned_message" in one], ids=lambda one: one["name"]
)
def test_ed25519_message_is_that_of_the_vectors(case: dict[str, Any]) -> None:
    """The header, the time, and the whole text with its extension lines."""
    message = ed25519_message(Checkpoint.parse(case["text"]), case["timestamp"])
    assert message == case["cosigned_message"].encode()


@pytest.mark.parametrize(
    "case", [one for one in VECTORS["notes"] if "cosigned_message_hex" in one], ids=lambda one: one["name"]
)
def test_ml_dsa_44_message_is_that_of_the_vectors(case: dict[str, Any]) -> None:
    """A checkpoint is the subtree from 0 to its size."""
    name = cast.ml_dsa_44_witness().name
    message = ml_dsa_44_message(name, Checkpoint.parse(case["text"]), case["timestamp"])
    assert message.hex() == case["cosigned_message_hex"]


def test_ml_dsa_44_message_leaves_extension_lines_out() -> None:
    """Which is why a log's own ML-DSA-44 key signs no checkpoint that has them."""
    plain = Checkpoint.parse(f"{cast.ORIGIN}\n3\npkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs=\n")
    extended = Checkpoint.parse(plain.text() + "extension\n")
    assert ml_dsa_44_message("w", plain, 1) == ml_dsa_44_message("w", extended, 1)
    assert ed25519_message(plain, 1) != ed25519_message(extended, 1)


@pytest.mark.parametrize(
    "case", SUBTREES["cases"], ids=lambda one: f"{one['start']}-{one['end']}-at-{one['timestamp']}"
)
def test_subtree_message_is_that_of_the_vectors(case: dict[str, Any]) -> None:
    """Label, names with their lengths, time, range and root."""
    message = subtree_message(
        SUBTREES["cosigner_name"],
        origin=SUBTREES["log_origin"],
        start=case["start"],
        end=case["end"],
        root=bytes.fromhex(case["hash_hex"]),
        timestamp=case["timestamp"],
    )
    assert message.hex() == case["message_hex"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "n" * 256},
        {"name": "ä" * 128},
        {"origin": ""},
        {"origin": "o" * 256},
        {"start": 4, "timestamp": 1},
        {"start": 9},
        {"start": -1},
        {"end": 2**63},
        {"root": bytes(31)},
        {"timestamp": -1},
        {"timestamp": 2**63},
    ],
)
def test_subtree_message_refuses_what_the_structure_cannot_hold(change: dict[str, Any]) -> None:
    """Names of 1 to 255 bytes, ranges within any tree, a time only for what begins at 0."""
    good: dict[str, Any] = {"name": "n", "origin": "o" * 255, "start": 0, "end": 8, "root": bytes(32), "timestamp": 1}
    assert subtree_message(good.pop("name"), **good)
    changed = {"name": "n", **good, **change}
    with pytest.raises(FormatError):
        subtree_message(changed.pop("name"), **changed)


def test_timestamped_signature_puts_the_time_first() -> None:
    """8 bytes, big-endian, then the signature."""
    blob = bytes.fromhex("000000006553f100") + b"signature"
    assert TimestampedSignature.parse(blob) == TimestampedSignature(cast.TIME, b"signature")
    assert TimestampedSignature(cast.TIME, b"signature").encode() == blob


@pytest.mark.parametrize("blob", [b"", bytes(7), bytes(8), b"\x80" + bytes(71)])
def test_timestamped_signature_refuses_short_blobs_and_late_times(blob: bytes) -> None:
    """Nothing after the time, or a time above 2^63-1."""
    with pytest.raises(FormatError):
        TimestampedSignature.parse(blob)

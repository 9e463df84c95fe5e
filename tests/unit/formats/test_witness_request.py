"""Bodies of C2SP tlog-witness."""

from __future__ import annotations

from typing import Any

import pytest

from indelible.errors import FormatError
from indelible.formats.witness_request import (
    MAX_REQUEST_BYTES,
    AddCheckpointRequest,
    SignSubtreeRequest,
    encode_signatures,
    encode_size,
    parse_signatures,
    parse_size,
)
from tests.unit.formats import cast
from tests.vectors.load import vectors

VECTORS = vectors("witness")
STEPS = [*VECTORS["steps"], *VECTORS["size_zero"]]
WELL_FORMED = [step for step in STEPS if step["status"] != 400 or "old larger" in step["why"]]
ACCEPTED = [step for step in STEPS if step["status"] == 200]
GROWTH: str = STEPS[1]["request_body"]
PROOF_LINE, CHECKPOINT = GROWTH.split("\n")[1], GROWTH.split("\n\n", 1)[1]
SUBTREE = f"subtree 0 2\n{PROOF_LINE}\n{PROOF_LINE}\n\n{CHECKPOINT}"


@pytest.mark.parametrize("step", WELL_FORMED, ids=lambda step: step["why"])
def test_add_checkpoint_request_reads_the_vectors(step: dict[str, Any]) -> None:
    """Every well-formed body, whatever becomes of it, is written again to the byte."""
    body = step["request_body"].encode()
    assert AddCheckpointRequest.parse(body).encode() == body


@pytest.mark.parametrize("step", [step for step in STEPS if step not in WELL_FORMED], ids=lambda step: step["why"])
def test_add_checkpoint_request_refuses_the_malformed_vectors(step: dict[str, Any]) -> None:
    """These are answered 400."""
    with pytest.raises(FormatError):
        AddCheckpointRequest.parse(step["request_body"].encode())


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("old 1", "old"),
        ("old 1", "old  1"),
        ("old 1", "old 1 "),
        ("old 1", "new 1"),
        ("old 1", "old 9223372036854775808"),
        ("old 1", "öld 1"),
        ("old 1\n", ""),
        ("\n3\n", "\nthree\n"),
        (PROOF_LINE, PROOF_LINE + "\r"),
        ("log.example/audit\n", ""),
    ],
)
def test_add_checkpoint_request_refuses_what_is_malformed(good: str, bad: str) -> None:
    """The head, the numbers, the hashes and the checkpoint are all read strictly."""
    assert good in GROWTH
    with pytest.raises(FormatError):
        AddCheckpointRequest.parse(GROWTH.replace(good, bad, 1).encode())


def test_requests_are_bounded() -> None:
    """More than 128 KiB is not looked at."""
    for request in (AddCheckpointRequest, SignSubtreeRequest):
        with pytest.raises(FormatError, match="at most"):
            request.parse(bytes(MAX_REQUEST_BYTES + 1))


@pytest.mark.parametrize(
    "change", [{"old_size": -1}, {"old_size": 2**63}, {"proof": (b"",)}, {"proof": (bytes(32),) * 64}]
)
def test_add_checkpoint_request_cannot_hold_what_could_not_be_read(change: dict[str, Any]) -> None:
    """Sizes, hashes and their number are checked in values too."""
    good = AddCheckpointRequest.parse(GROWTH.encode())
    fields: dict[str, Any] = {"old_size": good.old_size, "proof": good.proof, "note": good.note}
    with pytest.raises(FormatError):
        AddCheckpointRequest(**{**fields, **change})


def test_sign_subtree_request_reads_range_hash_and_proof() -> None:
    """And writes them again to the byte."""
    request = SignSubtreeRequest.parse(SUBTREE.encode())
    assert (request.start, request.end, len(request.proof), request.checkpoint.size) == (0, 2, 1, 3)
    assert request.encode() == SUBTREE.encode()


@pytest.mark.parametrize(
    "line",
    ["subtree 0", "subtree 0 2 3", "subtree 00 2", "subtree 2 2", "subtree 1 3", "subtree 0 4", "subtree 2 1", "old 1"],
)
def test_sign_subtree_request_refuses_what_is_no_subtree(line: str) -> None:
    """Malformed, invalid as a subtree, or beyond the checkpoint: all answered 400."""
    with pytest.raises(FormatError):
        SignSubtreeRequest.parse(SUBTREE.replace("subtree 0 2", line).encode())


def test_sign_subtree_request_holds_a_hash_and_up_to_63_more() -> None:
    """The subtree's own hash is not one of the proof's."""
    lines = f"{PROOF_LINE}\n" * 64
    assert len(SignSubtreeRequest.parse(f"subtree 0 2\n{lines}\n{CHECKPOINT}".encode()).proof) == 63
    for count in (0, 65):
        lines = f"{PROOF_LINE}\n" * count
        with pytest.raises(FormatError):
            SignSubtreeRequest.parse(f"subtree 0 2\n{lines}\n{CHECKPOINT}".encode())


@pytest.mark.parametrize("step", ACCEPTED, ids=lambda step: step["why"])
def test_parse_signatures_reads_the_answers_of_the_vectors(step: dict[str, Any]) -> None:
    """The lines verify under the witness's key, over the text that was submitted."""
    body = step["response_body"].encode()
    (signature,) = parse_signatures(body)
    cast.witness().verifier.verify(
        AddCheckpointRequest.parse(step["request_body"].encode()).note.text, signature.signature
    )
    assert encode_signatures([signature]) == body


LINE = ACCEPTED[0]["response_body"]


@pytest.mark.parametrize(
    "body", ["", "\n", LINE[:-1], LINE + "\n", "\n" + LINE, LINE * 101, LINE.replace(" ", "  "), "text\n" + LINE]
)
def test_parse_signatures_takes_signature_lines_and_nothing_else(body: str) -> None:
    """No text, no empty line, no line without its end, no more than 100."""
    with pytest.raises(FormatError):
        parse_signatures(body.encode())


def test_parse_signatures_takes_utf_8() -> None:
    """Names may be of any script, but are text."""
    with pytest.raises(FormatError, match="UTF-8"):
        parse_signatures(LINE.encode().replace(b"witness", b"witn\xff"))


def test_parse_size_reads_what_a_witness_says_it_is_at() -> None:
    """Decimal and a newline."""
    assert [parse_size(b"0\n"), parse_size(b"9223372036854775807\n")] == [0, 2**63 - 1]
    assert encode_size(5) == b"5\n"


@pytest.mark.parametrize(
    "body", [b"", b"5", b"05\n", b"5\n\n", b"5\r\n", b"-5\n", b"\xd9\xa3\n", b"9223372036854775808\n", b"1" * 21]
)
def test_parse_size_refuses_everything_else(body: bytes) -> None:
    """What another server says is read as strictly as anything."""
    with pytest.raises(FormatError):
        parse_size(body)

"""Signed notes: C2SP signed-note."""

from __future__ import annotations

from typing import Any

import pytest

from indelible.errors import ConfigurationError, FormatError, SignatureError
from indelible.formats.cosignature import TimestampedSignature
from indelible.formats.note import MAX_NOTE_BYTES, MAX_SIGNATURES, KeyId, Note, NoteSignature, open_note
from indelible.formats.vkey import SignatureType, VerifierKey
from tests.unit.formats import cast
from tests.vectors.load import vectors

VECTORS = vectors("note")
GOOD = [case for case in VECTORS["notes"] if case["expect"] == "ok"]
BAD = [case for case in VECTORS["notes"] if case["expect"] == "reject"]


def note_bytes(case: dict[str, Any]) -> bytes:
    return bytes.fromhex(case["note_hex"]) if "note_hex" in case else case["note"].encode()


def keys(case: dict[str, Any]) -> list[VerifierKey]:
    return [VerifierKey.parse(vkey) for vkey in case["verifiers"]]


def unknown_signature(number: int) -> NoteSignature:
    return NoteSignature(f"other.example/{number}", KeyId(number.to_bytes(4, "big")), bytes(64))


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case["name"])
def test_open_note_accepts_the_good_vectors(case: dict[str, Any]) -> None:
    """Text, verified and unknown signatures are those of the vector, and the note is written again to the byte."""
    opened = open_note(note_bytes(case), keys(case))
    assert opened.note.text == case["text"]
    assert [[one.name, one.key_id.hex()] for one in opened.verified] == case["verified"]
    assert [[one.name, one.key_id.hex()] for one in opened.unknown] == case["unknown"]
    assert opened.note.encode() == note_bytes(case)
    if "timestamp" in case:
        assert TimestampedSignature.parse(opened.verified[-1].signature).timestamp == case["timestamp"]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case["name"])
def test_open_note_refuses_the_bad_vectors(case: dict[str, Any]) -> None:
    """Malformed notes, wrong signatures under known keys, notes that no known key has signed."""
    with pytest.raises((FormatError, SignatureError)):
        open_note(note_bytes(case), keys(case))


@pytest.mark.parametrize("case", VECTORS["published"], ids=lambda case: case["source"])
def test_open_note_accepts_the_published_examples(case: dict[str, Any]) -> None:
    """The notes that the specification and Go's documentation print verify under their printed keys."""
    open_note(case["note"].encode(), [VerifierKey.parse(case["vkey"])])


def test_open_note_checks_repeated_lines_too() -> None:
    """A good line and a damaged copy of it are refused, in either order: a witness must, and a client had better."""
    text = "text\n"
    good = cast.log().sign(text)
    bad = NoteSignature(good.name, good.key_id, bytes(64))
    for signatures in ((good, bad), (bad, good)):
        with pytest.raises(SignatureError, match="does not verify"):
            open_note(Note(text, signatures), [cast.log().verifier])


def test_open_note_refuses_two_keys_that_it_could_not_tell_apart() -> None:
    """Different keys with the same name and ID are a mistake in the configuration; one key listed twice is not."""

    class Impostor:
        name = cast.log().name
        key_id = cast.log().verifier.key_id

        def verify(self, text: str, signature: bytes) -> None:
            pytest.fail(f"asked about {text!r} and {signature!r}")

    note = Note("text\n", (cast.log().sign("text\n"),))
    key = cast.log().verifier
    with pytest.raises(ConfigurationError, match=key.key_id.hex()):
        open_note(note, [key, Impostor()])
    assert open_note(note, [key, cast.log().verifier]).verified == note.signatures


def test_open_note_without_keys_accepts_nothing() -> None:
    """Who knows no key learns nothing from a note."""
    with pytest.raises(SignatureError, match="no key that is known"):
        open_note(Note("text\n", (cast.log().sign("text\n"),)), [])


def test_note_with_signatures_keeps_the_others() -> None:
    """New lines come last; a line of the same name and key ID gives way, everything else stays in its place."""
    first, second, third = (unknown_signature(number) for number in (1, 2, 3))
    newer = NoteSignature(second.name, second.key_id, b"newer")
    rotated = NoteSignature(second.name, KeyId(b"next"), bytes(64))  # another key of the same name
    note = Note("text\n", (first, second, rotated)).with_signatures([newer, third])
    assert note == Note("text\n", (first, rotated, newer, third))


@pytest.mark.parametrize(
    ("text", "signatures"),
    [
        ("no newline", 1),
        ("tab\t\n", 1),
        ("return\r\n", 1),
        ("\x00\n", 1),
        ("\ud800\n", 1),
        ("", 1),
        ("text\n", 0),
        ("text\n", MAX_SIGNATURES + 1),
    ],
)
def test_note_cannot_hold_what_could_not_be_read(text: str, signatures: int) -> None:
    """A value that would not survive being written does not come into being."""
    with pytest.raises(FormatError):
        Note(text, tuple(unknown_signature(number) for number in range(signatures)))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\tb", "a\u00a0b", "a\u2003b", "a\u0085b", "a\nb", "a\x00b"])
def test_note_signature_refuses_names_that_are_none(name: str) -> None:
    """No white space of any script, no plus sign, no control character."""
    with pytest.raises(FormatError):
        NoteSignature(name, KeyId(bytes(4)), bytes(64))


@pytest.mark.parametrize(("key_id", "signature"), [(b"123", b"x"), (b"12345", b"x"), (b"1234", b"")])
def test_note_signature_has_a_key_id_and_something_after_it(key_id: bytes, signature: bytes) -> None:
    """Four bytes, and at least one."""
    with pytest.raises(FormatError, match="key ID of 4 bytes"):
        NoteSignature("name", KeyId(key_id), signature)


def test_note_parse_bounds_what_it_reads() -> None:
    """More than 1 MB is refused before anything is looked at."""
    with pytest.raises(FormatError, match="at most"):
        Note.parse(bytes(MAX_NOTE_BYTES + 1))


def test_note_text_may_hold_odd_line_separators() -> None:
    """U+0085 and U+2028 are characters of a line, not its end."""
    text = "one\u0085line\u2028still\n"
    note = Note(text, (cast.log().sign(text),))
    assert open_note(note.encode(), [cast.log().verifier]).note.text == text


def test_verifier_key_is_a_verifier_of_its_own_type_only() -> None:
    """The same Ed25519 key under type 0x01 and 0x04 has two IDs, and neither accepts the other's signature."""
    cosigner = cast.witness()
    text = "log.example/audit\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    signature = cosigner.sign(text, cast.TIME)
    as_note_key = VerifierKey(cosigner.name, SignatureType.ED25519, cosigner.verifier.public_key)
    assert as_note_key.key_id != cosigner.verifier.key_id
    with pytest.raises(SignatureError):
        as_note_key.verify(text, signature.signature)

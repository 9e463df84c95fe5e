"""C2SP signed-note: a text and the signatures under it.

::

    <text: lines, each ended by LF>
    <LF>
    — <key name> <base64(4-byte key ID || signature)><LF>      one or more

The text may contain and may end with empty lines: the last empty line of the message separates it from the signatures.
The message is UTF-8 without control characters other than LF.

Nothing here is a verdict on a note that has only been parsed: use its text after :func:`open_note`, or to choose keys.
Stricter than the specification where it leaves room: base64 must be canonical, a note has at most 1 MB and 100
signatures, and every line under a known key is checked, repeated ones too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NewType, Protocol, Self

from indelible.errors import ConfigurationError, FormatError, SignatureError
from indelible.formats import base64

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "KEY_ID_SIZE",
    "MAX_NOTE_BYTES",
    "MAX_SIGNATURES",
    "KeyId",
    "Note",
    "NoteSignature",
    "VerifiedNote",
    "Verifier",
    "check_key_name",
    "open_note",
]

KeyId = NewType("KeyId", bytes)
"""Which of a name's keys made a signature: 4 bytes. A hint for finding the key, not protection against anything."""

KEY_ID_SIZE: Final = 4
MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 100

# No white space, no plus sign; lone surrogates are no text.
_KEY_NAME: Final = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")
_FORBIDDEN: Final = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")


def check_key_name(name: str) -> None:
    """Refuse what cannot be the name of a key.

    Raises:
        FormatError: empty, or with white space, a plus sign or a control character.
    """
    if not _KEY_NAME.fullmatch(name):
        raise FormatError(f"a key name has no white space, plus sign or control character: {name[:80]!r}")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line. ``signature`` is what follows the key ID; its form depends on the key's type.

    Raises:
        FormatError: the name is no key name, the key ID has not 4 bytes, or the signature is empty.
    """

    name: str
    key_id: KeyId
    signature: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.key_id) != KEY_ID_SIZE or not self.signature:
            raise FormatError("a signature has a key ID of 4 bytes and at least one byte after it")

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a signature line, given without its LF.

        Raises:
            FormatError: it is none.
        """
        fields = line.split(" ")
        if len(fields) != 3 or fields[0] != "\N{EM DASH}":
            raise FormatError("a signature line is an em dash, a key name and base64, separated by one space each")
        blob = base64.decode(fields[2])
        return cls(fields[1], KeyId(blob[:KEY_ID_SIZE]), blob[KEY_ID_SIZE:])

    def encode(self) -> str:
        """The signature line, with its LF."""
        return f"\N{EM DASH} {self.name} {base64.encode(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ended by LF, and its signatures, of which none has been checked.

    Raises:
        FormatError: the text holds what a note cannot, or there are no signatures, or too many.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n"):
            raise FormatError("the text of a note ends with a newline")
        if _FORBIDDEN.search(self.text):
            raise FormatError("a note holds a control character other than newline")
        if not 0 < len(self.signatures) <= MAX_SIGNATURES:
            raise FormatError(f"a note has from 1 to {MAX_SIGNATURES} signatures, not {len(self.signatures)}")

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a note. No signature is checked.

        Raises:
            FormatError: it is none.
        """
        if not data:
            raise FormatError("it is empty: not a signed note")
        if len(data) > MAX_NOTE_BYTES:
            raise FormatError(f"a note has at most {MAX_NOTE_BYTES} bytes, not {len(data)}")
        try:
            message = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormatError(f"a note is UTF-8: {error}") from error
        text, separator, lines = message.rpartition("\n\n")
        if not separator:
            raise FormatError("a note has an empty line before its signatures")
        if not lines.endswith("\n"):
            raise FormatError("a note has at least one signature line and ends with a newline")
        if lines.count("\n") > MAX_SIGNATURES:
            raise FormatError(f"a note has at most {MAX_SIGNATURES} signatures")
        # Not splitlines(): it breaks at characters that are legal within a line.
        return cls(text + "\n", tuple(NoteSignature.parse(line) for line in lines[:-1].split("\n")))

    def encode(self) -> bytes:
        """The note's bytes."""
        return (self.text + "\n" + "".join(signature.encode() for signature in self.signatures)).encode()

    def with_signatures(self, signatures: Iterable[NoteSignature]) -> Self:
        """The same text with more signatures at the end; a new one takes the place of an old one of the same key.

        Raises:
            FormatError: there are too many now.
        """
        added = {(signature.name, signature.key_id): signature for signature in signatures}
        kept = [one for one in self.signatures if (one.name, one.key_id) not in added]
        return type(self)(self.text, (*kept, *added.values()))


class Verifier(Protocol):
    """A key that may have signed a note."""

    @property
    def name(self) -> str:
        """The key's name."""

    @property
    def key_id(self) -> KeyId:
        """The key's ID."""

    def verify(self, text: str, signature: bytes) -> None:
        """Check a signature over a note's text.

        Raises:
            SignatureError: it does not verify.
        """


@dataclass(frozen=True, slots=True)
class VerifiedNote:
    """A note that at least one known key has signed, and under which no known key has a wrong signature.

    ``verified`` holds one signature a key, in the note's order; ``unknown`` those of keys that were not asked about.
    """

    note: Note
    verified: tuple[NoteSignature, ...]
    unknown: tuple[NoteSignature, ...]


def open_note(data: bytes | Note, verifiers: Iterable[Verifier]) -> VerifiedNote:
    """Read a note and check every signature under it that one of ``verifiers`` claims by name and key ID.

    Raises:
        FormatError: not a note.
        SignatureError: a known key's signature is wrong, or no known key has signed.
        ConfigurationError: two of ``verifiers`` have the same name and key ID.
    """
    known: dict[tuple[str, KeyId], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise ConfigurationError(f"two keys have the name {verifier.name} and the ID {verifier.key_id.hex()}")
    note = data if isinstance(data, Note) else Note.parse(data)
    verified: dict[tuple[str, KeyId], NoteSignature] = {}
    unknown: list[NoteSignature] = []
    for signature in note.signatures:
        key = (signature.name, signature.key_id)
        if key in known:
            known[key].verify(note.text, signature.signature)
            verified.setdefault(key, signature)  # keys are counted, not lines
        else:
            unknown.append(signature)
    if not verified:
        raise SignatureError("no key that is known has signed the note")
    return VerifiedNote(note, tuple(verified.values()), tuple(unknown))

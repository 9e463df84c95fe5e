"""Ids: UUIDv7 by the letter of RFC 9562, and ids of imported events that come out the same each time."""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from indelible.events.identity import foreign_id, new_ids, normalise_id, pack_id, pack_ids, unpack_id

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "encodings.json").read_text())["uuidv7"]
PUBLISHED: str = VECTORS["published"]["uuid"]


def test_published_vector_is_read() -> None:
    """The example of RFC 9562, appendix A.6, holds its time in the first 48 bits."""
    packed = pack_id(PUBLISHED)
    assert packed == uuid.UUID(PUBLISHED).bytes
    assert int.from_bytes(packed[:6], "big") == VECTORS["published"]["unix_ts_ms"]
    assert unpack_id(packed) == PUBLISHED


@pytest.mark.parametrize("text", [*VECTORS["not_v7"], "", PUBLISHED + "\n", " " + PUBLISHED, PUBLISHED[:-1], "é" * 36])
def test_what_is_not_a_uuid_of_version_7_is_refused(text: str) -> None:
    """Nil, max, other versions and variants, braces, the URN form, missing hyphens: refused, alone and among others."""
    with pytest.raises(ValueError, match="version 7"):
        normalise_id(text)
    with pytest.raises(ValueError, match="version 7"):
        pack_id(text)
    assert pack_ids([PUBLISHED, text]) is None


def test_upper_case_is_read_and_written_in_lower_case() -> None:
    """RFC 9562, section 4: either case on input, lower case on output."""
    assert normalise_id(PUBLISHED.upper()) == PUBLISHED
    assert pack_id(PUBLISHED.upper()) == pack_id(PUBLISHED)
    assert pack_ids([PUBLISHED.upper()]) is None, "the batch vouches for lower case only"


def test_pack_ids_agrees_with_one_by_one() -> None:
    """Many at once give what each alone gives."""
    ids = new_ids(300, 1_700_000_000_000, lambda size: bytes(range(size)))
    assert pack_ids(ids) == [pack_id(text) for text in ids]
    assert pack_ids([]) == []


def test_pack_ids_is_not_fooled_by_texts_that_balance_out() -> None:
    """Ids cut at the wrong place join to the same text; they are no ids."""
    joined = PUBLISHED * 2
    assert pack_ids([joined[:35], joined[35:]]) is None
    assert pack_ids([joined, ""]) is None


@pytest.mark.parametrize("seed", [b"\x00" * 10, b"\xff" * 10, bytes(range(10))])
def test_new_ids_are_valid_distinct_and_ascending(seed: bytes) -> None:
    """Whatever the randomness, a batch sorts as it was made and bears its time."""
    ids = new_ids(70_000, 1_700_000_000_123, lambda size: seed[:size])
    assert len(set(ids)) == 70_000
    assert ids == sorted(ids)
    for text in (ids[0], ids[-1]):
        parsed = uuid.UUID(text)
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
        assert parsed.int >> 80 == 1_700_000_000_123


def test_new_ids_differ_with_randomness() -> None:
    """Two batches of one millisecond share no id when their randomness differs."""
    first = new_ids(1000, 0, lambda size: b"\x11" * size)
    second = new_ids(1000, 0, lambda size: b"\x12" * size)
    assert not set(first) & set(second)


SOURCE: dict[str, Any] = {"origin": "example.com/log", "format": "aws.cloudtrail", "source": "1/eu", "id": "abc"}


def test_foreign_id_is_deterministic_and_bears_the_foreign_time() -> None:
    """The same source gives the same id; its 48 bits of time are the foreign ones."""
    first = foreign_id(**SOURCE, milliseconds=1_700_000_000_000)
    assert first == foreign_id(**SOURCE, milliseconds=1_700_000_000_000)
    parsed = uuid.UUID(first)
    assert (parsed.version, parsed.int >> 80) == (7, 1_700_000_000_000)


def test_foreign_id_is_made_as_documented() -> None:
    """An independent reading of the definition: length-prefixed texts, SHA-256, version and variant set."""
    framed = b"".join(len(text).to_bytes(8, "big") + text.encode() for text in SOURCE.values())
    digest = hashlib.sha256(framed).hexdigest()
    expected = digest[:12] + "7" + digest[13:16] + f"{int(digest[16:18], 16) & 0x3F | 0x80:02x}" + digest[18:32]
    assert foreign_id(**SOURCE, milliseconds=None).replace("-", "") == expected


@pytest.mark.parametrize("field", ["origin", "format", "source", "id"])
def test_foreign_id_depends_on_every_part(field: str) -> None:
    """Another log, format, source or foreign id is another event; moving a character over a border is, too."""
    assert foreign_id(**SOURCE, milliseconds=5) != foreign_id(**{**SOURCE, field: "x"}, milliseconds=5)
    moved = {**SOURCE, "source": SOURCE["source"] + "a", "id": "bc"}
    assert foreign_id(**SOURCE, milliseconds=5) != foreign_id(**moved, milliseconds=5)

"""NDJSON: the record itself, spliced and not parsed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.errors import FormatError
from indelible.events import canonical_json
from indelible.events.exports import FORMATS, with_index, write_export
from indelible.events.exports.format import DAMAGED
from tests.unit.events.exports.conftest import alone, entry_of, record_of

indices = st.integers(0, 2**63 - 1)
publications = st.none() | st.booleans()
texts = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts.filter(lambda name: name not in {"index", "published"}), values, min_size=1, max_size=4)


@given(objects, indices, publications)
def test_with_index_adds_members_and_changes_none(value: dict[str, Any], index: int, published: bool | None) -> None:
    """Read back, it is the record with these members; no name stands twice in it."""
    line = with_index(canonical_json(value), index, published)
    pairs = json.loads(line, object_pairs_hook=lambda members: members)
    added = {"index": index} | ({} if published is None else {"published": published})
    assert [name for name, _ in pairs] == [*added, *json.loads(canonical_json(value))]
    assert json.loads(line) == added | value


@given(objects, indices, publications)
def test_with_index_gives_the_entry_back(value: dict[str, Any], index: int, published: bool | None) -> None:
    """Without what was added, canonical JSON gives the entry's bytes again, so a line can be proven."""
    entry = canonical_json(value)
    record = json.loads(with_index(entry, index, published))
    record.pop("index")
    record.pop("published", None)
    assert canonical_json(record) == entry


@pytest.mark.parametrize("entry", [b"", b"{}", b"[]", b"null", b' {"a":1}', b'{"a":1', b'{"a":1}\n', b'{ "a":1}'])
def test_with_index_refuses_what_is_no_record(entry: bytes) -> None:
    """Bytes that cannot be spliced are an error that names the index, never broken JSON."""
    with pytest.raises(FormatError, match="index 7"):
        with_index(entry, 7)


def test_ndjson_holds_every_sample_whole(samples: tuple[bytes, ...]) -> None:
    """A line a record, each with its own fields, in their order."""
    lines = [FORMATS["ndjson"].encode(index, entry) for index, entry in enumerate(samples)]
    assert all(line.endswith(b"}\n") and line.count(b"\n") == 1 for line in lines)
    for index, (line, entry) in enumerate(zip(lines, samples, strict=True)):
        assert json.loads(line) == {"index": index, **record_of(entry)}


SOUND = [
    b'{"a":1}',
    b'{"b":"\xc3\xa4"}',
    b'{"c":{"d":[{}]}}',
    b'{"e":"%d%b"}',
    entry_of({"action": "door.open", "actor": {"type": "u", "id": "1"}}),
]
UNSOUND = [
    b"",
    b"{}",
    b"{",
    b'{"a":1',
    b' {"a":1}',
    b'{"a":1} ',
    b'{"a":"x}',
    b'{","y":1}',
    b'{"a":1} {"b":2}',
    b'{"a":1}{"b":2}',
    b'{"a":{}',
    b'{"b":1}}',
    b'{"a":1,\n"b":2}',
    b'{"a":1,\r"b":2}',
    b'{"a":"\n"}',
    b'{"a":"\xc3"}',
    b'{"\\u0069ndex":1}',
    b'{"published":true}',
    b'{"damaged":""}',
    b"[]",
]


@given(
    st.lists(st.sampled_from([*SOUND, *UNSOUND, b'{"a":\t1}']), min_size=1, max_size=6),
    st.integers(0, 2**53),
    publications,
)
def test_ndjson_of_many_is_that_of_each(entries: list[bytes], first: int, published: bool | None) -> None:
    """Whatever stands beside them: no two make up for each other, and what is unusual and no damage is none."""
    rows = [(index, entry, published) for index, entry in enumerate(entries, first)]
    indices = range(first, first + len(entries))
    together = b"".join(write_export(FORMATS["ndjson"], [(indices, entries, published)]))
    assert together == b"".join(write_export(FORMATS["ndjson"], alone(rows)))
    lines = [json.loads(line) for line in together.splitlines()]
    assert [line["index"] for line in lines] == list(indices)
    assert [line.get("damaged") == DAMAGED for line in lines] == [entry in UNSOUND for entry in entries]


def test_ndjson_looks_at_sound_records_together(samples: tuple[bytes, ...]) -> None:
    """All bundled ones are; one that is none, in whatever place, is left to be looked at alone."""
    encode_run = FORMATS["ndjson"].encode_run
    assert encode_run is not None
    assert encode_run(range(256), samples[:256], True) is not None
    assert encode_run(range(len(SOUND)), SOUND, True) is not None
    for entry in UNSOUND:
        for place in range(3):
            assert encode_run(range(3), [*SOUND[:place], entry, *SOUND[place:2]], True) is None

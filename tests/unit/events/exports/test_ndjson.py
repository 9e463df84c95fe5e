"""NDJSON: the record itself, spliced and not parsed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.errors import FormatError
from indelible.events import canonical_json
from indelible.events.exports import FORMATS, with_index
from tests.unit.events.exports.conftest import record_of

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

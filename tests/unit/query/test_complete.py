"""What is offered while a query is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.query.complete import suggest
from indelible.query.fields import FIELDS, JSON_ROOTS, SUGAR
from indelible.query.parser import parse_query


@pytest.mark.parametrize(
    ("text", "start", "offered"),
    [
        ("act", 0, ["action:", "actor:", "actor.type:", "actor.name:", "actor.attributes."]),
        ("actor:ada -targ", 11, ["target:", "target.type:"]),
        ("(a OR sin", 6, ["since:"]),
        ('"out" out', 6, ["outcome:"]),
        ("metadata.am", 0, []),
        ("outcome:", 8, ["success", "failure", "denied", "unknown"]),
        ("-outcome:d", 9, ["denied"]),
        ("occurred:t", 9, ["today"]),
        ("since:7", 6, ["7d"]),
        ("index:", 6, []),
        ("unknown:x", 8, []),
        ('"outcome:d', 0, []),
        ('metadata."\\x":d', 14, []),
    ],
)
def test_suggest_offers_what_the_language_knows(text: str, start: int, offered: list[str]) -> None:
    """Fields while a name is typed, choices and times once it is; nothing within quotes."""
    suggestion = suggest(text, len(text))
    assert (suggestion.start, [candidate.text for candidate in suggestion.candidates]) == (start, offered)
    assert suggestion.field is None


@pytest.mark.parametrize(
    ("text", "start", "name", "prefix"),
    [
        ("actor:", 6, "actor", ""),
        ("actor:user:a", 6, "actor", "user:a"),
        ('a tag:"q 4', 6, "tag", "q 4"),
        ('tag:"say \\"h', 4, "tag", 'say "h'),
        ('metadata."a:b c".d:x', 19, "metadata", "x"),
        ("ip:10.", 3, "ip", "10."),
    ],
)
def test_suggest_names_the_field_whose_values_are_recorded(text: str, start: int, name: str, prefix: str) -> None:
    """What only the log knows, it leaves to whoever has an index: which field, and how its values begin."""
    suggestion = suggest(text, len(text))
    assert suggestion.field is not None
    assert (suggestion.start, suggestion.field.name, suggestion.prefix) == (start, name, prefix)
    assert suggestion.candidates == ()


def test_suggest_at_the_beginning_offers_every_field() -> None:
    """An empty query may begin with any field; what stands beyond the cursor does not matter."""
    offered = {candidate.text for candidate in suggest("actor:ada", 0).candidates}
    assert offered == {f"{name}:" for name in [*FIELDS, *SUGAR]} | {f"{root}." for root in JSON_ROOTS}


@pytest.mark.parametrize("name", ["outcome", "operation", "severity", "since", "until", "occurred", "received"])
def test_suggest_offers_values_that_parse(name: str) -> None:
    """What is offered can be taken."""
    candidates = suggest(f"{name}:", len(name) + 1).candidates
    assert candidates
    for candidate in candidates:
        parse_query(f"{name}:{candidate.text}", now_us=1_790_000_000_000_000)


@given(st.text(st.sampled_from('actor:."\\()-* metadata\ud800é'), max_size=25), st.data())
def test_suggest_never_fails(text: str, data: st.DataObject) -> None:
    """Whatever is typed, it says where what it offers would begin: at or before the cursor."""
    cursor = data.draw(st.integers(0, len(text)))
    assert 0 <= suggest(text, cursor).start <= cursor

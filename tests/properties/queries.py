"""Random records and random queries about them: of few words, so that they meet."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from indelible.events.timestamps import from_microseconds
from indelible.query.ast import Everything, Field, FreeText, Kind, Match, Network, Pattern, Present, Range, Value
from indelible.query.fields import FIELDS, JSON_ROOTS
from indelible.query.formula import all_of, any_of, negation

if TYPE_CHECKING:
    from indelible.query.ast import Query, Test

__all__ = ["NOW_US", "indices", "queries", "records", "texts"]

NOW_US = 1_790_000_000_000_000
_LAST_US = 253_402_300_799_999_999

# Words that are syntax or look like numbers; all that JSON escapes; what changes its length in lower case, or depends
# on its neighbours there.
_PLAIN = "a A ada Ada b.c user:ada user a..b >5 * a* -x OR not 5 5.0 true null 1e3 -0 n u001f ( ) : .. <"
_FOLDED = "é É \u0130 i\u0307 \u212a k K \u0391\u03a3 \u03a3 \u03c3 \u03c2 \u03a3\u03b1 ß ẞ 東京 \ue000 \U0001f600"
words = st.sampled_from(
    ['"', "\\", 'a"b', "\\n", "\n", "\x1f", "\x7f", "", "a b", *_PLAIN.split(), *_FOLDED.split()],
)
texts = (
    words
    | st.lists(words, max_size=3).map("".join)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
)
names = texts.filter(bool)
moments = st.integers(NOW_US - 3, NOW_US + 3) | st.integers(0, _LAST_US)
indices = st.integers(0, 20) | st.integers(0, 2**63 - 1)
numbers = st.integers(-6, 6) | st.sampled_from([5.5, 1000, 2**53 - 1, 1e-7, 1.5e300, -0.0]) | st.floats(-1e6, 1e6)
addresses = st.sampled_from(
    ["10.0.0.1", "10.1.2.3", "::1", "2001:db8::1", "2001:DB8:0::1", "::ffff:10.0.0.1", "0.0.0.1"]
)
networks = st.sampled_from(
    ["10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:db8::1/128", "::/96"]
)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
members = st.sampled_from(["amount", "odd.key", "a b", '"', "", "http", "status", "x", "É"])
objects = st.dictionaries(members, values | st.dictionaries(members, values, max_size=2), max_size=3)


def _records() -> st.SearchStrategy[dict[str, Any]]:
    times = moments.map(from_microseconds)
    entity = st.fixed_dictionaries({"type": names.filter(lambda kind: ":" not in kind), "id": names})
    actor = entity | st.fixed_dictionaries(
        {"type": st.just("user"), "id": names}, optional={"name": texts, "attributes": objects}
    )
    http = st.fixed_dictionaries({"method": names, "path": texts, "status": st.integers(100, 599)})
    context = st.fixed_dictionaries(
        {}, optional={"ip": addresses, "service": texts, "request_id": texts, "trace_id": texts, "http": http}
    )
    choices = {name: st.sampled_from(place.choices) for name, place in FIELDS.items() if place.choices}
    required = {
        "v": st.just(1),
        "id": names,
        "log": names,
        "principal": names,
        "action": names,
        "actor": actor,
        "outcome": choices.pop("outcome"),
        "occurred_at": times,
        "received_at": times,
    }
    optional = {
        **choices,
        "targets": st.lists(entity, max_size=2),
        "tenant": names,
        "context": context,
        "metadata": objects,
        "tags": st.lists(names, max_size=2),
        "raw": values.filter(lambda value: value is not None),
        "producer": st.fixed_dictionaries({"id": names, "seq": st.just(0)}),
        "upstream": st.fixed_dictionaries({"format": names, "sha256": st.just("0" * 64), "size": st.just(1)}),
    }
    return st.fixed_dictionaries(required, optional=optional)


records = _records()
"""Records as they are decoded from entries: all that RFC 8785 can hold, valid in the fields that queries read."""


def _ranges(bounds: st.SearchStrategy[Any]) -> st.SearchStrategy[Test]:
    def ordered(low: Any, high: Any, low_open: bool, high_open: bool) -> Range:
        if low is not None and high is not None and low > high:
            low, high = high, low
        return Range(low, high, low_open and low is not None, high_open and high is not None)

    return st.builds(ordered, st.none() | bounds, st.none() | bounds, st.booleans(), st.booleans())


def _pattern(parts: list[str]) -> Pattern:
    first, *inner, last = parts
    return Pattern((first, *filter(None, inner), last))


patterns = st.lists(texts, min_size=2, max_size=4).map(_pattern).filter(lambda one: one.parts != ("", ""))


def _tests(kind: Kind, choices: tuple[str, ...]) -> st.SearchStrategy[Test]:
    one_of: dict[Kind, list[st.SearchStrategy[Test]]] = {
        Kind.TEXT: [st.sampled_from(choices).map(Value) if choices else texts.map(Value), patterns],
        Kind.ENTITY: [texts.map(Value), patterns],
        Kind.INTEGER: [indices.map(Value), _ranges(indices)],
        Kind.TIME: [moments.map(Value), _ranges(moments)],
        Kind.ADDRESS: [
            addresses.filter(lambda address: ":" not in address).map(Value),
            networks.map(lambda network: Network(ipaddress.ip_network(network))),
            patterns,
        ],
        Kind.JSON: [texts.map(Value), patterns, _ranges(numbers.map(float))],
    }
    return st.one_of(st.just(Present()), *one_of[kind])


def _matches() -> st.SearchStrategy[Query]:
    named = [
        st.builds(Match, st.just(place.field), _tests(place.field.kind, place.choices)) for place in FIELDS.values()
    ]
    paths = st.lists(members, min_size=1, max_size=2).map(tuple)
    json = st.builds(Field, st.sampled_from(sorted(JSON_ROOTS)), st.just(Kind.JSON), paths)
    return st.one_of(*named, st.builds(Match, json, _tests(Kind.JSON, ())))


_leaves: st.SearchStrategy[Query] = st.just(Everything()) | names.map(FreeText) | _matches()

queries: st.SearchStrategy[Query] = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(all_of)
        | st.lists(inner, min_size=2, max_size=3).map(any_of)
        | inner.map(negation)
    ),
    max_leaves=8,
)
"""Trees that keep the rules of :mod:`indelible.query.ast`."""

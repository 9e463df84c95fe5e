"""Query strings, strictly."""

from __future__ import annotations

import pytest

from indelible.server.appender import AppendOptions, parse_options
from indelible.server.problem import Refusal
from indelible.server.query import choice, natural, parse_natural, parse_query


def test_parse_query_decodes_once() -> None:
    """Percent signs and plus signs mean what they mean in a URL, and only once."""
    assert parse_query(b"", ()) == {}
    assert parse_query(b"a=1&b=%C3%A9+%2541&c", ("a", "b", "c")) == {"a": "1", "b": "é %41", "c": ""}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"x=1", "unknown query parameter 'x'; known here: a, b"),
        (b"a=1&a=2", "'a' stands twice"),
        (b"a=1&", "unknown query parameter ''"),
        (b"a=%ff", "not UTF-8"),
        (b"A=1", "unknown"),
    ],
)
def test_parse_query_refuses(raw: bytes, text: str) -> None:
    """Unknown names, doubles and bad text are 400, and named."""
    with pytest.raises(Refusal, match=text) as refusal:
        parse_query(raw, ("a", "b"))
    assert refusal.value.status == 400


@pytest.mark.parametrize("text", ["0", "7", "9223372036854775807"])
def test_parse_natural_takes_decimal_numbers(text: str) -> None:
    """In the one form that they have."""
    assert parse_natural(text) == int(text)
    assert natural({"n": text}, "n") == int(text)


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "01", "1_0", " 1", "1.0", "0x1", "٣", "²", "9223372036854775808", "1" * 5000]
)
def test_parse_natural_refuses_everything_else(text: str) -> None:
    """What int() would take too kindly."""
    assert parse_natural(text) is None
    with pytest.raises(Refusal, match="n must be a decimal number"):
        natural({"n": text}, "n")


def test_natural_says_what_is_missing() -> None:
    """The name, and what was expected."""
    with pytest.raises(Refusal, match="'n' is missing"):
        natural({}, "n")


def test_choice_takes_one_of_the_choices() -> None:
    """Or the default; anything else is refused with the list."""
    assert choice({}, "c", ("x", "y"), "x") == "x"
    assert choice({"c": "y"}, "c", ("x", "y"), "x") == "y"
    with pytest.raises(Refusal, match="one of x, y, not 'z'"):
        choice({"c": "z"}, "c", ("x", "y"), "x")


@pytest.mark.parametrize(
    ("query", "published", "minimal"),
    [
        (b"", False, False),
        (b"wait=journaled", False, False),
        (b"wait=published&return=minimal", True, True),
        (b"return=full", False, False),
    ],
)
def test_parse_options_reads_wait_and_return(query: bytes, published: bool, minimal: bool) -> None:
    """INTERFACES: the defaults are journaled and full."""
    assert parse_options(query) == AppendOptions(published=published, minimal=minimal)


@pytest.mark.parametrize("query", [b"wait=", b"wait=now", b"return=none", b"wait=published&wait=published", b"x=1"])
def test_parse_options_refuses(query: bytes) -> None:
    """Anything else is 400."""
    with pytest.raises(Refusal):
        parse_options(query)


def test_parse_options_says_that_there_are_no_witnesses() -> None:
    """Waiting for what cannot come is refused at once."""
    with pytest.raises(Refusal, match="no witness policy"):
        parse_options(b"wait=witnessed")

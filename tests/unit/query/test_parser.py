"""From text to tree: the forms that each field takes, how terms combine, and what is said of everything else."""

from __future__ import annotations

import ipaddress

import pytest

from indelible.errors import QueryError
from indelible.query.ast import (
    And,
    Everything,
    Field,
    FreeText,
    Kind,
    Match,
    Network,
    Not,
    Or,
    Pattern,
    Present,
    Query,
    Range,
    Test,
    Value,
)
from indelible.query.fields import FIELDS
from indelible.query.parser import MAX_CANONICAL_LENGTH, MAX_DEPTH, MAX_LENGTH, MAX_TERMS, parse_query
from indelible.query.printer import print_query
from tests.unit.query.conftest import HOUR, MIDNIGHT, NOW_US

A, B, C, D = map(FreeText, "abcd")
AMOUNT = Field("metadata", Kind.JSON, ("amount",))


def parse(text: str) -> Query:
    return parse_query(text, now_us=NOW_US)


def on(name: str, test: Test) -> Match:
    return Match(FIELDS[name].field, test)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Everything()),
        (" \n ", Everything()),
        ("*", Everything()),
        ("a b", And((A, B))),
        ("a AND b", And((A, B))),
        (" a\tb  c ", And((A, B, C))),
        ("a OR b c OR d", Or((A, And((B, C)), D))),
        ("(a OR b) c", And((Or((A, B)), C))),
        ("(a)OR(b)", Or((A, B))),
        ("( a  (b c) )", And((A, B, C))),
        ("a OR (b OR c)", Or((A, B, C))),
        ("-a NOT b", And((Not(A), Not(B)))),
        ("NOT(a b)", Not(And((A, B)))),
        ("--a", A),
        ("-NOT -a", Not(A)),
        ('"a b" "or" "*"', And((FreeText("a b"), FreeText("or"), FreeText("*")))),
        ('x"y z"w', FreeText("xy zw")),
        ('"say \\"hi\\" \\\\o"', FreeText('say "hi" \\o')),
        ("C# a-b x<y a..b ANDY nota", And((*map(FreeText, ["C#", "a-b", "x<y", "a..b", "ANDY", "nota"]),))),
    ],
)
def test_parse_combines_terms(text: str, query: Query) -> None:
    """Juxtaposition binds tighter than OR, NOT tightest; groups and negations melt where they change nothing."""
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("actor:ada", on("actor", Value("ada"))),
        ("actor:user:ada", on("actor", Value("user:ada"))),
        ("actor.name:Ada", on("actor.name", Value("Ada"))),
        ('actor.name:"Ada L"*', on("actor.name", Pattern(("Ada L", "")))),
        ("action:invoice.*", on("action", Pattern(("invoice.", "")))),
        ("action:*.iam.**e", on("action", Pattern(("", ".iam.", "e")))),
        ('action:"a*"', on("action", Value("a*"))),
        ('action:"OR"', on("action", Value("OR"))),
        ("action:OR", on("action", Value("OR"))),
        ("tenant:*", on("tenant", Present())),
        ("tenant:**", on("tenant", Present())),
        ('tenant:""', on("tenant", Value(""))),
        ("request:a.b-<c>", on("request", Value("a.b-<c>"))),
        ("index:5", on("index", Value(5))),
        ('index:"5"', on("index", Value(5))),
        ("index:5..7", on("index", Range(5, 7))),
        ("index:5..", on("index", Range(low=5))),
        ("index:..7", on("index", Range(high=7))),
        ("index:..", on("index", Range())),
        ("index:5<..<7", on("index", Range(5, 7, low_open=True, high_open=True))),
        ("index:>5", on("index", Range(low=5, low_open=True))),
        ("index:<=9223372036854775807", on("index", Range(high=2**63 - 1))),
        ("ip:10.1.2.3", on("ip", Value("10.1.2.3"))),
        ("ip:10.1.2.3/8", on("ip", Network(ipaddress.ip_network("10.0.0.0/8")))),
        ("ip:2001:DB8::0/32", on("ip", Network(ipaddress.ip_network("2001:db8::/32")))),
        ("ip:::1", on("ip", Network(ipaddress.ip_network("::1/128")))),
        ("ip:10.1.*", on("ip", Pattern(("10.1.", "")))),
        ("metadata.amount:1e3", Match(AMOUNT, Value("1e3"))),
        ("metadata.amount:>=-2.5", Match(AMOUNT, Range(low=-2.5))),
        ("metadata.amount:1..1e3", Match(AMOUNT, Range(1.0, 1000.0))),
        ('metadata.amount:"1..2"', Match(AMOUNT, Value("1..2"))),
        ("metadata.amount:*", Match(AMOUNT, Present())),
        ('metadata."odd.key"."":x', Match(Field("metadata", Kind.JSON, ("odd.key", "")), Value("x"))),
        ('metadata."a\\"(b:c)":x', Match(Field("metadata", Kind.JSON, ('a"(b:c)',)), Value("x"))),
        ("context.http.status:201", Match(Field("context", Kind.JSON, ("http", "status")), Value("201"))),
        ("actor.attributes.team:x", Match(Field("actor.attributes", Kind.JSON, ("team",)), Value("x"))),
    ],
)
def test_parse_reads_a_value_for_its_field(text: str, query: Query) -> None:
    """Only the first colon parts field and value; what a value means depends on the field's kind."""
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("occurred:24h", Range(low=NOW_US - 24 * HOUR)),
        ("occurred:>=90m", Range(low=NOW_US - 3 * HOUR // 2)),
        ("occurred:<2w", Range(high=NOW_US - 14 * 24 * HOUR, high_open=True)),
        ("occurred:7d..24h", Range(NOW_US - 7 * 24 * HOUR, NOW_US - 24 * HOUR)),
        ("occurred:today", Range(MIDNIGHT, MIDNIGHT + 24 * HOUR - 1)),
        ("occurred:2026-11-01", Range(MIDNIGHT, MIDNIGHT + 24 * HOUR - 1)),
        ("occurred:yesterday", Range(MIDNIGHT - 24 * HOUR, MIDNIGHT - 1)),
        ("occurred:>yesterday", Range(low=MIDNIGHT - 1, low_open=True)),
        ("occurred:<=today", Range(high=MIDNIGHT + 24 * HOUR - 1)),
        ("occurred:yesterday..2026-11-01T06:00Z", Range(MIDNIGHT - 24 * HOUR, MIDNIGHT + 6 * HOUR + 59_999_999)),
        ("occurred:yesterday<..<today", Range(MIDNIGHT - 1, MIDNIGHT, low_open=True, high_open=True)),
        ("occurred:2026-11-01T02:00:00.5+02:00", Range(MIDNIGHT + 500_000, MIDNIGHT + 599_999)),
        ("occurred:2026-11-01T00:00:00", Range(MIDNIGHT, MIDNIGHT + 999_999)),
        ("occurred:2026-11-01t00:00:00.000001z", Value(MIDNIGHT + 1)),
        ("since:yesterday", Range(low=MIDNIGHT - 24 * HOUR)),
        ("until:today", Range(high=MIDNIGHT, high_open=True)),
        ('since:"24h"', Range(low=NOW_US - 24 * HOUR)),
    ],
)
def test_parse_makes_times_absolute(text: str, test: Test) -> None:
    """A time is the whole span that it names, from its first microsecond to its last; all of it is in UTC."""
    assert parse(text) == on("occurred", test)
    if not text.startswith(("since", "until")):
        assert parse(text.replace("occurred", "received")) == on("received", test)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("actr:ada", 1, "unknown field 'actr'; did you mean 'actor'?"),
        ("x Outcome:success", 3, "did you mean 'outcome'?"),
        ("metdata.x:1", 1, "did you mean 'metadata'?"),
        ("see http://example.com", 5, "text that holds a colon needs quotes"),
        ("metadata:x", 1, "name a member of it"),
        ("12:30", 1, "needs quotes"),
        ("outcome:failed", 9, "success, failure, denied, unknown; did you mean 'failure'?"),
        ("action:>5", 8, "no order"),
        ("tag:a..b", 5, "no order"),
        ("ip:10.0.0.1..10.0.0.9", 4, "10.0.0.0/8"),
        ("ip:example.com", 4, "an address"),
        ("ip:10.0.0.0/33", 4, "an address"),
        ("ip:fe80::1%eth0", 4, "an address"),
        ("index:-1", 7, "whole number"),
        ("index:1*", 7, "whole number"),
        ("index:9223372036854775808", 7, "whole number"),
        ("index:7..5", 7, "ends before it begins"),
        ("since:2026-02-01 x until:2026-01-31", 20, "lies before since"),
        ("index:<..5", 7, "none on that side"),
        ("index:5..<", 7, "none on that side"),
        ("a metadata.x:>2026-11-01", 15, "only numbers"),
        ("metadata.x:>1e999", 13, "only numbers"),
        ("occurred:2026-11", 10, "expected a time"),
        ("occurred:2026-02-30", 10, "no such time"),
        ("occurred:>1969-12-31", 11, "before 1970"),
        ("occurred:99999w", 10, "before 1970"),
        ("since:24h..1h", 7, "takes one time"),
        ("until:tomorrow", 7, "expected a time"),
        ("a (b", 5, "expected a )"),
        ("a b  )", 6, "there is no ("),
        ("()", 2, "expected a term"),
        ('a "b', 3, "never closed"),
        ('metadata."a:1', 10, "never closed"),
        ('x "C:\\temp"', 6, "backslash"),
        ('metadata."\\n":1', 11, "backslash"),
        ("actor: ada", 7, "directly after the colon"),
        ("actor:", 7, "directly after the colon"),
        ("actor:(a OR b)", 7, "parentheses"),
        ("index:>", 8, "to compare with"),
        (":a", 1, "quote text that holds one"),
        ("a- - b", 4, "directly before"),
        ("f(x)", 2, "white space"),
        ("(a)(b)", 4, "white space"),
        ("a OR", 5, "expected a term"),
        ("a NOT", 6, "expected a term"),
        ("OR a", 1, "stands between two terms"),
        ("a or b", 3, "in upper case"),
        ("not a", 1, "stands before a term"),
        ("inv*", 1, "found anywhere"),
        ('""', 1, "empty"),
        ("a\0", 2, "U+0000"),
        ("\ud800", 1, "surrogate"),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH + 1, "are allowed"),
        ("a " * (MAX_TERMS + 1), 2 * MAX_TERMS + 1, "256 terms"),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), MAX_DEPTH + 1, "32 deep"),
        ("-" * MAX_LENGTH, MAX_LENGTH, "directly before"),
    ],
)
def test_parse_says_where_and_what_was_expected(text: str, column: int, said: str) -> None:
    """The column counts characters from 1; the text names the remedy."""
    with pytest.raises(QueryError, match=r"column \d+: .+") as caught:
        parse(text)
    assert (caught.value.column, said in caught.value.detail) == (column, True), caught.value


@pytest.mark.parametrize(
    "text",
    [
        "a " * MAX_TERMS,
        "since:today " * MAX_TERMS,
        "occurred:1d..today " * (MAX_LENGTH // 19),
        "(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH,
        "-(" * (MAX_DEPTH // 2) + "a b" + ")" * (MAX_DEPTH // 2),
        "tag:" + "\\*" * 2000,
        'tag:"  "' + "\\" * 4000,
        "metadata" + ".\\" * 2000 + ":*",
    ],
)
def test_parse_takes_the_canonical_text_of_all_it_took(text: str) -> None:
    """At its limits, too, a query's canonical text is within the limit for such texts."""
    query = parse(text)
    assert parse_query(print_query(query), now_us=0, max_length=MAX_CANONICAL_LENGTH) == query


@pytest.mark.parametrize("text", ["occurred:24h", 'occurred:"24h"', "a (since:24h OR b)", "-received:24h..1h c"])
def test_time_of_a_query_is_that_of_each_asking(text: str) -> None:
    """What is remembered of a text is not when it was asked first."""
    assert parse_query(text, now_us=NOW_US) != parse_query(text, now_us=NOW_US + HOUR)
    assert parse_query(text, now_us=NOW_US) == parse_query(f" {text}", now_us=NOW_US)


def test_query_that_cannot_be_read_is_said_to_be_so_each_time() -> None:
    """With its own columns, however often it is asked."""
    for text, column in (("actr:ada", 1), ("a OR", 5), ("a occurred:soon", 12)):
        for _ in range(2):
            with pytest.raises(QueryError) as raised:
                parse(text)
            assert raised.value.column == column

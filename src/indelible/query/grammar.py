r"""The grammar of the query language, for lark's LALR(1) parser with its contextual lexer.

White space is a token, not ignored: it joins terms, and nothing may stand between the pieces of a term. In a *value*,
everything up to white space or a parenthesis belongs to it, colons included; quotes hold anything, with ``\"`` and
``\\`` for the two characters that they cannot hold. ``OR`` binds weaker than juxtaposition (or ``AND``), both weaker
than ``NOT`` (or ``-``).

The grammar says what a query looks like. What its values mean for a field is :mod:`indelible.query.values`' to say.
"""

from __future__ import annotations

from functools import cache

from lark import Lark

__all__ = ["GRAMMAR", "query_parser"]

GRAMMAR = r"""
    ?start: _SPACE? either
          | _SPACE?                   -> everything

    either: both (_OR both)*
    both: one ((_AND | _SPACE) one)*
    ?one: NOT one                     -> negated
        | OPEN either _CLOSE          -> group
        | KEY value                   -> match
        | (WORD | QUOTED | STAR)+     -> text

    ?value: (BARE | QUOTED | STAR)+   -> pieces
          | COMPARISON bound          -> comparison
          | bound? RANGE bound?       -> range
    bound: (BARE | QUOTED | STAR)+

    OPEN.3: /\(\s*/
    _CLOSE.3: /\s*\)/
    _OR.2: /(?:\s+|(?<=\)))OR(?=[\s(]|$)\s*/
    _AND.2: /(?:\s+|(?<=\)))AND(?=[\s(]|$)\s*/
    NOT.2: /NOT(?=[\s(]|$)\s*|-(?=\S)/
    _SPACE: /\s+/

    // A name or a path, and the colon: actor: metadata.amount: metadata."odd.key":
    KEY.2: /[^\s()":*.\-][^\s()":*.]*(?:\.(?:[^\s()":*.]+|"(?:[^"\\]|\\.)*"))*:/s
    WORD: /[^\s()":*\-][^\s()":*]*/
    QUOTED: /"(?:[^"\\]|\\.)*"/s
    STAR: "*"
    // Up to white space, a parenthesis, a quote, a star, or the dots of a range.
    BARE: /(?:[^\s()"*.<]|\.(?!\.)|<(?!\.\.))+/
    COMPARISON.2: /[<>]=?(?!\.\.)/
    // Both ends included; a < beside the dots leaves that end out.
    RANGE.2: /<?\.\.<?/
"""


@cache
def query_parser() -> Lark:
    """The parser, made when it is first needed; it keeps nothing between queries, and any thread may use it."""
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)

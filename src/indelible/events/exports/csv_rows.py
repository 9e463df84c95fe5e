r"""CSV by RFC 4180, with a header, for spreadsheets: UTF-8, lines end in CR LF, texts are quoted, numbers are not.

An absent field is an empty cell without quotes. What has structure (targets, changes, metadata) is JSON in a cell.
``raw`` is left out, for a cell of a spreadsheet cannot hold it; ``leaf_hash`` leads to the entry that does. ``damaged``
is empty but for entries that are no records any more, of which there is nothing else than ``index``.

A spreadsheet runs what begins like a formula, so no cell does (OWASP, "CSV Injection"). An apostrophe is put before

- a cell that begins with ``=``, ``+``, ``-``, ``@`` (or their full-width forms), behind blanks or not, or with a tab or
  a carriage return, and
- what begins so after a comma, semicolon, bar, tab, quote or line end within a cell: a program that takes another
  separator, or quotes otherwise, would begin a cell there.

A cell that is nothing but a number (``-5``, ``+1.5e3``) stays. In JSON cells the character is written as JSON's
``\u003d`` and so on instead, so that they remain the same JSON. An apostrophe cannot be told from one that was there
before: whoever needs the exact text takes NDJSON.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from indelible.events.exports.format import DAMAGED, ExportFormat
from indelible.events.foreign.dig import dig_list, dig_object
from indelible.events.record import decode_record
from indelible.merkle import leaf_hash

if TYPE_CHECKING:
    from indelible.events.json_values import Json

__all__ = ["COLUMNS", "CSV", "defused", "defused_json"]

_COLUMNS = """
index id occurred_at received_at action operation outcome severity
actor_type actor_id actor_name actor_email actor_roles actor_on_behalf_of actor_session_id actor_auth_method
actor_attributes tenant target_type target_id targets
context_ip context_user_agent context_location context_service context_service_version context_environment
context_request_id context_trace_id context_span_id context_http_method context_http_path context_http_status
reason message tags changes metadata attachments producer_id producer_seq producer_prev
upstream_format upstream_id upstream_sha256 upstream_size principal log leaf_hash published damaged
"""
COLUMNS: Final = tuple(_COLUMNS.split())
"""The header: it is the same for every export, and new columns will join at its end."""

_PARTS: Final = ("actor", "context", "context_http", "target", "producer", "upstream")
"""Objects whose members are columns, an inner one after the one that it is in."""

_SEPARATORS = r",;|\t\r\n\"'"
# Separators are no blanks here, so that no run of white space is looked at more than once.
_BLANKS = r"[^\S\t\r\n]*"
_SIGN = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_BEGIN = rf"(?={_BLANKS}{_SIGN})"
_AT_START: Final = re.compile(rf"{_BLANKS}[\t\r]|{_BEGIN}(?!{_BLANKS}{_NUMBER}{_BLANKS}\Z)")
_WITHIN: Final = re.compile(rf"[{_SEPARATORS}]{_BEGIN}")
# A minus that begins a number of JSON's own stands behind a comma, if behind a separator at all, and JSON goes on after
# the number; every other of these characters is within a string.
_IN_JSON: Final = re.compile(rf"([{_SEPARATORS}]{_BLANKS})(?!(?<=,){_NUMBER}[\]}}]*(?:,|\Z))({_SIGN})")
_ENCODER: Final = msgspec.json.Encoder()


def defused(text: str) -> str:
    """``text``, with an apostrophe before each place where a spreadsheet could see a formula begin."""
    if _WITHIN.search(text):
        text = _WITHIN.sub(r"\g<0>'", text)
    return f"'{text}" if _AT_START.match(text) else text


def defused_json(text: str) -> str:
    """An array or object in JSON without white space between tokens, with such characters escaped: the same value."""
    return _IN_JSON.sub(lambda match: f"{match[1]}\\u{ord(match[2]):04x}", text)


def _cell(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        text = defused(value)
    else:
        text = _ENCODER.encode(value).decode()
        if not isinstance(value, (dict, list)):
            return text  # a number, true or false
        text = defused_json(text)
    return '"' + text.replace('"', '""') + '"'


def _encode(index: int, entry: bytes, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Run
    fields: dict[str, Json] = decode_record(entry)
    fields["target"] = next(iter(dig_list(fields, "targets")), None)
    fields |= {"index": index, "leaf_hash": leaf_hash(entry).hex(), "published": published}
    for part in _PARTS:
        for member, value in dig_object(fields, part).items():
            fields[f"{part}_{member}"] = value
    return _row(fields)


def _damaged(index: int, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Run
    return _row({"index": index, "published": published, "damaged": DAMAGED})


def _row(fields: dict[str, Json]) -> bytes:
    return (",".join([_cell(fields.get(column)) for column in COLUMNS]) + "\r\n").encode()


CSV: Final = ExportFormat(
    name="csv",
    media_type="text/csv; charset=utf-8; header=present",
    suffix=".csv",
    encode=_encode,
    damaged=_damaged,
    header=(",".join(COLUMNS) + "\r\n").encode(),
)
"""Rows of :data:`COLUMNS`, with formulas defused."""

"""CloudEvents 1.0 in the JSON batch format ("JSON Event Format", section 4), one event a line within the array.

===================  ==================================================================================
attribute            from
===================  ==================================================================================
``id``               ``id``
``source``           the log's origin, as a URI reference
``type``             ``action``
``time``             ``occurred_at``
``subject``          the first target: ``type:id``; the id alone of what an imported event had as its subject
``data``             the whole record, with ``index``
``actor``            ``type:id``
``recordedtime``     ``received_at``
``sequence``         the index, in 16 digits, so that the order of texts is the order of entries
``leafhash``         the entry's leaf hash, in hexadecimal
``traceparent``      ``context.trace_id`` and ``context.span_id``, where they are those of W3C Trace Context
===================  ==================================================================================

The last five are extensions. :mod:`indelible.events.foreign.cloudevents` reads an export back as events of another log,
with the same action, actor and time. Characters that an attribute must not hold become U+FFFD; ``data`` still has them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from indelible.events.exports.format import ExportFormat
from indelible.events.exports.ndjson import with_index
from indelible.events.foreign.dig import dig_list, dig_text, present
from indelible.events.record import decode_record
from indelible.merkle import leaf_hash

if TYPE_CHECKING:
    from indelible.events.json_values import Json

__all__ = ["CLOUDEVENTS", "envelope"]

_URI: Final = "/:?#[]@!$&'()*+,;=~"
"""What RFC 3986 lets stand in a reference, beside letters, digits and ``-._``."""
# "CloudEvents", section "Type System": no control characters, no noncharacters. A record holds no lone surrogates.
_UNFIT: Final = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\ufdd0-\\ufdef"
    + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
    + "]"
)
_TRACE_ID: Final = re.compile(r"(?!0+\Z)[0-9a-f]{32}")
_SPAN_ID: Final = re.compile(r"(?!0+\Z)[0-9a-f]{16}")
_ENCODER: Final = msgspec.json.Encoder()


def envelope(record: dict[str, Json], *, index: int, leaf: str) -> dict[str, Json]:
    """The CloudEvent of a record without its ``data``; ``leaf`` is the entry's leaf hash in hexadecimal."""
    return present(
        specversion="1.0",
        id=dig_text(record, "id"),
        source=quote(dig_text(record, "log") or "", safe=_URI),
        type=_fit(dig_text(record, "action")),
        time=dig_text(record, "occurred_at"),
        subject=_fit(_subject(next(iter(dig_list(record, "targets")), None))),
        datacontenttype="application/json",
        actor=_fit(_typed(dig_text(record, "actor", "type"), dig_text(record, "actor", "id"))),
        recordedtime=dig_text(record, "received_at"),
        sequence=f"{index:016d}",
        leafhash=leaf,
        traceparent=_traceparent(dig_text(record, "context", "trace_id"), dig_text(record, "context", "span_id")),
    )


def _subject(target: Json) -> str | None:
    kind, identity = dig_text(target, "type"), dig_text(target, "id")
    return identity if kind == "subject" else _typed(kind, identity)


def _typed(kind: str | None, identity: str | None) -> str | None:
    return None if kind is None or identity is None else f"{kind}:{identity}"


def _fit(text: str | None) -> str | None:
    return None if text is None else _UNFIT.sub("\ufffd", text)


def _traceparent(trace: str | None, span: str | None) -> str | None:
    """W3C Trace Context, section 3.2.2. Whether the trace was sampled is not known, so no flag is set."""
    if trace is None or span is None or not _TRACE_ID.fullmatch(trace) or not _SPAN_ID.fullmatch(span):
        return None
    return f"00-{trace}-{span}-00"


def _encode(index: int, entry: bytes, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Run
    attributes = _ENCODER.encode(envelope(decode_record(entry), index=index, leaf=leaf_hash(entry).hex()))
    return attributes[:-1] + b',"data":' + with_index(entry, index, published) + b"}"


CLOUDEVENTS: Final = ExportFormat(
    name="cloudevents",
    media_type="application/cloudevents-batch+json",
    suffix=".cloudevents.json",
    encode=_encode,
    header=b"[\n",
    separator=b",\n",
    footer=b"\n]\n",
)
"""CloudEvents 1.0, as a batch."""

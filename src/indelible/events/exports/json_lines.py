"""One JSON object a line, made of a record and what is known about its entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from indelible.events.exports.original import original_text
from indelible.events.record import decode_record
from indelible.merkle import leaf_hash

if TYPE_CHECKING:
    from indelible.events.exports.format import EncodeRecord
    from indelible.events.json_values import Json

__all__ = ["ConvertRecord", "json_lines"]


class ConvertRecord(Protocol):
    """Turns a record into an object of another schema."""

    def __call__(
        self, record: dict[str, Json], *, index: int, leaf: str, published: bool | None, original: str | None
    ) -> dict[str, Json]:
        """The object.

        ``leaf`` is the entry's leaf hash in hexadecimal, ``original`` the text of ``raw`` as its hash was made.
        """


def json_lines(convert: ConvertRecord) -> EncodeRecord:
    """The encoder that writes what ``convert`` makes of a record."""
    encoder = msgspec.json.Encoder()

    def encode(index: int, entry: bytes, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Run
        record = decode_record(entry)
        converted = convert(
            record,
            index=index,
            leaf=leaf_hash(entry).hex(),
            published=published,
            original=original_text(entry, record),
        )
        return encoder.encode(converted) + b"\n"

    return encode

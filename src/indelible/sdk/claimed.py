"""Which log a checkpoint says that it belongs to: good for choosing keys, and for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import FormatError, NotFound, TooLarge
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note

if TYPE_CHECKING:
    from indelible.verify.fetch import Fetcher

__all__ = ["claimed_origin"]


def claimed_origin(fetcher: Fetcher) -> str | None:
    """The origin that a log's checkpoint names; ``None`` when there is no checkpoint that can be read."""
    try:
        return Checkpoint.parse(Note.parse(fetcher.get("checkpoint")).text).origin
    except (NotFound, FormatError, TooLarge):
        return None

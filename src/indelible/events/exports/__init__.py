"""Records in the formats of others: pure writers, one a format, each of which streams in constant memory.

::

    FORMATS["ocsf"].media_type                       # application/x-ndjson
    for piece in write_export(FORMATS["csv"], runs): # runs: (indices, entries, published)
        ...

:mod:`indelible.events.foreign` is the way in, this is the way out. What the columns and fields mean is written down in
``docs/reference/export-formats.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.events.exports.cloudevents import CLOUDEVENTS
from indelible.events.exports.csv_rows import CSV
from indelible.events.exports.damage_count import DamageCount
from indelible.events.exports.ecs import ECS
from indelible.events.exports.format import ExportFormat, Run, write_export
from indelible.events.exports.ndjson import NDJSON, with_index
from indelible.events.exports.ocsf import OCSF

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMATS", "DamageCount", "ExportFormat", "Run", "with_index", "write_export"]

FORMATS: Mapping[str, ExportFormat] = {each.name: each for each in (NDJSON, CSV, OCSF, ECS, CLOUDEVENTS)}
"""Every format that is written a record at a time, by the name that commands and HTTP use."""

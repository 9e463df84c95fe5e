"""Search over one log: immutable Parquet segments and a hot tail, both derived from the log and never evidence."""

from indelible.config import IndexSettings
from indelible.index.answers import Bucket, Coverage, Facets, Found, Histogram
from indelible.index.control import Control
from indelible.index.log_index import LogIndex
from indelible.index.source import EntrySource, LogSource

__all__ = [
    "Bucket",
    "Control",
    "Coverage",
    "EntrySource",
    "Facets",
    "Found",
    "Histogram",
    "IndexSettings",
    "LogIndex",
    "LogSource",
]

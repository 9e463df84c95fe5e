"""Seals the index of a log in small segments: ``seal_index.py DATA LOG``.

A page about segments would need 65,536 events to have one. It is shown with a log of the bundled samples instead, in
segments of 256 entries; they differ from others in nothing but their number of rows.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from indelible.embedded.data_directory import DataDirectory
from indelible.index import IndexSettings, LogIndex, LogSource


def seal(data: Path, name: str) -> None:
    """Write the segments of all full blocks of a log into its place under ``data/index``."""
    settings = IndexSettings(segment_entries=256, threads=1, memory=1 << 28)
    with DataDirectory.open(data, environment=os.environ) as directory, directory.open_log(name) as log:
        index = LogIndex.open(data / "index" / name, LogSource(log), settings=settings)
        try:
            index.catch_up()
        finally:
            index.close()


if __name__ == "__main__":
    seal(Path(sys.argv[1]), sys.argv[2])

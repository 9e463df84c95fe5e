"""Where one run of the benchmarks works: a temporary directory, and somebody to tell what goes on."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indelible.bench.scale import Scale

__all__ = ["Room", "open_room"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A directory on the disk that is measured, the counts of the run, and ``say``, which is told each step.

    ``samples`` is the folder of the bundled real events.
    """

    path: Path
    scale: Scale
    samples: Path
    say: Callable[[str], None]

    def clear(self) -> None:
        """Remove what large benchmarks left, so that the disk needs room for one at a time.

        Small ones leave it to the end: ext4 is slow to make files for minutes after many were deleted near by.
        """
        for path in self.path.iterdir():
            shutil.rmtree(path)


@contextmanager
def open_room(directory: Path, scale: Scale, samples: Path, say: Callable[[str], None]) -> Iterator[Room]:
    """A temporary directory below ``directory``, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="indelible-bench-", dir=directory) as path:
        yield Room(path=Path(path), scale=scale, samples=samples, say=say)

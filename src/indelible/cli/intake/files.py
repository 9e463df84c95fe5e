"""Finding and reading the files of an import: gunzipped where they are gzip, never more than is sound.

A folder stands for the files below it whose names end as the format's files do, in the order of their names; ``-`` is
standard input. Compression is told by its magic number, not by the name.
"""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import MalformedInput, TooLarge, UsageError

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["MAX_DOCUMENT_BYTES", "InputFile", "find_files"]

MAX_DOCUMENT_BYTES = 256 << 20
"""The largest document that is read whole, gunzipped; streams of lines have no such limit."""

_GZIP_MAGIC = b"\x1f\x8b"
_ENDINGS = (".json", ".jsonl", ".ndjson", ".log")
_STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file to import. ``path`` is ``None`` for standard input; ``size`` is in bytes as stored."""

    name: str
    path: Path | None
    size: int

    @contextmanager
    def open(self) -> Iterator[tuple[gzip.GzipFile | io.BufferedReader, io.BufferedReader]]:
        """The stream of its content, and the stream as stored, whose position tells how far reading has come.

        Raises:
            OSError: it cannot be opened.
        """
        with self.path.open("rb") if self.path is not None else open(0, "rb", closefd=False) as stored:
            compressed = stored.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
            yield gzip.GzipFile(fileobj=stored, mode="rb") if compressed else stored, stored

    def read(self) -> bytes:
        """The whole content.

        Raises:
            TooLarge: over :data:`MAX_DOCUMENT_BYTES`.
            MalformedInput: it is gzip, and damaged.
        """
        with self.open() as (content, _):
            try:
                data = content.read(MAX_DOCUMENT_BYTES + 1)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise MalformedInput(f"the gzip file is damaged: {error}") from error
        if len(data) > MAX_DOCUMENT_BYTES:
            raise TooLarge(f"the document is larger than {MAX_DOCUMENT_BYTES:,} bytes", limit=MAX_DOCUMENT_BYTES)
        return data


def find_files(arguments: Sequence[Path]) -> list[InputFile]:
    """The files that the arguments stand for.

    Raises:
        UsageError: an argument does not exist, or a folder holds nothing that could be imported.
    """
    found: list[InputFile] = []
    for argument in arguments:
        if str(argument) == _STANDARD_INPUT:
            found.append(InputFile(_STANDARD_INPUT, None, 0))
        elif argument.is_dir():
            below = [_input_file(path) for path in sorted(argument.rglob("*")) if _is_wanted(path, argument)]
            if not below:
                raise UsageError(f"{argument} holds no file that ends in {', '.join(_ENDINGS)} (or those with .gz)")
            found += below
        elif argument.exists():
            found.append(_input_file(argument))
        else:
            raise UsageError(f"{argument} does not exist")
    return found


def _input_file(path: Path) -> InputFile:
    return InputFile(str(path), path, path.stat().st_size)


def _is_wanted(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not hidden and path.name.removesuffix(".gz").endswith(_ENDINGS) and path.is_file()

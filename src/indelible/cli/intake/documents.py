"""CloudTrail, Kubernetes and GitHub: documents of other systems, one file after another.

The translation is :mod:`indelible.events.foreign`'s, run here for a server's log as for a directory's: what is sent are
native events, with their derived ids and their originals.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

import msgspec

from indelible.cli.intake.items import Candidate, Refused
from indelible.errors import MalformedInput, TooLarge
from indelible.events import Preparer, new_stamp
from indelible.events.foreign import ForeignEvent, Rejected, cloudtrail, github, kubernetes, prepare_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from indelible.cli.intake.files import InputFile
    from indelible.cli.intake.items import Item
    from indelible.events import Prepared

__all__ = ["DOCUMENT_FORMATS", "Translator", "read_documents"]

_GITHUB_EVENT = re.compile(r"[a-z][a-z_]{0,63}")
_SERVERS_FIELDS = ("v", "log", "principal", "received_at")
_LONGEST_PRINCIPAL = "x" * 128  # stands for the one that the log will put in, so that nothing outgrows an entry there


def _read_github(document: bytes, name: str) -> Iterator[ForeignEvent | Rejected]:
    event = github.event_of(name)
    if not _GITHUB_EVENT.fullmatch(event):
        detail = f"{event[:80]!r} is no GitHub event; files are named after theirs: push.json, check_run.completed.json"
        raise MalformedInput(detail)
    return github.read(document, event=event)


DOCUMENT_FORMATS: dict[str, Callable[[bytes, str], Iterator[ForeignEvent | Rejected]]] = {
    "cloudtrail": lambda document, _: cloudtrail.read(document),
    "kubernetes": lambda document, _: kubernetes.read(document),
    "github": _read_github,
}
"""How the documents of each format are read; the second argument is the file's name."""


class Translator:
    """Makes native events of foreign ones, for the log with this origin. Counts what had to lose its original."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._preparer = Preparer(origin=origin, stamp=new_stamp(os.urandom))
        self.without_raw = 0

    def items(self, file: str, found: Iterable[ForeignEvent | Rejected]) -> list[Item]:
        """The events of one document or batch, and what was rejected in it."""
        intake = prepare_foreign(
            self._preparer,
            found,
            principal=_LONGEST_PRINCIPAL,
            now_ms=time.time_ns() // 1_000_000,
            random=os.urandom,
        )
        self.without_raw += intake.without_raw
        items: list[Item] = [Refused(file, rejected.record, rejected.detail) for rejected in intake.rejected]
        items += [Candidate(file, prepared.id, self._event(prepared)) for prepared in intake.prepared]
        return items

    def _event(self, prepared: Prepared) -> bytes:
        event = msgspec.json.decode(prepared.template)
        for field in _SERVERS_FIELDS:
            del event[field]
        if event["occurred_at"] == self._preparer.stamp.decode():  # unknown: the log will say when it came
            del event["occurred_at"]
        return msgspec.json.encode(event)


def read_documents(
    files: Iterable[InputFile], format_name: str, translator: Translator, *, advance: Callable[[int], None]
) -> Iterator[Item]:
    """Yield the events of the files; ``advance`` is told the size of each when it has been read."""
    read = DOCUMENT_FORMATS[format_name]
    for file in files:
        name = file.path.name if file.path is not None else file.name
        try:
            found = list(read(file.read(), name))
        except (MalformedInput, TooLarge) as error:
            yield Refused(file.name, "", str(error))
        else:
            yield from translator.items(file.name, found)
        advance(file.size)

"""A log described as ``GET /v1/logs/{log}`` describes it, from its directory, without lock or key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.formats.tlog_policy import Policy
from indelible.storage.posix import read_journal

if TYPE_CHECKING:
    from indelible.embedded.data_directory import DataDirectory

__all__ = ["describe"]


def describe(directory: DataDirectory, name: str) -> dict[str, object]:
    """The object that INTERFACES defines. ``journaled`` may lag behind a running writer by what it is just writing.

    Raises:
        NotFound: there is no such log.
        IntegrityError: its checkpoint or journal cannot be read.
    """
    configuration = directory.log(name)
    published = directory.open_reader(name).published
    with read_journal(directory.paths(name).journal) as journal:
        journaled = max(journal.end, published.checkpoint.size)
    return {
        "log": name,
        "origin": configuration.origin,
        "public": configuration.public,
        "vkeys": list(configuration.vkeys),
        "size": published.checkpoint.size,
        "root": published.checkpoint.root.hex(),
        "checkpoint": published.note.decode(),
        "journaled": journaled,
        "witnesses": [],
        "policy": Policy.for_log(*configuration.vkeys).encode().decode(),
    }

"""``indelible.open``: a log in a directory, in this process; and the same with ``await``."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from indelible.embedded.birth import MAIN_LOG
from indelible.embedded.data_directory import DataDirectory
from indelible.embedded.effects import perform, perform_async
from indelible.embedded.plans import EmbeddedPlans
from indelible.embedded.principal import local_principal
from indelible.embedded.reading import DirectoryReader, OpenLogReader
from indelible.embedded.searching import DirectorySearch
from indelible.errors import NotFound, UsageError
from indelible.sdk.aio import AsyncAuditLog, Opening
from indelible.sdk.audit_log import AuditLog
from indelible.sdk.plan import drive, drive_async
from indelible.trust.pins import Pins

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from indelible.sdk.plan import Plan

__all__ = ["open", "open_async"]


def open(  # noqa: A001 - the name that INTERFACES gives it
    path: Path | str,
    *,
    create: bool = False,
    log: str = MAIN_LOG,
    read_only: bool = False,
    on_indexing: Callable[[int, int], None] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> AuditLog:
    """A log in a data directory. This process becomes the directory's only writer, until the log is closed.

    Args:
        path: The directory.
        create: Make the directory when there is none. An existing one is opened.
        log: The log's name.
        read_only: Only read: then neither lock nor key is needed, and something else may write.
        on_indexing: Told, before an answer to a search, how many entries are indexed, and of how many: the first search
            of a large log takes a while.
        environment: Says where the user's state directory is.

    Raises:
        NotFound: there is no such directory or log.
        UsageError: it is one of Indelible's own logs, which are only for reading.
        Locked: something else writes there; the error names it.
        IntegrityError: something stored is not what was written, or older than what is remembered.
    """
    plans, close = _open(
        path, create=create, log=log, read_only=read_only, on_indexing=on_indexing, environment=environment
    )
    return AuditLog(plans, partial(drive, perform=perform), close)


def open_async(
    path: Path | str,
    *,
    create: bool = False,
    log: str = MAIN_LOG,
    read_only: bool = False,
    on_indexing: Callable[[int, int], None] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Opening:
    """As :func:`open`, for use with ``await``: ``async with indelible.aio.open("./audit") as log``."""
    opening = partial(
        _open, path, create=create, log=log, read_only=read_only, on_indexing=on_indexing, environment=environment
    )

    async def begin() -> AsyncAuditLog:
        plans, close = await asyncio.to_thread(opening)

        async def run(plan: Plan[Any]) -> object:
            return await drive_async(plan, perform_async)

        return AsyncAuditLog(plans, run, partial(asyncio.to_thread, close))

    return Opening(begin)


def _open(
    path: Path | str,
    *,
    create: bool,
    log: str,
    read_only: bool,
    on_indexing: Callable[[int, int], None] | None,
    environment: Mapping[str, str],
) -> tuple[EmbeddedPlans, Callable[[], None]]:
    with ExitStack() as opened:
        directory = opened.enter_context(_directory(path, create=create, environment=environment))
        directory.log(log)  # before the lock is taken, and before recovery
        if not read_only and log.startswith("_"):
            raise UsageError(
                f"Indelible alone writes to {log}: logs whose names begin with _ are its own; open it to read"
            )
        writer = None if read_only else opened.enter_context(directory.open_log(log))
        source = (
            DirectoryReader(directory.open_reader(log), directory.paths(log), origin=directory.log(log).origin)
            if writer is None
            else OpenLogReader(writer)
        )
        searcher = DirectorySearch(
            directory.paths(log).index, source, settings=directory.configuration.index, on_indexing=on_indexing
        )
        opened.callback(searcher.close)
        plans = EmbeddedPlans(
            directory=directory,
            name=log,
            source=source,
            searcher=searcher,
            log=writer,
            principal=local_principal(),
            pins=Pins.load(environment),
        )
        return plans, opened.pop_all().close  # which closes once, however often it is called


def _directory(path: Path | str, *, create: bool, environment: Mapping[str, str]) -> DataDirectory:
    try:
        return DataDirectory.open(path, environment=environment)
    except NotFound:
        if not create:
            raise
        return DataDirectory.create(path, environment=environment)

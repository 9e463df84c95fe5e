"""The server's own log: one line an event on standard error, for people on a terminal, JSON for programs elsewhere."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structlog.typing import Processor

    from indelible.config import LoggingSettings

__all__ = ["configure_server_log"]


def configure_server_log(settings: LoggingSettings) -> None:
    """Send what the server and its libraries log to standard error, in the configured form."""
    import structlog  # noqa: PLC0415 - of the server's extra: the bare command line does without

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,  # the request's id, wherever a line is written on its behalf
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    for_people = settings.format == "text" or (settings.format == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    for quiet in ("alembic", "httpx", "httpcore"):  # they announce what is of no interest, and addresses with it
        logging.getLogger(quiet).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )

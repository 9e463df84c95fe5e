"""Bring a control database to this version's schema. Refuses one made by a later version.

The migrations travel inside the package and are run from here; there is no ``alembic.ini`` and no command to run by
hand. Downgrades are not offered: an older version refuses a newer database, and a backup goes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from indelible.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection

__all__ = ["check_revision", "upgrade"]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "indelible.control:migrations")
    return config


def check_revision(connection: Connection, path: Path) -> bool:
    """Return whether the database already has this version's schema.

    Raises:
        ConfigurationError: a later version of Indelible made it.
    """
    scripts = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return False
    try:
        scripts.get_revision(current)
    except CommandError:
        detail = f"{path} has schema {current!r}, made by a later version of Indelible; run that version or a later one"
        raise ConfigurationError(detail) from None
    return current == scripts.get_current_head()


def upgrade(connection: Connection) -> None:
    """Run every migration that the database lacks, in the transaction of ``connection``."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

"""The control store: created private, migrated, durable, and plain about what is wrong."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from indelible.control import ControlStore, migrate, sqlite
from indelible.control.api_keys import find_api_key
from indelible.control.schema import METADATA, api_keys, grants, principals
from indelible.errors import ConfigurationError, Damaged, NotFound, ReadOnly, StorageFull, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

PRINCIPAL = {"id": "p", "kind": "test", "name": "p", "created_at": "t", "created_by": "t"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sqlite"


def count(store: ControlStore) -> int:
    with store.snapshot() as connection:
        value: int = connection.execute(text("SELECT count(*) FROM principals")).scalar_one()
    return value


def test_open_creates_files_that_only_the_owner_can_read(path: Path) -> None:
    """The database and what SQLite puts beside it have mode 0600."""
    with ControlStore.open(path) as store, store.transaction() as connection:
        connection.execute(principals.insert().values(**PRINCIPAL))
        beside = sorted(path.parent.iterdir())
        assert [file.name for file in beside] == ["control.sqlite", "control.sqlite-shm", "control.sqlite-wal"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in beside} == {0o600}


def test_open_sets_what_durability_needs(path: Path) -> None:
    """A commit is synced (WAL, FULL), and foreign keys are enforced."""
    with ControlStore.open(path) as store, store.transaction() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_migrations_give_exactly_the_schema(path: Path) -> None:
    """What the migrations build and what the code's tables say are the same."""
    with ControlStore.open(path) as store, store.transaction() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_transaction_keeps_on_success_and_undoes_on_error(path: Path) -> None:
    """A block that ends is durable, across a reopening; one that raises leaves nothing."""
    with ControlStore.open(path) as store:
        with store.transaction() as connection:
            connection.execute(principals.insert().values(**PRINCIPAL))

        def add_and_fail() -> None:
            with store.transaction() as connection:
                connection.execute(principals.insert().values(**{**PRINCIPAL, "id": "q"}))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            add_and_fail()
    with ControlStore.open(path) as store:
        assert count(store) == 1


def test_transaction_lets_one_thread_in_at_a_time(path: Path) -> None:
    """Threads share the one connection without losing an update."""
    with ControlStore.open(path) as store:

        def add(start: int) -> None:
            for number in range(start, start + 20):
                with store.transaction() as connection:
                    connection.execute(principals.insert().values(**{**PRINCIPAL, "id": f"p{number}"}))

        threads = [threading.Thread(target=add, args=(n * 20,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert count(store) == 80


def test_generation_moves_with_every_change(path: Path) -> None:
    """Our own change moves it at once, another process's when it is looked for; reading moves nothing."""
    with ControlStore.open(path) as store:
        store.notice_changes_elsewhere()
        seen = [store.generation]
        with store.transaction() as connection:
            connection.execute(principals.insert().values(**PRINCIPAL))
        seen.append(store.generation)
        store.notice_changes_elsewhere()
        assert count(store) == 1
        assert store.generation == seen[-1]
        other = sqlite3.connect(path)
        other.execute("UPDATE principals SET name = 'else'")
        other.commit()
        other.close()
        store.notice_changes_elsewhere()
        seen.append(store.generation)
        assert seen == sorted(set(seen))


def test_notice_changes_elsewhere_does_not_wait(path: Path) -> None:
    """While a transaction holds the connection it returns rather than wait."""
    with ControlStore.open(path) as store, store.transaction():
        store.notice_changes_elsewhere()


def test_read_only_reads_beside_a_writer_and_cannot_write(path: Path) -> None:
    """A reader sees what is committed, and cannot write."""
    with ControlStore.open(path) as store:
        with store.transaction() as connection:
            connection.execute(principals.insert().values(**PRINCIPAL))
        with ControlStore.open(path, read_only=True) as reader:
            assert count(reader) == 1
            with pytest.raises(ReadOnly, match="only reads"), reader.transaction() as connection:
                connection.execute(principals.insert().values(**{**PRINCIPAL, "id": "q"}))


def test_read_only_reads_a_medium_that_cannot_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot, say. Nothing is made beside the file, which SQLite otherwise does even to read."""
    with ControlStore.open(path) as store, store.transaction() as connection:
        connection.execute(principals.insert().values(**PRINCIPAL))
    facts = os.statvfs(path)
    frozen = os.statvfs_result((*facts[:8], facts.f_flag | os.ST_RDONLY, facts.f_namemax))
    monkeypatch.setattr(os, "statvfs", lambda _: frozen)
    with ControlStore.open(path, read_only=True) as reader:
        assert count(reader) == 1
        assert list(path.parent.iterdir()) == [path]


def test_store_says_who_may_not_use_it(path: Path) -> None:
    """Someone who may not write beside the file is told so, and what to do."""
    with (
        ControlStore.open(path),
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader,
        pytest.raises(sqlite3.OperationalError) as raised,
    ):
        reader.execute("DELETE FROM principals")
    error = sqlite.translated(raised.value, path)
    assert isinstance(error, ConfigurationError)
    assert "indelible backup" in str(error)


def test_read_only_refuses_to_create(path: Path) -> None:
    """Looking at a directory that is none must not make one."""
    with pytest.raises(NotFound, match="indelible init"):
        ControlStore.open(path, read_only=True)
    assert not path.exists()


def test_open_refuses_a_later_schema(path: Path) -> None:
    """A database that a later version migrated is left alone, and the text says which way out."""
    with ControlStore.open(path) as store, store.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="later version"):
        ControlStore.open(path)


def test_open_refuses_what_is_not_a_database(path: Path) -> None:
    """A damaged file is named as such, with the remedy."""
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(Damaged, match="backup"):
        ControlStore.open(path)


def test_transaction_says_when_another_process_holds_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock held elsewhere is not our caller's fault: try again."""
    monkeypatch.setattr("indelible.control.sqlite._BUSY_TIMEOUT_MS", 10)
    with ControlStore.open(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert count(store) == 0
        with pytest.raises(Unavailable, match="another process"), store.transaction():
            pass
        other.close()


def test_transaction_says_when_the_disk_is_full(path: Path) -> None:
    """No space: the error says so, nothing is half-written, and the store still reads."""
    with ControlStore.open(path) as store:
        with store.transaction() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        many = [{**PRINCIPAL, "id": f"{number}" * 50} for number in range(1_000)]
        with pytest.raises(StorageFull), store.transaction() as connection:
            connection.execute(principals.insert(), many)
        assert count(store) == 0


def test_copy_taken_after_close_is_whole(path: Path, tmp_path: Path) -> None:
    """Closing leaves everything in the one file."""
    with ControlStore.open(path) as store, store.transaction() as connection:
        connection.execute(principals.insert().values(**PRINCIPAL))
    copy = tmp_path / "copy.sqlite"
    shutil.copy(path, copy)
    with ControlStore.open(copy) as store:
        assert count(store) == 1


def test_open_upgrades_a_database_of_every_earlier_schema(path: Path) -> None:
    """What was kept under an old schema is there under the new one; reading alone refuses, and says what would do."""
    earlier = ScriptDirectory.from_config(migrate._config())
    for revision in [script.revision for script in earlier.walk_revisions()][1:]:
        path.unlink(missing_ok=True)
        sqlite.create_file(path)
        engine = sqlite.open_engine(path, read_only=False)
        with engine.begin() as connection:
            config = migrate._config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.execute(principals.insert().values(**PRINCIPAL))
            key = {"id": "k", "principal_id": "p", "secret_sha256": bytes(32), "created_at": "t"}
            connection.execute(api_keys.insert().values(**key))
            grant = {"principal_id": "p", "role": "writer", "log": "main", "created_at": "t", "created_by": "t"}
            connection.execute(grants.insert().values(**grant))
        engine.dispose()
        with pytest.raises(ConfigurationError, match="earlier version"):
            ControlStore.open(path, read_only=True)
        with ControlStore.open(path) as store, store.snapshot() as connection:
            record = find_api_key(connection, "k")
            assert record is not None
            assert record.name == "p"
            assert [(grant.role, grant.log) for grant in record.grants] == [("writer", "main")]
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []

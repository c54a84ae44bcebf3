"""A SQLite connection of the service can read and write rows, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from answerable.audit.log import Log
from answerable.audit.store.authorizer import forbid_schema_changes, schema_changes
from tests.log_kit import LogKit

DENIED = (
    "DROP TRIGGER main.entry_no_update",
    "DROP TABLE entry",
    "DROP INDEX entry_kind",
    "ALTER TABLE entry RENAME TO other",
    "ALTER TABLE entry ADD COLUMN more TEXT",
    "CREATE TABLE more (n INTEGER)",
    "CREATE TRIGGER swallow BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TEMPORARY TABLE entry (n INTEGER)",
    "CREATE TEMPORARY TRIGGER swallow BEFORE INSERT ON main.entry BEGIN SELECT RAISE(IGNORE); END",
    "CREATE VIEW hidden AS SELECT * FROM entry",
    "CREATE VIRTUAL TABLE found USING fts5(words)",
    "ATTACH DATABASE ':memory:' AS other",
    "VACUUM",
    "PRAGMA writable_schema = ON",
    "PRAGMA Recursive_Triggers = OFF",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = OFF",
    "PRAGMA trusted_schema = ON",
    "PRAGMA ignore_check_constraints = ON",
    "UPDATE sqlite_master SET sql = NULL",
    "DELETE FROM sqlite_master",
    "SELECT load_extension('x')",
)
ALLOWED = (
    "SELECT count(*) FROM entry",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n",
    "SELECT json_extract('{}', '$.a')",
    "BEGIN IMMEDIATE",
    "SAVEPOINT a",
    "UPDATE head SET turn = turn + 1",
    "RELEASE a",
    "COMMIT",
    "PRAGMA journal_mode",
    "PRAGMA main.table_xinfo('entry')",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA integrity_check(1)",
)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection beside a log, on which schema changes are forbidden."""
    kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}")
    kit.log.close()
    connection = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    forbid_schema_changes(connection)
    yield connection
    connection.close()


@pytest.mark.parametrize("statement", DENIED)
def test_no_schema_can_be_changed(held: sqlite3.Connection, statement: str) -> None:
    with pytest.raises(sqlite3.DatabaseError):
        held.execute(statement)


def test_rows_are_read_and_written_as_before(held: sqlite3.Connection) -> None:
    for statement in ALLOWED:
        held.execute(statement).fetchall()


def test_a_migration_may_change_the_schema_and_nothing_may_afterwards(
    held: sqlite3.Connection,
) -> None:
    with schema_changes(held):
        held.execute("CREATE TABLE more (n INTEGER)")
    with pytest.raises(sqlite3.DatabaseError):
        held.execute("DROP TABLE more")
    with pytest.raises(ZeroDivisionError), schema_changes(held):
        1 / 0  # noqa: B018 - whatever fails in a migration
    with pytest.raises(sqlite3.DatabaseError):
        held.execute("DROP TABLE more")


def test_a_log_whose_connections_are_held_does_all_its_work(tmp_path: Path) -> None:
    kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}")
    log: Log = kit.log
    with log._database.read() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        forbid_schema_changes(driver)
    kit.log.append_many([kit.decision("anna"), *(kit.decision() for _ in range(260))])
    log.place_hold(kit.hold(kit.ref("anna")))
    log.checkpoint()
    assert kit.verify().ok
    log.close()

"""A SQLite connection of the service can read and write rows, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from answerable.audit.store.authorizer import schema_changes
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
def held(sqlite_kit: LogKit) -> Iterator[Connection]:
    """A connection of a log to its database."""
    with sqlite_kit.log._database._engine.connect() as connection:
        yield connection


def execute(connection: Connection, statement: str) -> None:
    """Run a statement below the library, which would begin a transaction of its own."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute(statement).fetchall()


@pytest.mark.parametrize("statement", DENIED)
def test_no_schema_can_be_changed(held: Connection, statement: str) -> None:
    with pytest.raises(sqlite3.DatabaseError):
        execute(held, statement)


def test_rows_are_read_and_written_as_before(held: Connection) -> None:
    for statement in ALLOWED:
        execute(held, statement)


def test_a_migration_may_change_the_schema_and_nothing_may_afterwards(held: Connection) -> None:
    with schema_changes(held):
        execute(held, "CREATE TABLE more (n INTEGER)")
    with pytest.raises(sqlite3.DatabaseError):
        execute(held, "DROP TABLE more")
    with pytest.raises(ZeroDivisionError), schema_changes(held):
        1 / 0  # noqa: B018 - whatever fails in a migration
    with pytest.raises(sqlite3.DatabaseError):
        execute(held, "DROP TABLE more")


def test_a_statement_prepared_for_a_migration_is_judged_again_afterwards(held: Connection) -> None:
    with schema_changes(held):
        execute(held, "PRAGMA recursive_triggers = ON")
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        execute(held, "PRAGMA recursive_triggers = ON")


@pytest.mark.postgres
def test_to_postgresql_it_changes_nothing(postgres_kit: LogKit) -> None:
    with postgres_kit.log._database.write() as connection, schema_changes(connection):
        connection.exec_driver_sql("SELECT 1")
    assert postgres_kit.log.append(postgres_kit.decision("anna")).seq == 1


def test_a_log_does_all_its_work_on_such_connections(sqlite_kit: LogKit) -> None:
    kit = sqlite_kit
    kit.log.append_many([kit.decision("anna"), *(kit.decision() for _ in range(260))])
    kit.log.place_hold(kit.hold(kit.ref("anna")))
    kit.log.checkpoint()
    kit.reopen()
    assert kit.verify().ok
    with (
        kit.log._database._engine.connect() as connection,
        pytest.raises(DatabaseError, match="not authorized"),
    ):
        connection.exec_driver_sql("DROP TRIGGER main.entry_no_update")

"""Changing what was appended is refused by both databases, on every road there is to it."""

# ruff: noqa: S608 - table and column names come from our own metadata

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError

from answerable.audit.errors import Unavailable
from answerable.audit.store.authorizer import schema_changes
from answerable.audit.store.tables import APPEND_ONLY, PARTITIONED, metadata
from tests.log_kit import LogKit, redecided

NAMES = [table.name for table in APPEND_ONLY]
COLUMNS = {table.name: [column.name for column in table.columns] for table in APPEND_ONLY}
KEYS = {table.name: [column.name for column in table.primary_key] for table in APPEND_ONLY}
PARTITIONS = [table.name for table in PARTITIONED]
REFUSED = "append-only table"


@pytest.fixture
def postgres_kit(any_postgres_kit: LogKit) -> LogKit:
    """What is special to PostgreSQL is tried on each version."""
    return any_postgres_kit


def filled(kit: LogKit) -> LogKit:
    """A log in which every append-only table holds a row."""
    first = kit.log.append(kit.decision("anna"))
    kit.log.append(redecided(kit.decision("anna"), supersedes=first.entry_id))
    kit.log.append_many([kit.decision() for _ in range(260)])
    kit.log.checkpoint()
    run(
        kit,
        f"INSERT INTO {_prefix(kit)}.anchor (size, number, kind, data) VALUES (1, 0, 'test', 'x')"
        if _prefix(kit) == "audit"
        else "INSERT INTO main.anchor (size, number, kind, data) VALUES (1, 0, 'test', x'00')",
    )
    return kit


def run(kit: LogKit, *statements: str) -> None:
    with kit.log._database._engine.connect() as connection:
        writing = connection.execution_options(answerable_write=True)
        with writing.begin():
            for statement in statements:
                writing.exec_driver_sql(statement)


def run_elsewhere(kit: LogKit, *statements: str) -> None:
    """Run statements on a connection that this project did not prepare."""
    engine = create_engine(kit.url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def rows_of(kit: LogKit) -> dict[str, int]:
    with kit.log._database.read() as connection:
        prefix = _prefix(kit)
        return {
            name: connection.exec_driver_sql(f"SELECT count(*) FROM {prefix}.{name}").scalar() or 0
            for name in NAMES
        }


def _prefix(kit: LogKit) -> str:
    return "main" if kit.url.startswith("sqlite") else "audit"


def test_no_append_only_table_is_forgotten(kit: LogKit) -> None:
    changing = {
        "floor",
        "head",
        "hold",
        "key_bucket",
        "projection",
        "rollup",
        "subject_alias",
        "subject_key",
    }
    assert {table.name for table in metadata.tables.values()} == {*NAMES, *changing}
    assert all(rows_of(filled(kit)).values())


def test_no_row_can_be_updated_or_deleted(kit: LogKit) -> None:
    before = rows_of(filled(kit))
    prefix = _prefix(kit)
    for name in NAMES:
        for column in COLUMNS[name]:
            with pytest.raises(DBAPIError, match=REFUSED):
                run(kit, f"UPDATE {prefix}.{name} SET {column} = {column}")
        with pytest.raises(DBAPIError, match=REFUSED):
            run(kit, f"DELETE FROM {prefix}.{name}")
    assert rows_of(kit) == before
    assert kit.verify().ok


def test_no_row_can_be_replaced_by_an_insert(kit: LogKit) -> None:
    before = rows_of(filled(kit))
    prefix = _prefix(kit)
    for name in NAMES:
        columns = ", ".join(COLUMNS[name])
        copy = f"INTO {prefix}.{name} ({columns}) SELECT {columns} FROM {prefix}.{name} LIMIT 1"
        first = KEYS[name][0]
        upsert = f"ON CONFLICT ({', '.join(KEYS[name])}) DO UPDATE SET {first} = excluded.{first}"
        # SQLite takes an upsert after SELECT only behind a WHERE.
        roads = [f"INSERT {copy.replace(' LIMIT 1', ' WHERE true LIMIT 1')} {upsert}"]
        if prefix == "main":
            roads += [f"INSERT OR REPLACE {copy}", f"REPLACE {copy}"]
        for road in roads:
            with pytest.raises(DBAPIError, match=REFUSED):
                run(kit, road)
    assert rows_of(kit) == before


def test_an_entry_cannot_be_replaced_through_its_id(sqlite_kit: LogKit) -> None:
    kit = filled(sqlite_kit)
    with pytest.raises(DBAPIError, match=REFUSED):
        run(
            kit,
            "INSERT OR REPLACE INTO main.entry_id (id, seq) "
            "SELECT id, 9999 FROM main.entry_id WHERE seq = 1",
        )


def test_a_foreign_connection_without_our_settings_is_refused_too(kit: LogKit) -> None:
    filled(kit)
    prefix = _prefix(kit)
    loosened = (
        "PRAGMA recursive_triggers = OFF"
        if prefix == "main"
        else "SET LOCAL session_replication_role = replica"
    )
    for name in NAMES:
        with pytest.raises(DBAPIError, match=REFUSED):
            run_elsewhere(kit, loosened, f"DELETE FROM {prefix}.{name}")
        if prefix == "main":
            replaced = f"INSERT OR REPLACE INTO {name} SELECT * FROM {name} LIMIT 1"
            with pytest.raises(DBAPIError, match=REFUSED):
                run_elsewhere(kit, loosened, replaced)
    assert kit.verify().ok


def test_a_connection_of_the_service_changes_no_setting_and_no_schema(sqlite_kit: LogKit) -> None:
    kit = filled(sqlite_kit)
    for statement in (
        "PRAGMA recursive_triggers = OFF",
        "PRAGMA writable_schema = ON",
        "DROP TRIGGER main.entry_no_update",
        "CREATE TABLE other AS SELECT * FROM entry",
        "ALTER TABLE entry RENAME TO other",
        "CREATE TRIGGER main.silent BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TEMPORARY VIEW entry AS SELECT * FROM main.entry WHERE seq < 2",
        "ATTACH DATABASE ':memory:' AS other",
    ):
        with pytest.raises(DBAPIError, match="not authorized"):
            run(kit, statement)
    assert kit.verify().ok


@pytest.mark.postgres
def test_no_table_can_be_truncated(postgres_kit: LogKit) -> None:
    kit = filled(postgres_kit)
    partitions = [f"{name}_{number}" for name in PARTITIONS for number in (0, 1)]
    for name in [*NAMES, "head", "floor", *partitions]:
        for loosened in ("SELECT 1", "SET LOCAL session_replication_role = replica"):
            with pytest.raises(DBAPIError, match=REFUSED):
                run(kit, loosened, f"TRUNCATE audit.{name}")
            with pytest.raises(DBAPIError, match=REFUSED):
                run(kit, loosened, f"TRUNCATE audit.{name} CASCADE")
    assert kit.verify().ok


def test_the_head_moves_forward_only(kit: LogKit) -> None:
    filled(kit)
    prefix = _prefix(kit)
    for statement in (
        f"UPDATE {prefix}.head SET size = size - 1",
        f"UPDATE {prefix}.head SET turn = turn - 1",
        f"DELETE FROM {prefix}.head",
        f"INSERT INTO {prefix}.head (id, turn, size, ts, clock_noted, frontier) "
        f"SELECT 2, turn, size, ts, clock_noted, frontier FROM {prefix}.head",
    ):
        with pytest.raises(DBAPIError):
            run(kit, statement)
    assert kit.verify().ok


SHADOW = "CREATE TEMPORARY TABLE {} (n integer)"


def shadowed(kit: LogKit, *names: str) -> list[int]:
    """Make temporary tables on the very connections the log uses; return how many rows they hold.

    Called again, it makes none and counts.
    """
    database = kit.log._database
    roads: list[Callable[[], AbstractContextManager[Connection]]] = [database._engine.connect]
    roads += [database.compared] if _prefix(kit) != "main" else []
    held = []
    for road in roads:
        with road() as connection, schema_changes(connection):
            for name in names:
                connection.exec_driver_sql(SHADOW.format(name))
            prefix = "temp" if _prefix(kit) == "main" else "pg_temp"
            held.append(connection.exec_driver_sql(f"SELECT count(*) FROM {prefix}.head").scalar())
            if road == database._engine.connect:
                connection.commit()
    return [int(n or 0) for n in held]


def test_a_temporary_table_of_the_same_name_fools_nobody(kit: LogKit) -> None:
    filled(kit)
    # On SQLite a connection of the log does not even make one: see the test below.
    assert set(shadowed(kit, *NAMES, "head", "subject_key")) == {0}
    size = kit.log.size()
    assert kit.log.append(kit.decision("anna")).seq == size
    kit.log.place_hold(kit.hold(kit.ref("anna")))
    assert set(shadowed(kit)) == {0}
    assert kit.log.size() == size + 2
    assert kit.verify().ok
    kit.reopen()
    assert kit.log.size() == size + 2


def test_a_connection_of_the_service_makes_no_temporary_table(sqlite_kit: LogKit) -> None:
    with pytest.raises(DBAPIError, match="not authorized"):
        run(sqlite_kit, SHADOW.format("head"))
    assert sqlite_kit.log.append(sqlite_kit.decision("anna")).seq == 1


@pytest.mark.postgres
def test_a_rule_that_swallows_rows_is_noticed_before_the_receipt(postgres_kit: LogKit) -> None:
    kit = filled(postgres_kit)
    size = kit.log.size()
    for name in ("entry", "body", "entry_id", "entry_subject"):
        run(kit, f"CREATE RULE silent AS ON INSERT TO audit.{name} DO INSTEAD NOTHING")
        with pytest.raises(Unavailable, match="did not store every row"):
            kit.log.append(kit.decision("anna"))
        run(kit, f"DROP RULE silent ON audit.{name}")
    assert kit.log.size() == size
    assert kit.log.append(kit.decision("anna")).seq == size

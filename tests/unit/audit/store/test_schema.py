"""The migrations make exactly the tables the code reads and writes."""

from __future__ import annotations

import re
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from answerable.audit.log import Log, upgrade_log
from answerable.audit.store.database import Database
from answerable.audit.store.schema import (
    REVISIONS,
    VERSION_TABLE,
    current_revision,
    upgrade,
    version_schema,
)
from answerable.audit.store.tables import metadata
from tests.log_kit import LogKit


def test_every_revision_is_known_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", "answerable.audit.store:migrations")
    scripts = ScriptDirectory.from_config(config)
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == REVISIONS


def test_the_migrated_tables_are_those_of_the_code(log_url: str) -> None:
    database = Database(log_url, must_exist=False)
    upgrade(database)
    schema = "main" if database.dialect == "sqlite" else "audit"
    with database.read() as connection:
        assert current_revision(connection) == REVISIONS[-1]
        found = inspect(connection)
        for table in metadata.tables.values():
            columns = {item["name"]: item for item in found.get_columns(table.name, schema=schema)}
            assert set(columns) == {column.name for column in table.columns}
            for column in table.columns:
                made = columns[column.name]
                assert made["nullable"] == column.nullable, (table.name, column.name)
                assert made["type"]._type_affinity is column.type._type_affinity or (
                    database.dialect == "sqlite"
                )
            keys = found.get_pk_constraint(table.name, schema=schema)["constrained_columns"]
            assert keys == [column.name for column in table.primary_key]
            indexes = {
                item["name"]: (item["column_names"], bool(item["unique"]))
                for item in found.get_indexes(table.name, schema=schema)
            }
            assert indexes == {
                str(index.name): ([column.name for column in index.columns], index.unique)
                for index in table.indexes
            }
    database.close()


def test_alembic_sees_no_difference_on_postgresql(postgres_url: str) -> None:
    database = Database(postgres_url, must_exist=False)
    upgrade(database)
    with database.read() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: (
                    not (kind == "table" and re.fullmatch(r".*_\d+", name or ""))
                ),
                "version_table": VERSION_TABLE,
                "version_table_schema": version_schema("postgresql"),
            },
        )
        assert compare_metadata(context, metadata) == []
    database.close()


def test_sqlite_tables_are_strict(tmp_path: Path) -> None:
    kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}")
    with kit.log._database.read() as connection:
        told = connection.exec_driver_sql("PRAGMA table_list").all()
        strict = {row.name for row in told if row.schema == "main" and row.strict}
        assert strict == {table.name for table in metadata.tables.values()}
    kit.log.close()


def test_sqlite_waits_for_the_disk_and_wipes_what_it_deletes(tmp_path: Path) -> None:
    kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}")
    with kit.log._database.read() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete", "recursive_triggers")
        }
    full = 2
    assert found == {
        "journal_mode": "wal",
        "synchronous": full,
        "secure_delete": 1,
        "recursive_triggers": 1,
    }
    kit.log.close()


def test_postgresql_waits_for_the_disk_and_never_hides_rows(postgres_url: str) -> None:
    kit = LogKit.create(postgres_url)
    with kit.log._database.write() as connection:
        found = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("synchronous_commit", "row_security", "search_path")
        }
    assert found == {
        "synchronous_commit": "on",
        "row_security": "off",
        "search_path": "pg_catalog",
    }
    kit.log.close()


def test_upgrading_an_up_to_date_log_changes_nothing(kit: LogKit) -> None:
    if kit.url.startswith("sqlite"):
        kit.log.close()
    upgrade_log(kit.url)
    log: Log = kit.reopen()
    assert log.size() == 1
    assert kit.verify().ok

"""The triggers that refuse to change what was appended: statements of revision r0001.

They stop mistakes and application-level intruders. Who owns the database can remove them; what
proves that nobody did is the signed checkpoint outside. A published statement is never edited:
a later revision brings its own.

Traps covered: SQLite's INSERT OR REPLACE passes UPDATE and DELETE triggers unless
`recursive_triggers` is on, so each table also refuses an INSERT whose key exists; PostgreSQL's
TRUNCATE fires no row trigger; `session_replication_role = replica` skips triggers that are not
ENABLE ALWAYS.
"""

from __future__ import annotations

from typing import Final

from answerable.audit.store.tables import SCHEMA

__all__ = ["guard_statements"]

_KEYS: Final = {
    "meta": ("key",),
    "entry": ("seq",),
    "body": ("seq", "part"),
    "entry_subject": ("seq", "number"),
    "link": ("seq", "number"),
    "tile": ("level", "idx"),
    "checkpoint": ("size",),
}
_SQLITE_ONE_HEAD: Final = """CREATE TRIGGER main.head_no_replace BEFORE INSERT ON head
    WHEN EXISTS (SELECT 1 FROM head)
    BEGIN SELECT RAISE(ABORT, 'the head of the log only moves forward'); END"""
_OTHER_KEYS: Final = {"entry": ("id",)}


def guard_statements(dialect: str) -> list[str]:
    """Return the DDL that makes the append-only tables refuse changes.

    Parameters
    ----------
    dialect : str
        ``sqlite`` or ``postgresql``.

    Returns
    -------
    list of str
        Statements to run once, after the tables were made.
    """
    if dialect == "sqlite":
        return [statement for table in _KEYS for statement in _sqlite_table(table)] + _sqlite_head()
    return [
        *_postgres_functions(),
        *(s for table in _KEYS for s in _postgres_table(table)),
        *_postgres_head(),
    ]


def _sqlite_table(table: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, 'append-only table: {table}'); END"
    same = [" AND ".join(f"{column} = NEW.{column}" for column in _KEYS[table])]
    same += [f"{column} = NEW.{column}" for column in _OTHER_KEYS.get(table, ())]
    exists = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE {keys})"  # noqa: S608 - names from this file
        for keys in same
    )
    return [
        f"CREATE TRIGGER main.{table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER main.{table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER main.{table}_no_replace BEFORE INSERT ON {table} WHEN {exists} {refuse}",
    ]


def _sqlite_head() -> list[str]:
    refuse = "BEGIN SELECT RAISE(ABORT, 'the head of the log only moves forward'); END"
    return [
        f"CREATE TRIGGER main.head_forward BEFORE UPDATE ON head "
        f"WHEN NEW.size < OLD.size OR NEW.turn < OLD.turn OR NEW.id <> OLD.id {refuse}",
        f"CREATE TRIGGER main.head_no_delete BEFORE DELETE ON head {refuse}",
        _SQLITE_ONE_HEAD,
    ]


def _postgres_functions() -> list[str]:
    return [
        f"""CREATE FUNCTION {SCHEMA}.refuse_change() RETURNS trigger LANGUAGE plpgsql
            SET search_path = pg_catalog AS $$
            BEGIN RAISE EXCEPTION 'append-only table: %', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        f"""CREATE FUNCTION {SCHEMA}.only_forward() RETURNS trigger LANGUAGE plpgsql
            SET search_path = pg_catalog AS $$
            BEGIN IF NEW.size < OLD.size OR NEW.turn < OLD.turn OR NEW.id <> OLD.id THEN
                RAISE EXCEPTION 'the head of the log only moves forward'
                    USING ERRCODE = 'integrity_constraint_violation'; END IF;
            RETURN NEW; END $$""",
    ]


def _postgres_table(table: str) -> list[str]:
    return [
        _postgres_trigger(table, "no_change", "UPDATE OR DELETE", "ROW", "refuse_change"),
        _always(table, "no_change"),
        _postgres_trigger(table, "no_truncate", "TRUNCATE", "STATEMENT", "refuse_change"),
        _always(table, "no_truncate"),
    ]


def _postgres_head() -> list[str]:
    return [
        _postgres_trigger("head", "forward", "UPDATE", "ROW", "only_forward"),
        _always("head", "forward"),
        _postgres_trigger("head", "no_delete", "DELETE", "ROW", "refuse_change"),
        _always("head", "no_delete"),
        _postgres_trigger("head", "no_truncate", "TRUNCATE", "STATEMENT", "refuse_change"),
        _always("head", "no_truncate"),
    ]


def _postgres_trigger(table: str, name: str, event: str, scope: str, function: str) -> str:
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {SCHEMA}.{table} "
        f"FOR EACH {scope} EXECUTE FUNCTION {SCHEMA}.{function}()"
    )


def _always(table: str, name: str) -> str:
    return f"ALTER TABLE {SCHEMA}.{table} ENABLE ALWAYS TRIGGER {table}_{name}"

# ruff: noqa: S608 - every name in a statement is written in this file
"""The triggers that refuse to change what was appended: statements of revisions r0001 and r0002.

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

from answerable.audit.store.retention_guards import retention_guard_statements
from answerable.audit.store.tables import SCHEMA

__all__ = ["every_guard", "guard_statements", "partition_functions", "place_guard_statements"]

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
_PLACE_KEYS: Final = {
    "entry": ("seq",),
    "entry_id": ("id",),
    "body": ("place",),
    "entry_subject": ("ref", "seq"),
    "link": ("target", "seq", "number"),
    "anchor": ("size", "number"),
}
_FLOOR_RULE: Final = "what was removed stays removed"


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
        tables = [
            statement
            for table, keys in _KEYS.items()
            for statement in _sqlite_table(table, keys, _OTHER_KEYS.get(table, ()))
        ]
        return tables + _sqlite_head()
    return [
        *_postgres_functions(),
        *(s for table in _KEYS for s in _postgres_table(table)),
        *_postgres_head(),
    ]


def place_guard_statements(dialect: str) -> list[str]:
    """Return the guards of the tables that revision r0002 made.

    Parameters
    ----------
    dialect : str
        ``sqlite`` or ``postgresql``.

    Returns
    -------
    list of str
        Statements to run once, after the tables and their first partitions were made.
    """
    if dialect == "sqlite":
        tables = [s for table, keys in _PLACE_KEYS.items() for s in _sqlite_table(table, keys, ())]
        return tables + _sqlite_floor()
    return [
        *(s for table in _PLACE_KEYS for s in _postgres_table(table)),
        *_postgres_floor(),
        # The partitions made before their parents had a row trigger were given it now.
        f"SELECT {SCHEMA}.guard_partitions()",
    ]


def partition_functions() -> list[str]:
    """Return what makes partitions on PostgreSQL, in the order to run it.

    `audit.extend(place)` makes the partition of a place and the next one. It runs with the
    rights of its owner, so that the writer needs none over tables, and does nothing for places
    that the log is not about to reach. A partition is attached, not created in place: that waits
    for no reader. `pg_temp` stands last in the path: left out it would come first, and the caller's
    temporary table could stand in for a catalog.

    Returns
    -------
    list of str
        Statements of revision r0002.
    """
    return [*_postgres_partitions(), *_postgres_extend()]


def every_guard(dialect: str) -> list[str]:
    """Return the statements of all revisions, for comparing a database with what they make.

    Parameters
    ----------
    dialect : str
        ``sqlite`` or ``postgresql``.

    Returns
    -------
    list of str
        In the order of the revisions; of two triggers of one name the later stands.
    """
    made = [] if dialect == "sqlite" else partition_functions()
    return [
        *guard_statements(dialect),
        *made,
        *place_guard_statements(dialect),
        *retention_guard_statements(dialect),
    ]


def _sqlite_table(table: str, keys: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, 'append-only table: {table}'); END"
    same = [" AND ".join(f"{column} = NEW.{column}" for column in keys)]
    same += [f"{column} = NEW.{column}" for column in others]
    exists = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {keys})" for keys in same)
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


def _sqlite_floor() -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_FLOOR_RULE}'); END"
    return [
        f"CREATE TRIGGER main.floor_forward BEFORE UPDATE ON floor "
        f"WHEN NEW.seq < OLD.seq OR NEW.what <> OLD.what {refuse}",
        f"CREATE TRIGGER main.floor_no_delete BEFORE DELETE ON floor {refuse}",
        f"CREATE TRIGGER main.floor_no_replace BEFORE INSERT ON floor "
        f"WHEN EXISTS (SELECT 1 FROM floor WHERE what = NEW.what) {refuse}",
    ]


def _postgres_floor() -> list[str]:
    return [
        f"""CREATE FUNCTION {SCHEMA}.floor_only_forward() RETURNS trigger LANGUAGE plpgsql
            SET search_path = pg_catalog AS $$
            BEGIN IF NEW.seq < OLD.seq OR NEW.what <> OLD.what THEN
                RAISE EXCEPTION '{_FLOOR_RULE}'
                    USING ERRCODE = 'integrity_constraint_violation'; END IF;
            RETURN NEW; END $$""",
        _postgres_trigger("floor", "forward", "UPDATE", "ROW", "floor_only_forward"),
        _always("floor", "forward"),
        _postgres_trigger("floor", "no_delete", "DELETE", "ROW", "refuse_change"),
        _always("floor", "no_delete"),
        _postgres_trigger("floor", "no_truncate", "TRUNCATE", "STATEMENT", "refuse_change"),
        _always("floor", "no_truncate"),
    ]


def _postgres_partitions() -> list[str]:
    return [
        f"""CREATE FUNCTION {SCHEMA}.guard_partition(parent text, child text) RETURNS void
            LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
            BEGIN
            -- A statement's trigger is not inherited: TRUNCATE of one partition would pass.
            IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = child || '_no_truncate'
                AND tgrelid = format('{SCHEMA}.%I', child)::regclass) THEN
                EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON {SCHEMA}.%I '
                    'FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse_change()',
                    child || '_no_truncate', child);
                EXECUTE format('ALTER TABLE {SCHEMA}.%I ENABLE ALWAYS TRIGGER %I',
                    child, child || '_no_truncate');
            END IF;
            IF EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = parent || '_no_change'
                AND tgrelid = format('{SCHEMA}.%I', child)::regclass) THEN
                EXECUTE format('ALTER TABLE {SCHEMA}.%I ENABLE ALWAYS TRIGGER %I',
                    child, parent || '_no_change');
            END IF; END $$""",
        f"""CREATE FUNCTION {SCHEMA}.guard_partitions() RETURNS void
            LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
            DECLARE found record;
            BEGIN FOR found IN SELECT p.relname AS parent, c.relname AS child FROM pg_inherits i
                JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
                WHERE p.relnamespace = '{SCHEMA}'::regnamespace AND p.relkind = 'p' LOOP
                PERFORM {SCHEMA}.guard_partition(found.parent, found.child);
            END LOOP; END $$""",
        f"""CREATE FUNCTION {SCHEMA}.make_partition(number bigint) RETURNS void
            LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
            DECLARE parent text; child text; wide bigint;
            BEGIN FOREACH parent IN ARRAY ARRAY['entry', 'body', 'entry_subject', 'link'] LOOP
                child := parent || '_' || number;
                CONTINUE WHEN to_regclass(format('{SCHEMA}.%I', child)) IS NOT NULL;
                wide := CASE parent WHEN 'body' THEN 268435456 ELSE 1048576 END;
                EXECUTE format('CREATE TABLE {SCHEMA}.%I (LIKE {SCHEMA}.%I INCLUDING DEFAULTS '
                    'INCLUDING CONSTRAINTS INCLUDING STORAGE)', child, parent);
                EXECUTE format('ALTER TABLE {SCHEMA}.%I ATTACH PARTITION {SCHEMA}.%I '
                    'FOR VALUES FROM (%s) TO (%s)',
                    parent, child, number * wide, (number + 1) * wide);
                PERFORM {SCHEMA}.guard_partition(parent, child);
            END LOOP; END $$""",
    ]


def _postgres_extend() -> list[str]:
    closed = ("guard_partition(text, text)", "guard_partitions()", "make_partition(bigint)")
    return [
        f"""CREATE FUNCTION {SCHEMA}.extend(wanted bigint) RETURNS void
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            DECLARE held bigint;
            BEGIN SELECT size INTO held FROM {SCHEMA}.head;
            IF wanted BETWEEN held AND held + 1048576 THEN
                PERFORM {SCHEMA}.make_partition(wanted / 1048576);
                PERFORM {SCHEMA}.make_partition(wanted / 1048576 + 1);
            END IF; END $$""",
        *(f"REVOKE ALL ON FUNCTION {SCHEMA}.{name} FROM PUBLIC" for name in closed),
        f"REVOKE ALL ON FUNCTION {SCHEMA}.extend(bigint) FROM PUBLIC",
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

# ruff: noqa: S608 - every name in a statement is written in this file
"""The triggers that let rows go below a floor: statements of revision r0003.

Until then nothing of the log could be deleted. Now a row below the floor of its kind can, in a
transaction that has moved that floor, and a floor can be moved only in a transaction that has
stored an entry of kind ``retention.run`` which the head does not name yet: `floor.run` is its
place. So whoever may only write rows (and not take triggers away) cannot remove any without the
log saying so; that it says so rightly is for verification to check.

On PostgreSQL partitions that lie below a floor and hold nothing any more can be dropped by
`audit.drop_emptied()`, which runs with the rights of the tables' owner.
"""

from __future__ import annotations

from typing import Final

from answerable.audit.store.tables import SCHEMA

__all__ = ["retention_guard_statements"]

_BELOW: Final = {
    "entry": ("entry", "OLD.seq < f.seq"),
    "entry_id": ("entry", "OLD.seq < f.seq"),
    "entry_subject": ("entry", "OLD.seq < f.seq"),
    "link": ("entry", "OLD.seq < f.seq"),
    "body": ("body", "OLD.place < f.seq * 256"),
    "tile": ("tile", "OLD.level = 0 AND (OLD.idx + 1) * 256 <= f.seq"),
}
"""Table, the floor that governs it, and which of its rows lie below."""
_FLOOR_RULE: Final = "a floor moves with the entry of a retention run"


def retention_guard_statements(dialect: str) -> list[str]:
    """Return the statements that replace the guards against deleting.

    Parameters
    ----------
    dialect : str
        ``sqlite`` or ``postgresql``.

    Returns
    -------
    list of str
        Statements to run once, after `floor` has its column `run`.
    """
    if dialect == "sqlite":
        return [s for table in _BELOW for s in _sqlite_table(table)] + _sqlite_floor()
    return [
        *(s for table in _BELOW for s in _postgres_table(table)),
        *_postgres_floor(),
        *_postgres_drop(),
        f"SELECT {SCHEMA}.guard_partitions()",
    ]


def _allowed(table: str, schema: str) -> str:
    what, below = _BELOW[table]
    return (
        f"EXISTS (SELECT 1 FROM {schema}floor f, {schema}head h "
        f"WHERE f.what = '{what}' AND {below} AND f.run >= h.size)"
    )


def _recorded(schema: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM {schema}entry e, {schema}head h "
        "WHERE e.seq = NEW.run AND e.seq >= h.size AND e.kind = 'retention.run')"
    )


def _sqlite_table(table: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, 'append-only table: {table}'); END"
    return [
        f"DROP TRIGGER main.{table}_no_delete",
        f"CREATE TRIGGER main.{table}_no_delete BEFORE DELETE ON {table} "
        f"WHEN NOT {_allowed(table, '')} {refuse}",
    ]


def _sqlite_floor() -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_FLOOR_RULE}'); END"
    return [
        f"CREATE TRIGGER main.floor_{event.lower()}_recorded BEFORE {event} ON floor "
        f"WHEN NOT {_recorded('')} {refuse}"
        for event in ("INSERT", "UPDATE")
    ]


def _postgres_table(table: str) -> list[str]:
    return [
        f"""CREATE FUNCTION {SCHEMA}.{table}_below_floor() RETURNS trigger LANGUAGE plpgsql
            SET search_path = pg_catalog AS $$
            BEGIN IF TG_OP = 'DELETE' AND {_allowed(table, f"{SCHEMA}.")} THEN
                RETURN OLD; END IF;
            RAISE EXCEPTION 'append-only table: %', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        f"DROP TRIGGER {table}_no_change ON {SCHEMA}.{table}",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {SCHEMA}.{table} "
        f"FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.{table}_below_floor()",
        f"ALTER TABLE {SCHEMA}.{table} ENABLE ALWAYS TRIGGER {table}_no_change",
    ]


def _postgres_floor() -> list[str]:
    return [
        f"""CREATE FUNCTION {SCHEMA}.floor_recorded() RETURNS trigger LANGUAGE plpgsql
            SET search_path = pg_catalog AS $$
            BEGIN IF NOT {_recorded(f"{SCHEMA}.")} THEN
                RAISE EXCEPTION '{_FLOOR_RULE}'
                    USING ERRCODE = 'integrity_constraint_violation'; END IF;
            RETURN NEW; END $$""",
        f"CREATE TRIGGER floor_recorded BEFORE INSERT OR UPDATE ON {SCHEMA}.floor "
        f"FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.floor_recorded()",
        f"ALTER TABLE {SCHEMA}.floor ENABLE ALWAYS TRIGGER floor_recorded",
    ]


def _postgres_drop() -> list[str]:
    return [
        f"""CREATE FUNCTION {SCHEMA}.drop_emptied() RETURNS bigint
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            DECLARE found record; empty boolean; dropped bigint := 0;
            BEGIN FOR found IN
                SELECT p.relname AS parent, c.relname AS child
                FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                JOIN pg_class p ON p.oid = i.inhparent JOIN {SCHEMA}.floor f
                    ON f.what = CASE p.relname WHEN 'body' THEN 'body' ELSE 'entry' END
                WHERE p.relnamespace = '{SCHEMA}'::regnamespace AND p.relkind = 'p'
                    AND (substring(c.relname FROM '_([0-9]+)$')::bigint + 1) * 1048576 <= f.seq
            LOOP
                EXECUTE format('SELECT NOT EXISTS (SELECT 1 FROM {SCHEMA}.%I)', found.child)
                    INTO empty;
                CONTINUE WHEN NOT empty;
                EXECUTE format('ALTER TABLE {SCHEMA}.%I DETACH PARTITION {SCHEMA}.%I',
                    found.parent, found.child);
                EXECUTE format('DROP TABLE {SCHEMA}.%I', found.child);
                dropped := dropped + 1;
            END LOOP; RETURN dropped; END $$""",
        f"REVOKE ALL ON FUNCTION {SCHEMA}.drop_emptied() FROM PUBLIC",
    ]

# ruff: noqa: S608 - every name in a statement is a constant, or quoted by sql_text
"""Event triggers that refuse to change the log's tables, rules, policies and functions.

Triggers on tables stop rows from changing; who owns a table can disable them, rewrite a column
or take a partition away. Event triggers see those commands, whoever gives them, and let them
pass only in a transaction that holds an allowance: a random text that a superuser issued, valid
for a while and for one transaction. Its digest, who issued and who used it stay recorded; the
owner of the log can neither read digests nor make an allowance.

Only a superuser can make event triggers, so this is an addition where there is one, and nothing
rests on it: a superuser can switch them off (and where the log was altered then, only a
checkpoint outside shows it). They do not see `DROP DATABASE`, nor what is not DDL. `DETACH
PARTITION ... CONCURRENTLY` would have committed half of its work before it was refused: it is
refused at its start, to whoever may act as the owner, for all tables. (It runs in no function
and no block, so the statement the client sent is the statement.)

Making partitions ahead must go on without an allowance, and so must dropping those that a
recorded retention run put below the floor. A partition that holds no page yet has nothing to
lose: it may be made and given triggers of the log's own, all of them ALWAYS enabled. (The pages
are asked for, not the rows, which an old snapshot would not see.) Its parent may be altered when
afterwards every trigger of it and its partitions is still there, ALWAYS enabled and the log's
own, and none of its partitions stands aside.
"""

from __future__ import annotations

import hashlib
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from answerable.audit.errors import InvalidInput, Unavailable
from answerable.audit.store.database import Database
from answerable.audit.store.schema import require_current
from answerable.audit.store.tables import PARTITION_ENTRIES, PARTITIONED, SCHEMA

__all__ = [
    "ALLOWANCE",
    "EVENT_TRIGGERS",
    "GUARD_SCHEMA",
    "PARTITION",
    "MAX_ALLOWED_MINUTES",
    "allow_ddl",
    "apply_ddl_guard",
    "ddl_guard_statements",
]

GUARD_SCHEMA: Final = "audit_guard"
"""A schema of the superuser: an owner of `audit` could drop functions in it, whoever owns them."""
ALLOWANCE: Final = "audit.allow_ddl"
"""The setting of a connection or transaction that holds the allowance."""
_EVENTS: Final = {
    "audit_guard_start": ("ddl_command_start", "on_start"),
    "audit_guard_ddl": ("ddl_command_end", "on_ddl"),
    "audit_guard_drop": ("sql_drop", "on_drop"),
    "audit_guard_rewrite": ("table_rewrite", "on_rewrite"),
}
EVENT_TRIGGERS: Final = tuple(_EVENTS)
PARTITION: Final = f"^({'|'.join(table.name for table in PARTITIONED)})_[0-9]+$"
"""What partitions are called."""
MAX_ALLOWED_MINUTES: Final = 24 * 60
_INSUFFICIENT_PRIVILEGE: Final = "42501"

_ALLOWED: Final = f"""
DECLARE
  given CONSTANT bytea := sha256(convert_to(current_setting('{ALLOWANCE}', true), 'UTF8'));
BEGIN
  UPDATE {GUARD_SCHEMA}.allowance
    SET used_in = pg_current_xact_id(), used_at = clock_timestamp(), used_by = session_user
    WHERE digest = given AND used_in IS NULL AND not_after > clock_timestamp();
  RETURN EXISTS (SELECT FROM {GUARD_SCHEMA}.allowance
    WHERE digest = given AND used_in = pg_current_xact_id());
END """

_RELATION_OF: Final = """
  SELECT CASE class
    WHEN 'pg_class'::regclass
      THEN coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = object), object)
    WHEN 'pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_trigger WHERE oid = object)
    WHEN 'pg_rewrite'::regclass THEN (SELECT ev_class FROM pg_rewrite WHERE oid = object)
    WHEN 'pg_policy'::regclass THEN (SELECT polrelid FROM pg_policy WHERE oid = object)
    WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = object)
    WHEN 'pg_statistic_ext'::regclass
      THEN (SELECT stxrelid FROM pg_statistic_ext WHERE oid = object)
  END """

_PROTECTED: Final = f"""
  SELECT EXISTS (
      SELECT FROM pg_class c
      WHERE c.oid IN (relation, pg_partition_root(relation))
        AND c.relnamespace = to_regnamespace('{SCHEMA}'))
    OR EXISTS (
      SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
      WHERE t.tgrelid = relation AND p.pronamespace = to_regnamespace('{SCHEMA}')) """

_IN_THE_MAKING: Final = f"""
  SELECT tag = 'CREATE TABLE'
      AND EXISTS (SELECT FROM pg_class WHERE oid = relation AND relpersistence = 'p')
    OR tag IN ('CREATE TRIGGER', 'ALTER TABLE', 'CREATE INDEX')
    AND pg_relation_size(relation) = 0
    AND EXISTS (
      SELECT FROM pg_class c WHERE c.oid = relation AND c.relkind = 'r' AND NOT c.relrowsecurity
        AND c.relnamespace = to_regnamespace('{SCHEMA}') AND c.relname ~ '{PARTITION}')
    AND NOT EXISTS (
      SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
      WHERE t.tgrelid = relation AND (p.pronamespace <> to_regnamespace('{SCHEMA}')
        OR tag = 'ALTER TABLE' AND t.tgenabled <> 'A')) """

_RETIRED: Final = f"""
  SELECT name ~ '{PARTITION}' AND EXISTS (
    SELECT FROM {SCHEMA}.floor
    WHERE what = CASE WHEN name ~ '^body_' THEN 'body' ELSE 'entry' END
      AND seq >= (substring(name FROM '[0-9]+$')::numeric + 1) * {PARTITION_ENTRIES}) """

_ATTACHED: Final = f"""
  SELECT EXISTS (
      SELECT FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid
      WHERE c.oid = relation AND c.relkind = 'p' AND NOT c.relrowsecurity
        AND c.relnamespace = to_regnamespace('{SCHEMA}') AND t.tgname = c.relname || '_no_change')
    AND NOT EXISTS (
      SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
      WHERE (t.tgrelid = relation OR t.tgrelid IN (
          SELECT inhrelid FROM pg_inherits WHERE inhparent = relation))
        AND (t.tgenabled <> 'A' OR p.pronamespace <> to_regnamespace('{SCHEMA}')))
    AND NOT EXISTS (
      SELECT FROM pg_class parent JOIN pg_class c ON c.relnamespace = parent.relnamespace
        AND c.relname ~ ('^' || parent.relname || '_[0-9]+$') AND c.relkind = 'r'
        LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = parent.oid
      WHERE parent.oid = relation AND (i.inhrelid IS NULL OR i.inhdetachpending)
        AND NOT {GUARD_SCHEMA}.retired(c.relname::text)) """

_TOUCHES: Final = f"""
  SELECT CASE class
    WHEN 'pg_namespace'::regclass THEN to_regnamespace('{SCHEMA}') IS NULL
      OR object = to_regnamespace('{SCHEMA}')
    WHEN 'pg_proc'::regclass THEN EXISTS (
        SELECT FROM pg_proc WHERE oid = object AND pronamespace = to_regnamespace('{SCHEMA}'))
      OR EXISTS (
        SELECT FROM pg_trigger t
        WHERE t.tgfoid = object AND {GUARD_SCHEMA}.protected(t.tgrelid))
    ELSE {GUARD_SCHEMA}.protected({GUARD_SCHEMA}.relation_of(class, object))
      AND NOT {GUARD_SCHEMA}.in_the_making(tag, {GUARD_SCHEMA}.relation_of(class, object))
      AND NOT (tag = 'ALTER TABLE' AND class = 'pg_class'::regclass
        AND {GUARD_SCHEMA}.attached(object))
  END """

_REFUSE: Final = (
    "USING ERRCODE = 'insufficient_privilege', "
    "HINT = 'Have a superuser issue an allowance: answerable db allow-ddl'"
)
_ON_START: Final = f"""
BEGIN
  IF tg_tag = 'ALTER TABLE' AND current_query() ~* '\\mdetach\\M.*\\mconcurrently\\M' AND EXISTS (
      SELECT FROM pg_class WHERE relnamespace = to_regnamespace('{SCHEMA}')
        AND pg_has_role(session_user, relowner, 'MEMBER')) THEN
    RAISE EXCEPTION 'the log is guarded: a partition is detached at once or not at all'
      USING ERRCODE = 'insufficient_privilege', HINT = 'Leave out CONCURRENTLY';
  END IF;
END """

_ON_DDL: Final = f"""
DECLARE command record;
BEGIN
  IF tg_tag IN ('GRANT', 'REVOKE', 'COMMENT', 'REINDEX') THEN RETURN; END IF;
  FOR command IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
    IF {GUARD_SCHEMA}.touches(tg_tag, command.classid, command.objid)
        AND NOT {GUARD_SCHEMA}.allowed() THEN
      RAISE EXCEPTION 'the log is guarded: % of %', tg_tag, command.object_identity {_REFUSE};
    END IF;
  END LOOP;
END """

_ON_REWRITE: Final = f"""
BEGIN
  IF {GUARD_SCHEMA}.protected(pg_event_trigger_table_rewrite_oid()) AND NOT {GUARD_SCHEMA}.allowed()
  THEN
    RAISE EXCEPTION 'the log is guarded: % rewrites %', tg_tag,
      pg_event_trigger_table_rewrite_oid()::regclass {_REFUSE};
  END IF;
END """

_ON_DROP: Final = f"""
DECLARE dropped record;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_event_trigger_dropped_objects() d WHERE d.original AND NOT (
      d.object_type = 'table' AND d.schema_name = '{SCHEMA}'
      AND {GUARD_SCHEMA}.retired(d.object_name))) THEN RETURN; END IF;
  FOR dropped IN SELECT * FROM pg_event_trigger_dropped_objects() LOOP
    IF dropped.address_names[1] = '{SCHEMA}' AND NOT {GUARD_SCHEMA}.allowed() THEN
      RAISE EXCEPTION 'the log is guarded: % of %', tg_tag, dropped.object_identity {_REFUSE};
    END IF;
  END LOOP;
END """


def ddl_guard_statements() -> list[str]:
    """Return the statements that install the guard, or bring it to this version.

    Returns
    -------
    list of str
        For one transaction of a superuser; running them again changes nothing.

    Examples
    --------
    >>> ddl_guard_statements()[0]
    'DROP EVENT TRIGGER IF EXISTS audit_guard_start'
    """
    return [
        *(f"DROP EVENT TRIGGER IF EXISTS {name}" for name in EVENT_TRIGGERS),
        f"CREATE SCHEMA IF NOT EXISTS {GUARD_SCHEMA}",
        f"GRANT USAGE ON SCHEMA {GUARD_SCHEMA} TO PUBLIC",
        f"CREATE TABLE IF NOT EXISTS {GUARD_SCHEMA}.allowance (\n"
        "  digest bytea PRIMARY KEY, issued_by name NOT NULL, not_after timestamptz NOT NULL,\n"
        "  used_in xid8, used_at timestamptz, used_by name)",
        f"GRANT SELECT (issued_by, not_after, used_at, used_by) ON {GUARD_SCHEMA}.allowance "
        "TO PUBLIC",
        _function("allowed()", "boolean", "plpgsql", _ALLOWED),
        _function("relation_of(class oid, object oid)", "oid", "sql", _RELATION_OF),
        _function("protected(relation oid)", "boolean", "sql", _PROTECTED),
        _function("in_the_making(tag text, relation oid)", "boolean", "sql", _IN_THE_MAKING),
        _function("retired(name text)", "boolean", "sql", _RETIRED),
        _function("attached(relation oid)", "boolean", "sql", _ATTACHED),
        _function("touches(tag text, class oid, object oid)", "boolean", "sql", _TOUCHES),
        _function("on_start()", "event_trigger", "plpgsql", _ON_START),
        _function("on_ddl()", "event_trigger", "plpgsql", _ON_DDL),
        _function("on_rewrite()", "event_trigger", "plpgsql", _ON_REWRITE),
        _function("on_drop()", "event_trigger", "plpgsql", _ON_DROP),
        f"REVOKE ALL ON ALL ROUTINES IN SCHEMA {GUARD_SCHEMA} FROM PUBLIC",
        *(
            statement
            for name, (event, function) in _EVENTS.items()
            for statement in _event_trigger(name, event, function)
        ),
    ]


def apply_ddl_guard(database: Database) -> None:
    """Install the guard in one transaction.

    Parameters
    ----------
    database : Database
        Connected as a superuser.

    Raises
    ------
    InvalidInput
        If the database is not PostgreSQL.
    NotFound
        If it holds no log.
    Unavailable
        If its schema is not this version's, or the connected role is no superuser; nothing is
        changed then.
    """
    _require_postgres(database)
    require_current(database)
    with database.write() as connection:
        try:
            for statement in ddl_guard_statements():
                connection.execution_options(no_parameters=True).exec_driver_sql(statement)
        except DBAPIError as error:
            raise _not_superuser(database, error) from error


def allow_ddl(database: Database, token: bytes, *, minutes: int) -> str:
    """Issue an allowance for one transaction that changes the log's schema.

    Parameters
    ----------
    database : Database
        Connected as a superuser.
    token : bytes
        At least 16 random bytes.
    minutes : int
        How long it may be used, 1 to `MAX_ALLOWED_MINUTES`.

    Returns
    -------
    str
        The allowance: hexadecimal, for the setting named `ALLOWANCE`. It is not stored.

    Raises
    ------
    InvalidInput
        If the database is not PostgreSQL, or a value is out of range.
    Unavailable
        If the guard is not installed, or the connected role may not issue allowances.
    """
    _require_postgres(database)
    shortest = 16
    if len(token) < shortest or not 1 <= minutes <= MAX_ALLOWED_MINUTES:
        raise InvalidInput(
            "not a usable allowance",
            where="minutes",
            remedy=f"Choose 1 to {MAX_ALLOWED_MINUTES} minutes.",
        )
    allowance = token.hex()
    statement = text(
        f"INSERT INTO {GUARD_SCHEMA}.allowance (digest, issued_by, not_after) "
        "VALUES (:digest, session_user, clock_timestamp() + make_interval(mins => :minutes))"
    )
    digest = hashlib.sha256(allowance.encode("ascii")).digest()
    with database.write() as connection:
        try:
            connection.execute(statement, {"digest": digest, "minutes": minutes})
        except DBAPIError as error:
            raise _not_superuser(database, error) from error
    return allowance


def _require_postgres(database: Database) -> None:
    if database.dialect != "postgresql":
        raise InvalidInput(
            "only PostgreSQL has event triggers",
            where=database.where,
            remedy="Of a SQLite file, the owner and permissions of file and folder decide.",
        )


def _not_superuser(database: Database, error: DBAPIError) -> Exception:
    state = getattr(error.orig, "sqlstate", None)
    if state not in {_INSUFFICIENT_PRIVILEGE, "42P01", "3F000"}:
        return error
    installed = state == _INSUFFICIENT_PRIVILEGE
    return Unavailable(
        "the connected role is no superuser" if installed else "the guard is not installed",
        where=database.where,
        remedy="Event triggers need one; where none is to be had (most managed services), "
        "separate roles and checkpoints outside remain."
        if installed
        else "Install it first: answerable db guard-ddl --apply",
    )


def _function(signature: str, returns: str, language: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {GUARD_SCHEMA}.{signature} RETURNS {returns} "
        f"LANGUAGE {language} SECURITY DEFINER SET search_path = pg_catalog, pg_temp "
        f"AS $guard${body}$guard$"
    )


def _event_trigger(name: str, event: str, function: str) -> list[str]:
    return [
        f"CREATE EVENT TRIGGER {name} ON {event} EXECUTE FUNCTION {GUARD_SCHEMA}.{function}()",
        f"ALTER EVENT TRIGGER {name} ENABLE ALWAYS",
    ]

# ruff: noqa: S608 - every name in a statement is a constant, or quoted by sql_text
"""Separate PostgreSQL roles: who owns the log, who appends to it, who only reads it.

- owner   owns schema, tables and functions; nobody logs in as it; changes the schema, drops what
          a retention run may drop
- writer  the service: INSERT and SELECT on what is append-only, UPDATE of the head's columns,
          and what keys, holds and views need; owns nothing, so it can disable no trigger
- retention (where it is wanted)  the writer, and one that deletes below the floors that a recorded
          retention run moved; nothing else removes rows
- reader  the auditor: SELECT, without wrapped keys, lookups and sealed names, which verification
          does not need

Making the statements touches no database. They can be run again at any time, need no superuser
(CREATEROLE where roles are to be made, or roles that exist), and grant nothing on partitions:
what is granted on a partitioned table reaches its partitions through it, and only through it.
The writer has the next ones made by a function that runs with the owner's rights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import DBAPIError

from answerable.audit.errors import InvalidInput, Unavailable
from answerable.audit.store.database import Database
from answerable.audit.store.schema import VERSION_TABLE, require_current
from answerable.audit.store.sql_text import block, identifier, literal
from answerable.audit.store.tables import APPEND_ONLY, SCHEMA, metadata

__all__ = ["PRUNED", "Roles", "apply_roles", "require_role_name", "role_statements"]

_LONGEST_NAME: Final = 63
_INSUFFICIENT_PRIVILEGE: Final = "42501"
_KEYS: Final = "SELECT, INSERT, UPDATE, DELETE"
_VIEWS: Final = "SELECT, INSERT, UPDATE"
_WRITER: Final = {
    "head": "SELECT, UPDATE ({columns})",
    "floor": "SELECT",
    "subject_key": _KEYS,
    "subject_alias": _KEYS,
    "key_bucket": _KEYS,
    "hold": _KEYS,
    "projection": _VIEWS,
    "rollup": _VIEWS,
} | {table.name: "SELECT, INSERT" for table in APPEND_ONLY}
"""What the writer may do, table by table; `{columns}` are all but the key."""
_WITHHELD: Final = frozenset({"lookup", "wrapped", "sealed"})
"""Columns of key tables that nobody needs who only reads or verifies."""
PRUNED: Final = ("body", "entry", "entry_id", "entry_subject", "link", "tile")
"""Tables that a retention run takes rows from."""
_DROP_EMPTIED: Final = f"{SCHEMA}.drop_emptied()"


@dataclass(frozen=True, slots=True)
class Roles:
    """Names of the roles, of any characters PostgreSQL takes.

    Parameters
    ----------
    owner, writer, reader : str
        Three different names.
    retention : str, optional
        A fourth, for whoever runs retention.

    Raises
    ------
    InvalidInput
        If a name is empty, too long (63 bytes), reserved, or used twice.
    """

    owner: str
    writer: str
    reader: str
    retention: str | None = None

    @property
    def writing(self) -> tuple[str, ...]:
        """The roles that append."""
        return (self.writer,) if self.retention is None else (self.writer, self.retention)

    def __post_init__(self) -> None:
        names = (self.owner, self.reader, *self.writing)
        for name in names:
            require_role_name(name)
        if len(set(names)) != len(names):
            raise InvalidInput(
                "owner, writer, reader and retention are not different roles",
                where="role names",
                remedy="One role for two duties would undo what the other is for.",
            )


def role_statements(roles: Roles, *, beside: Sequence[str] = ()) -> list[str]:
    """Return the statements that make, own and grant; running them again changes nothing.

    Parameters
    ----------
    roles : Roles
        The names; those that exist are taken as they are.
    beside : sequence of str
        Tables in schema `public` that the service keeps beside the log and changes freely;
        those that do not exist are left out.

    Returns
    -------
    list of str
        For one transaction, by somebody who may make the roles and owns the log (or is a member
        of its owner).

    Examples
    --------
    >>> print(role_statements(Roles("o", "w", "r"))[-1])
    GRANT SELECT ON TABLE audit.audit_schema TO "r", "w"
    """
    return [
        *_made(roles),
        *_owned(roles),
        *_cleared(roles),
        *_granted_beside(roles, beside),
        *_granted(roles),
    ]


def apply_roles(database: Database, roles: Roles, *, beside: Sequence[str] = ()) -> None:
    """Make, own and grant, in one transaction.

    Parameters
    ----------
    database : Database
        Connected as somebody who may; see :func:`role_statements`.
    roles : Roles
        The names.
    beside : sequence of str
        Tables of the service beside the log.

    Raises
    ------
    InvalidInput
        If the database is not PostgreSQL.
    NotFound
        If it holds no log.
    Unavailable
        If its schema is not this version's, or the connected role may not; nothing is changed
        then.
    """
    if database.dialect != "postgresql":
        raise InvalidInput(
            "only PostgreSQL has roles",
            where=database.where,
            remedy="Of a SQLite file, the owner and permissions of file and folder decide.",
        )
    require_current(database)
    with database.write() as connection:
        plain = connection.execution_options(no_parameters=True)
        try:
            for statement in role_statements(roles, beside=beside):
                plain.exec_driver_sql(statement)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _INSUFFICIENT_PRIVILEGE:
                raise
            raise Unavailable(
                "the connected role may not make, own or grant what is needed",
                where=database.where,
                remedy="Connect as a role with CREATEROLE that owns the log or is a member of its "
                "owner, or have the printed statements run by somebody who is.",
            ) from error


def require_role_name(name: str) -> None:
    """Check that PostgreSQL takes a name for a role as it is.

    Parameters
    ----------
    name : str
        To be checked.

    Raises
    ------
    InvalidInput
        If it is empty, too long, not printable or reserved.
    """
    size = len(name.encode("utf-8", errors="surrogatepass"))
    reserved = name in {"public", "none"} or name.startswith("pg_")
    if not name or "\0" in name or not name.isprintable() or size > _LONGEST_NAME or reserved:
        raise InvalidInput(
            "not a usable role name",
            where="role names",
            remedy="Give 1 to 63 bytes of printable text, not public, none or pg_...",
        )


def _made(roles: Roles) -> list[str]:
    logins = (*roles.writing, roles.reader)
    wanted = ((roles.owner, "NOLOGIN"), *((name, "LOGIN") for name in logins))
    made = [
        block(
            f"""IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {literal(name)}) THEN
    CREATE ROLE {identifier(name)} {login};
  END IF;"""
        )
        for name, login in wanted
    ]
    # Without a superuser, only a member of a role can give it something to own.
    member = f"pg_catalog.pg_has_role(current_user, {literal(roles.owner)}, 'USAGE')"
    grant = f"GRANT {identifier(roles.owner)} TO CURRENT_USER"
    return [*made, block(f"IF NOT {member} THEN\n    {grant};\n  END IF;")]


def _owned(roles: Roles) -> list[str]:
    owner, name = identifier(roles.owner), literal(roles.owner)
    inside = f"relnamespace = {literal(SCHEMA)}::pg_catalog.regnamespace"
    return [
        block(
            f"""IF {_owner_of("pg_namespace", "nsp", f"nspname = {literal(SCHEMA)}")} <> {name} THEN
    ALTER SCHEMA {SCHEMA} OWNER TO {owner};
  END IF;"""
        ),
        _each_owned(
            f"""SELECT oid::pg_catalog.regclass AS it FROM pg_catalog.pg_class
      WHERE {inside} AND relkind IN ('r', 'p')
      AND pg_catalog.pg_get_userbyid(relowner) <> {name}""",
            f"'ALTER TABLE %s OWNER TO %I', found.it, {name}",
        ),
        _each_owned(
            f"""SELECT oid::pg_catalog.regprocedure AS it FROM pg_catalog.pg_proc
      WHERE pronamespace = {literal(SCHEMA)}::pg_catalog.regnamespace
      AND pg_catalog.pg_get_userbyid(proowner) <> {name}""",
            f"'ALTER ROUTINE %s OWNER TO %I', found.it, {name}",
        ),
    ]


def _owner_of(catalog: str, prefix: str, which: str) -> str:
    owner = f"pg_catalog.pg_get_userbyid({prefix}owner)"
    return f"(SELECT {owner} FROM pg_catalog.{catalog} WHERE {which})"


def _each_owned(query: str, alter: str) -> str:
    return block(
        f"""FOR found IN {query}
  LOOP
    EXECUTE pg_catalog.format({alter});
  END LOOP;""",
        declare="found record;",
    )


def _cleared(roles: Roles) -> list[str]:
    holders = _listed(roles.reader, *roles.writing)
    return [
        f"REVOKE ALL ON {what} FROM PUBLIC, {holders}"
        for what in (
            f"SCHEMA {SCHEMA}",
            f"ALL TABLES IN SCHEMA {SCHEMA}",
            f"ALL ROUTINES IN SCHEMA {SCHEMA}",
        )
    ] + [f"GRANT USAGE ON SCHEMA {SCHEMA} TO {holders}"]


def _granted(roles: Roles) -> list[str]:
    writing, reader = _listed(*roles.writing), identifier(roles.reader)
    statements = []
    for table in metadata.sorted_tables:
        columns = [column.name for column in table.columns]
        changing = ", ".join(name for name in columns if name not in table.primary_key.columns)
        shown = ", ".join(name for name in columns if name not in _WITHHELD)
        seen = "SELECT" if _WITHHELD.isdisjoint(columns) else f"SELECT ({shown})"
        allowed = _WRITER[table.name].format(columns=changing)
        statements += [
            f"GRANT {allowed} ON TABLE {SCHEMA}.{table.name} TO {writing}",
            f"GRANT {seen} ON TABLE {SCHEMA}.{table.name} TO {reader}",
        ]
    return [
        *statements,
        *(_granted_retention(roles.retention) if roles.retention is not None else []),
        f"GRANT EXECUTE ON FUNCTION {SCHEMA}.extend(bigint) TO {writing}",
        f"GRANT SELECT ON TABLE {SCHEMA}.{VERSION_TABLE} TO {reader}, {writing}",
    ]


def _granted_retention(name: str) -> list[str]:
    role = identifier(name)
    tables = ", ".join(f"{SCHEMA}.{table}" for table in PRUNED)
    return [
        f"GRANT DELETE ON TABLE {tables} TO {role}",
        f"GRANT INSERT, UPDATE ON TABLE {SCHEMA}.floor TO {role}",
        block(
            f"IF pg_catalog.to_regprocedure({literal(_DROP_EMPTIED)}) IS NOT NULL THEN\n"
            f"    GRANT EXECUTE ON FUNCTION {_DROP_EMPTIED} TO {role};\n  END IF;"
        ),
    ]


def _granted_beside(roles: Roles, beside: Sequence[str]) -> list[str]:
    grant = f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE {{}} TO {_listed(*roles.writing)}"
    return [
        block(
            f"IF pg_catalog.to_regclass({literal(table)}) IS NOT NULL THEN\n"
            f"    {grant.format(table)};\n  END IF;"
        )
        for table in (f"public.{identifier(name)}" for name in beside)
    ]


def _listed(*names: str) -> str:
    return ", ".join(identifier(name) for name in names)

# ruff: noqa: S608 - every name in a statement is a constant, or quoted by sql_text
"""Separate PostgreSQL roles: who owns the log, who appends to it, who only reads it.

- owner   owns schema, tables and functions; nobody logs in as it; changes the schema, drops what
          a retention run may drop
- writer  the service: INSERT and SELECT on what is append-only, UPDATE of the head's columns,
          and what keys, holds and views need; owns nothing, so it can disable no trigger
- reader  the auditor: SELECT, without wrapped keys, lookups and sealed names, which verification
          does not need

Making the statements touches no database. They can be run again at any time, need no superuser
(CREATEROLE where roles are to be made, or roles that exist), and grant nothing on partitions:
what is granted on a partitioned table reaches its partitions through it, and only through it.
The writer has the next ones made by a function that runs with the owner's rights.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from answerable.audit.errors import InvalidInput, Unavailable
from answerable.audit.store.database import Database
from answerable.audit.store.ddl_guard import ALLOWANCE
from answerable.audit.store.schema import VERSION_TABLE, require_current
from answerable.audit.store.sql_text import block, identifier, literal
from answerable.audit.store.tables import APPEND_ONLY, SCHEMA, metadata

__all__ = ["Roles", "address_as", "apply_roles", "role_statements"]

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


@dataclass(frozen=True, slots=True)
class Roles:
    """Names of the three roles, of any characters PostgreSQL takes.

    Parameters
    ----------
    owner, writer, reader : str
        Three different names.

    Raises
    ------
    InvalidInput
        If a name is empty, too long (63 bytes), reserved, or used twice.
    """

    owner: str
    writer: str
    reader: str

    def __post_init__(self) -> None:
        names = (self.owner, self.writer, self.reader)
        for name in names:
            _require_role_name(name)
        if len(set(names)) != len(names):
            raise InvalidInput(
                "owner, writer and reader are not three different roles",
                where="role names",
                remedy="One role for two duties would undo what the other is for.",
            )


def role_statements(roles: Roles, *, beside: Sequence[str] = ()) -> list[str]:
    """Return the statements that make, own and grant; running them again changes nothing.

    Parameters
    ----------
    roles : Roles
        The three names; those that exist are taken as they are.
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
    >>> for statement in role_statements(Roles("o", "w", "r"))[-2:]:
    ...     print(statement)
    GRANT SELECT ON TABLE audit.audit_schema TO "r"
    GRANT SELECT ON TABLE audit.audit_schema TO "w"
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
        The three names.
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


def address_as(url: str, *, role: str | None = None, allowance: str | None = None) -> str:
    """Return an address whose connections act as another role, or hold an allowance.

    Parameters
    ----------
    url : str
        SQLAlchemy address of a PostgreSQL database.
    role : str, optional
        A role that the one that logs in is a member of, such as the owner.
    allowance : str, optional
        What a superuser issued for one change of the schema.

    Returns
    -------
    str
        With both among the options of the connection.

    Raises
    ------
    InvalidInput
        If the address is not one of PostgreSQL, the role's name is not usable, or the allowance
        is not hexadecimal.

    Examples
    --------
    >>> address_as("postgresql://deploy@host/log", role="log owner")
    'postgresql://deploy@host/log?options=-c+role%3Dlog%5C+owner'
    """
    options = []
    if role is not None:
        _require_role_name(role)
        escaped = "".join(f"\\{sign}" if sign in "\\ " else sign for sign in role)
        options.append(f"-c role={escaped}")
    if allowance is not None:
        if not re.fullmatch(r"[0-9a-f]+", allowance):
            raise InvalidInput(
                "not an allowance",
                where="allowance",
                remedy="Give what answerable db allow-ddl printed.",
            )
        options.append(f"-c {ALLOWANCE}={allowance}")
    if not options:
        return url
    try:
        address = make_url(url)
    except ArgumentError:
        address = None
    if address is None or address.get_backend_name() != "postgresql":
        raise InvalidInput(
            "only PostgreSQL has roles and allowances",
            where="database URL",
            remedy="Leave them out for SQLite.",
        )
    given = address.query.get("options", ())
    held = [given] if isinstance(given, str) else list(given)
    return address.update_query_dict({"options": " ".join([*held, *options])}).render_as_string(
        hide_password=False
    )


def _require_role_name(name: str) -> None:
    size = len(name.encode("utf-8", errors="surrogatepass"))
    reserved = name in {"public", "none"} or name.startswith("pg_")
    if not name or "\0" in name or not name.isprintable() or size > _LONGEST_NAME or reserved:
        raise InvalidInput(
            "not a usable role name",
            where="role names",
            remedy="Give 1 to 63 bytes of printable text, not public, none or pg_...",
        )


def _made(roles: Roles) -> list[str]:
    wanted = ((roles.owner, "NOLOGIN"), (roles.writer, "LOGIN"), (roles.reader, "LOGIN"))
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
    holders = f"PUBLIC, {identifier(roles.writer)}, {identifier(roles.reader)}"
    return [
        f"REVOKE ALL ON {what} FROM {holders}"
        for what in (
            f"SCHEMA {SCHEMA}",
            f"ALL TABLES IN SCHEMA {SCHEMA}",
            f"ALL ROUTINES IN SCHEMA {SCHEMA}",
        )
    ] + [f"GRANT USAGE ON SCHEMA {SCHEMA} TO {_both(roles)}"]


def _granted(roles: Roles) -> list[str]:
    writer, reader = identifier(roles.writer), identifier(roles.reader)
    statements = []
    for table in metadata.sorted_tables:
        columns = [column.name for column in table.columns]
        changing = ", ".join(name for name in columns if name not in table.primary_key.columns)
        shown = ", ".join(name for name in columns if name not in _WITHHELD)
        seen = "SELECT" if _WITHHELD.isdisjoint(columns) else f"SELECT ({shown})"
        allowed = _WRITER[table.name].format(columns=changing)
        statements += [
            f"GRANT {allowed} ON TABLE {SCHEMA}.{table.name} TO {writer}",
            f"GRANT {seen} ON TABLE {SCHEMA}.{table.name} TO {reader}",
        ]
    return [
        *statements,
        f"GRANT EXECUTE ON FUNCTION {SCHEMA}.extend(bigint) TO {writer}",
    ] + [f"GRANT SELECT ON TABLE {SCHEMA}.{VERSION_TABLE} TO {role}" for role in (reader, writer)]


def _granted_beside(roles: Roles, beside: Sequence[str]) -> list[str]:
    grant = f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE {{}} TO {identifier(roles.writer)}"
    return [
        block(
            f"IF pg_catalog.to_regclass({literal(table)}) IS NOT NULL THEN\n"
            f"    {grant.format(table)};\n  END IF;"
        )
        for table in (f"public.{identifier(name)}" for name in beside)
    ]


def _both(roles: Roles) -> str:
    return f"{identifier(roles.writer)}, {identifier(roles.reader)}"

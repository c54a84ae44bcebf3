"""Guarding a log's database: what enforces there that entries are only appended, and who may.

Addresses go in, facts and nothing else come out; what the facts mean stands in
`answerable.audit.store.enforcement`.
"""

from __future__ import annotations

from collections.abc import Sequence

from answerable.audit.store import ddl_guard, roles
from answerable.audit.store.addresses import address_as
from answerable.audit.store.database import Database
from answerable.audit.store.ddl_guard import MAX_ALLOWED_MINUTES, ddl_guard_statements
from answerable.audit.store.enforcement import GuardFact, inspect_enforcement
from answerable.audit.store.roles import Roles, role_statements

__all__ = [
    "MAX_ALLOWED_MINUTES",
    "GuardFact",
    "Roles",
    "address_as",
    "allow_schema_change",
    "ddl_guard_statements",
    "guard_schema",
    "inspect_enforcement",
    "role_statements",
    "separate_roles",
]


def separate_roles(url: str, wanted: Roles, *, beside: Sequence[str] = ()) -> None:
    """Make the roles of a log, and give each what it needs.

    Parameters
    ----------
    url : str
        Address of the log, connected as somebody who may make roles and owns it.
    wanted : Roles
        Their names.
    beside : sequence of str
        Tables in schema `public` that the service keeps beside the log.

    Raises
    ------
    InvalidInput
        If the database is not PostgreSQL.
    NotFound
        If there is no log.
    Unavailable
        If the connected role may not; nothing is changed then.
    """
    database = Database(url, must_exist=True)
    try:
        roles.apply_roles(database, wanted, beside=beside)
    finally:
        database.close()


def guard_schema(url: str) -> None:
    """Install the event triggers that refuse to change a log's schema.

    Parameters
    ----------
    url : str
        Address of the log, connected as a superuser.

    Raises
    ------
    InvalidInput
        If the database is not PostgreSQL.
    NotFound
        If there is no log.
    Unavailable
        If the connected role is no superuser; nothing is changed then.
    """
    database = Database(url, must_exist=True)
    try:
        ddl_guard.apply_ddl_guard(database)
    finally:
        database.close()


def allow_schema_change(url: str, token: bytes, *, minutes: int) -> str:
    """Issue an allowance for one transaction that changes a guarded schema.

    Parameters
    ----------
    url : str
        Address of the log, connected as a superuser.
    token : bytes
        At least 16 random bytes.
    minutes : int
        How long it may be used, 1 to `MAX_ALLOWED_MINUTES`.

    Returns
    -------
    str
        The allowance, shown once.

    Raises
    ------
    InvalidInput
        If the database is not PostgreSQL, or a value is out of range.
    Unavailable
        If the guard is not installed, or the connected role may not issue allowances.
    """
    database = Database(url, must_exist=True)
    try:
        return ddl_guard.allow_ddl(database, token, minutes=minutes)
    finally:
        database.close()

"""Looking after the log's database: its schema, its roles, and the guard over both."""

from __future__ import annotations

from answerable.api.settings import Settings
from answerable.api.state.store import TABLES, StateStore
from answerable.api.wiring import Entropy
from answerable.audit.guarding import (
    Roles,
    address_as,
    allow_schema_change,
    ddl_guard_statements,
    guard_schema,
    role_statements,
    separate_roles,
)
from answerable.audit.stored import upgrade_log

__all__ = [
    "Roles",
    "allow_ddl",
    "apply_ddl_guard",
    "apply_roles",
    "ddl_guard_script",
    "role_script",
    "upgrade_schema",
]

_TOKEN_BYTES = 32


def upgrade_schema(
    settings: Settings, *, role: str | None = None, allowance: str | None = None
) -> None:
    """Bring the log's tables and those of keys and sessions to this version's schema.

    Parameters
    ----------
    settings : Settings
    role : str, optional
        The owner of the tables, when the one who logs in is a member of it.
    allowance : str, optional
        What a superuser issued, when the schema is guarded.

    Raises
    ------
    InvalidInput
        If a role or an allowance is given for SQLite, or is not usable.
    NotFound
        If there is no log.
    Unavailable
        If it is newer, locked, full, read-only, or the connected role may not change it.
    """
    upgrade_log(address_as(settings.database_url, role=role, allowance=allowance))
    StateStore.create(settings.state_database_url).close()


def role_script(settings: Settings, roles: Roles) -> str:
    """Return what :func:`apply_roles` runs, for somebody else to run.

    Parameters
    ----------
    settings : Settings
        Whether keys and sessions lie in the same database.
    roles : Roles

    Returns
    -------
    str
        One transaction of SQL.
    """
    return _script(role_statements(roles, beside=_beside(settings)))


def apply_roles(settings: Settings, roles: Roles) -> None:
    """Make the roles, and give each what it needs.

    Parameters
    ----------
    settings : Settings
        Connected as somebody who may make roles and owns the log.
    roles : Roles

    Raises
    ------
    InvalidInput
        If the database is not PostgreSQL.
    NotFound
        If there is no log.
    Unavailable
        If the connected role may not; nothing is changed then.
    """
    separate_roles(settings.database_url, roles, beside=_beside(settings))


def ddl_guard_script() -> str:
    """Return what :func:`apply_ddl_guard` runs, for a superuser to run.

    Returns
    -------
    str
        One transaction of SQL.
    """
    return _script(ddl_guard_statements())


def apply_ddl_guard(settings: Settings) -> None:
    """Install the event triggers that refuse to change the log's schema.

    Parameters
    ----------
    settings : Settings
        Connected as a superuser.

    Raises
    ------
    InvalidInput
        If the database is not PostgreSQL.
    NotFound
        If there is no log.
    Unavailable
        If the connected role is no superuser; nothing is changed then.
    """
    guard_schema(settings.database_url)


def allow_ddl(settings: Settings, *, minutes: int, entropy: Entropy) -> str:
    """Issue an allowance for one transaction that changes the guarded schema.

    Parameters
    ----------
    settings : Settings
        Connected as a superuser.
    minutes : int
        How long it may be used.
    entropy : Entropy
        Source of random bytes.

    Returns
    -------
    str
        The allowance, shown once.

    Raises
    ------
    InvalidInput
        If the database is not PostgreSQL, or `minutes` is out of range.
    Unavailable
        If the guard is not installed, or the connected role may not issue allowances.
    """
    return allow_schema_change(settings.database_url, entropy(_TOKEN_BYTES), minutes=minutes)


def _beside(settings: Settings) -> tuple[str, ...]:
    return TABLES if settings.state_database_url == settings.database_url else ()


def _script(statements: list[str]) -> str:
    return ";\n".join(["BEGIN", *statements, "COMMIT"]) + ";"

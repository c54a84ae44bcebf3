"""The store of API keys, sessions and one-time links (SQLite or PostgreSQL).

Promises: a secret's text is never stored; a one-time link is used at most once, also by
two browsers at the same moment; a database that is locked, missing or of another schema
is :class:`Unavailable`, and the message never repeats the database's own text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from answerable.api.state.credentials import ApiKey, LoginLink, Session
from answerable.api.state.tables import (
    VERSION_TABLE,
    api_key,
    fact,
    login_link,
    metadata,
    session,
)
from answerable.audit.errors import Conflict, NotFound, Unavailable
from answerable.audit.records import Role

__all__ = ["SCHEMA_VERSION", "TABLES", "StateStore"]

SCHEMA_VERSION: Final = "s0001"
TABLES: Final = (*sorted(metadata.tables), VERSION_TABLE)
"""Names of all its tables."""
_LOCK_SECONDS: Final = 5


class StateStore:
    """Keys, sessions and links in one database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Made by :meth:`create` or :meth:`open`.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def create(cls, url: str) -> StateStore:
        """Open the store, bringing its tables to the current version first.

        Parameters
        ----------
        url : str
            SQLAlchemy URL.

        Returns
        -------
        StateStore
            Ready for use.

        Raises
        ------
        Unavailable
            If the database cannot be reached or written.
        """
        engine = _engine(url)
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
        with _disposed_on_failure(engine), _translated(), engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return cls(engine)

    @classmethod
    def open(cls, url: str) -> StateStore:
        """Open a store that exists.

        Parameters
        ----------
        url : str
            SQLAlchemy URL.

        Returns
        -------
        StateStore
            Ready for use.

        Raises
        ------
        Unavailable
            If there is none, or its schema is of another version.
        """
        parsed = sa.make_url(url)
        if parsed.drivername.startswith("sqlite") and not (
            parsed.database and Path(parsed.database).is_file()
        ):
            raise Unavailable(
                "the database of API keys and sessions does not exist",
                remedy="Run: answerable db upgrade.",
            )
        engine = _engine(url)
        with _disposed_on_failure(engine):
            with _translated(), engine.connect() as connection:
                options = {"version_table": VERSION_TABLE}
                found = MigrationContext.configure(connection, opts=options).get_current_revision()
            if found != SCHEMA_VERSION:
                raise Unavailable(
                    "the database of API keys and sessions has another schema version",
                    remedy="Run: answerable db upgrade.",
                )
        return cls(engine)

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    # ----------------------------------------------------------------- named facts

    def fact(self, name: str) -> str | None:
        """Return a named fact of this installation, or None."""
        with self._begin() as connection:
            found = connection.execute(sa.select(fact.c.value).where(fact.c.name == name))
            value: str | None = found.scalar_one_or_none()
        return value

    def set_fact(self, name: str, value: str) -> None:
        """Set a named fact, replacing an earlier value."""
        with self._begin() as connection:
            connection.execute(sa.delete(fact).where(fact.c.name == name))
            connection.execute(sa.insert(fact).values(name=name, value=value))

    # ----------------------------------------------------------------- API keys

    def add_key(self, key: ApiKey) -> None:
        """Store a key.

        Parameters
        ----------
        key : ApiKey
            Without the secret.

        Raises
        ------
        Conflict
            If its prefix is taken.
        """
        values = _row(key)
        try:
            with self._begin() as connection:
                connection.execute(sa.insert(api_key).values(**values))
        except sa.exc.IntegrityError:
            raise Conflict("an API key of this prefix exists") from None

    def key_of(self, hash_hex: str) -> ApiKey | None:
        """Return the key with this hash, usable or not, or None."""
        with self._begin() as connection:
            row = connection.execute(
                sa.select(api_key).where(api_key.c.hash == hash_hex)
            ).one_or_none()
        return _api_key(row) if row is not None else None

    def keys(self) -> list[ApiKey]:
        """Return all keys, oldest first."""
        with self._begin() as connection:
            rows = connection.execute(
                sa.select(api_key).order_by(api_key.c.created_at, api_key.c.prefix)
            ).all()
        return [_api_key(row) for row in rows]

    def revoke_key(self, prefix: str, *, at: int) -> None:
        """Make a key unusable from now on.

        Parameters
        ----------
        prefix : str
            Its public part.
        at : int
            Microseconds since 1970.

        Raises
        ------
        NotFound
            If there is no such key that is not revoked.
        """
        with self._begin() as connection:
            changed = connection.execute(
                sa.update(api_key)
                .where(api_key.c.prefix == prefix, api_key.c.revoked_at.is_(None))
                .values(revoked_at=at)
            ).rowcount
        if changed != 1:
            raise NotFound("there is no such API key in use")

    # ----------------------------------------------------------------- sessions and links

    def add_session(self, opened: Session) -> None:
        """Store a session."""
        with self._begin() as connection:
            connection.execute(sa.insert(session).values(**_row(opened)))

    def session_of(self, hash_hex: str, *, now: int) -> Session | None:
        """Return the session with this hash unless it has expired."""
        with self._begin() as connection:
            row = connection.execute(
                sa.select(session).where(session.c.hash == hash_hex, session.c.expires_at > now)
            ).one_or_none()
        if row is None:
            return None
        values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name for it
        return Session(**{**values, "roles": _roles(values["roles"])})

    def end_session(self, hash_hex: str) -> None:
        """Sign a browser out."""
        with self._begin() as connection:
            connection.execute(sa.delete(session).where(session.c.hash == hash_hex))

    def add_link(self, link: LoginLink) -> None:
        """Store a one-time link."""
        with self._begin() as connection:
            connection.execute(sa.insert(login_link).values(**_row(link)))

    def use_link(self, hash_hex: str, *, now: int) -> LoginLink | None:
        """Use a one-time link up.

        Parameters
        ----------
        hash_hex : str
            Hash of the link's secret.
        now : int
            Microseconds since 1970.

        Returns
        -------
        LoginLink or None
            None when it is unknown, expired or used before.
        """
        usable = (
            login_link.c.hash == hash_hex,
            login_link.c.used_at.is_(None),
            login_link.c.expires_at > now,
        )
        with self._begin() as connection:
            changed = connection.execute(
                sa.update(login_link).where(*usable).values(used_at=now)
            ).rowcount
            if changed != 1:
                return None
            row = connection.execute(
                sa.select(login_link).where(login_link.c.hash == hash_hex)
            ).one()
        values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name for it
        del values["used_at"]
        return LoginLink(**{**values, "roles": _roles(values["roles"])})

    def drop_expired(self, *, now: int) -> int:
        """Delete sessions and links that have expired; return how many."""
        with self._begin() as connection:
            return sum(
                connection.execute(sa.delete(table).where(table.c.expires_at <= now)).rowcount
                for table in (session, login_link)
            )

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        with _translated(), self._engine.begin() as connection:
            yield connection


@contextmanager
def _disposed_on_failure(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    except BaseException:
        engine.dispose()
        raise


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        raise Unavailable(
            f"the database of API keys and sessions cannot be used ({type(error).__name__})",
            remedy="Check that it is reachable, not locked, not full, and upgraded.",
        ) from None


def _engine(url: str) -> sa.Engine:
    if not url.startswith("sqlite"):
        return sa.create_engine(url, hide_parameters=True, pool_pre_ping=True)
    return sa.create_engine(url, hide_parameters=True, connect_args={"timeout": _LOCK_SECONDS})


def _row(stored: ApiKey | Session | LoginLink) -> dict[str, Any]:
    values = {name: getattr(stored, name) for name in type(stored).__slots__}
    return {**values, "roles": ",".join(sorted(role.value for role in stored.roles))}


def _roles(text: str) -> frozenset[Role]:
    return frozenset(Role(part) for part in text.split(",") if part)


def _api_key(row: sa.Row[Any]) -> ApiKey:
    values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name for it
    return ApiKey(**{**values, "roles": _roles(values["roles"])})

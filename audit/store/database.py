"""One database that holds a log: how it is opened, read and written.

A write is one transaction that nothing interleaves with, a read is one snapshot. SQLite runs in
WAL mode with FULL synchronisation (with NORMAL an acknowledged append can be lost in a power
cut; once appends are batched, FULL costs nothing that could be measured), and its connections
change no schema (:mod:`.authorizer`). PostgreSQL is asked to fail rather than hide rows behind
row-level security, and to wait for its disk.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from answerable.audit.errors import AnswerableError, InvalidInput, NotFound, Unavailable
from answerable.audit.store.authorizer import forbid_schema_changes
from answerable.audit.store.failures import translated
from answerable.audit.store.tables import SCHEMA

__all__ = ["Connection", "Database"]

_LOCK_TIMEOUT_S: Final = 30
_IN_MEMORY: Final = "memory"
_DRIVERS: Final = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_SQLITE_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA trusted_schema = OFF",
)
_POSTGRES_OPTIONS: Final = (
    f"-c lock_timeout={_LOCK_TIMEOUT_S}s -c row_security=off -c search_path=pg_catalog"
)


class Database:
    """A SQLite file or a PostgreSQL database, opened for one log.

    Parameters
    ----------
    url : str
        SQLAlchemy address: ``sqlite:///path`` (``?timeout=seconds`` sets how long to wait for a
        lock; ``sqlite://`` keeps the log in memory until it is closed) or
        ``postgresql://user@host/name``.
    must_exist : bool
        Whether a missing SQLite file is an error rather than made.

    Raises
    ------
    InvalidInput
        If the address is none of these.
    NotFound
        If a SQLite file is missing and must exist.
    """

    def __init__(self, url: str, *, must_exist: bool) -> None:
        address = _address(url)
        self.dialect = address.get_backend_name()
        in_memory = self.dialect == "sqlite" and address.database in {None, "", ":memory:"}
        self.where = _IN_MEMORY if in_memory else _label(address)
        self.in_memory = in_memory
        self._address = address
        if self.dialect == "sqlite" and not in_memory and must_exist:
            _require_file(Path(address.database or ""))
        self.refusal: Callable[[], AnswerableError] | None = None
        """Makes what every write raises while it is set: entries that were signed are not here."""
        self._engine = (
            _sqlite_engine(address, in_memory=in_memory)
            if (self.dialect == "sqlite")
            else _postgres_engine(address)
        )
        self._process = os.getpid()
        self._kept: Connection | None = None
        self._left: dict[int, Connection] = {}
        """By thread: the connection it writes through, or was interrupted on."""
        self._alone: dict[str, Any] = (
            {"answerable_kept": True}
            if self.dialect == "sqlite"
            else {"isolation_level": "AUTOCOMMIT"}
        )
        # One connection in memory serves all threads: they take turns.
        self._gate: AbstractContextManager[object] = (
            threading.RLock() if in_memory else nullcontext()
        )

    def address(self) -> str:
        """Return where another process opens it; may hold a password, so never to be shown."""
        return self._address.render_as_string(hide_password=False)

    def require_writable(self) -> None:
        """Raise the refusal that is set, if one is.

        Raises
        ------
        Unavailable
            If this process was forked from the one that opened the database.
        """
        self._require_own()
        if self.refusal is not None:
            raise self.refusal()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Run one write transaction: committed at the end, rolled back on any error.

        Yields
        ------
        Connection
            On SQLite it holds the write lock from the start.

        Raises
        ------
        Unavailable
            If the database is locked, full, read-only, unreachable or refuses, or `refusal` is set.
        """
        self.require_writable()
        self._end_left()
        with translated(self.where), self._gate, self._engine.connect() as connection:
            writing = connection.execution_options(answerable_write=True)
            self._left[threading.get_ident()] = writing
            try:
                with writing.begin():
                    yield writing
            except Exception:
                self._left.pop(threading.get_ident(), None)
                raise
            self._left.pop(threading.get_ident(), None)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Run reads on one snapshot.

        Yields
        ------
        Connection
            Not to be written through.

        Raises
        ------
        Unavailable
            If the database is locked or unreachable.
        """
        self._require_own()
        with translated(self.where), self._gate, self._engine.connect() as connection:
            if self.dialect == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def compared(self) -> Iterator[Connection]:
        """Lend the one connection that is kept for compared advances.

        Each statement stands alone; who is lent the connection begins and commits by its driver.
        One borrower at a time.

        Yields
        ------
        Connection
            Reads what was committed last.

        Raises
        ------
        Unavailable
            If the database is locked, full, read-only, unreachable or refuses; nothing of what
            was begun stands then, and a server's connection is made anew next time. If `refusal`
            is set.
        """
        self.require_writable()
        self._end_left()
        with translated(self.where), self._gate:
            if self._kept is None:
                self._kept = self._engine.connect().execution_options(**self._alone)
            try:
                yield self._kept
            except Exception:
                self._undo()
                raise
            except BaseException:
                self._drop_kept()  # interrupted anywhere: what state it is in is not known
                raise

    def close(self) -> None:
        """Close all connections; in a forked process only forget them: they are the other's."""
        if os.getpid() == self._process:
            self._drop_kept()
        self._engine.dispose(close=os.getpid() == self._process)

    def _require_own(self) -> None:
        """Two processes on one connection would read each other's answers."""
        if os.getpid() != self._process:
            raise Unavailable(
                "the log was opened before this process was forked",
                where=self.where,
                remedy="Open it anew in each process, after forking.",
            )

    def _end_left(self) -> None:
        """End a write of this thread that was interrupted, wherever that was."""
        left = self._left.pop(threading.get_ident(), None)
        if left is not None:
            with suppress(SQLAlchemyError):  # that says it is closed already
                left.invalidate()
                left.close()

    def _undo(self) -> None:
        """End what the borrower began; a server's connection may be broken, and is made anew."""
        if self.dialect == "sqlite" and self._kept is not None:
            _roll_back(self._kept)
        else:
            self._drop_kept()

    def _drop_kept(self) -> None:
        kept, self._kept = self._kept, None
        if kept is None:
            return
        if self.in_memory:
            _roll_back(kept)  # there is no other connection to it
        else:
            kept.invalidate()  # not returned to the pool: nobody shares what was left undone
        kept.close()


def _roll_back(kept: Connection) -> None:
    driver = kept.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):  # pragma: no branch
        driver.rollback()


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        address = None
    if address is None or address.drivername not in _DRIVERS:
        raise InvalidInput(
            "not the address of a log",
            where="database URL",
            remedy="Write sqlite:///path/to/log.db or postgresql://user@host/database.",
        )
    return address.set(drivername=_DRIVERS[address.drivername])


def _label(address: URL) -> str:
    if address.get_backend_name() == "sqlite":
        return str(address.database)
    return f"{address.host or 'local socket'}/{address.database}"


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise NotFound(
            "no such database file",
            where=str(path),
            remedy="Check the address, or create the log first.",
        )


def _sqlite_engine(address: URL, *, in_memory: bool) -> Engine:
    if "timeout" not in address.query:
        address = address.update_query_dict({"timeout": str(_LOCK_TIMEOUT_S)})
    options: dict[str, Any] = {"execution_options": {"schema_translate_map": {SCHEMA: "main"}}}
    if in_memory:
        options |= {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    engine = create_engine(address, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "invalidate", _release_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    if isinstance(connection, sqlite3.Connection):  # pragma: no branch
        # The driver must not begin transactions on its own: see _begin_sqlite.
        connection.isolation_level = None
        for pragma in _SQLITE_PRAGMAS:
            connection.execute(pragma)
        forbid_schema_changes(connection)


def _release_sqlite(connection: DBAPIConnection, _entry: object, _error: object) -> None:
    """Give the write lock back before closing: a cursor in a traceback keeps the file open."""
    if isinstance(connection, sqlite3.Connection):  # pragma: no branch
        with suppress(sqlite3.Error):
            connection.rollback()


def _begin_sqlite(connection: Connection) -> None:
    asked = connection.get_execution_options()
    if not asked.get("answerable_kept", False):  # there the borrower begins by the driver
        writing = asked.get("answerable_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _postgres_engine(address: URL) -> Engine:
    given = address.query.get("options", "")
    options = " ".join([_POSTGRES_OPTIONS, *([given] if isinstance(given, str) else given)])
    engine = create_engine(
        address.update_query_dict({"options": options}),
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
    )
    event.listen(engine, "connect", _prepare_postgres)
    return engine


def _prepare_postgres(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Wait for the disk even where the server's default does not; never weaken a stronger one."""
    cursor = connection.cursor()
    cursor.execute(
        "SELECT pg_catalog.set_config('synchronous_commit', 'on', false) "
        "WHERE pg_catalog.current_setting('synchronous_commit') = 'off'"
    )
    cursor.close()
    connection.commit()

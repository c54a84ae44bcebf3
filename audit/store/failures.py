"""What a database says when it fails, in the words of this house.

Only facts that hold no data pass: SQLite's error names and PostgreSQL's SQLSTATE. The driver's
own text may quote rows and is dropped.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from answerable.audit.errors import AnswerableError, Unavailable
from answerable.audit.store.head_rows import HeadMoved

__all__ = ["ConnectionLost", "RowExists", "translated"]

_LOCKED: Final = (
    "the database is locked by another process",
    "Close what holds it (a long transaction, another program), then try again.",
)
_FULL: Final = (
    "the database or its disk is full",
    "Free space or raise its limit, then try again.",
)
_READ_ONLY: Final = (
    "the database can only be read",
    "Check the owner and permissions of the file and its folder, or use the primary server.",
)
_NOT_PERMITTED: Final = (
    "the connected role may not do this",
    "Connect as a role that may (docs/postgresql.md); where the schema is guarded, a change of it "
    "needs an allowance.",
)
_CANNOT_OPEN: Final = (
    "the database cannot be opened",
    "Check that the address is right, that the server runs and that the user may connect.",
)
_NOT_A_DATABASE: Final = (
    "the file is not a usable SQLite database",
    "Check the address; if it is the right file, restore it from a backup, and remove the old"
    " -wal and -shm files beside it first.",
)
_REFUSED: Final = (
    "the database refused the change",
    "Verify the log: something else writes to its tables.",
)
_LOST: Final = (
    "the connection to the database was lost",
    "Append again with the same entry id: what was stored is recognised.",
)
_INTERRUPTED: Final = (
    "the work of the database was interrupted",
    "Append again with the same entry id.",
)
_DISK: Final = (
    "the disk under the database failed",
    "See the system's log and mend the disk; then append again with the same entry id, and verify.",
)
_HEAD_MOVED: Final = (
    "the head of the log is not the one seen last",
    "Another process wrote: append again.",
)
_SWALLOWED: Final = (
    "the database did not store every row",
    "Look for rules or triggers on the log's tables that are not ours.",
)
_SQLITE: Final = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": _CANNOT_OPEN,
    "SQLITE_INTERRUPT": _INTERRUPTED,
    "SQLITE_IOERR": _DISK,
    "SQLITE_NOTADB": _NOT_A_DATABASE,
    "SQLITE_CORRUPT": _NOT_A_DATABASE,
    "SQLITE_CONSTRAINT": _REFUSED,
}
_SQLSTATE: Final = {
    "55P03": _LOCKED,
    "57014": _LOCKED,
    "53": _FULL,
    "25006": _READ_ONLY,
    "42501": _NOT_PERMITTED,
    "3D000": _CANNOT_OPEN,
    "28": _CANNOT_OPEN,
    "23": _REFUSED,
    # The two guards of a compared advance: see `audit/store/advance`.
    "22012": _HEAD_MOVED,
    "2201E": _SWALLOWED,
    # A rule that swallows rows makes INSERT ... RETURNING itself an error.
    "0A000": _SWALLOWED,
    "08": _LOST,
    "57P": _LOST,
}


class ConnectionLost(Unavailable):
    """The connection broke; whether the transaction was committed is not known."""


class RowExists(Unavailable):
    """A row with this key is there already, or a guard refused the change."""


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn a driver's error into :class:`Unavailable` with what to do.

    Parameters
    ----------
    where : str
        The database's address without credentials.

    Yields
    ------
    None
        Nothing; the body runs.

    Raises
    ------
    Unavailable
        For every failure of the database; `ConnectionLost` when its outcome is not known.
    """
    try:
        yield
    except DBAPIError as error:
        raise _unavailable(error.orig, where) from error
    except sqlite3.Error as error:
        raise _unavailable(error, where) from error
    except PoolTimeout as error:
        raise Unavailable(
            "all connections to the database are in use", where=where, remedy="Try again."
        ) from error
    except SQLAlchemyError as error:
        raise Unavailable(
            f"the database failed ({type(error).__name__})", where=where, remedy=_CANNOT_OPEN[1]
        ) from error
    except Exception as error:  # allow broad-except: the PostgreSQL driver is optional
        if not type(error).__module__.startswith("psycopg"):
            raise
        raise _unavailable(error, where) from error


def _unavailable(error: BaseException | None, where: str) -> AnswerableError:
    what, remedy = (
        _from_sqlite(error)
        or _from_postgres(error)
        or (
            f"the database failed ({type(error).__name__})",
            "See the database's own log.",
        )
    )
    return _CLASSES.get(what, Unavailable)(what, where=where, remedy=remedy)


_CLASSES: Final = {
    _LOST[0]: ConnectionLost,
    _REFUSED[0]: RowExists,
    _HEAD_MOVED[0]: HeadMoved,
}


def _from_sqlite(error: BaseException | None) -> tuple[str, str] | None:
    if not isinstance(error, sqlite3.Error):
        return None
    name = getattr(error, "sqlite_errorname", "")
    return next((text for prefix, text in _SQLITE.items() if name.startswith(prefix)), None)


def _from_postgres(error: BaseException | None) -> tuple[str, str] | None:
    if error is None or not type(error).__module__.startswith("psycopg"):
        return None
    state = getattr(error, "sqlstate", None)
    if state is None:
        # The driver keeps the half-made connection only when connecting itself failed.
        return _CANNOT_OPEN if getattr(error, "pgconn", None) is not None else _LOST
    return next((text for prefix, text in _SQLSTATE.items() if state.startswith(prefix)), None)

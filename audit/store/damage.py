"""What the database itself finds wrong with its pages and indexes."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import Connection

__all__ = ["damage_told"]

_MOST: Final = 20
_SOUND: Final = "ok"
_PLAIN: Final = re.compile(r"[\w .:#,*()/<=>-]{1,200}")


def damage_told(connection: Connection) -> list[str]:
    """Return what SQLite's own check says, some twenty lines at most; nothing on PostgreSQL.

    It goes through every page, and through every index that leads to a row. PostgreSQL has the same
    in an extension that its owner runs (``pg_amcheck``).

    Parameters
    ----------
    connection : Connection
        A snapshot.

    Returns
    -------
    list of str
        Empty when it finds nothing. Lines name tables, indexes, rows and pages, no values.
    """
    if connection.dialect.name != "sqlite":
        return []
    told = connection.exec_driver_sql(f"PRAGMA main.integrity_check({_MOST})").scalars()
    lines = [line for text in told for line in str(text).splitlines() if line != _SOUND]
    return [line if _PLAIN.fullmatch(line) else "a page is damaged" for line in lines]

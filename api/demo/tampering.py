"""Somebody with full access to the database file changes one decision.

The triggers stop the application, not the owner of the file: they are dropped first, as
an intruder would. Verification must still name the entry.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

__all__ = ["tamper_with_copy"]


def tamper_with_copy(database: Path, copy: Path, entry_id: str) -> None:
    """Copy a SQLite log and turn one decision from ``decline`` into ``approve``.

    Parameters
    ----------
    database : Path
        The log; it is not touched.
    copy : Path
        Where the altered copy goes.
    entry_id : str
        The decision whose header is rewritten.
    """
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    with closing(sqlite3.connect(copy)) as connection, connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        seq, header = connection.execute(
            "SELECT seq, header FROM entry WHERE instr(header, ?) > 0 AND instr(header, ?) > 0",
            (f'"id":"{entry_id}"'.encode(), b'"kind":"decision"'),
        ).fetchone()
        forged = header.replace(b'"outcome":"decline', b'"outcome":"approve')
        change = "UPDATE entry SET header = ? WHERE seq = ?"  # allow log-tables: the intruder
        connection.execute(change, (forged, seq))

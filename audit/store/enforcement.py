"""What enforces here that the log is only appended to, read from the database itself.

Nothing is changed and nothing assumed: triggers, rules, policies, grants and the connected role
are what the database says they are. Guards stop mistakes and intruders without the owner's
rights; that they are there now does not say they always were. Only a checkpoint kept outside
shows what was altered.
"""

from __future__ import annotations

from answerable.audit.store.database import Database
from answerable.audit.store.enforcement_postgres import postgres_facts
from answerable.audit.store.enforcement_sqlite import sqlite_facts
from answerable.audit.store.guard_facts import GuardFact
from answerable.audit.store.schema import require_current

__all__ = ["GuardFact", "inspect_enforcement"]


def inspect_enforcement(url: str) -> tuple[GuardFact, ...]:
    """Return what enforces append-only in a log's database, and what nothing there can.

    Parameters
    ----------
    url : str
        Its address; on PostgreSQL the facts are those of the role it names.

    Returns
    -------
    tuple of GuardFact
        The last one says what no guard stops.

    Raises
    ------
    NotFound
        If there is no log at this address.
    Unavailable
        If its schema is not this version's, or it cannot be read.
    """
    database = Database(url, must_exist=True)
    try:
        require_current(database)
        inspect = sqlite_facts if database.dialect == "sqlite" else postgres_facts
        return tuple(inspect(database))
    finally:
        database.close()

"""Which guards of a SQLite log are there, as this version makes them.

What should be there is not listed: a log in memory is made by the same revisions, and the two
schemas are compared statement by statement. A trigger that was dropped, replaced or added, or a
table that was swapped for another, differs there.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from answerable.audit.store.database import Database
from answerable.audit.store.guard_facts import GuardFact, fact_of_faults
from answerable.audit.store.schema import VERSION_TABLE, upgrade

__all__ = ["sqlite_facts"]

_PRAGMAS: Final = {
    "journal_mode": ("wal", "a crash may lose what was acknowledged"),
    "synchronous": ("2", "a power cut may lose what was acknowledged"),
    "recursive_triggers": ("1", "INSERT OR REPLACE passes triggers of other programs"),
    "secure_delete": ("1", "deleted key rows stay readable in the file"),
}
_SUSPECT: Final = (
    "Somebody changed the schema: verify the log against a checkpoint kept elsewhere, then "
    "restore the database from a backup."
)
_Schema = dict[tuple[str, str], str]


def sqlite_facts(database: Database) -> list[GuardFact]:
    """Compare a SQLite log's schema and settings with those this version makes.

    Parameters
    ----------
    database : Database
        A log of this version's schema.

    Returns
    -------
    list of GuardFact
        On triggers, tables, settings, the file, and what no guard stops.

    Raises
    ------
    Unavailable
        If the database cannot be read.
    """
    expected = _reference()
    with database.read() as connection:
        found = _schema(connection)
        settings = {
            name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar()) for name in _PRAGMAS
        }
    triggers = sum(kind == "trigger" for kind, _ in expected)
    facts = [
        fact_of_faults(
            "guards of the tables",
            f"{triggers} triggers are as this version makes them",
            _differences("trigger", expected, found) + _added_triggers(expected, found),
            _SUSPECT,
        ),
        fact_of_faults(
            "tables and indexes",
            "are as this version makes them",
            _differences("table", expected, found) + _differences("index", expected, found),
            _SUSPECT,
        ),
        _durability(settings, in_memory=database.where == "memory"),
    ]
    if database.where != "memory":
        facts.append(_file(Path(database.where)))
    return [*facts, _beyond()]


def _reference() -> _Schema:
    reference = Database("sqlite://", must_exist=False)
    try:
        upgrade(reference)
        with reference.read() as connection:
            return _schema(connection)
    finally:
        reference.close()


def _schema(connection: Connection) -> _Schema:
    rows = connection.exec_driver_sql(
        "SELECT type, name, sql FROM main.sqlite_master WHERE sql IS NOT NULL"
    )
    return {(kind, name): " ".join(sql.split()) for kind, name, sql in rows}


def _differences(kind: str, expected: _Schema, found: _Schema) -> list[str]:
    return [
        f"{kind} {name} is {'changed' if key in found else 'missing'}"
        for key, sql in sorted(expected.items())
        if (name := key[1]) != VERSION_TABLE and key[0] == kind and found.get(key) != sql
    ]


def _added_triggers(expected: _Schema, found: _Schema) -> list[str]:
    # An added trigger can swallow or change what is appended.
    return [
        f"trigger {name} is not ours"
        for kind, name in sorted(set(found) - set(expected))
        if kind == "trigger"
    ]


def _durability(settings: dict[str, str], *, in_memory: bool) -> GuardFact:
    wrong = [
        f"{name} is {settings[name]}: {what}"
        for name, (right, what) in _PRAGMAS.items()
        if settings[name] != right and not (in_memory and name == "journal_mode")
    ]
    return fact_of_faults(
        "settings of the connection",
        "writes wait for the disk, deleted rows are overwritten, REPLACE fires triggers",
        wrong,
        "Move the file to a local file system that SQLite can lock and share memory on.",
    )


def _file(path: Path) -> GuardFact:
    name = "permissions of the file"
    try:
        modes = {place: place.stat().st_mode for place in (path, path.absolute().parent)}
    except OSError as error:
        return GuardFact(name, "warning", f"cannot be read ({type(error).__name__})")
    open_to_others = [
        place.name
        for place, mode in modes.items()
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX
    ]
    if open_to_others:
        what = " and ".join(open_to_others)
        return GuardFact(name, "warning", f"everybody may write to {what}. Run: chmod o-w")
    return GuardFact(name, "good", "not everybody may write to it")


def _beyond() -> GuardFact:
    return GuardFact(
        "what no guard stops",
        "warning",
        "Whoever may write the file can drop its triggers or replace it. Only a checkpoint kept "
        "elsewhere shows that: answerable log head --out FILE",
    )

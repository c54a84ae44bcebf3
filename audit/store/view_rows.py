"""Facts of the log, checkpoints, and the views that can be rebuilt: projections and counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select, update

from answerable.audit.store.bulk import run_many
from answerable.audit.store.tables import checkpoint, meta, projection, rollup

__all__ = [
    "ADD_COUNTS",
    "CountKey",
    "OutcomeCount",
    "ProjectionRow",
    "add_counts",
    "checkpoint_at",
    "checkpoint_notes",
    "insert_checkpoint",
    "insert_facts",
    "latest_checkpoint",
    "load_projection",
    "months_counted",
    "outcome_counts",
    "read_facts",
    "save_projection",
]

ADD_COUNTS: Final = (
    "INSERT INTO {schema}.rollup AS held (day, function, outcome, cell, n) {rows} "
    "ON CONFLICT (day, function, outcome, cell) DO UPDATE SET n = held.n + excluded.n"
)
_ADD_COUNT: Final = ADD_COUNTS.replace("{rows}", "VALUES ({v}, {v}, {v}, {v}, {v})")
CountKey = tuple[str, str, str, int]
"""Day, function, outcome code, group cell (-1 when none was given)."""


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many decisions of one day, function, outcome code and group cell were appended.

    `cell` is None for decisions without a group-cell code; `function` is empty for decisions
    that named none.
    """

    day: str
    function: str
    outcome: str
    cell: int | None
    n: int


@dataclass(frozen=True, slots=True)
class ProjectionRow:
    """A cached view: its state at a size and root of the log, with a keyed seal."""

    size: int
    root: bytes
    state: bytes
    mac: bytes


def insert_facts(connection: Connection, facts: Mapping[str, str]) -> None:
    """Store what is fixed when a log is made."""
    connection.execute(insert(meta), [{"key": key, "value": facts[key]} for key in sorted(facts)])


def read_facts(connection: Connection) -> dict[str, str]:
    """Return what was fixed when the log was made; empty when it was not finished."""
    return dict(connection.execute(select(meta.c.key, meta.c.value)).all())


def insert_checkpoint(connection: Connection, size: int, ts: int, note: str) -> None:
    """Store a signed checkpoint."""
    connection.execute(insert(checkpoint), [{"size": size, "ts": ts, "note": note}])


def checkpoint_at(connection: Connection, size: int) -> str | None:
    """Return the stored checkpoint of a size."""
    note: str | None = connection.execute(
        select(checkpoint.c.note).where(checkpoint.c.size == size)
    ).scalar()
    return note


def checkpoint_notes(connection: Connection) -> list[str]:
    """Return all stored checkpoints, by size."""
    return list(connection.execute(select(checkpoint.c.note).order_by(checkpoint.c.size)).scalars())


def latest_checkpoint(connection: Connection) -> tuple[int, str] | None:
    """Return size and note of the newest checkpoint."""
    row = connection.execute(
        select(checkpoint.c.size, checkpoint.c.note).order_by(checkpoint.c.size.desc()).limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def load_projection(connection: Connection, name: str) -> ProjectionRow | None:
    """Return a cached view."""
    row = connection.execute(
        select(projection.c.size, projection.c.root, projection.c.state, projection.c.mac).where(
            projection.c.name == name
        )
    ).first()
    return None if row is None else ProjectionRow(*row)


def save_projection(connection: Connection, name: str, row: ProjectionRow) -> None:
    """Keep a cached view; an older one never replaces a newer one."""
    values = {"size": row.size, "root": row.root, "state": row.state, "mac": row.mac}
    held = connection.execute(select(projection.c.size).where(projection.c.name == name)).scalar()
    if held is None:
        connection.execute(insert(projection), [{"name": name, **values}])
    elif held <= row.size:
        connection.execute(update(projection).where(projection.c.name == name).values(**values))


def add_counts(connection: Connection, counts: Mapping[CountKey, int]) -> None:
    """Add to the counts of decisions."""
    run_many(connection, _ADD_COUNT, [(*key, n) for key, n in sorted(counts.items())])


def months_counted(connection: Connection) -> list[str]:
    """Return the months in which decisions are counted, ``YYYY-MM``, ascending."""
    days = connection.execute(select(rollup.c.day).distinct()).scalars()
    return sorted({day[:7] for day in days})


def outcome_counts(
    connection: Connection, function: str | None, first_day: str, last_day: str
) -> list[OutcomeCount]:
    """Return the counts of decisions between two days (both included)."""
    query = select(rollup.c.day, rollup.c.function, rollup.c.outcome, rollup.c.cell, rollup.c.n)
    query = query.where(rollup.c.day.between(first_day, last_day))
    if function is not None:
        query = query.where(rollup.c.function == function)
    ordered = query.order_by(rollup.c.day, rollup.c.function, rollup.c.outcome, rollup.c.cell)
    return [
        OutcomeCount(day, of, outcome, None if cell < 0 else cell, n)
        for day, of, outcome, cell, n in connection.execute(ordered)
    ]

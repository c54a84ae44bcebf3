"""What questions need of the index beyond a page of entries: first names, and numbers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from answerable.audit.ids import ref_bytes
from answerable.audit.store.entry_rows import Selection
from answerable.audit.store.tables import entry, entry_subject

__all__ = ["count_kinds", "count_named", "first_named"]

_CHUNK = 400


def first_named(
    connection: Connection, refs: Sequence[str], chosen: Selection, places: tuple[int, int]
) -> dict[str, int]:
    """Return the first place at which an entry of a selection names each person.

    Parameters
    ----------
    connection : Connection
        A snapshot.
    refs : Sequence[str]
        References of persons.
    chosen : Selection
        Which entries.
    places : tuple of int and int
        The first place looked at, and the one after the last.

    Returns
    -------
    dict
        By reference; whom no such entry names is left out.
    """
    keys = {ref_bytes(ref): ref for ref in refs}
    wanted = list(keys)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), _CHUNK):
        query = (
            select(entry_subject.c.ref, func.min(entry_subject.c.seq))
            .join_from(entry_subject, entry, entry.c.seq == entry_subject.c.seq)
            .where(entry_subject.c.ref.in_(wanted[start : start + _CHUNK]))
            .where(*_conditions(chosen, places))
            .group_by(entry_subject.c.ref)
        )
        found.update({keys[bytes(ref)]: seq for ref, seq in connection.execute(query)})
    return found


def count_named(connection: Connection, chosen: Selection, places: tuple[int, int]) -> int:
    """Return how many persons the entries of a selection name, each counted once."""
    query = (
        select(func.count(entry_subject.c.ref.distinct()))
        .join_from(entry_subject, entry, entry.c.seq == entry_subject.c.seq)
        .where(*_conditions(chosen, places))
    )
    return connection.execute(query).scalar_one()


def count_kinds(connection: Connection, places: tuple[int, int]) -> dict[str, int]:
    """Return how many entries of each kind stand between two places."""
    query = (
        select(entry.c.kind, func.count())
        .where(entry.c.seq >= places[0], entry.c.seq < places[1])
        .group_by(entry.c.kind)
    )
    return dict(connection.execute(query).all())


def _conditions(chosen: Selection, places: tuple[int, int]) -> list[ColumnElement[bool]]:
    # Both tables are partitioned by place: each is told the range, so that others are left out.
    found = [
        entry.c.seq >= places[0],
        entry.c.seq < places[1],
        entry_subject.c.seq >= places[0],
        entry_subject.c.seq < places[1],
    ]
    if chosen.kinds:
        found.append(entry.c.kind.in_([kind.value for kind in chosen.kinds]))
    if chosen.function is not None:
        found.append(entry.c.function == chosen.function)
    if chosen.outcomes:
        found.append(entry.c.outcome.in_(chosen.outcomes))
    if chosen.automation is not None:
        found.append(entry.c.automation == chosen.automation)
    return found

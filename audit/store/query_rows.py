"""What questions need of the index beyond a page of entries: first names, and numbers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from answerable.audit.entries import Entry
from answerable.audit.errors import RecordTampered
from answerable.audit.ids import ref_bytes
from answerable.audit.store.entry_rows import Selection
from answerable.audit.store.tables import entry, entry_subject, link
from answerable.audit.tree.merkle import leaf_hash

__all__ = ["count_kinds", "count_named", "first_named", "linked_to"]

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


def linked_to(connection: Connection, targets: Sequence[str]) -> dict[str, list[Entry]]:
    """Return the entries whose headers link to each of several entries or digests.

    Parameters
    ----------
    connection : Connection
        A snapshot.
    targets : Sequence[str]
        Entry ids or digests.

    Returns
    -------
    dict
        By target, ascending; what nothing links to has an empty list.

    Raises
    ------
    RecordTampered
        If a stored header does not give its leaf hash.
    """
    found: dict[str, dict[int, Entry]] = {target: {} for target in targets}
    wanted = list(found)
    for start in range(0, len(wanted), _CHUNK):
        query = (
            select(link.c.target, entry.c.seq, entry.c.header, entry.c.leaf)
            .join_from(link, entry, entry.c.seq == link.c.seq)
            .where(link.c.target.in_(wanted[start : start + _CHUNK]))
            .order_by(entry.c.seq)
        )
        for target, seq, header, leaf in connection.execute(query):
            if leaf_hash(header) != leaf:
                raise RecordTampered(
                    "its header does not give its leaf hash",
                    where=f"entry {seq}",
                    remedy="Verify the log and compare with a backup.",
                )
            found[target][seq] = Entry(seq, header, leaf)
    return {target: list(entries.values()) for target, entries in found.items()}


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

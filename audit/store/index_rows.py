"""The indexes beside the entries: by id, by data subject, by what is linked to.

They are for finding entries only. What they say follows from the headers and is compared with
them by verification; each is one tree of rows, ordered by what it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, func, select

from answerable.audit.entries import Header
from answerable.audit.ids import entry_id_bytes, ref_bytes
from answerable.audit.store.raw_rows import rows_among
from answerable.audit.store.tables import Row, entry_id, entry_subject, link

__all__ = ["Indexed", "agrees", "count_index", "index_of", "index_table_rows", "indexed_as"]

_CHUNK = 500


class Indexed(NamedTuple):
    """What the indexes beside an entry say: its id, its subjects, what it links to."""

    id: bytes
    refs: tuple[bytes, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """Relation and target, in the header's order."""


def index_table_rows(entries: Sequence[tuple[int, Indexed]]) -> dict[Table, list[Row]]:
    """Return the rows of the indexes for new entries, by place."""
    return {
        entry_id: [(item.id, seq) for seq, item in entries],
        entry_subject: [(ref, seq) for seq, item in entries for ref in item.refs],
        link: [
            (target, seq, number, rel)
            for seq, item in entries
            for number, (rel, target) in enumerate(item.links)
        ],
    }


def indexed_as(connection: Connection, due: Mapping[int, Indexed]) -> dict[int, Indexed]:
    """Return what the indexes hold of what is due.

    Parameters
    ----------
    connection : Connection
        A snapshot.
    due : Mapping[int, Indexed]
        By place: what the headers say. At most a page of them.

    Returns
    -------
    dict
        By place, of those that are due: only rows that are due are looked for, because each index
        is ordered by what it is asked for. Rows beside them show in :func:`count_index`.
    """
    ids = {item.id: seq for seq, item in due.items()}
    refs = {ref for item in due.values() for ref in item.refs}
    targets = {target for item in due.values() for _, target in item.links}
    places = list(due)
    found_ids = {
        seq: key
        for key, seq in _among(connection, (entry_id.c.id, entry_id.c.seq), list(ids), places)
    }
    found_refs = {
        (seq, ref)
        for ref, seq in _among(
            connection, (entry_subject.c.ref, entry_subject.c.seq), list(refs), places
        )
    }
    columns = (link.c.target, link.c.seq, link.c.number, link.c.rel)
    found_links: dict[int, dict[int, tuple[str, str]]] = {}
    for target, seq, number, rel in _among(connection, columns, list(targets), places):
        found_links.setdefault(seq, {})[number] = (rel, target)
    return {
        seq: Indexed(
            found_ids.get(seq, b""),
            tuple(ref for ref in item.refs if (seq, ref) in found_refs),
            tuple(found_links.get(seq, {}).get(n, ("", "")) for n in range(len(item.links))),
        )
        for seq, item in due.items()
    }


def agrees(connection: Connection, due: Sequence[tuple[int, Indexed]]) -> bool:
    """Return whether the indexes hold exactly what is due; :func:`indexed_as` says what differs.

    Parameters
    ----------
    connection : Connection
        A snapshot.
    due : sequence of (int, Indexed)
        By place: what the headers say.

    Returns
    -------
    bool
        Of the ids, subjects and links that are due; rows beside them show in
        :func:`count_index`.
    """
    rows = index_table_rows(due)
    if not rows[entry_id]:
        return True
    span = due[0][0], due[-1][0]
    return all(
        set(held) >= set(rows[table]) if table is not link else sorted(held) == sorted(rows[table])
        for table, held in (
            (table, _raw_among(connection, table, wanted, span)) for table, wanted in rows.items()
        )
    )


def count_index(connection: Connection) -> tuple[int, int, int]:
    """Return how many rows the indexes of ids, subjects and links hold."""
    ids, refs, links = (
        connection.execute(select(func.count()).select_from(table)).scalar() or 0
        for table in (entry_id, entry_subject, link)
    )
    return ids, refs, links


def index_of(header: Header) -> Indexed:
    """Return what the indexes must say of an entry."""
    links = [(found.rel, found.entry or found.digest or "") for found in header.links]
    if header.supersedes is not None:
        links.append(("supersedes", header.supersedes))
    refs = dict.fromkeys(ref_bytes(subject.ref) for subject in header.subjects)
    return Indexed(entry_id_bytes(header.id), tuple(refs), tuple(links))


def _raw_among(
    connection: Connection, table: Table, wanted: Sequence[Row], span: tuple[int, int]
) -> list[Row]:
    """Return the rows of places in a span that are found by what the wanted ones are found by."""
    keys = list(dict.fromkeys(row[0] for row in wanted))
    found: list[Row] = []
    for start in range(0, len(keys), _CHUNK):
        found += rows_among(connection, table, keys[start : start + _CHUNK], span)
    return found


def _among(
    connection: Connection,
    columns: Sequence[ColumnElement[Any]],
    wanted: Sequence[object],
    places: Sequence[int],
) -> Iterator[Sequence[Any]]:
    """Return the rows whose first column is wanted and whose second is one of the places."""
    first, last = min(places, default=0), max(places, default=0)
    for start in range(0, len(wanted), _CHUNK):
        query = select(*columns).where(columns[0].in_(wanted[start : start + _CHUNK]))
        yield from connection.execute(query.where(columns[1].between(first, last)))

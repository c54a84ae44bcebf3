"""Rows of entries and their bodies: insert once, find, read back.

A found row is handed out only when its header bytes still give its leaf hash and name the id it
was found by: the columns are an index, the header is what was proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    column,
    func,
    select,
    text,
    union_all,
)

from answerable.audit.entries import Entry
from answerable.audit.errors import InvalidInput, RecordTampered
from answerable.audit.ids import entry_id_bytes, ref_bytes
from answerable.audit.kinds import FREQUENT_KINDS, EntryKind
from answerable.audit.store.bulk import insert_rows
from answerable.audit.store.index_rows import Indexed, index_table_rows
from answerable.audit.store.raw_rows import times_from
from answerable.audit.store.tables import (
    FREQUENT,
    LAST_PLACE,
    PARTS,
    Cell,
    Row,
    body,
    entry,
    entry_id,
    entry_subject,
    link,
)
from answerable.audit.tree.merkle import leaf_hash

__all__ = [
    "MAX_PAGE",
    "NewEntry",
    "Selection",
    "bodies_at",
    "bodies_between",
    "body_parts",
    "count_sealed",
    "entries_by_id",
    "entries_by_reference",
    "entries_of_subject",
    "entry_at",
    "entry_table_rows",
    "first_seq_at",
    "insert_entries",
    "knows_subject",
    "last_seq",
    "next_seq",
    "place_of",
    "related_entries",
    "select_entries",
]

MAX_PAGE = 5000
_CHUNK = 500
_COLUMNS = (entry.c.seq, entry.c.header, entry.c.leaf)
_PROBES = 32
"""Places looked at in one statement when a time is searched."""


class NewEntry(NamedTuple):
    """An entry about to be stored: its place, header and body, and what it is found by."""

    seq: int
    header_bytes: bytes
    leaf: bytes
    parts: tuple[bytes, ...]
    columns: tuple[Cell, ...]
    """Time, kind, function, outcome code, automation, keyed reference."""
    found_by: Indexed


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries are asked for; what is empty or None is not asked about."""

    kinds: tuple[EntryKind, ...] = ()
    function: str | None = None
    outcomes: tuple[str, ...] = ()
    automation: str | None = None


def place_of(seq: int, part: int) -> int:
    """Return where a part of an entry's body stands."""
    return min(seq * PARTS + part, LAST_PLACE)


def parts_beyond(connection: Connection, size: int) -> int:
    """Return how many parts are stored of entries from a size on, which there cannot be."""
    query = select(func.count()).where(body.c.place >= size * PARTS)
    return connection.execute(query).scalar() or 0


def insert_entries(connection: Connection, entries: Sequence[NewEntry]) -> None:
    """Store entries, their bodies and the index over their headers.

    Raises
    ------
    Unavailable
        If the database silently stored fewer rows than it was given.
    """
    for table, rows in entry_table_rows(entries).items():
        if rows:
            insert_rows(connection, table, rows)


def entry_table_rows(entries: Sequence[NewEntry]) -> dict[Table, list[Row]]:
    """Return the rows of new entries, by table, in the order in which they are stored."""
    return {
        entry: [(item.seq, *item.columns, item.header_bytes, item.leaf) for item in entries],
        body: [
            (item.seq * PARTS + number, data)
            for item in entries
            for number, data in enumerate(item.parts)
        ],
        **index_table_rows([(item.seq, item.found_by) for item in entries]),
    }


def entries_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Entry]:
    """Return the stored entries among `ids`.

    Returns
    -------
    dict
        By id; unknown ids are left out.

    Raises
    ------
    InvalidInput
        If an id is not a UUIDv7.
    RecordTampered
        If a stored entry does not match its leaf hash or its id.
    """
    keys = {entry_id_bytes(name): name for name in ids}
    found: dict[str, Entry] = {}
    wanted = list(keys)
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(
            select(entry_id.c.id, *_COLUMNS)
            .join_from(entry_id, entry, entry.c.seq == entry_id.c.seq)
            .where(entry_id.c.id.in_(wanted[start : start + _CHUNK]))
        )
        for key, seq, header, leaf in rows:
            stored = _checked(seq, header, leaf)
            if stored.id != keys[key]:
                raise _tampered(seq, "it is indexed under another id")
            found[stored.id] = stored
    return found


def entry_at(connection: Connection, seq: int) -> Entry | None:
    """Return the entry at a place of the log, None beyond its end."""
    row = connection.execute(select(*_COLUMNS).where(entry.c.seq == seq)).first()
    return None if row is None else _checked(*row)


def select_entries(
    connection: Connection,
    chosen: Selection,
    *,
    after: int | None = None,
    before: int | None = None,
    limit: int,
) -> list[Entry]:
    """Return one page of entries.

    Parameters
    ----------
    connection : Connection
        A snapshot.
    chosen : Selection
        Which entries.
    after : int, optional
        Ascending from the entry after this one.
    before : int, optional
        Only entries before this place; without `after`, descending from there or from the end.
    limit : int
        At most this many, 1 to 5,000.

    Returns
    -------
    list of Entry
        Ascending with `after`, else descending.

    Raises
    ------
    InvalidInput
        If the limit is out of range.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(
            f"a page of {limit} entries", where="limit", remedy=f"Ask for 1 to {MAX_PAGE}."
        )
    kinds = dict.fromkeys(chosen.kinds)
    if len(kinds) <= 1 or not FREQUENT_KINDS.isdisjoint(kinds):
        return _fetch(connection, _page(chosen, after, before, limit))
    # The index over kinds gives the places of one kind in order, those of several it does not.
    each = [
        select(_page(replace(chosen, kinds=(kind,)), after, before, limit).subquery())
        for kind in kinds
    ]
    seq: ColumnElement[int] = column("seq")
    merged = union_all(*each).order_by(seq.desc() if after is None else seq).limit(limit)
    return [_checked(*row) for row in connection.execute(merged)]


def entries_of_subject(connection: Connection, ref: str) -> list[Entry]:
    """Return all entries whose header names a data subject, ascending."""
    return _fetch(connection, _named_by(entry_subject, entry_subject.c.ref == ref_bytes(ref)))


def related_entries(connection: Connection, target: str) -> list[Entry]:
    """Return all entries whose header links to an entry id or digest, ascending."""
    return _fetch(connection, _named_by(link, link.c.target == target))


def entries_by_reference(connection: Connection, reference: str) -> list[Entry]:
    """Return all entries whose header holds this keyed reference, ascending."""
    query = select(*_COLUMNS).where(entry.c.reference == reference).order_by(entry.c.seq)
    return _fetch(connection, query)


def knows_subject(connection: Connection, ref: str) -> bool:
    """Return whether any entry names this data subject."""
    query = select(entry_subject.c.seq).where(entry_subject.c.ref == ref_bytes(ref)).limit(1)
    return connection.execute(query).first() is not None


def count_sealed(connection: Connection, ref: str) -> int:
    """Return how many entries with more than a clear body name this data subject."""
    return sum(
        any(part.ct is not None for part in item.header.parts)
        for item in entries_of_subject(connection, ref)
    )


def body_parts(connection: Connection, seq: int) -> dict[int, bytes]:
    """Return the stored parts of one entry by their number."""
    return dict(bodies_between(connection, seq, seq + 1).get(seq, {}))


def bodies_at(connection: Connection, places: Sequence[int]) -> dict[int, dict[int, bytes]]:
    """Return the parts that are stored at some places of the body, by entry and number."""
    parts: dict[int, dict[int, bytes]] = {}
    for start in range(0, len(places), _CHUNK):
        wanted = body.c.place.in_(places[start : start + _CHUNK])
        for place, data in connection.execute(select(body.c.place, body.c.data).where(wanted)):
            seq, number = divmod(place, PARTS)
            parts.setdefault(seq, {})[number] = data
    return parts


def bodies_between(connection: Connection, first: int, last: int) -> Mapping[int, dict[int, bytes]]:
    """Return the stored parts of the places first..last-1, by place and number."""
    query = select(body.c.place, body.c.data).where(
        body.c.place.between(place_of(first, 0), place_of(last, -1))
    )
    parts: dict[int, dict[int, bytes]] = {}
    for place, data in connection.execute(query):
        seq, number = divmod(place, PARTS)
        parts.setdefault(seq, {})[number] = data
    return parts


def first_seq_at(connection: Connection, ts: int) -> int:
    """Return the first place whose entry is not older than a time.

    Times never decrease along the log, so that a few look-ups find it without an index.

    Parameters
    ----------
    connection : Connection
        A snapshot.
    ts : int
        Microseconds since 1970 UTC.

    Returns
    -------
    int
        One after the last place when all are older.
    """
    low, high = 0, last_seq(connection) + 1
    while low < high:
        # As many each time, the same place twice if need be: it stays one prepared statement.
        places = [low + (high - low) * number // _PROBES for number in range(_PROBES)]
        # Retention leaves gaps: the next place that holds a row stands for them.
        times = times_from(connection, places, high)
        older = sum(found is not None and found < ts for found in times)
        low = places[older - 1] + 1 if older else low
        high = places[older] if older < len(places) else high
    return low


def last_seq(connection: Connection) -> int:
    """Return the highest place that holds a row, -1 in an empty table."""
    highest = connection.execute(select(func.max(entry.c.seq))).scalar()
    return -1 if highest is None else highest


def next_seq(connection: Connection, first: int) -> int | None:
    """Return the lowest place from `first` on that holds a row, None when there is none.

    Who may write the database may leave a gap of any width; reading steps over it.

    Returns
    -------
    int or None
        At least `first`.
    """
    if first > LAST_PLACE:
        return None
    return connection.execute(select(func.min(entry.c.seq)).where(entry.c.seq >= first)).scalar()


def _page(
    chosen: Selection, after: int | None, before: int | None, limit: int
) -> Select[int, bytes, bytes]:
    query = _chosen(chosen)
    if before is not None:
        query = query.where(entry.c.seq < before)
    if after is not None:
        query = query.where(entry.c.seq > after).order_by(entry.c.seq)
    else:
        query = query.order_by(entry.c.seq.desc())
    return query.limit(limit)


def _chosen(chosen: Selection) -> Select[int, bytes, bytes]:
    query = select(*_COLUMNS)
    if chosen.kinds:
        query = query.where(entry.c.kind.in_([kind.value for kind in chosen.kinds]))
        if FREQUENT_KINDS.isdisjoint(chosen.kinds):
            # Said again in the index's own words, or SQLite does not use it.
            query = query.where(text(FREQUENT))
    if chosen.function is not None:
        query = query.where(entry.c.function == chosen.function)
    if chosen.outcomes:
        query = query.where(entry.c.outcome.in_(chosen.outcomes))
    if chosen.automation is not None:
        query = query.where(entry.c.automation == chosen.automation)
    return query


def _named_by(index: Table, condition: ColumnElement[bool]) -> Select[int, bytes, bytes]:
    named = select(index.c.seq).where(condition)
    return select(*_COLUMNS).where(entry.c.seq.in_(named)).order_by(entry.c.seq)


def _fetch(connection: Connection, query: Select[int, bytes, bytes]) -> list[Entry]:
    return [_checked(*row) for row in connection.execute(query)]


def _checked(seq: int, header: bytes, leaf: bytes) -> Entry:
    if leaf_hash(header) != leaf:
        raise _tampered(seq, "its header does not give its leaf hash")
    return Entry(seq, header, leaf)


def _tampered(seq: int, what: str) -> RecordTampered:
    return RecordTampered(
        what, where=f"entry {seq}", remedy="Verify the log and compare with a backup."
    )

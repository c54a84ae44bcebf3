"""Rows of entries and their bodies: insert once, find, read back.

A found row is handed out only when its header bytes still give its leaf hash and name the id it
was found by: the columns are an index, the header is what was proven.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, Table, func, insert, select

from answerable.audit.entries import Entry, Header
from answerable.audit.errors import InvalidInput, RecordTampered, Unavailable
from answerable.audit.ids import entry_id_bytes
from answerable.audit.kinds import EntryKind
from answerable.audit.store.tables import body, entry, entry_subject, link
from answerable.audit.tree.merkle import leaf_hash

__all__ = [
    "MAX_PAGE",
    "IndexRows",
    "NewEntry",
    "Selection",
    "UncheckedRow",
    "bodies_between",
    "body_parts",
    "count_sealed",
    "rows_between",
    "entries_by_id",
    "entries_by_reference",
    "entries_of_subject",
    "entry_at",
    "index_of",
    "indexed_between",
    "insert_entries",
    "knows_subject",
    "last_seq",
    "next_seq",
    "parts_between",
    "related_entries",
    "select_entries",
]

MAX_PAGE = 5000
_CHUNK = 500
IndexRows = tuple[list[str], list[tuple[str, str]]]
"""References of an entry's subjects; relations and targets of its links."""
_UUID_BYTES = 16
_COLUMNS = (entry.c.seq, entry.c.header, entry.c.leaf)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry about to be stored: its place, header and body."""

    seq: int
    header: Header
    header_bytes: bytes
    leaf: bytes
    parts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class UncheckedRow:
    """An entry as stored, with what its index columns say under the header's keys."""

    seq: int
    header: bytes
    leaf: bytes
    columns: dict[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries are asked for: kinds (all when empty) and the decision function."""

    kinds: tuple[EntryKind, ...] = ()
    function: str | None = None


def insert_entries(connection: Connection, entries: Sequence[NewEntry]) -> None:
    """Store entries, their bodies and the index over their headers.

    Raises
    ------
    Unavailable
        If the database silently stored fewer rows than it was given.
    """
    _insert(connection, entry, [_entry_row(item) for item in entries])
    _insert(
        connection,
        body,
        [
            {"seq": item.seq, "part": number, "data": data}
            for item in entries
            for number, data in enumerate(item.parts)
        ],
    )
    _insert(
        connection,
        entry_subject,
        [
            {"seq": item.seq, "number": number, "ref": subject.ref}
            for item in entries
            for number, subject in enumerate(item.header.subjects)
        ],
    )
    _insert(connection, link, [row for item in entries for row in _link_rows(item)])


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
    keys = {entry_id_bytes(entry_id): entry_id for entry_id in ids}
    found: dict[str, Entry] = {}
    wanted = list(keys)
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(
            select(entry.c.id, *_COLUMNS).where(entry.c.id.in_(wanted[start : start + _CHUNK]))
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
        Descending from the entry before this one; without either, descending from the end.
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
    query = select(*_COLUMNS)
    if chosen.kinds:
        query = query.where(entry.c.kind.in_([kind.value for kind in chosen.kinds]))
    if chosen.function is not None:
        query = query.where(entry.c.function == chosen.function)
    if after is not None:
        query = query.where(entry.c.seq > after).order_by(entry.c.seq)
    else:
        if before is not None:
            query = query.where(entry.c.seq < before)
        query = query.order_by(entry.c.seq.desc())
    return _fetch(connection, query.limit(limit))


def entries_of_subject(connection: Connection, ref: str) -> list[Entry]:
    """Return all entries whose header names a data subject, ascending."""
    return _fetch(connection, _named_by(entry_subject, entry_subject.c.ref == ref))


def related_entries(connection: Connection, target: str) -> list[Entry]:
    """Return all entries whose header links to an entry id or digest, ascending."""
    return _fetch(connection, _named_by(link, link.c.target == target))


def entries_by_reference(connection: Connection, reference: str) -> list[Entry]:
    """Return all entries whose header holds this keyed reference, ascending."""
    query = select(*_COLUMNS).where(entry.c.reference == reference).order_by(entry.c.seq)
    return _fetch(connection, query)


def knows_subject(connection: Connection, ref: str) -> bool:
    """Return whether any entry names this data subject."""
    query = select(entry_subject.c.seq).where(entry_subject.c.ref == ref).limit(1)
    return connection.execute(query).first() is not None


def count_sealed(connection: Connection, ref: str) -> int:
    """Return how many entries with more than a clear body name this data subject."""
    return sum(
        any(part.ct is not None for part in item.header.parts)
        for item in entries_of_subject(connection, ref)
    )


def body_parts(connection: Connection, seq: int) -> dict[int, bytes]:
    """Return the stored parts of one entry by their number."""
    rows = connection.execute(select(body.c.part, body.c.data).where(body.c.seq == seq))
    return dict(rows.all())


def rows_between(connection: Connection, first: int, last: int) -> list[UncheckedRow]:
    """Return the rows of the places first..last-1 as stored."""
    query = (
        select(*_COLUMNS, entry.c.id, entry.c.ts, entry.c.kind, entry.c.function, entry.c.reference)
        .where(entry.c.seq >= first, entry.c.seq < last)
        .order_by(entry.c.seq)
    )
    return [
        UncheckedRow(
            seq,
            header,
            leaf,
            {
                "id": _uuid_text(key),
                "ts": ts,
                "kind": kind,
                "function": function,
                "ref": reference,
            },
        )
        for seq, header, leaf, key, ts, kind, function, reference in connection.execute(query)
    ]


def bodies_between(connection: Connection, first: int, last: int) -> Mapping[int, dict[int, bytes]]:
    """Return the stored parts of the places first..last-1, by place and number."""
    query = select(body.c.seq, body.c.part, body.c.data).where(
        body.c.seq >= first, body.c.seq < last
    )
    parts: dict[int, dict[int, bytes]] = {}
    for seq, number, data in connection.execute(query):
        parts.setdefault(seq, {})[number] = data
    return parts


def parts_between(connection: Connection, first: int, last: int) -> dict[int, frozenset[int]]:
    """Return the numbers of the stored parts of the places first..last-1, where there are any."""
    query = select(body.c.seq, body.c.part).where(body.c.seq >= first, body.c.seq < last)
    parts: dict[int, set[int]] = {}
    for seq, number in connection.execute(query):
        parts.setdefault(seq, set()).add(number)
    return {seq: frozenset(numbers) for seq, numbers in parts.items()}


def indexed_between(connection: Connection, first: int, last: int) -> dict[int, IndexRows]:
    """Return what the subject and link indexes say of the places first..last-1, where any do."""
    found: dict[int, IndexRows] = {}
    subjects = select(entry_subject.c.seq, entry_subject.c.ref)
    named = subjects.where(entry_subject.c.seq >= first, entry_subject.c.seq < last)
    for seq, ref in connection.execute(named.order_by(entry_subject.c.seq, entry_subject.c.number)):
        found.setdefault(seq, ([], []))[0].append(ref)
    links = select(link.c.seq, link.c.rel, link.c.target)
    linked = links.where(link.c.seq >= first, link.c.seq < last)
    for seq, rel, target in connection.execute(linked.order_by(link.c.seq, link.c.number)):
        found.setdefault(seq, ([], []))[1].append((rel, target))
    return found


def index_of(header: Header) -> IndexRows:
    """Return what the subject and link indexes must say of an entry."""
    links = [(found.rel, found.entry or found.digest or "") for found in header.links]
    if header.supersedes is not None:
        links.append(("supersedes", header.supersedes))
    return [subject.ref for subject in header.subjects], links


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
    return connection.execute(select(func.min(entry.c.seq)).where(entry.c.seq >= first)).scalar()


def _named_by(index: Table, condition: ColumnElement[bool]) -> Select[int, bytes, bytes]:
    named = select(index.c.seq).where(condition)
    return select(*_COLUMNS).where(entry.c.seq.in_(named)).order_by(entry.c.seq)


def _fetch(connection: Connection, query: Select[int, bytes, bytes]) -> list[Entry]:
    return [_checked(*row) for row in connection.execute(query)]


def _checked(seq: int, header: bytes, leaf: bytes) -> Entry:
    if leaf_hash(header) != leaf:
        raise _tampered(seq, "its header does not give its leaf hash")
    return Entry(seq, header, leaf)


def _uuid_text(key: bytes) -> str:
    # Whatever stands in the column: the verifier compares it with the header.
    return str(uuid.UUID(bytes=key)) if len(key) == _UUID_BYTES else key.hex()


def _tampered(seq: int, what: str) -> RecordTampered:
    return RecordTampered(
        what, where=f"entry {seq}", remedy="Verify the log and compare with a backup."
    )


def _entry_row(item: NewEntry) -> dict[str, object]:
    return {
        "seq": item.seq,
        "id": entry_id_bytes(item.header.id),
        "ts": item.header.ts,
        "kind": item.header.kind.value,
        "function": item.header.function,
        "reference": item.header.ref,
        "header": item.header_bytes,
        "leaf": item.leaf,
    }


def _link_rows(item: NewEntry) -> list[dict[str, object]]:
    return [
        {"seq": item.seq, "number": number, "rel": rel, "target": target}
        for number, (rel, target) in enumerate(index_of(item.header)[1])
    ]


def _insert(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    # A rule or trigger may swallow a row without an error: an append is acknowledged only
    # when the database says that it stored every row.
    stored = connection.execute(insert(table), rows, execution_options={"preserve_rowcount": True})
    if stored.rowcount != len(rows):
        raise Unavailable(
            "the database did not store every row",
            where=f"table {table.name}",
            remedy="Look for rules or triggers on it that are not ours.",
        )

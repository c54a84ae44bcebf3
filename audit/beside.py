"""What stands beside the tree and could be changed without its noticing: checked against it.

The tree proves the headers. Which entries a person is found by, which bodies and keys are still
there, which holds stand and how often what was decided lie in tables of their own; all of them
follow from the entries, so whoever changed one is found by following them again:

- index   id, subjects and links of each entry as its header names them, and nothing else
- body    a part that is gone, though nobody erased its holder and no retention run removed it; one
          that is still there though a run removed it
- header  one that cannot be read, so that nothing beside its entry can be compared
- keys    a holder's key or further identifier, gone without an erasure or back after one; after
          retention runs as many keys may be gone as they say, of people of whom no body is left
- holds   the holds that were placed and not lifted
- counts  decisions by day, function, outcome code and, with the period keys, group cell
- tile    the root kept with each full tile is the root of its hashes

Without the period keys a decision moved from one group cell to another is not seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Final, Protocol

from answerable.audit.errors import InvalidInput, NotFound, RecordTampered
from answerable.audit.keys.derive import day_of, open_cell
from answerable.audit.kinds import EntryKind
from answerable.audit.records import LegalHold, parse_record
from answerable.audit.retention.facts import removed_so_far
from answerable.audit.skimmed import Skimmed, skim
from answerable.audit.store import entry_rows, key_rows, raw_rows, tile_rows, view_rows
from answerable.audit.store.database import Connection, Database
from answerable.audit.store.head_rows import read_head
from answerable.audit.store.index_rows import Indexed, agrees, count_index, indexed_as
from answerable.audit.store.tables import PARTS
from answerable.audit.tree.tiles import tile_root
from answerable.audit.verify import Finding

__all__ = ["CellOf", "HidesCell", "cell_reader", "findings_beside"]


class HidesCell(Protocol):
    """An entry, as far as its group cell is concerned."""

    @property
    def id(self) -> str:
        """Entry id."""
        ...

    @property
    def cell(self) -> str | None:
        """The group-cell code as the header hides it."""
        ...


CellOf = Callable[[HidesCell], int | None]
"""Gives the group-cell code in an entry's header; needs the vault's period keys."""

_CHUNK: Final = 2000
_NOTHING: Final[Sequence[int]] = ()
_ERASING: Final = (EntryKind.SUBJECT_ERASED, EntryKind.DATASET_ROWS_ERASED)
_HOLDING: Final = (EntryKind.HOLD_PLACED, EntryKind.HOLD_LIFTED)
_Count = tuple[str, str, str, int | None]


def cell_reader(period_key: Callable[[str], bytes]) -> CellOf:
    """Return what opens the group-cell codes of many entries.

    Parameters
    ----------
    period_key : Callable[[str], bytes]
        Of a vault; asked once for each month whose key there is.

    Returns
    -------
    CellOf
        Raises :class:`~answerable.audit.errors.NotFound` for a month without a key.
    """
    key_of = cache(period_key)
    return lambda entry: open_cell(entry.cell, entry.id, key_of)


def findings_beside(
    database: Database,
    *,
    cell_of: CellOf | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Finding]:
    """Compare everything beside the tree with what the entries say, on one snapshot.

    Parameters
    ----------
    database : Database
        The log's database.
    cell_of : Callable[[HidesCell], int or None], optional
        Opens group-cell codes; without it counts are compared over all cells together.
    progress : callable, optional
        Called with the number of places done, now and then.

    Returns
    -------
    list of Finding
        Empty when all agree. Headers that cannot be read are left to the verifier.
    """
    with database.read() as connection:
        found = _Pass(connection, cell_of)
        first: int | None = 0
        while first is not None:
            last = first + _CHUNK
            # A gap of any width is stepped over.
            first = last if found.chunk(first, last) else entry_rows.next_seq(connection, last)
            if progress is not None and first is not None:
                progress(first)
        return [*found.findings, *found.at_the_end()]


class _Pass:
    """One pass over the entries, and what they say about the other tables."""

    def __init__(self, connection: Connection, cell_of: CellOf | None) -> None:
        self._connection = connection
        self._cell_of = cell_of
        self._sealed: dict[str, str] = {}
        self._gone: list[tuple[str, int, set[str]]] = []
        self._erased: set[str] = set()
        self._aliases: Counter[str] = Counter()
        self._holds: dict[tuple[str, str, str], int | None] = {}
        self._counts: Counter[_Count] = Counter()
        self._found: Counter[str] = Counter()
        self._unread = 0
        self._removed = removed_so_far(connection)
        self._readable: set[str] = set()
        self.findings: list[Finding] = []

    def chunk(self, first: int, last: int) -> int:
        """Take in the entries of the places first..last-1; return how many there are."""
        rows = raw_rows.raw_headers(self._connection, first, last)
        places = raw_rows.raw_places(self._connection, first, last)
        read: list[tuple[int, Skimmed]] = []
        for (seq, _), header in zip(rows, skim([data for _, data in rows]), strict=True):
            if header is None:
                self._unread += 1
                what = "it cannot be read as a header: what lies beside it is not checked"
                self.findings.append(Finding("header", f"{seq}", what))
            else:
                read.append((seq, header))
        self._bodies(read, places)
        for seq, header in read:
            self._state(seq, header)
        self._indexes(read)
        return len(rows)

    def _indexes(self, read: list[tuple[int, Skimmed]]) -> None:
        due = [(seq, header.found_by()) for seq, header in read]
        held = dict(due)
        if not agrees(self._connection, due):
            held = indexed_as(self._connection, held)
            for (seq, wanted), (_, header) in zip(due, read, strict=True):
                self.findings += _index_findings(_name(seq, header), wanted, held[seq])
        self._found["ids"] += sum(1 for item in held.values() if item.id)
        self._found["subjects"] += sum(len(item.refs) for item in held.values())
        linked = [link for item in held.values() for link in item.links]
        self._found["links"] += sum(link != ("", "") for link in linked)

    def at_the_end(self) -> Iterator[Finding]:
        """Yield what only the whole log shows.

        Yields
        ------
        Finding
            Of bodies, keys, holds, counts and tiles.
        """
        for name, number, holders in self._gone:
            if not holders or not holders <= self._erased:
                yield Finding("body", name, f"part {number} is gone and nobody erased it")
        if beyond := entry_rows.parts_beyond(self._connection, read_head(self._connection).size):
            yield Finding("body", "", f"{beyond} parts are stored beyond the last entry")
        yield from self._key_findings(key_rows.all_refs(self._connection))
        if self._holds != key_rows.all_holds(self._connection):
            yield Finding("holds", "", "the holds in force are not those that were placed")
        yield from self._count_findings()
        yield from self._surplus_findings()
        yield from _tile_findings(self._connection)

    def _bodies(self, read: list[tuple[int, Skimmed]], places: list[int]) -> None:
        """Compare the parts that are stored with those that the headers name."""
        stored: dict[int, list[int]] = {}
        for place in places:
            stored.setdefault(place // PARTS, []).append(place % PARTS)
        for seq, header in read:
            self._body(seq, header, stored.get(seq, _NOTHING))

    def _body(self, seq: int, header: Skimmed, stored: Sequence[int]) -> None:
        holders = header.holders()
        for number, refs in enumerate(holders):
            for ref in refs:
                if ref not in self._sealed:
                    self._sealed[ref] = _name(seq, header)
                if number in stored:
                    self._readable.add(ref)
        if self._removed.lost_its_body(seq, header.kind):
            if stored:
                what = "a retention run removed its body, and it is stored"
                self.findings.append(Finding("body", _name(seq, header), what))
            return
        for number, (part, _) in enumerate(header.parts):
            if number not in stored:
                # Each subject's slot opens the case: it is lost with the last of them only.
                wanted = set().union(*holders) if part == "case" else holders[number]
                self._gone.append((_name(seq, header), number, wanted))

    def _state(self, seq: int, header: Skimmed) -> None:
        if header.kind == EntryKind.DECISION:
            cell = None if self._cell_of is None else self._cell(seq, header)
            key = (day_of(header.ts), header.function or "", header.outcome or "", cell)
            self._counts[key] += 1
        elif header.kind == EntryKind.SUBJECT_ALIAS_ADDED:
            self._aliases.update(header.refs)
        elif header.kind in _ERASING:
            self._erased |= set(header.refs)
        elif header.kind in _HOLDING:
            self._hold(seq, header.kind)

    def _cell(self, seq: int, header: Skimmed) -> int | None:
        if self._cell_of is None:
            return None
        try:
            return self._cell_of(header)
        except NotFound:
            what = "the vault lacks the key of the group cells of its month"
            self.findings.append(Finding("counts", _name(seq, header), what))
            return None

    def _hold(self, seq: int, kind: str) -> None:
        try:
            record = parse_record(entry_rows.body_parts(self._connection, seq).get(0, b""))
        except (InvalidInput, RecordTampered):
            return
        if isinstance(record, LegalHold):
            key = (record.subject, record.ground, record.reference)
            if kind == EntryKind.HOLD_PLACED:
                self._holds[key] = record.until
            else:
                self._holds.pop(key, None)

    def _key_findings(self, held: set[str]) -> Iterator[Finding]:
        gone = {ref: self._sealed[ref] for ref in self._sealed.keys() - held - self._erased}
        by_runs = gone.keys() - self._readable
        if len(by_runs) <= self._removed.keys:
            gone = {ref: name for ref, name in gone.items() if ref not in by_runs}
        for ref, name in sorted(gone.items()):
            what = f"the data key of {ref} is gone and no entry records an erasure"
            yield Finding("keys", name, what)
        for ref in sorted(self._erased & held):
            yield Finding("keys", "", f"{ref} was erased and has a data key again")
        # One that was slipped in leads nowhere: it is sealed under the holder's own key.
        identifiers = key_rows.aliases_by_ref(self._connection)
        for ref, added in sorted(self._aliases.items()):
            due = 0 if ref in self._erased or ref not in held else added
            if identifiers.get(ref, 0) < due or (not due and ref in identifiers):
                yield Finding("keys", "", f"the further identifiers of {ref} are not those added")

    def _surplus_findings(self) -> Iterator[Finding]:
        """Rows of the indexes that no header asks for; not told where headers are unreadable."""
        if self._unread:
            return
        held = count_index(self._connection)
        for what, rows in zip(("ids", "subjects", "links"), held, strict=True):
            if rows != self._found[what]:
                surplus = rows - self._found[what]
                yield Finding("index", "", f"the index of {what} holds {surplus} rows of no entry")

    def _count_findings(self) -> Iterator[Finding]:
        kept: Counter[_Count] = Counter()
        for line in view_rows.outcome_counts(self._connection, None, "0000", "9999"):
            kept[self._without_cell(line.day, line.function, line.outcome, line.cell)] += line.n
        due: Counter[_Count] = Counter()
        for key, n in self._counts.items():
            due[self._without_cell(*key)] += n
        for (day, function, outcome), n in self._removed.counts.items():
            due[day, function, outcome, None] += n
        for key in sorted(kept.keys() | due.keys(), key=str):
            if kept[key] != due[key]:
                day, function, outcome, _ = key
                what = (
                    f"{kept[key]} decisions {outcome} of {function or 'no function'} on {day} "
                    f"are counted, {due[key]} are here"
                )
                yield Finding("counts", "", what)

    def _without_cell(self, day: str, function: str, outcome: str, cell: int | None) -> _Count:
        """Return the key of a count; the cells of removed decisions are not known any more."""
        known = self._cell_of is not None and (day, function, outcome) not in self._removed.counts
        return day, function, outcome, cell if known else None


def _name(seq: int, header: Skimmed) -> str:
    return f"{seq} ({header.id})"


def _index_findings(name: str, due: Indexed, held: Indexed) -> Iterable[Finding]:
    return [
        Finding("index", name, f"the index of {what} does not say what the header says")
        for what, said, wanted in (
            ("ids", held.id, due.id),
            ("subjects", held.refs, due.refs),
            ("links", held.links, due.links),
        )
        if said != wanted
    ]


def _tile_findings(connection: Connection) -> Iterator[Finding]:
    for item in tile_rows.full_tiles(connection):
        try:
            right = tile_root(item.data) == item.root
        except RecordTampered:
            right = False
        if not right:
            what = f"tile {item.level}/{item.index} does not have the root kept with it"
            yield Finding("tile", "", what)

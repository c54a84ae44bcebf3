"""What the entries of some places say about the tables beside them.

A part is read from one snapshot, needs nothing of what comes before it and can be handed from one
process to another; parts are added up in the order of their places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Protocol

from answerable.audit.errors import InvalidInput, NotFound, RecordTampered
from answerable.audit.keys.derive import day_of, open_cell
from answerable.audit.kinds import EntryKind
from answerable.audit.records import LegalHold, parse_record
from answerable.audit.retention.facts import RemovedSoFar, removed_so_far
from answerable.audit.skimmed import Skimmed, skim
from answerable.audit.store import entry_rows, raw_rows
from answerable.audit.store.database import Connection
from answerable.audit.store.index_rows import Indexed, agrees, indexed_as
from answerable.audit.store.tables import PARTS
from answerable.audit.verify import Finding

__all__ = ["BesidePart", "CellOf", "Count", "HidesCell", "PartReader", "cell_reader"]


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
Count = tuple[str, str, str, int | None]
"""Day, function, outcome code and cell of a decision."""

_CHUNK: Final = 2000
_NOTHING: Final[Sequence[int]] = ()
_ERASING: Final = (EntryKind.SUBJECT_ERASED, EntryKind.DATASET_ROWS_ERASED)
_HOLDING: Final = (EntryKind.HOLD_PLACED, EntryKind.HOLD_LIFTED)
_Hold = tuple[tuple[str, str, str], bool, int | None]


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


@dataclass(slots=True)
class BesidePart:
    """What entries say about the other tables, and what was found wrong with single ones."""

    removed: RemovedSoFar
    """What retention runs had removed on the snapshot it was read from."""
    sealed: dict[str, str] = field(default_factory=dict)
    """By holder: the first entry with a part under their key."""
    readable: set[str] = field(default_factory=set)
    """Holders of parts that are stored."""
    gone: list[tuple[str, int, set[str]]] = field(default_factory=list)
    """Entry, part and holders of parts that are not stored."""
    erased: set[str] = field(default_factory=set)
    aliases: Counter[str] = field(default_factory=Counter)
    """Further identifiers added, by holder."""
    holds: list[_Hold] = field(default_factory=list)
    """What each hold says, whether it is placed, and until when; in order."""
    counts: Counter[Count] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    """Rows of the indexes, by index."""
    unread: int = 0
    """Headers that cannot be read."""
    findings: list[Finding] = field(default_factory=list)

    def add(self, later: BesidePart) -> None:
        """Add what the entries after these say."""
        for ref, name in later.sealed.items():
            self.sealed.setdefault(ref, name)
        self.readable |= later.readable
        self.gone += later.gone
        self.erased |= later.erased
        self.aliases.update(later.aliases)
        self.holds += later.holds
        self.counts.update(later.counts)
        self.found.update(later.found)
        self.unread += later.unread
        self.findings += later.findings

    def holds_in_force(self) -> dict[tuple[str, str, str], int | None]:
        """Return the holds that were placed and not lifted, with the time each ends."""
        held: dict[tuple[str, str, str], int | None] = {}
        for key, placed, until in self.holds:
            if placed:
                held[key] = until
            else:
                held.pop(key, None)
        return held


class PartReader:
    """Reads parts from one snapshot.

    Parameters
    ----------
    connection : Connection
        The snapshot.
    cell_of : Callable[[HidesCell], int or None], optional
        Opens group-cell codes; without it counts are those of all cells together.
    """

    def __init__(self, connection: Connection, cell_of: CellOf | None) -> None:
        self._connection = connection
        self._cell_of = cell_of
        self.part = BesidePart(removed_so_far(connection))
        """What was read so far."""

    def read(
        self, first: int, end: int | None, progress: Callable[[int], None] | None = None
    ) -> None:
        """Take in the entries of the places first..end-1, of all from `first` on without an end.

        Parameters
        ----------
        first, end
            Places.
        progress : callable, optional
            Called with the place reached, now and then.
        """
        at: int | None = first
        while at is not None and (end is None or at < end):
            last = at + _CHUNK if end is None else min(at + _CHUNK, end)
            # A gap of any width is stepped over.
            at = last if self._chunk(at, last) else entry_rows.next_seq(self._connection, last)
            if progress is not None and at is not None:
                progress(at)

    def _chunk(self, first: int, last: int) -> int:
        """Take in the entries of the places first..last-1; return how many there are."""
        rows = raw_rows.raw_headers(self._connection, first, last)
        places = raw_rows.raw_places(self._connection, first, last)
        read: list[tuple[int, Skimmed]] = []
        for (seq, _), header in zip(rows, skim([data for _, data in rows]), strict=True):
            if header is None:
                self.part.unread += 1
                what = "it cannot be read as a header: what lies beside it is not checked"
                self.part.findings.append(Finding("header", f"{seq}", what))
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
                self.part.findings += _index_findings(_name(seq, header), wanted, held[seq])
        found = self.part.found
        found["ids"] += sum(1 for item in held.values() if item.id)
        found["subjects"] += sum(len(item.refs) for item in held.values())
        linked = [link for item in held.values() for link in item.links]
        found["links"] += sum(link != ("", "") for link in linked)

    def _bodies(self, read: list[tuple[int, Skimmed]], places: list[int]) -> None:
        """Compare the parts that are stored with those that the headers name."""
        stored: dict[int, list[int]] = {}
        for place in places:
            stored.setdefault(place // PARTS, []).append(place % PARTS)
        for seq, header in read:
            self._body(seq, header, stored.get(seq, _NOTHING))

    def _body(self, seq: int, header: Skimmed, stored: Sequence[int]) -> None:
        holders, part = header.holders(), self.part
        for number, refs in enumerate(holders):
            for ref in refs:
                if ref not in part.sealed:
                    part.sealed[ref] = _name(seq, header)
                if number in stored:
                    part.readable.add(ref)
        if part.removed.lost_its_body(seq, header.kind):
            if stored:
                what = "a retention run removed its body, and it is stored"
                part.findings.append(Finding("body", _name(seq, header), what))
            return
        for number, (kind, _) in enumerate(header.parts):
            if number not in stored:
                # Each subject's slot opens the case: it is lost with the last of them only.
                wanted = set().union(*holders) if kind == "case" else holders[number]
                part.gone.append((_name(seq, header), number, wanted))

    def _state(self, seq: int, header: Skimmed) -> None:
        if header.kind == EntryKind.DECISION:
            cell = None if self._cell_of is None else self._cell(seq, header, self._cell_of)
            key = (day_of(header.ts), header.function or "", header.outcome or "", cell)
            self.part.counts[key] += 1
        elif header.kind == EntryKind.SUBJECT_ALIAS_ADDED:
            self.part.aliases.update(header.refs)
        elif header.kind in _ERASING:
            self.part.erased |= set(header.refs)
        elif header.kind in _HOLDING:
            self._hold(seq, header.kind)

    def _cell(self, seq: int, header: Skimmed, cell_of: CellOf) -> int | None:
        try:
            return cell_of(header)
        except NotFound:
            what = "the vault lacks the key of the group cells of its month"
            self.part.findings.append(Finding("counts", _name(seq, header), what))
            return None

    def _hold(self, seq: int, kind: str) -> None:
        try:
            record = parse_record(entry_rows.body_parts(self._connection, seq).get(0, b""))
        except (InvalidInput, RecordTampered):
            return
        if isinstance(record, LegalHold):
            key = (record.subject, record.ground, record.reference)
            self.part.holds.append((key, kind == EntryKind.HOLD_PLACED, record.until))


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

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
- database  SQLite's own check of its pages and of the indexes that lead to entries: one that was
          damaged hides an entry from questions, though the entry itself is there

Without the period keys a decision moved from one group cell to another is not seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from answerable.audit.beside_part import (
    BesidePart,
    CellOf,
    Count,
    HidesCell,
    PartReader,
    cell_reader,
)
from answerable.audit.errors import RecordTampered
from answerable.audit.store import entry_rows, key_rows, tile_rows, view_rows
from answerable.audit.store.damage import damage_told
from answerable.audit.store.database import Connection, Database
from answerable.audit.store.head_rows import read_head
from answerable.audit.store.index_rows import count_index
from answerable.audit.tree.tiles import tile_root
from answerable.audit.verify import Finding

__all__ = ["CellOf", "HidesCell", "cell_reader", "findings_at_the_end", "findings_beside"]


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
        reader = PartReader(connection, cell_of)
        reader.read(0, None, progress)
        return findings_at_the_end(connection, reader.part, by_cell=cell_of is not None)


def findings_at_the_end(
    connection: Connection, whole: BesidePart, *, by_cell: bool
) -> list[Finding]:
    """Return what is wrong with single entries, and what only the whole log shows.

    Parameters
    ----------
    connection : Connection
        A snapshot.
    whole : BesidePart
        What all its entries say.
    by_cell : bool
        Whether group-cell codes were opened.

    Returns
    -------
    list of Finding
        Of bodies, keys, holds, counts and tiles.
    """
    # By place, however the places were divided up.
    single = sorted(whole.findings, key=lambda found: int(found.entry.partition(" ")[0]))
    return [*single, *_Whole(connection, whole, by_cell=by_cell).findings()]


class _Whole:
    """What the entries say together, compared with the other tables."""

    def __init__(self, connection: Connection, said: BesidePart, *, by_cell: bool) -> None:
        self._connection = connection
        self._said = said
        self._by_cell = by_cell

    def findings(self) -> Iterator[Finding]:
        """Yield what only the whole log shows.

        Yields
        ------
        Finding
            Of bodies, keys, holds, counts and tiles.
        """
        said = self._said
        for name, number, holders in said.gone:
            if not holders or not holders <= said.erased:
                yield Finding("body", name, f"part {number} is gone and nobody erased it")
        if beyond := entry_rows.parts_beyond(self._connection, read_head(self._connection).size):
            yield Finding("body", "", f"{beyond} parts are stored beyond the last entry")
        yield from self._key_findings(key_rows.all_refs(self._connection))
        if said.holds_in_force() != key_rows.all_holds(self._connection):
            yield Finding("holds", "", "the holds in force are not those that were placed")
        yield from self._count_findings()
        yield from self._surplus_findings()
        yield from _tile_findings(self._connection)
        for line in damage_told(self._connection):
            yield Finding("database", "", f"its own check says: {line}")

    def _key_findings(self, held: set[str]) -> Iterator[Finding]:
        said = self._said
        gone = {ref: said.sealed[ref] for ref in said.sealed.keys() - held - said.erased}
        by_runs = gone.keys() - said.readable
        if len(by_runs) <= said.removed.keys:
            gone = {ref: name for ref, name in gone.items() if ref not in by_runs}
        for ref, name in sorted(gone.items()):
            what = f"the data key of {ref} is gone and no entry records an erasure"
            yield Finding("keys", name, what)
        for ref in sorted(said.erased & held):
            yield Finding("keys", "", f"{ref} was erased and has a data key again")
        # One that was slipped in leads nowhere: it is sealed under the holder's own key.
        identifiers = key_rows.aliases_by_ref(self._connection)
        for ref, added in sorted(said.aliases.items()):
            due = 0 if ref in said.erased or ref not in held else added
            if identifiers.get(ref, 0) < due or (not due and ref in identifiers):
                yield Finding("keys", "", f"the further identifiers of {ref} are not those added")

    def _surplus_findings(self) -> Iterator[Finding]:
        """Rows of the indexes that no header asks for; not told where headers are unreadable."""
        if self._said.unread:
            return
        held = count_index(self._connection)
        for what, rows in zip(("ids", "subjects", "links"), held, strict=True):
            if rows != self._said.found[what]:
                surplus = rows - self._said.found[what]
                yield Finding("index", "", f"the index of {what} holds {surplus} rows of no entry")

    def _count_findings(self) -> Iterator[Finding]:
        kept: Counter[Count] = Counter()
        for line in view_rows.outcome_counts(self._connection, None, "0000", "9999"):
            kept[self._without_cell(line.day, line.function, line.outcome, line.cell)] += line.n
        due: Counter[Count] = Counter()
        for key, n in self._said.counts.items():
            due[self._without_cell(*key)] += n
        for (day, function, outcome), n in self._said.removed.counts.items():
            due[day, function, outcome, None] += n
        for key in sorted(kept.keys() | due.keys(), key=str):
            if kept[key] != due[key]:
                day, function, outcome, cell = key
                among = "" if cell is None else " in one group cell"
                what = (
                    f"{kept[key]} decisions {outcome} of {function or 'no function'} on {day}"
                    f"{among} are counted, {due[key]} are here"
                )
                yield Finding("counts", "", what)

    def _without_cell(self, day: str, function: str, outcome: str, cell: int | None) -> Count:
        """Return the key of a count; the cells of removed decisions are not known any more."""
        known = self._by_cell and (day, function, outcome) not in self._said.removed.counts
        return day, function, outcome, cell if known else None


def _tile_findings(connection: Connection) -> Iterator[Finding]:
    for item in tile_rows.full_tiles(connection):
        try:
            right = tile_root(item.data) == item.root
        except RecordTampered:
            right = False
        if not right:
            what = f"tile {item.level}/{item.index} does not have the root kept with it"
            yield Finding("tile", "", what)

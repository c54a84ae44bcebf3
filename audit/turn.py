"""One turn of writing: a claimed head and what is appended under it.

A turn is one transaction whose first statement claims the head row and whose last moves it. What
must change together with an entry (key rows, holds, counts) changes in the same turn, so erasing
and appending never interleave, in however many processes. Step by step:

1. claim the head;
2. find entries that exist already under the ids given;
3. find or create the keys of the data subjects;
4. take the time, never before the last entry's;
5. seal the parts, build the header, hash the leaf;
6. complete tiles and the frontier;
7. store entries, keys, tiles and counts;
8. swap the head.

No state survives a failed turn: the frontier is read from the claimed row each time, so a full
disk or a lost connection cannot leave memory ahead of the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from answerable.audit.entries import Draft, DraftSubject, Entry, Header, HeaderSubject, Receipt
from answerable.audit.errors import (
    ClockError,
    Conflict,
    Erased,
    InvalidInput,
    NotFound,
)
from answerable.audit.identity import Scribe
from answerable.audit.ids import UUID7_RANDOM_BYTES, uuid7
from answerable.audit.keys.derive import (
    KEY_SIZE,
    cell_mask,
    day_of,
    period_of,
    reference_hash,
)
from answerable.audit.keys.sealing import (
    Stamp,
    header_of,
    is_same_entry,
    plan_parts,
    seal_parts,
)
from answerable.audit.keys.subjects import Keyring
from answerable.audit.kinds import EntryKind
from answerable.audit.records import ClockStepped, Role
from answerable.audit.store.database import Connection
from answerable.audit.store.entry_rows import NewEntry, entries_by_id, insert_entries
from answerable.audit.store.head_rows import Head, claim_head, swap_head
from answerable.audit.store.index_rows import index_of
from answerable.audit.store.tile_rows import StoredTiles, insert_tiles
from answerable.audit.store.view_rows import CountKey, add_counts
from answerable.audit.tree.merkle import Frontier, leaf_hash
from answerable.audit.tree.tiles import completed_tiles

__all__ = ["Turn"]

TOLERATED_STEP_US: Final = 5_000_000
NOTED_STEP_US: Final = 100_000
"""Clocks of two hosts differ by less than this; a larger step back is recorded as an entry."""
_MAX_CELL: Final = 2**32


class Turn:
    """One claimed head and what is appended under it.

    Parameters
    ----------
    connection : Connection
        A write transaction; the head is claimed here.
    scribe : Scribe
        Who writes.
    """

    def __init__(self, connection: Connection, scribe: Scribe) -> None:
        self.connection = connection
        self.head: Head = claim_head(connection)
        self.keyring = Keyring(connection, scribe.vault, scribe.origin, scribe.entropy)
        self._scribe = scribe
        self._known: dict[str, Entry] = {}
        self._asked: set[str] = set()
        self._staged: list[NewEntry] = []
        self._counts: Counter[CountKey] = Counter()
        self._ts: int | None = None
        self._back = 0
        self._clock_noted = self.head.clock_noted

    def expect(self, drafts: Sequence[Draft]) -> None:
        """Read what many drafts need at once."""
        self._find({draft.entry_id for draft in drafts})
        subjects = [subject for draft in drafts for subject in draft.subjects]
        self.keyring.expect(
            {item.subject_id for item in subjects if item.subject_id},
            {item.ref for item in subjects if item.ref},
        )

    def repeated(self, draft: Draft, named: Sequence[HeaderSubject] = ()) -> Receipt | None:
        """Return the first receipt if this very draft was appended before.

        Returns
        -------
        Receipt or None
            None when its id is free.

        Raises
        ------
        Conflict
            If its entry id stands for other content.
        Erased
            If that cannot be told any more, because the data was erased.
        """
        self._find({draft.entry_id})
        stored = self._known.get(draft.entry_id)
        if stored is None:
            return None
        refs = [item.ref or self.keyring.ref_of(item.subject_id or "") for item in draft.subjects]
        known = [ref for ref in refs if ref is not None]
        complete = len(known) == len(refs)
        if not complete or not self._says(stored.header, draft, known, named):
            self._refuse_erased(stored, sealed_only=complete)
            raise Conflict(
                "this entry id stands for other content",
                where=f"entry {draft.entry_id}",
                remedy="Append it under a new id; the first entry is unchanged.",
            )
        return _receipt(stored.seq, stored.leaf, stored.header, repeated=True)

    def place(self, draft: Draft, named: Sequence[HeaderSubject] = ()) -> Receipt:
        """Stage a draft as the next entry.

        Parameters
        ----------
        draft : Draft
            What to append.
        named : Sequence[HeaderSubject]
            Subjects the header names beside the draft's own: about whom a clear record is.

        Returns
        -------
        Receipt
            Of this entry, or the first one if it was appended before.

        Raises
        ------
        InvalidInput
            If the draft is malformed, or the clock stepped back too far (`ClockError`).
        Conflict
            If its entry id stands for other content.
        Erased
            If it names by reference a subject whose key is gone and who must be able to read it.
        NotFound
            If it names a reference the log does not know.
        """
        before = self.repeated(draft, named)
        if before is not None:
            return before
        self._note_step()
        refs = [self._resolve(draft, item) for item in draft.subjects]
        parts = plan_parts(draft, refs, self.keyring.require)
        stored, said = seal_parts(
            parts,
            origin=self._scribe.origin,
            entry_id=draft.entry_id,
            entropy=self._scribe.entropy,
        )
        subjects = (*_header_subjects(draft, refs), *named)
        header = header_of(draft, self._stamp(draft, self.ts), subjects, said)
        return self._stage(header, stored, draft.cell)

    @property
    def ts(self) -> int:
        """The time of this turn's entries, microseconds: never before the last entry's.

        Raises
        ------
        ClockError
            If the clock stepped back by more than 5 s.
        """
        if self._ts is None:
            now = self._scribe.clock()
            self._back = max(self.head.ts - now, 0)
            if self._back > TOLERATED_STEP_US:
                raise ClockError(
                    f"the clock is {self._back / 1e6:.1f} s behind the last entry",
                    where="clock",
                    remedy="At most 5 s are tolerated: correct this machine's clock.",
                )
            self._ts = max(now, self.head.ts)
        return self._ts

    def grown(self) -> Frontier:
        """Return the frontier of the log with what is staged."""
        return self.head.frontier.extend([item.leaf for item in self._staged])

    def finish(self) -> Head:
        """Store what was staged and swap the head; return the new head."""
        self.keyring.flush()
        if not self._staged:
            return self.head
        leaves = [item.leaf for item in self._staged]
        tiles = completed_tiles(self.head.size, leaves, StoredTiles(self.connection))
        insert_entries(self.connection, self._staged)
        insert_tiles(self.connection, tiles)
        add_counts(self.connection, self._counts)
        new = replace(
            self.head,
            ts=self.ts,
            clock_noted=self._clock_noted,
            frontier=self.head.frontier.extend(leaves),
        )
        swap_head(self.connection, self.head, new)
        return new

    def _find(self, ids: set[str]) -> None:
        self._known |= entries_by_id(self.connection, ids - self._asked)
        self._asked |= ids

    def _resolve(self, draft: Draft, subject: DraftSubject) -> str:
        if (subject.subject_id is None) == (subject.ref is None):
            raise InvalidInput(
                "a subject is named by exactly one of subject_id and ref",
                where=f"entry {draft.entry_id}",
            )
        if subject.ref is None:
            return self.keyring.find_or_create(subject.subject_id or "")
        self.keyring.require_known(subject.ref)
        return subject.ref

    def _note_step(self) -> None:
        """Record a tolerated step back of the clock as an entry, once a step."""
        ts = self.ts
        if self._back <= NOTED_STEP_US or ts <= self._clock_noted:
            return
        self._clock_noted = ts
        self.place(
            Draft(
                kind=EntryKind.CLOCK_STEPPED,
                entry_id=uuid7(ts, self._scribe.entropy(UUID7_RANDOM_BYTES)),
                record=ClockStepped(back_us=self._back, kept_at=ts),
                actor=self._scribe.actor,
                role=Role.SERVICE,
            )
        )

    def _stamp(self, draft: Draft, ts: int) -> Stamp:
        reference = draft.reference and reference_hash(self._scribe.vault.pepper(), draft.reference)
        cell = None if draft.cell is None else self._hidden_cell(draft.cell, draft.entry_id, ts)
        return Stamp(self._scribe.origin, ts, reference or None, cell)

    def _hidden_cell(self, code: int, entry_id: str, ts: int) -> str:
        if not 0 <= code < _MAX_CELL:
            raise InvalidInput("a group-cell code is below 2^32", where=f"entry {entry_id}")
        period = period_of(ts)
        vault = self._scribe.vault
        try:
            key = vault.period_key(period)
        except NotFound:
            key = self._scribe.entropy(KEY_SIZE)
            vault.add_period_key(period, key)
        return f"{period}:{code ^ cell_mask(key, entry_id):08x}"

    def _says(
        self, stored: Header, draft: Draft, refs: Sequence[str], named: Sequence[HeaderSubject]
    ) -> bool:
        """Whether the draft, planned again with the record keys, gives the stored header."""
        try:
            parts = plan_parts(draft, refs, self.keyring.require)
        except (Erased, NotFound):
            return False
        subjects = (*_header_subjects(draft, refs), *named)
        return is_same_entry(stored, draft, self._stamp(draft, stored.ts), subjects, parts)

    def _refuse_erased(self, stored: Entry, *, sealed_only: bool) -> None:
        header = stored.header
        sealed = {part.subject or 0 for part in header.parts if part.ct is not None}
        sealed_for = {
            subject.ref
            for number, subject in enumerate(header.subjects)
            if number in sealed or not sealed_only
        }
        if any(self.keyring.data_key(ref) is None for ref in sealed_for):
            raise Erased(
                "this entry id stands for an entry whose data was erased",
                where=f"entry {stored.id}",
                remedy="It can no longer be compared; append under a new id.",
            )

    def _stage(self, header: Header, stored: tuple[bytes, ...], cell: int | None) -> Receipt:
        data = header.to_json()
        seq = self.head.size + len(self._staged)
        leaf = leaf_hash(data)
        columns = (
            header.ts,
            header.kind.value,
            header.function,
            header.outcome,
            header.automation and header.automation.value,
            header.ref,
        )
        self._staged.append(NewEntry(seq, data, leaf, stored, columns, index_of(header)))
        self._known[header.id] = Entry(seq, data, leaf)
        if header.kind is EntryKind.DECISION:
            day = day_of(header.ts)
            key = (day, header.function or "", header.outcome or "", -1 if cell is None else cell)
            self._counts[key] += 1
        return _receipt(seq, leaf, header, repeated=False)


def _header_subjects(draft: Draft, refs: Sequence[str]) -> list[HeaderSubject]:
    if len(set(refs)) != len(refs):
        raise InvalidInput("the same data subject is named twice", where=f"entry {draft.entry_id}")
    return [
        HeaderSubject.parse({"ref": ref, "role": subject.role})
        for ref, subject in zip(refs, draft.subjects, strict=True)
    ]


def _receipt(seq: int, leaf: bytes, header: Header, *, repeated: bool) -> Receipt:
    return Receipt(
        log=header.log,
        entry_id=header.id,
        kind=header.kind,
        seq=seq,
        leaf=leaf,
        ts=header.ts,
        repeated=repeated,
    )

"""One turn of writing: a claimed head and what is appended under it.

A turn is one transaction that takes the head row and moves it. What
must change together with an entry (key rows, holds, counts) changes in the same turn, so erasing
and appending never interleave, in however many processes. Step by step:

1. claim the head;
2. find entries that exist already under the ids given;
3. find or create the keys of the data subjects;
4. take the time, never before the last entry's;
5. seal the parts, build the header, hash the leaf;
6. complete tiles and the frontier;
7. say what must be stored to move the head (:class:`Advance`).

A turn stores nothing itself. What is kept in memory between turns (the head, opened keys) is a
guess that the commit compares with the database: one that is out of date fails and is read anew,
so a full disk or a lost connection cannot leave memory ahead of the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from answerable.audit.entries import Draft, DraftSubject, Entry, Header, HeaderSubject, Receipt
from answerable.audit.errors import (
    Conflict,
    Erased,
    InvalidInput,
    NotFound,
)
from answerable.audit.heading import (
    Stamp,
    header_form,
    is_same_entry,
    require_as_decided,
    written_header,
)
from answerable.audit.identity import Scribe
from answerable.audit.ids import UUID7_RANDOM_BYTES, entry_id_bytes, id_text, uuid7
from answerable.audit.keys.derive import (
    KEY_SIZE,
    cell_mask,
    day_of,
    period_of,
    reference_hash,
)
from answerable.audit.keys.held import Held
from answerable.audit.keys.sealing import SealedDraft, SealingPlace, plan_parts, seal_draft
from answerable.audit.keys.subjects import Keyring
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role
from answerable.audit.store.advance import Advance
from answerable.audit.store.database import Connection
from answerable.audit.store.entry_rows import NewEntry, entries_by_id
from answerable.audit.store.head_rows import Head
from answerable.audit.store.index_rows import Indexed
from answerable.audit.store.tile_rows import StoredTiles
from answerable.audit.store.view_rows import CountKey
from answerable.audit.tree.merkle import Frontier, leaf_hash
from answerable.audit.tree.tiles import completed_tiles
from answerable.audit.turn_clock import TurnClock

__all__ = ["Turn"]

_MAX_CELL: Final = 2**32


class Turn:
    """One claimed head and what is appended under it.

    Parameters
    ----------
    connection : Connection
        Where keys and entries are read; nothing else changes the log until this is committed, or
        the commit fails.
    scribe : Scribe
        Who writes.
    head : Head
        Where the log ends.
    held : Held, optional
        Keys that are known to be in force at this head.
    free_ids : bool
        Whether the ids of the drafts are taken to be new; the database refuses those that
        are not.
    """

    def __init__(
        self,
        connection: Connection,
        scribe: Scribe,
        head: Head,
        *,
        held: Held | None = None,
        free_ids: bool = False,
    ) -> None:
        self.connection = connection
        self.head = head
        self.keyring = Keyring(connection, scribe.vault, scribe.origin, scribe.entropy, held=held)
        self._scribe = scribe
        self.free_ids = free_ids
        self._known: dict[str, Entry] = {}
        self._fresh: dict[str, int] = {}
        self.period_keys: dict[str, bytes] = {}
        """Keys of the months' group cells that were needed."""
        self._held = held or Held()
        self._asked: set[str] = set()
        self._staged: list[NewEntry] = []
        self._before: list[Callable[[Connection], object]] = []
        self._cells: list[CountKey | None] = []
        self._clock = TurnClock(scribe.clock, last=head.ts, noted=head.clock_noted)

    def expect(self, drafts: Sequence[Draft]) -> None:
        """Read what many drafts need at once."""
        if not self.free_ids:
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
        if not self.free_ids:
            self._find({draft.entry_id})
        stored = self._known.get(draft.entry_id)
        if draft.entry_id in self._fresh:
            fresh = self._staged[self._fresh[draft.entry_id]]
            stored = Entry(fresh.seq, fresh.header_bytes, fresh.leaf)
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
        header = stored.header
        return Receipt(
            self._scribe.origin,
            header.id,
            header.kind,
            stored.seq,
            stored.leaf,
            header.ts,
            repeated=True,
        )

    def place(
        self,
        draft: Draft,
        named: Sequence[HeaderSubject] = (),
        *,
        sealed: SealedDraft | None = None,
    ) -> Receipt:
        """Stage a draft as the next entry.

        Parameters
        ----------
        draft : Draft
            What to append.
        named : Sequence[HeaderSubject]
            Subjects the header names beside the draft's own: about whom a clear record is.
        sealed : SealedDraft, optional
            Its parts, sealed before this turn; sealed anew if a key went since.

        Returns
        -------
        Receipt
            Of this entry, or the first one if it was appended before.

        Raises
        ------
        InvalidInput
            If the draft is malformed, a decision's header would not say what its record says,
            or the clock stepped back too far (`ClockError`).
        Conflict
            If its entry id stands for other content.
        Erased
            If it names by reference a subject whose key is gone and who must be able to read it.
        NotFound
            If it names a reference the log does not know.
        """
        key = entry_id_bytes(draft.entry_id)
        if not self.free_ids or draft.entry_id in self._fresh:
            before = self.repeated(draft, named)
            if before is not None:
                return before
        ts = self._clock.ts
        if self._clock.stepped:
            self._note_step()
        if sealed is None or sealed.key_epoch != self.head.key_epoch:
            own = tuple([self._resolve(draft, item) for item in draft.subjects])
            sealed = seal_draft(draft, own, self.keyring.require, self._sealing)
        counted = None
        if draft.kind is EntryKind.DECISION:
            require_as_decided(draft)
            cell = -1 if draft.cell is None else draft.cell
            counted = (day_of(ts), draft.function or "", draft.outcome_code or "", cell)
        entry = self._entry(key, draft, sealed, named, ts)
        self._fresh[draft.entry_id] = len(self._staged)
        self._staged.append(entry)
        self._cells.append(counted)
        return Receipt(self._scribe.origin, draft.entry_id, draft.kind, entry.seq, entry.leaf, ts)

    def mark(self) -> tuple[int, int, int]:
        """Return how far this turn has come, to :meth:`rewind` to."""
        return len(self._staged), self.keyring.created(), self._clock.noted

    def rewind(self, mark: tuple[int, int, int]) -> None:
        """Take back what was staged since a mark: all of a caller's drafts or none."""
        staged, created, self._clock.noted = mark
        for item in self._staged[staged:]:
            self._fresh.pop(id_text(item.found_by.id), None)
        del self._staged[staged:], self._cells[staged:]
        self.keyring.rewind(created)

    @property
    def ts(self) -> int:
        """The time of this turn's entries, microseconds: never before the last entry's."""
        return self._clock.ts

    def before_swap(self, step: Callable[[Connection], object]) -> None:
        """Have something done once entries are stored and before the head names them."""
        self._before.append(step)

    def grown(self) -> Frontier:
        """Return the frontier of the log with what is staged."""
        return self.head.frontier.extend([item.leaf for item in self._staged])

    def finish(self) -> Advance:
        """Return what must be stored to move the head; nothing of it is stored here.

        Returns
        -------
        Advance
            Without entries when nothing was staged.
        """
        leaves = [item.leaf for item in self._staged]
        keys, buckets = self.keyring.fresh()
        if not leaves:
            return Advance(self.head, self.head, keys=keys, buckets=buckets)
        tiles = completed_tiles(self.head.size, leaves, StoredTiles(self.connection))
        head = self.head
        frontier = head.frontier.extend(leaves)
        new = Head(head.turn, self.ts, self._clock.noted, frontier, head.key_epoch)
        counts = Counter(key for key in self._cells if key is not None)
        return Advance(self.head, new, self._staged, tiles, counts, keys, buckets, self._before)

    @property
    def _sealing(self) -> SealingPlace:
        return SealingPlace(self._scribe.origin, self._scribe.entropy, self.head.key_epoch)

    def _find(self, ids: set[str]) -> None:
        missing = ids - self._asked
        if missing:
            self._known |= entries_by_id(self.connection, missing)
            self._asked |= missing

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
        stepped = self._clock.unnoted_step()
        if stepped is not None:
            self.place(
                Draft(
                    kind=EntryKind.CLOCK_STEPPED,
                    entry_id=uuid7(self.ts, self._scribe.entropy(UUID7_RANDOM_BYTES)),
                    record=stepped,
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
        key = self.period_keys.get(period) or self._held.periods.get(period)
        if key is None:
            key = self.period_keys[period] = self._key_of(period)
        return f"{period}:{code ^ cell_mask(key, entry_id):08x}"

    def _key_of(self, period: str) -> bytes:
        vault = self._scribe.vault
        try:
            return vault.period_key(period)
        except NotFound:
            key = self._scribe.entropy(KEY_SIZE)
            try:
                vault.add_period_key(period, key)
            except Conflict:  # another process was first
                return vault.period_key(period)
            return key

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

    def _entry(
        self,
        key: bytes,
        draft: Draft,
        sealed: SealedDraft,
        named: Sequence[HeaderSubject],
        ts: int,
    ) -> NewEntry:
        refs = _distinct(sealed.refs, draft)
        roles = [item.role for item in draft.subjects]
        if named:
            refs = (*refs, *[item.ref for item in named])
            roles += [item.role for item in named]
        stamp = self._stamp(draft, ts)
        form = header_form(draft, stamp, tuple(roles))
        data = written_header(form, draft, stamp, refs, sealed.said)
        columns = (ts, *form.columns, stamp.reference)
        links = _links(draft) if draft.links or draft.supersedes else ()
        found_by = Indexed(key, tuple([bytes.fromhex(ref[2:]) for ref in refs]), links)
        seq = self.head.size + len(self._staged)
        return NewEntry(seq, data, leaf_hash(data), sealed.stored, columns, found_by)


def _links(draft: Draft) -> tuple[tuple[str, str], ...]:
    links = [(link.rel, link.entry or link.digest or "") for link in draft.links]
    if draft.supersedes is not None:
        links.append(("supersedes", draft.supersedes))
    return tuple(links)


def _header_subjects(draft: Draft, refs: Sequence[str]) -> list[HeaderSubject]:
    return [
        HeaderSubject.parse({"ref": ref, "role": subject.role})
        for ref, subject in zip(_distinct(refs, draft), draft.subjects, strict=True)
    ]


def _distinct(refs: Sequence[str], draft: Draft) -> Sequence[str]:
    if len(refs) > 1 and len(set(refs)) != len(refs):
        raise InvalidInput("the same data subject is named twice", where=f"entry {draft.entry_id}")
    return refs

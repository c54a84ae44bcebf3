"""Reading a log: entries, bodies, proofs, counts. Changes nothing.

Each call sees one snapshot. What is handed out was checked against its leaf hash; bodies are
checked against the header's commitments when they are opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from answerable.audit.beside import HidesCell
from answerable.audit.disclosure import sealed_part
from answerable.audit.entries import Entry, OpenedBody
from answerable.audit.errors import Erased, InvalidInput, NotFound
from answerable.audit.identity import Scribe
from answerable.audit.kept import kept_entries
from answerable.audit.keys.derive import open_cell, reference_hash
from answerable.audit.keys.holds import active_holds
from answerable.audit.keys.opening import open_body, open_part_key
from answerable.audit.keys.subjects import BucketKeyMissing, Keyring
from answerable.audit.kinds import EntryKind
from answerable.audit.pack import PackedEntry
from answerable.audit.proving import TreeReader
from answerable.audit.records import LegalHold, Record
from answerable.audit.retention.absence import body_went, require_erasure
from answerable.audit.store import entry_rows, key_rows, view_rows
from answerable.audit.store.database import Connection, Database
from answerable.audit.store.entry_rows import Selection
from answerable.audit.store.retention_rows import read_floors
from answerable.audit.store.view_rows import OutcomeCount
from answerable.audit.stored import StoredLog, stored_of

__all__ = ["LogReader"]

R = TypeVar("R", bound=Record)
T = TypeVar("T")

_RETRIES: Final = 3
_PLACES_KEPT: Final = 256


class LogReader(TreeReader):
    """What can be asked of a log.

    Parameters
    ----------
    database : Database
        The log's database.
    scribe : Scribe
        Its name and secrets.
    vkey : str
        Verifier key of its checkpoints.
    """

    def __init__(self, database: Database, scribe: Scribe, vkey: str) -> None:
        super().__init__(database, scribe, vkey)
        self._places: dict[int, int] = {}

    def open_bodies(self, entries: Sequence[Entry]) -> list[OpenedBody]:
        """Return what :meth:`open_body` does for each of many entries, read together."""
        places = [
            entry_rows.place_of(entry.seq, number)
            for entry in entries
            for number in range(len(entry.header.parts))
        ]

        def opened(connection: Connection) -> list[OpenedBody]:
            stored = entry_rows.bodies_at(connection, places)
            keyring = self._keyring(connection)
            keyring.expect((), {ref for item in entries for ref in _sealed_for(item)})
            return [
                self._opened(connection, keyring, item, stored.get(item.seq, {}))
                for item in entries
            ]

        return self._read_with_keys(opened)

    def entry(self, entry_id: str) -> Entry:
        """Return an entry by its id.

        Returns
        -------
        Entry
            With the header bytes that were hashed.

        Raises
        ------
        NotFound
            If there is none.
        InvalidInput
            If the id is not a UUIDv7.
        RecordTampered
            If the stored header does not give its leaf hash.
        """
        found = self._read(lambda connection: entry_rows.entries_by_id(connection, (entry_id,)))
        if entry_id not in found:
            raise NotFound(
                "no entry has this id",
                where=f"entry {entry_id}",
                remedy="Check the id and the log.",
            )
        return found[entry_id]

    def entry_at(self, seq: int) -> Entry:
        """Return the entry at a place of the log.

        Returns
        -------
        Entry
            With the header bytes that were hashed.

        Raises
        ------
        NotFound
            If the log has no such place.
        """
        found = self._read(lambda connection: entry_rows.entry_at(connection, seq))
        if found is None:
            gone = 0 <= seq < self._read(read_floors).entry
            what = "a retention run removed this entry" if gone else "the log has no such place"
            raise NotFound(what, where=f"entry {seq}")
        return found

    def entries(  # noqa: PLR0913 - each one narrows the page by itself
        self,
        *,
        kinds: Sequence[EntryKind] = (),
        function: str | None = None,
        outcomes: Sequence[str] = (),
        automation: str | None = None,
        after: int = -1,
        before_seq: int | None = None,
        limit: int = 500,
    ) -> list[Entry]:
        """Return a page of entries between two places, ascending, narrowed by index columns."""
        chosen = Selection(tuple(kinds), function, tuple(outcomes), automation)
        return self._read(
            lambda snapshot: entry_rows.select_entries(
                snapshot, chosen, after=after, before=before_seq, limit=limit
            )
        )

    def seq_at(self, ts: int) -> int:
        """Return the first place whose entry is not older than a time in microseconds UTC."""
        known = self._places.get(ts)
        if known is None:
            known = self._read(lambda snapshot: entry_rows.first_seq_at(snapshot, ts))
            if known < self.size():
                # What follows is no older, so it stays the first; beyond the end it may move.
                self._places[ts] = known
                if len(self._places) > _PLACES_KEPT:
                    del self._places[next(iter(self._places))]
        return known

    def latest(
        self,
        *,
        kinds: Sequence[EntryKind] = (),
        function: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Entry]:
        """Return a page of entries, descending: from the end, or those before place `before`."""
        chosen = Selection(tuple(kinds), function)
        return self._read(
            lambda snapshot: entry_rows.select_entries(snapshot, chosen, before=before, limit=limit)
        )

    def by_reference(self, reference: str) -> list[Entry]:
        """Return the entries appended under the caller's own reference, ascending."""
        keyed = reference_hash(self._scribe.vault.pepper(), reference)
        return self._read(lambda connection: entry_rows.entries_by_reference(connection, keyed))

    def related(self, target: str) -> list[Entry]:
        """Return the entries whose header links to an entry id or digest, ascending."""
        return self._read(lambda connection: entry_rows.related_entries(connection, target))

    def open_body(self, entry: Entry) -> OpenedBody:
        """Return what can still be read of an entry's body.

        Returns
        -------
        OpenedBody
            Parts whose key was destroyed or that a retention run removed are listed.

        Raises
        ------
        RecordTampered
            If a part does not match what the header committed to; names the entry.
        EvidenceBroken
            If a key is gone and no entry says that it was destroyed.
        Unavailable
            If the vault lacks a bucket key.
        """
        return self.open_bodies([entry])[0]

    def part_key(self, entry: Entry, number: int) -> tuple[bytes, bytes]:
        """Return the record key of one part of an entry, and the stored bytes it opens.

        Whoever is given it can open that part; record the disclosure first.

        Returns
        -------
        key : bytes
            32 bytes.
        stored : bytes
            The ciphertext.

        Raises
        ------
        InvalidInput
            If the part has no key of its own.
        Erased
            If the keys that opened it were destroyed.
        RecordTampered
            If the stored bytes do not match the header.
        """
        sealed_part(entry.header, number)

        def found(connection: Connection) -> tuple[bytes, bytes] | None:
            keys = _keys_of(connection, self._keyring(connection), entry)
            return open_part_key(entry, entry_rows.body_parts(connection, entry.seq), keys, number)

        opened = self._read_with_keys(found)
        if opened is None:
            raise Erased(
                "the key of this part was destroyed",
                where=f"entry {entry.id}, part {number}",
                remedy="Its header and its proof remain.",
            )
        return opened

    def evidence_of(self, entries: Sequence[Entry], size: int) -> list[PackedEntry]:
        """Return entries' stored parts, record keys and proofs in the tree of `size` leaves."""
        return self._read_with_keys(lambda at: kept_entries(at, self._keyring(at), entries, size))

    def read_record(self, entry_id: str, type_: type[R]) -> R:
        """Return the record of an entry.

        Returns
        -------
        Record
            Of the type asked for.

        Raises
        ------
        NotFound
            If there is no such entry.
        Erased
            If the keys that opened it were destroyed.
        InvalidInput
            If it holds a record of another type.
        """
        record = self.open_body(self.entry(entry_id)).record
        if record is None:
            raise Erased(
                "the data of this entry was erased",
                where=f"entry {entry_id}",
                remedy="Its header and its proof remain.",
            )
        if not isinstance(record, type_):
            raise InvalidInput(
                f"the entry holds a {type(record).__name__}, not a {type_.__name__}",
                where=f"entry {entry_id}",
            )
        return record

    def subject_ref(self, subject_id: str) -> str | None:
        """Return the reference of a data subject by the caller's id; never makes one."""
        return self._read_with_keys(lambda snapshot: self._keyring(snapshot).ref_of(subject_id))

    def subject_entries(self, ref: str) -> list[Entry]:
        """Return all entries that name a data subject, ascending."""
        return self._read(lambda connection: entry_rows.entries_of_subject(connection, ref))

    def is_erased(self, ref: str) -> bool:
        """Return whether a data subject's key was destroyed.

        Returns
        -------
        bool
            False while the key exists.

        Raises
        ------
        NotFound
            If the log does not know the reference.
        EvidenceBroken
            If the key is gone and no entry says why.
        """

        def erased(connection: Connection) -> bool:
            if key_rows.keys_by_ref(connection, (ref,)):
                return False
            self._keyring(connection).require_known(ref)
            require_erasure(connection, ref)
            return True

        return self._read(erased)

    def holds(self, ref: str) -> list[LegalHold]:
        """Return the legal holds in force for a data subject."""
        recorded = self._read(lambda connection: key_rows.holds_of(connection, ref))
        return active_holds(recorded, self._scribe.clock())

    def name_of(self, ref: str) -> str | None:
        """Return an actor's name from the directory, None when unknown or erased."""
        return self._read_with_keys(lambda connection: self._keyring(connection).name_of(ref))

    def cell_of(self, entry: HidesCell) -> int | None:
        """Return the group-cell code in an entry's header; readable after an erasure too."""
        return open_cell(entry.cell, entry.id, self._scribe.vault.period_key)

    def period_key(self, period: str) -> bytes:
        """Return the key of one month's group-cell codes, 32 bytes."""
        return self._scribe.vault.period_key(period)

    def counts(
        self, *, function: str | None = None, first_day: str = "0000", last_day: str = "9999"
    ) -> list[OutcomeCount]:
        """Return the counts of decisions by day (UTC, ISO), function, outcome code and cell."""
        return self._read(
            lambda connection: view_rows.outcome_counts(connection, function, first_day, last_day)
        )

    def stored(self) -> StoredLog:
        """Return a snapshot of the log as stored, unchecked, for the verifier."""
        return stored_of(self._database, self.origin, self._chain.vkeys[0])

    def ask(self, step: Callable[[Connection], T]) -> T:
        """Return what a step reads from one snapshot, for :mod:`answerable.audit.queries`."""
        return self._read(step)

    def _keyring(self, connection: Connection) -> Keyring:
        return Keyring(connection, self._scribe.vault, self.origin, self._scribe.entropy)

    def _opened(
        self, connection: Connection, keyring: Keyring, entry: Entry, stored: Mapping[int, bytes]
    ) -> OpenedBody:
        if not stored and body_went(connection, entry):
            return OpenedBody(None, {}, tuple(range(len(entry.header.parts))))
        return open_body(entry, stored, _keys_of(connection, keyring, entry))

    def _read_with_keys(self, step: Callable[[Connection], T]) -> T:
        """Read again on a new snapshot when a bucket was rotated under this one."""
        for _ in range(_RETRIES):
            try:
                return self._read(step)
            except BucketKeyMissing:
                continue
        return self._read(step)


def _sealed_for(entry: Entry) -> set[str]:
    header = entry.header
    return {header.subjects[part.subject or 0].ref for part in header.parts if part.ct is not None}


def _keys_of(connection: Connection, keyring: Keyring, entry: Entry) -> dict[str, bytes]:
    """Return the data keys of those an entry is sealed for; who has none was erased."""
    keys: dict[str, bytes] = {}
    for ref in sorted(_sealed_for(entry)):
        key = keyring.data_key(ref)
        if key is None:
            require_erasure(connection, ref)
        else:
            keys[ref] = key
    return keys

"""A log with its outside head: checkpoints, receipts, and what happens when they do not fit.

A log that does not begin with its outside head can be read and not written: each write raises
`Unavailable` and names what is missing. :meth:`AnchoredLog.settle` ends that, once two persons
have said why; :mod:`answerable.audit.recovery` checks that they did.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.anchors.outside import OutsideHead
from answerable.audit.anchors.standing import Gap, GapKind
from answerable.audit.entries import Draft, Entry, Receipt
from answerable.audit.errors import Conflict, EvidenceBroken, NotFound
from answerable.audit.identity import Scribe, own_signing_key, require_free
from answerable.audit.lost_keys import dead_buckets, give_up_bucket
from answerable.audit.publishing import Publisher, gap_to
from answerable.audit.reading import LogReader
from answerable.audit.retention.retention import Retention
from answerable.audit.store.anchor_rows import AnchorRow, anchors_of, insert_anchor
from answerable.audit.store.database import Connection, Database
from answerable.audit.store.schema import require_current
from answerable.audit.store.view_rows import checkpoint_at, read_facts
from answerable.audit.tree.notes import verifier_key
from answerable.audit.tree.proofs import verify_inclusion
from answerable.audit.tree.receipts import write_proof
from answerable.audit.turn import Turn
from answerable.audit.writer import Writer

__all__ = ["LOST_HEAD", "AnchorRow", "AnchoredLog", "require_unused"]

LOST_HEAD: Final = "lost-head"
"""Kind of the row that keeps a signed head whose entries are gone."""


class AnchoredLog(LogReader):
    """What a log says of itself to the outside.

    Parameters
    ----------
    database : Database
        The log's database.
    scribe : Scribe
        Its name and secrets.
    key : Ed25519PrivateKey
        Signs its checkpoints.
    outside : OutsideHead, optional
        Where the newest checkpoint is kept first.
    """

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        key: Ed25519PrivateKey,
        outside: OutsideHead | None = None,
    ) -> None:
        super().__init__(database, scribe, str(verifier_key(scribe.origin, key)))
        self._writer = Writer(database, scribe)
        self.retention = Retention(database, scribe, self._writer)
        self._key = key
        self._publisher = Publisher(database, self._writer, self, outside)
        self.outside = outside
        """Where the newest checkpoint is kept outside the database."""
        self.gap: Gap | None = None
        """Why this log can only be read; None when it can be written."""

    def checkpoint(self) -> str:
        """Sign, keep outside and store a checkpoint; the same size gives the same note.

        Returns
        -------
        str
            A C2SP signed note. With an outside head it is that head.

        Raises
        ------
        EvidenceBroken
            If the log no longer begins with the outside head or the last stored checkpoint: it
            was exchanged while it was open, and can only be read from then on.
        Unavailable
            If a store cannot be written, or the log can only be read.
        """
        try:
            return self._publisher.publish()
        except EvidenceBroken:
            # The database was exchanged while it was open: nothing more is written to it.
            self.compare_with_outside()
            raise

    def follow(self, connection: Connection) -> Ed25519PrivateKey:
        """Return the signing key in force at a snapshot: another process may have rotated it."""
        facts = read_facts(connection)
        self._know(facts)
        if str(verifier_key(self.origin, self._key)) != self.vkey:
            self._key = own_signing_key(facts, self._scribe.vault)
        return self._key

    def compare_with_outside(self) -> Gap | None:
        """Look again whether the log begins with its outside head; if not, refuse all writes.

        Returns
        -------
        Gap or None
            What is missing, also in `gap`.

        Raises
        ------
        Unavailable
            If the outside head cannot be read.
        """
        if self.outside is not None:
            note = self.outside.read()
            self.gap = self._database.refusal = None
            self._refuse(self._gap_to(note, self.outside.where))
        return self.gap

    def compare_with_note(self, note: str | None, where: str) -> Gap | None:
        """Look whether the log begins with a checkpoint kept elsewhere; if not, refuse all writes.

        Parameters
        ----------
        note : str or None
            The checkpoint; None when there should be one and is none.
        where : str
            Where it is kept.

        Returns
        -------
        Gap or None
            What is missing. The first gap that was found stays in `gap`. A note older than what
            retention left the hashes of is returned as one too, and refuses nothing: unlike the
            outside head, what is kept elsewhere need not be the newest.
        """
        found = self._gap_to(note, where)
        if found is not None and found.kind is not GapKind.HEAD_TOO_OLD:
            self._refuse(found)
        return found

    def _gap_to(self, note: str | None, where: str) -> Gap | None:
        return self._read(lambda snapshot: gap_to(snapshot, note, where, self.open_checkpoint))

    def _refuse(self, gap: Gap | None) -> None:
        if gap is not None and self.gap is None:
            self.gap = gap
            self._database.refusal = gap.refusal

    def require_sound(self) -> None:
        """Check that the log begins with the last checkpoint it stored itself.

        Raises
        ------
        EvidenceBroken
            If it does not: its database was changed underneath.
        """
        self._publisher.require_sound()

    def settle(self, draft: Draft | None, *, size: int) -> Receipt | None:
        """Append what two persons said about a gap, and put a checkpoint over it outside.

        The signatures are checked by :mod:`~answerable.audit.recovery`, which calls this.

        Parameters
        ----------
        draft : Draft or None
            The entry; None when it was appended before and only the outside head is to move.
        size : int
            Entries the log must have before it.

        Returns
        -------
        Receipt or None
            Of the entry.

        Raises
        ------
        Conflict
            If there is no gap, or the log has another size by now.
        Unavailable
            If a store cannot be written: the log can still only be read then.
        """
        gap = self.gap
        if gap is None:
            raise Conflict("nothing is missing", where=self.origin, remedy="Go on as usual.")

        def place(turn: Turn) -> Receipt | None:
            if draft is None:
                return None
            if turn.head.size != size:
                raise Conflict("the log has another size by now", remedy="Prepare it again.")
            if gap.held is not None and gap.found is not None:
                # It is the proof of what was lost, and its place outside is taken next.
                lost = AnchorRow(LOST_HEAD, gap.found.encode("utf-8"))
                insert_anchor(turn.connection, gap.held.size, lost)
            return turn.place(draft)

        self._database.refusal = None
        try:
            receipt = self._writer.run(place)
            self._give_up_dead_keys()
            self._publisher.replace()
        except BaseException:
            self._database.refusal = gap.refusal
            raise
        self.gap = None
        return receipt

    def keep_anchor(self, size: int, kind: str, data: bytes) -> None:
        """Keep what somebody outside said about the checkpoint of a size.

        Parameters
        ----------
        size : int
            Of the checkpoint.
        kind : str
            ``rfc3161``, ``cosigned``, ``write-once`` ...
        data : bytes
            As it came; the same is kept once.

        Raises
        ------
        NotFound
            If no checkpoint of this size is stored.
        Unavailable
            If the database cannot be written.
        """

        def keep(turn: Turn) -> None:
            if checkpoint_at(turn.connection, size) is None:
                raise NotFound("no checkpoint of this size is stored", where=f"{size} entries")
            insert_anchor(turn.connection, size, AnchorRow(kind, data))

        self._writer.run(keep)

    def anchors(self, size: int) -> list[AnchorRow]:
        """Return what is kept about the checkpoint of a size, in the order it came."""
        return self._read(lambda snapshot: anchors_of(snapshot, size))

    def proof(self, entry_id: str) -> str:
        """Return a receipt that proves, offline, that an entry stands in this log.

        Returns
        -------
        str
            A C2SP tlog-proof that carries the entry's header.

        Raises
        ------
        NotFound
            If there is no such entry.
        EvidenceBroken
            If the stored tree does not lead from the entry to the checkpoint.
        """
        return self.proofs((self.entry(entry_id),))[0]

    def proofs(self, entries: Sequence[Entry]) -> list[str]:
        """Return what :meth:`proof` does for each of some entries, under one checkpoint."""
        if not entries:
            return []
        note = self.latest_checkpoint()
        if note is None or self.open_checkpoint(note).size <= max(item.seq for item in entries):
            note = self.checkpoint()
        signed = self.open_checkpoint(note)
        paths = self.inclusions([item.seq for item in entries], signed.size)
        receipts = []
        for item, path in zip(entries, paths, strict=True):
            verify_inclusion(item.leaf, item.seq, signed.size, path, signed.root)
            receipts.append(write_proof(item.seq, path, note, header=item.header_bytes))
        return receipts

    def close(self) -> None:
        """Close the database and the outside head."""
        super().close()
        if self.outside is not None:
            self.outside.close()

    def _give_up_dead_keys(self) -> None:
        """Tell which keys an older database cannot have any more; see :mod:`.lost_keys`."""
        dead = self._read(lambda snapshot: dead_buckets(snapshot, self._scribe.vault))
        for bucket in dead:
            self._writer.run(partial(give_up_bucket, dead=bucket, scribe=self._scribe))


def require_unused(url: str, outside: OutsideHead | None) -> None:
    """Check that a new log does not take the place of another one's head; makes nothing.

    Parameters
    ----------
    url : str
        Where the log is to be made.
    outside : OutsideHead or None
        Where its head is to be kept.

    Raises
    ------
    Conflict
        If a head is kept there, or the database holds a log already.
    """
    if outside is None or outside.read() is None:
        return
    with suppress(NotFound):
        database = Database(url, must_exist=True)
        try:
            require_current(database)
            require_free(database)
        finally:
            database.close()
    raise Conflict(
        "the outside head of another log is kept here",
        where=outside.where,
        remedy="Name another place, or keep that head elsewhere: it is evidence.",
    )

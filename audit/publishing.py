"""How a checkpoint leaves the house, and what must hold before it does.

1. the rows are committed: what is signed is what a snapshot of the database shows;
2. the log must begin with the outside head, and with the last checkpoint it stored;
3. the head is signed and swapped into the outside store, from the one that was read;
4. it is stored beside the log, and only then returned.

So nobody ever holds a checkpoint that is larger than, or differs from, the outside head of its
time, and whoever starts on an older copy of the database is told. A crash between 3 and 4 leaves
the newest note outside alone; the next call stores and returns that very note.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.anchors.outside import OutsideHead
from answerable.audit.anchors.standing import Gap, LogState, OpenNote, compare_with_outside
from answerable.audit.errors import (
    CheckpointSignatureInvalid,
    Conflict,
    EvidenceBroken,
    Unavailable,
)
from answerable.audit.store import view_rows
from answerable.audit.store.database import Connection, Database
from answerable.audit.store.head_rows import read_head
from answerable.audit.store.tile_rows import StoredTiles
from answerable.audit.tree.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from answerable.audit.tree.notes import verifier_key
from answerable.audit.tree.proofs import root_from_tiles
from answerable.audit.turn import Turn
from answerable.audit.writer import Writer

__all__ = ["Publisher", "gap_to"]

_TRIES: Final = 10


class Signer(Protocol):
    """A log as far as it signs: its name, its key of a time, and the notes of all its keys."""

    origin: str

    def follow(self, connection: Connection) -> Ed25519PrivateKey:
        """Return the signing key in force at a snapshot."""
        ...

    def open_checkpoint(self, note: str) -> Checkpoint:
        """Return the tree head in a note that the log's key of its time signed."""
        ...


class Publisher:
    """Signs checkpoints of one log.

    Parameters
    ----------
    database : Database
        The log's database.
    writer : Writer
        Stores what was signed.
    signer : Signer
        The log, as far as it signs.
    outside : OutsideHead or None
        Where the newest checkpoint is kept first; without one nothing shows a log that was cut.
    """

    def __init__(
        self,
        database: Database,
        writer: Writer,
        signer: Signer,
        outside: OutsideHead | None,
    ) -> None:
        self._database = database
        self._writer = writer
        self._signer = signer
        self._outside = outside

    def publish(self) -> str:
        """Return a checkpoint of the log as it is; the same size gives the same note.

        Returns
        -------
        str
            A C2SP signed note, kept outside and stored.

        Raises
        ------
        EvidenceBroken
            If the log no longer begins with what was signed: nothing is signed then.
        Unavailable
            If a store cannot be written, or others move the outside head all the time.
        """
        self._database.require_writable()
        for _ in range(_TRIES):
            held = None if self._outside is None else self._outside.read()
            head, stored, key = self._snapshot(held)
            known = stored if self._outside is None else held
            note = known if known is not None and self._covers(known, head, key) else None
            if note is None:
                note = sign_checkpoint(head, key)
                if not self._swapped(held, note):
                    continue
            if note != stored:
                self._store(head.size, note)
            return note
        raise self._contended()

    def replace(self) -> str:
        """Put a checkpoint outside whatever is there: two persons have said why.

        Returns
        -------
        str
            The note, kept outside and stored.

        Raises
        ------
        Unavailable
            If a store cannot be written, or others move the outside head all the time.
        """
        for _ in range(_TRIES):
            held = None if self._outside is None else self._outside.read()
            with self._database.read() as connection:
                head = self._head(connection)
                key = self._signer.follow(connection)
            note = sign_checkpoint(head, key)
            if held == note or self._swapped(held, note):
                self._store(head.size, note)
                return note
        raise self._contended()

    def require_sound(self) -> None:
        """Check that the log begins with the last checkpoint it stored itself.

        Raises
        ------
        EvidenceBroken
            If it does not: its database was changed underneath.
        """
        with self._database.read() as connection:
            last = view_rows.latest_checkpoint(connection)
            size = read_head(connection).size
            self._require_extends(connection, size, None if last is None else last[1])

    def _snapshot(self, held: str | None) -> tuple[Checkpoint, str | None, Ed25519PrivateKey]:
        """Return head, last stored note and key, once both known heads are in the log."""
        with self._database.read() as connection:
            key = self._signer.follow(connection)
            head = self._head(connection)
            last = view_rows.latest_checkpoint(connection)
            stored = None if last is None else last[1]
            self._require_extends(connection, head.size, stored)
            self._require_root(connection, head)
            where = None if self._outside is None else self._outside.where
            gap = (
                None
                if where is None
                else gap_to(connection, held, where, self._signer.open_checkpoint)
            )
        if gap is not None:
            raise gap.broken()
        return head, stored, key

    def _head(self, connection: Connection) -> Checkpoint:
        head = read_head(connection)
        return Checkpoint(self._signer.origin, head.size, head.frontier.root())

    @staticmethod
    def _require_root(connection: Connection, head: Checkpoint) -> None:
        if head.root != root_from_tiles(head.size, StoredTiles(connection)):
            raise EvidenceBroken(
                "the root in the log's head is not that of its entries",
                where="log head",
                remedy="Do not publish anything; verify the log against the last checkpoint.",
            )

    def _require_extends(self, connection: Connection, size: int, stored: str | None) -> None:
        if stored is None:
            return
        signed = self._signer.open_checkpoint(stored)
        if size < signed.size or signed.root != root_from_tiles(
            signed.size, StoredTiles(connection)
        ):
            raise EvidenceBroken(
                f"the log no longer begins with the {signed.size} entries it signed",
                where="checkpoint",
                remedy="Do not publish anything; verify the log against the last checkpoint.",
            )

    def _covers(self, note: str, head: Checkpoint, key: Ed25519PrivateKey) -> bool:
        """Whether a note says what would be signed now, by the key that would sign it."""
        own = str(verifier_key(self._signer.origin, key))
        with suppress(CheckpointSignatureInvalid):
            return open_checkpoint(note, own) == head
        return False

    def _swapped(self, held: str | None, note: str) -> bool:
        if self._outside is None:
            return True
        try:
            self._outside.swap(held, note)
        except Conflict:
            return False
        return True

    def _store(self, size: int, note: str) -> None:
        def store(turn: Turn) -> None:
            if view_rows.checkpoint_at(turn.connection, size) is None:
                view_rows.insert_checkpoint(turn.connection, size, turn.ts, note)

        self._writer.run(store)

    def _contended(self) -> Unavailable:
        return Unavailable(
            "the outside head moved each time it was read",
            where="" if self._outside is None else self._outside.where,
            remedy="Try again; one checkpoint a second is enough.",
        )


def gap_to(connection: Connection, held: str | None, where: str, open_note: OpenNote) -> Gap | None:
    """Return what does not fit between a log and a note kept outside, as :mod:`.standing` says.

    Parameters
    ----------
    connection : Connection
        A snapshot of the log, taken after the outside head was read.
    held : str or None
        What was read.
    where : str
        Where.
    open_note : OpenNote
        Opens a note that the log's key of its time signed.

    Returns
    -------
    Gap or None
        None when the log begins with it.
    """
    tiles = StoredTiles(connection)
    state = LogState(
        size=read_head(connection).size,
        root_of=lambda size: root_from_tiles(size, tiles),
        was_signed=view_rows.latest_checkpoint(connection) is not None,
        signed=lambda: view_rows.checkpoint_notes(connection),
        floor=tiles.minimum,
    )
    return compare_with_outside(held, where, open_note, state)

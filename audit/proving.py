"""Reading a log's tree: sizes, roots, proofs, checkpoints and the keys that signed them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from answerable.audit.errors import InvalidInput
from answerable.audit.identity import Scribe
from answerable.audit.key_chain import KeyChain, stored_rotations
from answerable.audit.records import LogKeyRotated
from answerable.audit.store import view_rows
from answerable.audit.store.database import Connection, Database
from answerable.audit.store.head_rows import read_head
from answerable.audit.store.tile_rows import StoredTiles
from answerable.audit.tree.checkpoints import Checkpoint
from answerable.audit.tree.proofs import consistency_proof, inclusion_proofs, root_from_tiles

__all__ = ["TreeReader"]

T = TypeVar("T")


class TreeReader:
    """What can be asked of a log's tree.

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
        self._database = database
        self._scribe = scribe
        self.clock = scribe.clock
        self.entropy = scribe.entropy
        self.origin = scribe.origin
        self.vkey = vkey
        """Verifier key of the signing key in force."""
        self._chain = KeyChain((vkey,))
        self.actor = scribe.actor
        """Reference under which the log itself acts (its own opening, steps of the clock)."""

    def size(self) -> int:
        """Return how many entries the log has."""
        return self._read(lambda connection: read_head(connection).size)

    def latest_checkpoint(self) -> str | None:
        """Return the newest stored checkpoint, None before the first."""

        def latest(connection: Connection) -> str | None:
            self._know(view_rows.read_facts(connection))
            found = view_rows.latest_checkpoint(connection)
            return None if found is None else found[1]

        return self._read(latest)

    def key_chain(self) -> KeyChain:
        """Return all keys this log has signed its checkpoints with, oldest first.

        Returns
        -------
        KeyChain
            Opens checkpoints and receipts of any time.

        Raises
        ------
        CheckpointSignatureInvalid
            If a stored rotation is not signed by both keys.
        """
        self._know(self._read(view_rows.read_facts))
        return self._chain

    def key_rotations(self) -> tuple[LogKeyRotated, ...]:
        """Return the rotations of the log's signing key, in order."""
        facts = self._read(view_rows.read_facts)
        return tuple(LogKeyRotated.from_json(data) for data in stored_rotations(facts))

    def open_checkpoint(self, note: str) -> Checkpoint:
        """Return the tree head in a note that the log's key of its time signed.

        Rotations by other processes are known once a checkpoint or the chain was read.

        Returns
        -------
        Checkpoint
            Size and root.

        Raises
        ------
        CheckpointSignatureInvalid
            If no key of this log signed it, or one that had been replaced at that size.
        """
        return self._chain.open_checkpoint(note)

    def root_at(self, size: int) -> bytes:
        """Return the root of the log's first `size` entries, 32 bytes.

        Returns
        -------
        bytes
            32 bytes.

        Raises
        ------
        InvalidInput
            If the log has fewer entries.
        """

        def root(connection: Connection) -> bytes:
            self._require_size(connection, size)
            return root_from_tiles(size, StoredTiles(connection))

        return self._read(root)

    def inclusion(self, seq: int, size: int) -> list[bytes]:
        """Return the proof that entry `seq` stands in the log's first `size` entries.

        Returns
        -------
        list of bytes
            From the leaf's sibling upwards.

        Raises
        ------
        InvalidInput
            If the log has no such place or size.
        """
        return self.inclusions((seq,), size)[0]

    def inclusions(self, seqs: Sequence[int], size: int) -> list[list[bytes]]:
        """Return what :meth:`inclusion` does for each of many entries, each tile read once."""

        def proofs(connection: Connection) -> list[list[bytes]]:
            self._require_size(connection, size)
            tiles = StoredTiles(connection)
            tiles.expect(seqs)
            return inclusion_proofs(seqs, size, tiles)

        return self._read(proofs)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the first `new` entries begin with the first `old`.

        Returns
        -------
        list of bytes
            Empty when nothing needs showing.

        Raises
        ------
        InvalidInput
            If the log has no such sizes.
        """

        def proof(connection: Connection) -> list[bytes]:
            self._require_size(connection, new)
            return consistency_proof(old, new, StoredTiles(connection))

        return self._read(proof)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _know(self, facts: Mapping[str, str]) -> None:
        """Take notice of rotations of the signing key, by whichever process."""
        if len(stored_rotations(facts)) != len(self._chain.sizes):
            self._chain = KeyChain.of_facts(facts)
            self.vkey = self._chain.vkeys[-1]

    def _require_size(self, connection: Connection, size: int) -> None:
        held = read_head(connection).size
        if not 0 <= size <= held:
            raise InvalidInput(f"the log has {held} entries, not {size}", where="tree size")

    def _read(self, step: Callable[[Connection], T]) -> T:
        with self._database.read() as connection:
            return step(connection)

"""The log: append; keys are inherited from :mod:`.custody`, checkpoints from :mod:`.anchored`.

One object per process and log; it may be shared by threads. Everything that changes the log goes
through :class:`~answerable.audit.writer.Writer`.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Self

from answerable.audit.anchored import require_unused
from answerable.audit.anchors.outside import OutsideHead
from answerable.audit.custody import LogCustody
from answerable.audit.entries import Draft, Receipt
from answerable.audit.identity import (
    Clock,
    facts_of,
    new_signing_key,
    own_signing_key,
    require_free,
    require_origin,
    scribe_of,
)
from answerable.audit.ids import UUID7_RANDOM_BYTES, uuid7
from answerable.audit.keys.derive import pepper_check, projection_mac
from answerable.audit.keys.erasure import finish_rotations
from answerable.audit.keys.vault import Entropy, KeyVault
from answerable.audit.kinds import EntryKind
from answerable.audit.records import LogOpened, Role
from answerable.audit.store import view_rows
from answerable.audit.store.advance import store_advance
from answerable.audit.store.database import Database
from answerable.audit.store.head_rows import claim_head, insert_head
from answerable.audit.store.retention_rows import read_floors
from answerable.audit.store.schema import require_current, upgrade
from answerable.audit.stored import StoredLog, stored_log, upgrade_log
from answerable.audit.turn import Turn

__all__ = ["Log", "StoredLog", "stored_log", "upgrade_log"]


class Log(LogCustody):
    """An append-only log in a database, with its keys in a vault."""

    @classmethod
    def create(
        cls,
        url: str,
        *,
        origin: str,
        vault: KeyVault,
        clock: Clock,
        entropy: Entropy,
        outside: OutsideHead | None = None,
    ) -> Self:
        """Make a new log: tables, signing key, first entry.

        Parameters
        ----------
        url : str
            ``sqlite:///path`` or ``postgresql://user@host/database``.
        origin : str
            The log's name for ever, such as ``example.org/loans``.
        vault : KeyVault
            A vault that belongs to no other log.
        clock : Callable[[], int]
            Microseconds since 1970 UTC.
        entropy : Callable[[int], bytes]
            Gives that many random bytes.
        outside : OutsideHead, optional
            Keeps the newest checkpoint outside the database, the first one from now on.

        Returns
        -------
        Log
            Holding the entry ``log.opened``.

        Raises
        ------
        InvalidInput
            If the address or the name is malformed.
        Conflict
            If the database holds a log, or the vault or the outside head belong to another.
        Unavailable
            If the database or the outside head cannot be written.
        """
        scribe = scribe_of(origin, vault, clock, entropy)
        require_unused(url, outside)
        database = Database(url, must_exist=False)
        try:
            upgrade(database)
            require_free(database)
            log = cls(database, scribe, new_signing_key(vault, origin, entropy), outside)
            log._open_first()
            if outside is not None:
                log.checkpoint()
        except BaseException:
            database.close()
            raise
        return log

    @classmethod
    def open(
        cls,
        url: str,
        *,
        vault: KeyVault,
        clock: Clock,
        entropy: Entropy,
        origin: str | None = None,
        outside: OutsideHead | None = None,
    ) -> Self:
        """Open a log and finish what a crash left half done.

        A log that does not begin with its outside head opens for reading: `gap` says what is
        missing, and every write raises `Unavailable` with it.

        Parameters
        ----------
        url, vault, clock, entropy, outside
            As for :meth:`create`.
        origin : str, optional
            The log that is expected there.

        Returns
        -------
        Log
            Open.

        Raises
        ------
        NotFound
            If there is no database or no log in it.
        Conflict
            If it is another log than expected.
        Unavailable
            If its schema is not this version's, it is locked, or the vault is not its own.
        """
        database = Database(url, must_exist=True)
        try:
            require_current(database)
            facts = facts_of(database)
            require_origin(facts["origin"], origin, database.where)
            key = own_signing_key(facts, vault)
            log = cls(database, scribe_of(facts["origin"], vault, clock, entropy), key, outside)
            log._know(facts)
            if log.compare_with_outside() is None:
                with database.read() as connection:
                    finish_rotations(connection, vault)
        except BaseException:
            database.close()
            raise
        return log

    def append(self, draft: Draft) -> Receipt:
        """Append one entry; see :meth:`append_many`."""
        return self._writer.append_many((draft,))[0]

    def append_many(self, drafts: Sequence[Draft]) -> list[Receipt]:
        """Append entries in order, all or none.

        A draft whose entry id was appended before with the same content gives the first
        receipt, marked `repeated`: after a lost connection, append again.

        Parameters
        ----------
        drafts : Sequence[Draft]
            At most 10,000.

        Returns
        -------
        list of Receipt
            In the order of the drafts.

        Raises
        ------
        InvalidInput
            If a draft is malformed or the clock stepped back too far.
        Conflict
            If an entry id stands for other content.
        Erased
            If a draft needs a key that was destroyed.
        NotFound
            If a draft names an unknown reference.
        TooLarge
            If an entry or the batch is over its limit.
        Unavailable
            If the database is locked, full, read-only or not reachable; nothing was appended.
        """
        return self._writer.append_many(drafts)

    async def aappend(self, draft: Draft) -> Receipt:
        """Append one entry without blocking the event loop; as :meth:`append_many` otherwise."""
        return await self._writer.aappend(draft)

    def close(self) -> None:
        """Append what is queued, then close the database."""
        self._writer.close()
        super().close()

    def load_projection(self, name: str) -> tuple[int, bytes] | None:
        """Return a cached view.

        Returns
        -------
        (int, bytes) or None
            The size it was folded up to, and its state. None when there is none, it was not
            written by this log, or the log no longer begins with what it was folded from.
        """
        row = self._read(lambda connection: view_rows.load_projection(connection, name))
        if row is None or not self._read(read_floors).tile <= row.size <= self.size():
            return None
        if row.root != self.root_at(row.size):
            return None
        mac = projection_mac(self._scribe.vault.pepper(), name, row.size, row.root, row.state)
        return (row.size, row.state) if hmac.compare_digest(mac, row.mac) else None

    def save_projection(self, name: str, size: int, state: bytes) -> None:
        """Cache a view folded from the first `size` entries; a log only read keeps none."""
        if self._database.refusal is not None:
            return
        root = self.root_at(size)
        mac = projection_mac(self._scribe.vault.pepper(), name, size, root, state)
        row = view_rows.ProjectionRow(size, root, state, mac)
        with self._database.write() as connection:
            view_rows.save_projection(connection, name, row)

    def _open_first(self) -> None:
        scribe = self._scribe
        facts = {
            "origin": self.origin,
            "vkey": self.vkey,
            "pepper": pepper_check(scribe.vault.pepper(), self.origin),
        }
        now = scribe.clock()
        opened = Draft(
            kind=EntryKind.LOG_OPENED,
            entry_id=uuid7(now, scribe.entropy(UUID7_RANDOM_BYTES)),
            record=LogOpened(origin=self.origin, vkey=self.vkey),
            actor=self.actor,
            role=Role.SERVICE,
        )
        with self._database.write() as connection:
            view_rows.insert_facts(connection, facts)
            insert_head(connection)
            turn = Turn(connection, scribe, claim_head(connection))
            turn.place(opened)
            store_advance(connection, turn.finish())

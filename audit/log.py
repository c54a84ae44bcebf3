"""The log: append, erase, hold, checkpoint; reading is inherited from :mod:`.reading`.

One object per process and log; it may be shared by threads. Everything that changes the log goes
through :class:`~answerable.audit.writer.Writer`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.entries import Draft, HeaderSubject, Receipt
from answerable.audit.errors import (
    Conflict,
    Erased,
    EvidenceBroken,
    InvalidInput,
    NotFound,
    Unavailable,
)
from answerable.audit.ids import UUID7_RANDOM_BYTES, actor_ref, uuid7
from answerable.audit.keys.derive import KEY_SIZE, keyed_hash, pepper_check
from answerable.audit.keys.erasure import (
    ErasureStep,
    Reached,
    destroy_older,
    finish_rotations,
    rotate_out,
)
from answerable.audit.keys.holds import refuse_held
from answerable.audit.keys.vault import Entropy, KeyVault
from answerable.audit.kinds import EntryKind
from answerable.audit.reading import ERASING_KINDS, LogReader, stored_rows
from answerable.audit.records import Actor, EntryLink, LegalHold, LogOpened, Role, SubjectErased
from answerable.audit.store import entry_rows, key_rows, view_rows
from answerable.audit.store.database import Database
from answerable.audit.store.head_rows import insert_head
from answerable.audit.store.schema import require_current, upgrade
from answerable.audit.store.tile_rows import StoredTiles
from answerable.audit.tree.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from answerable.audit.tree.notes import verifier_key
from answerable.audit.tree.proofs import root_from_tiles
from answerable.audit.tree.receipts import write_proof
from answerable.audit.writer import Clock, Scribe, Turn, Writer

if TYPE_CHECKING:
    from answerable.audit.verify import StoredRow

__all__ = ["Log", "StoredLog", "stored_log", "upgrade_log"]

_ORIGIN: Final = re.compile(r"[a-z0-9][a-z0-9./_-]{0,199}")
_NAMED: Final = "data-subject"


def _nothing(_step: ErasureStep) -> None:
    """Take no notice of the steps of an erasure."""


class Log(LogReader):
    """An append-only log in a database, with its keys in a vault."""

    def __init__(self, database: Database, scribe: Scribe, key: Ed25519PrivateKey) -> None:
        super().__init__(database, scribe, str(verifier_key(scribe.origin, key)))
        self._key = key
        self._writer = Writer(database, scribe)

    @classmethod
    def create(
        cls, url: str, *, origin: str, vault: KeyVault, clock: Clock, entropy: Entropy
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

        Returns
        -------
        Log
            Open, with the entry ``log.opened``.

        Raises
        ------
        InvalidInput
            If the address or the name is malformed.
        Conflict
            If the database holds a log, or the vault belongs to another.
        Unavailable
            If the database cannot be written.
        """
        if not _ORIGIN.fullmatch(origin):
            raise InvalidInput(
                "the log's name is not lower-case letters, digits and . / _ -",
                where="origin",
                remedy="For example: example.org/loans",
            )
        database = Database(url, must_exist=False)
        upgrade(database)
        with database.read() as connection:
            if view_rows.read_facts(connection):
                raise Conflict(
                    "this database holds a log", where=database.where, remedy="Open it instead."
                )
        key = _signing_key(vault, origin, entropy)
        log = cls(database, _scribe(origin, vault, clock, entropy), key)
        log._open_first()
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
    ) -> Self:
        """Open a log and finish what a crash left half done.

        Parameters
        ----------
        url : str
            Where it is.
        vault : KeyVault
            Its vault.
        clock : Callable[[], int]
            Microseconds since 1970 UTC.
        entropy : Callable[[int], bytes]
            Gives that many random bytes.
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
            facts = _facts(database)
            _require_origin(facts["origin"], origin, database.where)
            key = _own_key(facts, vault)
            log = cls(database, _scribe(facts["origin"], vault, clock, entropy), key)
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

    def place_hold(self, draft: Draft) -> Receipt:
        """Put a legal hold on a data subject, in the transaction of its entry.

        Parameters
        ----------
        draft : Draft
            Kind ``hold.placed`` with a :class:`LegalHold`, without subjects: the header names
            the hold's subject by itself.

        Returns
        -------
        Receipt
            Of the entry.

        Raises
        ------
        Conflict
            If the same hold is in place already.
        Erased
            If there is nothing left to hold.
        NotFound
            If the log does not know the data subject.
        InvalidInput
            If the draft is not of that kind and record.
        """
        hold = _held(draft, EntryKind.HOLD_PLACED)
        named = _name(hold.subject)

        def place(turn: Turn) -> Receipt:
            before = turn.repeated(draft, named)
            if before is not None:
                return before
            turn.keyring.require(hold.subject)
            if _identity(hold) in map(_identity, key_rows.holds_of(turn.connection, hold.subject)):
                raise Conflict(
                    "this hold is in place already",
                    where=hold.subject,
                    remedy="Lift it first, or give the new one another reference.",
                )
            key_rows.insert_hold(turn.connection, hold)
            return turn.place(draft, named)

        return self._writer.run(place)

    def lift_hold(self, draft: Draft) -> Receipt:
        """Lift a legal hold, in the transaction of its entry.

        Parameters
        ----------
        draft : Draft
            Kind ``hold.lifted`` with a :class:`LegalHold` of the same subject, ground and
            reference as the one in place.

        Returns
        -------
        Receipt
            Of the entry.

        Raises
        ------
        NotFound
            If no such hold is in place.
        InvalidInput
            If the draft is not of that kind and record.
        """
        hold = _held(draft, EntryKind.HOLD_LIFTED)
        named = _name(hold.subject)

        def lift(turn: Turn) -> Receipt:
            before = turn.repeated(draft, named)
            if before is not None:
                return before
            if not key_rows.delete_hold(turn.connection, hold):
                raise NotFound(
                    "no such hold is in place", where=hold.subject, remedy="See the holds in force."
                )
            return turn.place(draft, named)

        return self._writer.run(lift)

    def erase(self, ref: str, draft: Draft, *, reached: Reached = _nothing) -> Receipt:
        """Destroy the key of a data subject, a data set or an actor, and record it.

        Parameters
        ----------
        ref : str
            Whose key.
        draft : Draft
            The entry that records it, without subjects. For data subjects and data sets a
            :class:`SubjectErased`, whose `entries` the log counts itself.
        reached : Callable[[ErasureStep], None]
            Told of each step; crash tests end the process there.

        Returns
        -------
        Receipt
            Of the entry. The log and every proof still verify.

        Raises
        ------
        PolicyViolation
            If a legal hold is in force; append the refusal with its ground.
        Erased
            If the key was destroyed before.
        NotFound
            If the log does not know the reference.
        InvalidInput
            If the draft does not record an erasure.

        References
        ----------
        GDPR, Article 17(1) and 17(3).
        """
        _require_erasing(draft)
        named = _name(ref)
        rotated: list[tuple[int, int]] = []

        def erase(turn: Turn) -> Receipt:
            counted = _counted(draft, turn, ref)
            before = turn.repeated(counted, named)
            if before is not None:
                return before
            refuse_held(key_rows.holds_of(turn.connection, ref), turn.ts)
            turn.keyring.require(ref)
            row = key_rows.keys_by_ref(turn.connection, (ref,))[0]
            receipt = turn.place(counted, named)
            scribe = self._scribe
            version = rotate_out(
                turn.connection, scribe.vault, self.origin, row, scribe.entropy, reached
            )
            rotated.append((row.bucket, version))
            return receipt

        receipt = self._writer.run(erase)
        reached(ErasureStep.COMMITTED)
        for bucket, version in rotated:
            destroy_older(self._scribe.vault, bucket, version)
        reached(ErasureStep.DESTROYED)
        return receipt

    def register_actor(self, name: str, draft: Draft) -> Receipt:
        """Append an actor; the name goes sealed into the directory, never into the entry.

        Parameters
        ----------
        name : str
            The person's or service's name.
        draft : Draft
            Kind ``actor.registered`` with an :class:`Actor`.

        Returns
        -------
        Receipt
            Of the entry.

        Raises
        ------
        InvalidInput
            If the draft is not of that kind and record, or the name is empty.
        Conflict
            If the actor is registered already.
        """
        actor = draft.record
        if draft.kind is not EntryKind.ACTOR_REGISTERED or not isinstance(actor, Actor):
            raise InvalidInput("not the registration of an actor", where="register_actor")
        if not name.strip():
            raise InvalidInput("the name of an actor is empty", where="name")
        lookup = keyed_hash(self._scribe.vault.pepper(), "actor", actor.actor.encode())

        def register(turn: Turn) -> Receipt:
            before = turn.repeated(draft)
            if before is not None:
                return before
            if turn.keyring.data_key(actor.actor) is not None:
                raise Conflict("this actor is registered already", where=actor.actor)
            turn.keyring.create(actor.actor, lookup, name=name)
            return turn.place(draft)

        return self._writer.run(register)

    def checkpoint(self) -> str:
        """Sign and store a checkpoint of the log as it is; the same size gives the same note.

        Returns
        -------
        str
            A C2SP signed note.

        Raises
        ------
        EvidenceBroken
            If the log no longer begins with what the last checkpoint signed.
        """

        def sign(turn: Turn) -> str:
            size, root = turn.head.size, turn.head.frontier.root()
            last = view_rows.latest_checkpoint(turn.connection)
            if last is not None:
                self._require_extends(turn, last[1])
                if last[0] == size:
                    return last[1]
            note = sign_checkpoint(Checkpoint(self.origin, size, root), self._key)
            view_rows.insert_checkpoint(turn.connection, size, turn.ts, note)
            return note

        return self._writer.run(sign)

    def proof(self, entry_id: str) -> str:
        """Return a receipt that proves, offline, that an entry stands in this log.

        Raises
        ------
        NotFound
            If there is no such entry.
        """
        entry = self.entry(entry_id)
        note = self.latest_checkpoint()
        if note is None or open_checkpoint(note, self.vkey).size <= entry.seq:
            note = self.checkpoint()
        size = open_checkpoint(note, self.vkey).size
        proof = self.inclusion(entry.seq, size)
        return write_proof(entry.seq, proof, note, header=entry.header_bytes)

    def save_projection(self, name: str, size: int, state: bytes) -> None:
        """Cache a view that was folded from the log's first `size` entries."""
        root = self.root_at(size)
        mac = self._projection_mac(name, size, root, state)
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
            turn = Turn(connection, scribe)
            turn.place(opened)
            turn.finish()

    def _require_extends(self, turn: Turn, note: str) -> None:
        signed = open_checkpoint(note, self.vkey)
        held = turn.head.size >= signed.size and signed.root == root_from_tiles(
            signed.size, StoredTiles(turn.connection)
        )
        if not held:
            raise EvidenceBroken(
                f"the log no longer begins with the {signed.size} entries it signed",
                where="checkpoint",
                remedy="Do not publish anything; verify the log against the last checkpoint.",
            )


@dataclass(frozen=True)
class StoredLog:
    """A log as stored, for verifying without its vault."""

    origin: str
    vkey: str
    size: int
    checkpoint: str | None
    database: Database

    def rows(self) -> Iterator[StoredRow]:
        """Return all rows as stored, unchecked."""
        return stored_rows(self.database)

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def stored_log(url: str) -> StoredLog:
    """Open a log for verification only: no vault, no change.

    Raises
    ------
    NotFound
        If there is no log at this address.
    Unavailable
        If its schema is not this version's.
    """
    database = Database(url, must_exist=True)
    require_current(database)
    facts = _facts(database)
    with database.read() as connection:
        size = entry_rows.last_seq(connection) + 1
        last = view_rows.latest_checkpoint(connection)
    note = None if last is None else last[1]
    return StoredLog(facts["origin"], facts["vkey"], size, note, database)


def upgrade_log(url: str) -> None:
    """Bring a log's tables to this version's schema, in one transaction."""
    database = Database(url, must_exist=True)
    try:
        upgrade(database)
    finally:
        database.close()


def _facts(database: Database) -> dict[str, str]:
    with database.read() as connection:
        facts = view_rows.read_facts(connection)
    if not facts.keys() >= {"origin", "vkey", "pepper"}:
        raise NotFound(
            "this database holds no finished log",
            where=database.where,
            remedy="Check the address, or create the log first.",
        )
    return facts


def _require_origin(held: str, expected: str | None, where: str) -> None:
    if expected is not None and held != expected:
        raise Conflict(
            f"this is the log {held}, not {expected}",
            where=where,
            remedy="Check the database address and ANSWERABLE_ORIGIN.",
        )


def _scribe(origin: str, vault: KeyVault, clock: Clock, entropy: Entropy) -> Scribe:
    # The log acts under a reference derived from its public name: it is no person.
    own = hashlib.sha256(b"answerable/log-actor\0" + origin.encode()).digest()[:16]
    return Scribe(origin, actor_ref(own), vault, clock, entropy)


def _signing_key(vault: KeyVault, origin: str, entropy: Entropy) -> Ed25519PrivateKey:
    try:
        seed = vault.signing_key(origin)
    except NotFound:
        seed = entropy(KEY_SIZE)
        vault.add_signing_key(origin, seed)
    return Ed25519PrivateKey.from_private_bytes(seed)


def _own_key(facts: dict[str, str], vault: KeyVault) -> Ed25519PrivateKey:
    """Return the log's signing key once the vault has shown that it is this log's."""
    origin = facts["origin"]
    try:
        key = Ed25519PrivateKey.from_private_bytes(vault.signing_key(origin))
    except NotFound:
        raise _foreign_vault("it holds no signing key of this log") from None
    if str(verifier_key(origin, key)) != facts["vkey"]:
        raise _foreign_vault("its signing key is not the one this log was made with")
    if pepper_check(vault.pepper(), origin) != facts["pepper"]:
        raise _foreign_vault("its pepper is not the one this log was made with")
    return key


def _foreign_vault(why: str) -> Unavailable:
    return Unavailable(
        f"the key directory does not belong to this log: {why}",
        where="key directory",
        remedy="Name the directory that was made with the log (ANSWERABLE_KEY_DIR).",
    )


def _name(ref: str) -> tuple[HeaderSubject, ...]:
    """Return how the header names the holder a clear record is about (actors stand in the body)."""
    return (HeaderSubject(ref=ref, role=_NAMED),) if ref.startswith("s-") else ()


def _identity(hold: LegalHold) -> tuple[str, str]:
    return (hold.ground, hold.reference)


def _held(draft: Draft, kind: EntryKind) -> LegalHold:
    if draft.kind is not kind or not isinstance(draft.record, LegalHold) or draft.subjects:
        raise InvalidInput(
            f"not an entry of kind {kind.value} with a hold and no subjects of its own",
            where=f"entry {draft.entry_id}",
        )
    return draft.record


def _require_erasing(draft: Draft) -> None:
    recorded = isinstance(draft.record, Actor if draft.kind is EntryKind.ACTOR_RETIRED else SubjectErased)
    if draft.kind not in ERASING_KINDS or not recorded or draft.subjects:
        raise InvalidInput(
            "not an entry that records an erasure",
            where=f"entry {draft.entry_id}",
            remedy="Use subject.erased with a SubjectErased record and no subjects of its own.",
        )


def _counted(draft: Draft, turn: Turn, ref: str) -> Draft:
    """Return the draft with the number of entries that become unreadable filled in."""
    if not isinstance(draft.record, SubjectErased):
        return draft
    entries = entry_rows.count_sealed(turn.connection, ref)
    return replace(draft, record=draft.record.model_copy(update={"entries": entries}))

"""What changes keys: holds, erasure, rotation, further ids; checkpoints are inherited.

Each is one turn: the rows that must change with an entry change in its transaction, under the
claimed head.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from answerable.audit import acts, key_acts
from answerable.audit.acts import RotatedBucket
from answerable.audit.anchored import AnchoredLog
from answerable.audit.entries import Draft, Receipt
from answerable.audit.key_acts import SigningStep
from answerable.audit.keys.erasure import ErasureStep, Reached, destroy_older, rewrap_bucket
from answerable.audit.records import Role
from answerable.audit.store import key_rows
from answerable.audit.turn import Turn

__all__ = ["LogCustody"]


def _nothing(_step: StrEnum) -> None:
    """Take no notice of the steps."""


class LogCustody(AnchoredLog):
    """A log whose keys can be changed."""

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
        return self._writer.run(lambda turn: acts.place_hold(turn, draft))

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
        NotFound, InvalidInput
            If no such hold is in place; if the draft is not of that kind and record.
        """
        return self._writer.run(lambda turn: acts.lift_hold(turn, draft))

    def erase(
        self,
        ref: str,
        draft: Draft,
        *,
        beside: Sequence[Draft] = (),
        reached: Reached = _nothing,
    ) -> Receipt:
        """Destroy the key of a data subject, a data set or an actor, and record it.

        Parameters
        ----------
        ref : str
            Whose key.
        draft : Draft
            The entry that records it, without subjects. For data subjects and data sets a
            :class:`SubjectErased`, whose `entries` the log counts itself.
        beside : Sequence[Draft]
            Entries that stand only if this happened, such as the answer to who asked for it: they
            follow it in the same transaction.
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

        def erase(turn: Turn) -> tuple[Receipt, RotatedBucket | None]:
            return acts.erase_holder(
                turn, (draft, *beside), ref, scribe=self._scribe, reached=reached
            )

        receipt, rotated = self._writer.run(erase)
        reached(ErasureStep.COMMITTED)
        if rotated is not None:
            destroy_older(self._scribe.vault, *rotated)
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
        pepper = self._scribe.vault.pepper()
        return self._writer.run(lambda turn: acts.register_actor(turn, draft, name, pepper=pepper))

    def add_alias(self, subject_id: str, alias_id: str, draft: Draft) -> Receipt:
        """Let one more identifier lead to a data subject, in the transaction of its entry.

        Parameters
        ----------
        subject_id : str
            An identifier the person is known by.
        alias_id : str
            The further one, 1 to 256 characters.
        draft : Draft
            Kind ``subject.alias_added`` with a :class:`SubjectAliasAdded`, without subjects;
            neither identifier may stand in it.

        Returns
        -------
        Receipt
            Of the entry.

        Raises
        ------
        NotFound
            If the log does not know the data subject.
        Conflict
            If the further identifier leads to somebody already.
        InvalidInput
            If the draft is not of that kind and record, or names another person.
        """
        return self._writer.run(
            lambda turn: key_acts.add_alias(turn, (subject_id, alias_id), draft)
        )

    def bucket_versions(self) -> dict[int, int]:
        """Return the version in force of each bucket that was ever used."""
        return self._read(key_rows.bucket_versions)

    def rotate_bucket(self, bucket: int, *, reached: Reached = _nothing) -> int:
        """Wrap the data keys of one bucket under a new key and destroy the older ones.

        Killed before the commit nothing has happened; after it, the rest is done when the log is
        next opened. Calling it again is always right.

        Parameters
        ----------
        bucket : int
            0 to 4,095.
        reached : Callable[[ErasureStep], None]
            Told of each step; crash tests end the process there.

        Returns
        -------
        int
            The bucket's new version; 0 when it was never used.

        Raises
        ------
        RecordTampered
            If a row of the bucket was altered or swapped; nothing is changed then.
        Unavailable
            If database or vault cannot be used.
        """
        scribe = self._scribe

        def rotate(turn: Turn) -> int:
            return rewrap_bucket(
                turn.connection,
                bucket,
                vault=scribe.vault,
                origin=scribe.origin,
                entropy=scribe.entropy,
                reached=reached,
            )

        version = self._writer.run(rotate)
        reached(ErasureStep.COMMITTED)
        if version:
            destroy_older(scribe.vault, bucket, version)
        reached(ErasureStep.DESTROYED)
        return version

    def rotate_signing_key(
        self, actor: str, role: Role, *, reached: Callable[[SigningStep], None] = _nothing
    ) -> Receipt:
        """Sign checkpoints with a new key from now on.

        In one transaction: a last checkpoint of the old key, the entry ``log.key_rotated`` signed
        by both keys, a first checkpoint of the new key. The old seed stays in the vault until
        :meth:`destroy_old_signing_keys`.

        Parameters
        ----------
        actor : str
            Who does it.
        role : Role
            In which role.
        reached : Callable[[SigningStep], None]
            Told of each step; crash tests end the process there.

        Returns
        -------
        Receipt
            Of the entry.

        Raises
        ------
        Unavailable
            If database or vault cannot be used; nothing is changed then.
        """
        receipt = self._writer.run(
            lambda turn: key_acts.rotate_signing_key(
                turn, self._scribe, acting=(actor, role), reached=reached
            )
        )
        reached(SigningStep.COMMITTED)
        with self._database.read() as connection:
            self.follow(connection)
        return receipt

    def destroy_old_signing_keys(self) -> int:
        """Destroy the seeds of signing keys that were replaced.

        What they signed stays verifiable; nobody can sign with them again.

        Returns
        -------
        int
            How many keys were replaced so far; their seeds are gone.
        """
        replaced = len(self.key_chain().vkeys) - 1
        for number in range(1, replaced + 1):
            self._scribe.vault.destroy_signing_key(self.origin, number)
        return replaced

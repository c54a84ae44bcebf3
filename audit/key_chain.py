"""The keys a log has signed its checkpoints with, one after another. Pure.

A log is trusted under one verifier key. When its signing key is rotated, old and new key sign the
same statement: from whichever of its keys a reader trusts, every other can be reached, forward
and backward, also after the old seed was destroyed. An old key stays good for the checkpoints it
signed up to the size stated in the rotation, and for nothing after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.errors import CheckpointSignatureInvalid
from answerable.audit.records import LogKeyRotated
from answerable.audit.tree.checkpoints import Checkpoint, open_checkpoint
from answerable.audit.tree.notes import VerifierKey, decode_base64, verifier_key
from answerable.audit.tree.receipts import ProvenEntry, open_proof

__all__ = ["KeyChain", "hand_over", "rotation_fact", "stored_rotations"]

_UNSIGNED: Final = "0" * 128
_FACT: Final = "rotation/"
_KEY_ID: Final = 4


@dataclass(frozen=True, slots=True)
class KeyChain:
    """Verifier keys of one log, oldest first; each but the last signed up to a size."""

    vkeys: tuple[str, ...]
    sizes: tuple[int, ...] = ()
    """Entries that each replaced key vouched for; one fewer than there are keys."""

    @classmethod
    def of(cls, first: str, rotations: Sequence[LogKeyRotated]) -> Self:
        """Follow rotations from the key the log was made with.

        Parameters
        ----------
        first : str
            Verifier key in text form.
        rotations : Sequence[LogKeyRotated]
            In order.

        Returns
        -------
        KeyChain
            Of one key more than there are rotations.

        Raises
        ------
        CheckpointSignatureInvalid
            If a rotation is not signed by both keys, or does not follow the one before.
        InvalidInput
            If a verifier key is malformed.
        """
        vkeys, sizes = [first], [0]
        for rotation in rotations:
            follows = rotation.old_vkey == vkeys[-1] and rotation.number == len(vkeys) + 1
            if not follows or rotation.size < sizes[-1] or not _is_signed(rotation):
                raise CheckpointSignatureInvalid(
                    f"the log's key {rotation.number} was not handed over by the one before",
                    where="log.key_rotated",
                    remedy="Trust no checkpoint of the new key; verify the log with the old one.",
                )
            vkeys.append(rotation.new_vkey)
            sizes.append(rotation.size)
        return cls(tuple(vkeys), tuple(sizes[1:]))

    @classmethod
    def of_facts(cls, facts: Mapping[str, str]) -> Self:
        """Follow the rotations stored among a log's facts.

        Returns
        -------
        KeyChain
            From the key the log was made with.

        Raises
        ------
        CheckpointSignatureInvalid
            If a rotation is not signed by both keys, or does not follow the one before.
        InvalidInput
            If a stored rotation is not one.
        """
        rotations = [LogKeyRotated.from_json(data) for data in stored_rotations(facts)]
        return cls.of(facts["vkey"], rotations)

    def trusted_by(self, vkey: str) -> Self:
        """Return this chain if it holds the key that a reader trusts.

        Returns
        -------
        KeyChain
            Itself.

        Raises
        ------
        CheckpointSignatureInvalid
            If it does not.
        """
        if vkey not in self.vkeys:
            raise CheckpointSignatureInvalid(
                "the verifier key is none of those this log has had",
                where="verifier key",
                remedy="Check that it is the key this log was published under.",
            )
        return self

    def open_checkpoint(self, note: str) -> Checkpoint:
        """Return the tree head in a note that the log's key of its time signed.

        Parameters
        ----------
        note : str
            A signed checkpoint.

        Returns
        -------
        Checkpoint
            The tree head.

        Raises
        ------
        CheckpointSignatureInvalid
            If none of the keys signed it, or one that had been replaced at that size.
        """
        number = self._number(note)
        opened = open_checkpoint(note, self.vkeys[number])
        self._require_its_time(number, opened.size)
        return opened

    def open_proof(self, receipt: str) -> ProvenEntry:
        """Return what a receipt proves, whichever key signed its checkpoint.

        Parameters
        ----------
        receipt : str
            A C2SP tlog-proof that carries its header.

        Returns
        -------
        ProvenEntry
            The header, its place and the checkpoint.

        Raises
        ------
        InclusionProofInvalid
            If it is no receipt, or does not lead to the root.
        CheckpointSignatureInvalid
            If none of the keys signed the checkpoint, or one that had been replaced.
        """
        number = self._number(receipt)
        proven = open_proof(receipt, self.vkeys[number])
        self._require_its_time(number, proven.checkpoint.size)
        return proven

    def _number(self, signed: str) -> int:
        """Return the newest key whose signature line is there; the newest when none is."""
        signing = [at for at, vkey in enumerate(self.vkeys) if _names(signed, vkey)]
        return signing[-1] if signing else len(self.vkeys) - 1

    def _require_its_time(self, number: int, size: int) -> None:
        if number < len(self.sizes) and size > self.sizes[number]:
            raise CheckpointSignatureInvalid(
                f"a key that was replaced at {self.sizes[number]} entries signed {size}",
                where="checkpoint",
                remedy="Whoever holds the old key made it: report it and keep it as evidence.",
            )


def hand_over(
    origin: str, old: Ed25519PrivateKey, new: Ed25519PrivateKey, *, number: int, size: int
) -> LogKeyRotated:
    """Return the statement that one signing key follows another, signed by both.

    Parameters
    ----------
    origin : str
        The log.
    old, new : Ed25519PrivateKey
        The key in force and the one to come.
    number : int
        Of the new key.
    size : int
        Entries the old key vouched for.

    Returns
    -------
    LogKeyRotated
        For the entry ``log.key_rotated``.
    """
    unsigned = LogKeyRotated(
        origin=origin,
        old_vkey=str(verifier_key(origin, old)),
        new_vkey=str(verifier_key(origin, new)),
        number=number,
        size=size,
        signed_by_old=_UNSIGNED,
        signed_by_new=_UNSIGNED,
    )
    statement = unsigned.statement()
    signatures = {
        "signed_by_old": old.sign(statement).hex(),
        "signed_by_new": new.sign(statement).hex(),
    }
    return unsigned.model_copy(update=signatures)


def rotation_fact(number: int) -> str:
    """Return the name under which a rotation stands among a log's facts."""
    return f"{_FACT}{number}"


def stored_rotations(facts: Mapping[str, str]) -> list[bytes]:
    """Return the bytes of the rotations among a log's facts, in order."""
    names = [name for name in facts if name.startswith(_FACT)]
    return [facts[name].encode() for name in sorted(names, key=lambda name: (len(name), name))]


def _is_signed(rotation: LogKeyRotated) -> bool:
    old, new = VerifierKey.parse(rotation.old_vkey), VerifierKey.parse(rotation.new_vkey)
    statement = rotation.statement()
    return (
        old.name == new.name == rotation.origin
        and old.accepts(bytes.fromhex(rotation.signed_by_old), statement)
        and new.accepts(bytes.fromhex(rotation.signed_by_new), statement)
    )


def _names(signed: str, vkey: str) -> bool:
    """Return whether a note has a signature line of a key; whether it is good is not asked."""
    key = VerifierKey.parse(vkey)
    mark = f"\n— {key.name} "
    lines = (part.partition("\n")[0] for part in signed.split(mark)[1:])
    return any((decode_base64(line) or b"")[:_KEY_ID] == key.key_id for line in lines)

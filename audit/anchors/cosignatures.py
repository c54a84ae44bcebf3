"""Cosignatures: what witnesses say who watch that a log only grows.

A witness signs a checkpoint together with the time it saw it, after checking that it extends
the one it saw before. A quorum of witnesses that do not work together rules out that two people
were shown two histories. Here cosignatures are verified; running a witness is not built, and of
the two published kinds only Ed25519 (0x04) is: 0x06 (ML-DSA-44) is ignored like any unknown one.

Verification, step by step:

1. the log's own key signed the checkpoint;
2. a line counts only if its name and key id are those of a witness that is trusted;
3. it holds 8 bytes of time and 64 of signature; a wrong one of a trusted witness refuses all;
4. at least as many distinct witnesses as the policy asks for must have cosigned.

References
----------
C2SP tlog-cosignature, "Format" and "Ed25519 signed message"; C2SP signed-note.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from answerable.audit.errors import CheckpointSignatureInvalid, EvidenceBroken, InvalidInput
from answerable.audit.tree.checkpoints import Checkpoint, open_checkpoint
from answerable.audit.tree.notes import VerifierKey, decode_base64, signature_lines

__all__ = [
    "Cosignature",
    "CosignedCheckpoint",
    "WitnessKey",
    "WitnessPolicy",
    "open_cosigned",
]

_COSIGNATURE: Final = b"\x04"
_KEY_ID_SIZE: Final = 4
_KEY_SIZE: Final = 32
_TIME_SIZE: Final = 8
_SIGNATURE_SIZE: Final = 64
_LATEST: Final = 2**63
_FIELDS: Final = 3


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """A witness that is trusted under a name.

    Its text form is ``<name>+<key id, 8 hex digits>+<base64 of 0x04 || public key>``.
    """

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name || newline || 0x04 || public key)."""
        seed = self.name.encode("utf-8") + b"\n" + _COSIGNATURE + self.public_key
        return hashlib.sha256(seed).digest()[:_KEY_ID_SIZE]

    def __str__(self) -> str:
        """Return the text form."""
        encoded = base64.b64encode(_COSIGNATURE + self.public_key).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form.

        Parameters
        ----------
        text : str
            As its operator publishes it.

        Returns
        -------
        WitnessKey
            The key.

        Raises
        ------
        InvalidInput
            If it is malformed, its id is not that of the key, or it is of another kind.

        Examples
        --------
        >>> witness = WitnessKey("witness.example.org", bytes(32))
        >>> WitnessKey.parse(str(witness)) == witness
        True
        """
        fields = text.split("+", _FIELDS - 1)
        data = decode_base64(fields[-1]) if len(fields) == _FIELDS else None
        if data is None or len(data) != 1 + _KEY_SIZE or data[:1] != _COSIGNATURE:
            raise _unusable_key("it is not name+id+base64 of an Ed25519 cosignature key (0x04)")
        key = cls(fields[0], data[1:])
        if not key.name or any(char.isspace() for char in key.name):
            raise _unusable_key("its name is empty or holds a space")
        if fields[1] != key.key_id.hex():
            raise _unusable_key("its id is not the id of its key and name")
        return key

    def time_of(self, signature: bytes, text: str) -> int | None:
        """Return when this witness cosigned a text.

        Parameters
        ----------
        signature : bytes
            What a signature line holds behind the key id.
        text : str
            The note's text with its final newline.

        Returns
        -------
        int or None
            Seconds since 1970 UTC; None when it is not this witness's cosignature of the text.
        """
        if len(signature) != _TIME_SIZE + _SIGNATURE_SIZE:
            return None
        seconds = int.from_bytes(signature[:_TIME_SIZE], "big")
        message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(
                signature[_TIME_SIZE:], message
            )
        except InvalidSignature:
            return None
        return seconds if seconds < _LATEST else None


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """How many of which witnesses must have cosigned.

    Parameters
    ----------
    quorum : int
        From 1 to the number of witnesses.
    witnesses : tuple[WitnessKey, ...]
        With distinct names and distinct keys: a cosignature does not name its witness, so one
        key under two names would count twice.

    Raises
    ------
    InvalidInput
        If the quorum cannot be reached or two witnesses are one.
    """

    quorum: int
    witnesses: tuple[WitnessKey, ...]

    def __post_init__(self) -> None:
        """Refuse a policy that can never or only seemingly hold."""
        if not 1 <= self.quorum <= len(self.witnesses):
            raise InvalidInput(
                f"a quorum of {self.quorum} among {len(self.witnesses)} witnesses",
                where="witness policy",
                remedy="Ask for at least one, and for no more than there are.",
            )
        names = {key.name for key in self.witnesses}
        if min(len(names), len({key.public_key for key in self.witnesses})) < len(self.witnesses):
            raise InvalidInput(
                "two witnesses share a name or a key",
                where="witness policy",
                remedy="Name each witness once.",
            )


@dataclass(frozen=True, slots=True)
class Cosignature:
    """That a witness saw a checkpoint, and when."""

    witness: str
    seconds: int
    """Since 1970 UTC, by the witness's clock."""


@dataclass(frozen=True, slots=True)
class CosignedCheckpoint:
    """A checkpoint that enough witnesses saw."""

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]
    """One for each trusted witness that cosigned, in the order of the policy."""


def open_cosigned(note: str, key: VerifierKey | str, policy: WitnessPolicy) -> CosignedCheckpoint:
    """Return a checkpoint that its log signed and enough witnesses cosigned.

    Parameters
    ----------
    note : str
        The note with all its signature lines.
    key : VerifierKey or str
        The log's key.
    policy : WitnessPolicy
        Which witnesses are trusted, and how many of them must have cosigned.

    Returns
    -------
    CosignedCheckpoint
        The tree head and who saw it.

    Raises
    ------
    CheckpointSignatureInvalid
        If the log's key did not sign it, or a line of a trusted witness is wrong.
    EvidenceBroken
        If too few witnesses cosigned.
    InvalidInput
        If the log's key is malformed.
    """
    checkpoint = open_checkpoint(note, key)
    text, lines = signature_lines(note)
    seen: dict[str, int] = {}
    for name, key_id, signature in lines:
        witness = next((w for w in policy.witnesses if (w.name, w.key_id) == (name, key_id)), None)
        if witness is None:
            continue
        seconds = witness.time_of(signature, text)
        if seconds is None:
            raise CheckpointSignatureInvalid(
                "a cosignature of a trusted witness does not fit the checkpoint",
                where=f"witness {name}",
                remedy="Ask the witness again; do not use this copy.",
            )
        seen[name] = max(seconds, seen.get(name, 0))
    if len(seen) < policy.quorum:
        raise EvidenceBroken(
            f"{len(seen)} of the trusted witnesses cosigned, {policy.quorum} are asked for",
            where=f"checkpoint of {checkpoint.size} entries",
            remedy="Ask the witnesses for their cosignatures, or wait for them.",
        )
    return CosignedCheckpoint(checkpoint, _in_order(seen, policy.witnesses))


def _in_order(seen: dict[str, int], witnesses: Sequence[WitnessKey]) -> tuple[Cosignature, ...]:
    return tuple(
        Cosignature(witness.name, seen[witness.name])
        for witness in witnesses
        if witness.name in seen
    )


def _unusable_key(reason: str) -> InvalidInput:
    return InvalidInput(
        f"the witness key cannot be used: {reason}",
        where="witness key",
        remedy="Copy it whole, as the witness's operator publishes it.",
    )

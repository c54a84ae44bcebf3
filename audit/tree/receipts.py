"""Receipts: one text that proves, offline, that an entry stands in the log.

A receipt holds the entry's place, its inclusion proof and the checkpoint it leads to. When the
header is added as extra data the receipt is complete in itself: the leaf is recomputed from it,
so that unauthenticated extra data becomes authenticated by the proof.

References
----------
C2SP tlog-proof.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from answerable.audit.errors import InclusionProofInvalid, InvalidInput
from answerable.audit.tree.checkpoints import Checkpoint, decimal, open_checkpoint
from answerable.audit.tree.merkle import HASH_SIZE, leaf_hash
from answerable.audit.tree.notes import VerifierKey, decode_base64
from answerable.audit.tree.proofs import verify_inclusion

__all__ = ["ProvenEntry", "open_proof", "write_proof"]

_MAGIC: Final = "c2sp.org/tlog-proof@v1"
_EXTRA: Final = "extra "
_INDEX: Final = "index "


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """What a receipt proved: this header stands at this place under this checkpoint."""

    header: bytes
    seq: int
    checkpoint: Checkpoint


def write_proof(
    seq: int, proof: Sequence[bytes], checkpoint_note: str, *, header: bytes | None = None
) -> str:
    """Return the text of a receipt.

    Parameters
    ----------
    seq : int
        The entry's number.
    proof : Sequence[bytes]
        Its inclusion proof in the tree of the checkpoint.
    checkpoint_note : str
        The signed checkpoint, verbatim.
    header : bytes, optional
        The entry's header bytes, carried as extra data.

    Returns
    -------
    str
        The receipt.

    Raises
    ------
    InvalidInput
        If the number is negative or a hash is not 32 bytes long.
    """
    if seq < 0 or any(len(item) != HASH_SIZE for item in proof):
        raise InvalidInput(
            "a receipt needs an entry's number and hashes of 32 bytes", where="receipt"
        )
    lines = [_MAGIC]
    if header is not None:
        lines.append(_EXTRA + base64.b64encode(header).decode("ascii"))
    lines.append(f"{_INDEX}{seq}")
    lines.extend(base64.b64encode(item).decode("ascii") for item in proof)
    return "\n".join(lines) + "\n\n" + checkpoint_note


def open_proof(text: str, key: VerifierKey | str, *, header: bytes | None = None) -> ProvenEntry:
    """Return what a receipt proves.

    Parameters
    ----------
    text : str
        The receipt.
    key : VerifierKey or str
        The key trusted for the log.
    header : bytes, optional
        The entry's header bytes, when the receipt does not carry them; when both are there they
        must be equal.

    Returns
    -------
    ProvenEntry
        The header, its place and the checkpoint.

    Raises
    ------
    InclusionProofInvalid
        If the text is no receipt, no header is at hand, or the proof does not lead to the root.
    CheckpointSignatureInvalid
        If the log's key did not sign the checkpoint.
    InvalidInput
        If the verifier key itself is malformed.

    Examples
    --------
    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> from answerable.audit.tree.checkpoints import sign_checkpoint
    >>> from answerable.audit.tree.notes import verifier_key
    >>> signer = Ed25519PrivateKey.from_private_bytes(bytes(32))
    >>> head = Checkpoint("example.org/log", 1, leaf_hash(b"{}"))
    >>> receipt = write_proof(0, [], sign_checkpoint(head, signer), header=b"{}")
    >>> open_proof(receipt, verifier_key("example.org/log", signer)).header
    b'{}'
    """
    front, blank, note = text.partition("\n\n")
    lines = front.split("\n")
    if not blank or lines.pop(0) != _MAGIC:
        _refuse("its first line or its checkpoint is missing")
    carried = _carried_header(lines)
    if carried is not None and header is not None and carried != header:
        _refuse("it was made for another header")
    proven = header if header is not None else carried
    if proven is None:
        _refuse("neither the receipt nor the caller gives the entry's header")
    seq = _index(lines)
    proof = [decode_base64(line) for line in lines]
    hashes = [item for item in proof if item is not None]
    if len(hashes) != len(proof):
        _refuse("a hash is not base64")
    checkpoint = open_checkpoint(note, key)
    verify_inclusion(leaf_hash(proven), seq, checkpoint.size, hashes, checkpoint.root)
    return ProvenEntry(proven, seq, checkpoint)


def _carried_header(lines: list[str]) -> bytes | None:
    if not (lines and lines[0].startswith(_EXTRA)):
        return None
    data = decode_base64(lines.pop(0).removeprefix(_EXTRA))
    if data is None:
        _refuse("its extra data is not base64")
    return data


def _index(lines: list[str]) -> int:
    line = lines.pop(0) if lines else ""
    seq = decimal(line.removeprefix(_INDEX)) if line.startswith(_INDEX) else None
    if seq is None:
        _refuse("its index is not a decimal number")
    return seq


def _refuse(reason: str) -> NoReturn:
    raise InclusionProofInvalid(
        f"this is not a usable receipt: {reason}",
        where="receipt",
        remedy="Ask for the receipt again and pass it unchanged.",
    )

"""What opens exactly one part of one entry, offline: its record key, its bytes, its proof. Pure.

Each part of an entry has a key of its own (:func:`~answerable.audit.keys.derive.record_key`).
Whoever gets it, such as a court, opens that part and no other, of this entry or any other, and
checks that it is what the log committed to when the entry was made.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from answerable.audit.canonical import parse_canonical
from answerable.audit.entries import Header, Part
from answerable.audit.errors import InvalidInput, RecordTampered
from answerable.audit.key_chain import KeyChain
from answerable.audit.keys.derive import commitment, open_sealed, part_address
from answerable.audit.records import EntryId, FrozenModel, LogKeyRotated
from answerable.audit.tree.checkpoints import Checkpoint

__all__ = ["DisclosedPart", "Disclosure", "open_disclosure"]


class Disclosure(FrozenModel):
    """One part of one entry with the key that opens it. Whoever reads this reads the part."""

    type: Literal["answerable.disclosure.v1"] = "answerable.disclosure.v1"
    entry: EntryId
    part: Annotated[int, Field(ge=0, lt=256)]
    key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Record key in hex."""
    ciphertext: str
    """Stored bytes of the part, base64."""
    proof: str
    """C2SP tlog-proof that carries the entry's header."""
    rotations: tuple[LogKeyRotated, ...] = ()
    """The log's rotations of its signing key, so that any of its keys can be trusted."""


@dataclass(frozen=True, slots=True)
class DisclosedPart:
    """What a disclosure showed: the part as the log committed to it, under a signed checkpoint."""

    header: Header
    part: Part
    content: JsonValue
    checkpoint: Checkpoint
    seq: int


def open_disclosure(disclosure: Disclosure, vkey: str) -> DisclosedPart:
    """Open a disclosed part and check it against the log's proof, offline.

    1. follow the log's signing keys from the one that is trusted
    2. check that the entry's header stands in the log under a signed checkpoint
    3. check that the stored bytes have the digest in that header
    4. open them with the record key
    5. check the plaintext against the keyed commitment in the header

    Parameters
    ----------
    disclosure : Disclosure
        What was handed over.
    vkey : str
        The log's verifier key, from a source other than the disclosure.

    Returns
    -------
    DisclosedPart
        Header, content and checkpoint.

    Raises
    ------
    CheckpointSignatureInvalid
        If the trusted key, or one it leads to, did not sign the checkpoint.
    InclusionProofInvalid
        If the header does not stand in the log.
    RecordTampered
        If bytes or key are not those of this part.
    InvalidInput
        If the disclosure names another entry than its proof, or no sealed part.
    """
    rotations = disclosure.rotations
    chain = KeyChain.of(rotations[0].old_vkey if rotations else vkey, rotations)
    proven = chain.trusted_by(vkey).open_proof(disclosure.proof)
    header = Header.from_json(proven.header)
    if header.id != disclosure.entry:
        raise InvalidInput("the proof is of another entry than the disclosure names")
    part = sealed_part(header, disclosure.part)
    where = f"entry {header.id}, part {disclosure.part}"
    data = _bytes_of(disclosure.ciphertext)
    if hashlib.sha256(data).hexdigest() != part.ct:
        raise RecordTampered("these bytes are not what the header committed to", where=where)
    key = bytes.fromhex(disclosure.key)
    address = part_address(header.log, header.id, header.subjects[part.subject or 0].ref)
    plaintext = open_sealed(key, data, address=address, where=where)
    if part.pc is None or not hmac.compare_digest(commitment(key, plaintext), part.pc):
        raise RecordTampered("the part opens to another text than was committed to", where=where)
    content = parse_canonical(plaintext)
    return DisclosedPart(header, part, content, proven.checkpoint, proven.seq)


def sealed_part(header: Header, number: int) -> Part:
    """Return a part that has a key to disclose.

    Parameters
    ----------
    header : Header
        Of the entry.
    number : int
        In the header's `parts`.

    Returns
    -------
    Part
        The case, or one subject's own data.

    Raises
    ------
    InvalidInput
        If there is no such part, or it is clear or a slot.
    """
    part = header.parts[number] if number < len(header.parts) else None
    if part is None or part.part not in {"case", "subject"}:
        raise InvalidInput(
            "no part of this entry with a key of its own has this number",
            where=f"entry {header.id}, part {number}",
            remedy="Disclose the case part or a subject's part; clear parts need no key.",
        )
    return part


def _bytes_of(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise InvalidInput("the bytes of the part are not base64", where="disclosure") from None

"""From a draft to the bytes that are stored: parts, commitments, ciphertext. Pure.

Which parts an entry has follows from its draft alone, so the same draft planned twice gives the
same commitments. That is how a repeated append is recognised: recomputed with the record keys,
never from a stored digest of the plaintext, which would survive an erasure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from pydantic import JsonValue

from answerable.audit.canonical import canonical_json
from answerable.audit.entries import Draft, PartKind
from answerable.audit.errors import InvalidInput, TooLarge
from answerable.audit.keys.derive import (
    NONCE_SIZE,
    commitment,
    part_address,
    record_key,
    seal,
    slot_key,
)
from answerable.audit.keys.vault import Entropy
from answerable.audit.records import (
    LegalHold,
    RecipientNotified,
    Record,
    RecordDisclosed,
    RecordsRead,
    RestrictionLifted,
    SubjectErased,
    SubjectRequest,
    SubjectRequestAnswered,
    SubjectRequestExtended,
    SubjectRequestOpened,
)

__all__ = [
    "MAX_SUBJECTS",
    "PART_LIMIT",
    "SLOT_TYPE",
    "SUBJECT_DATA_TYPE",
    "PlainPart",
    "SealedDraft",
    "SealingPlace",
    "plan_parts",
    "seal_draft",
    "seal_parts",
]

MAX_SUBJECTS: Final = 64
PART_LIMIT: Final = 16 * 1024 * 1024
SUBJECT_DATA_TYPE: Final = "answerable.subject-data.v1"
SLOT_TYPE: Final = "answerable.case-key.v1"
_WITHOUT_PERSONAL_DATA: Final = (
    LegalHold, RecipientNotified, RecordDisclosed, RecordsRead, RestrictionLifted, SubjectErased,
    SubjectRequest, SubjectRequestAnswered, SubjectRequestExtended, SubjectRequestOpened,
)  # fmt: skip


@dataclass(slots=True)
class PlainPart:
    """A part before sealing; without a key it is stored clear."""

    part: PartKind
    type: str
    plaintext: bytes
    subject: int | None = None
    key: bytes | None = None
    ref: str = ""

    def commitment(self) -> dict[str, JsonValue]:
        """Return what the header says of this part, without the ciphertext's digest."""
        said: dict[str, JsonValue] = {"part": self.part, "type": self.type}
        if self.subject is not None:
            said["subject"] = self.subject
        if self.key is None:
            said["digest"] = hashlib.sha256(self.plaintext).hexdigest()
        else:
            said["pc"] = commitment(self.key, self.plaintext)
        return said


@dataclass(slots=True)
class SealedDraft:
    """A draft whose parts were sealed before its turn, under keys of one epoch."""

    refs: tuple[str, ...]
    stored: tuple[bytes, ...]
    said: str
    """What the header says of the parts, canonical JSON."""
    key_epoch: int


def seal_draft(
    draft: Draft,
    refs: tuple[str, ...],
    key_of: Callable[[str], bytes],
    place: SealingPlace,
) -> SealedDraft:
    """Return a draft's parts sealed; the time and the place in the log are not needed for it.

    Parameters
    ----------
    draft : Draft
        What is to be appended.
    refs : tuple of str
        References of its subjects, in order.
    key_of : Callable[[str], bytes]
        Gives a subject's data key.
    place : SealingPlace
        Which log, whose entropy, which key epoch.

    Returns
    -------
    SealedDraft
        Worth something only while the log's key epoch is the same: a key may be gone since.
    """
    parts = plan_parts(draft, refs, key_of)
    stored, said = seal_parts(
        parts, origin=place.origin, entry_id=draft.entry_id, entropy=place.entropy
    )
    return SealedDraft(refs, stored, said, place.key_epoch)


@dataclass(frozen=True, slots=True)
class SealingPlace:
    """What sealing needs beside a draft and its keys."""

    origin: str
    entropy: Entropy
    key_epoch: int


def plan_parts(
    draft: Draft, refs: Sequence[str], key_of: Callable[[str], bytes]
) -> tuple[PlainPart, ...]:
    """Return the parts of a draft's body with their keys.

    Records that hold codes and references only (holds, requests, erasures, read access) are
    stored clear even when they name a subject: what was done must stay readable after the
    person's key is gone.

    Parameters
    ----------
    draft : Draft
        What is to be appended.
    refs : Sequence[str]
        References of its subjects, in order.
    key_of : Callable[[str], bytes]
        Gives a subject's data key; asked only for parts that are sealed.

    Returns
    -------
    tuple of PlainPart
        The record first, then subjects' own data, then slots.

    Raises
    ------
    InvalidInput
        If there are more than 64 subjects.
    """
    entry_id = draft.entry_id
    if len(refs) > MAX_SUBJECTS:
        raise InvalidInput(
            f"{len(refs)} data subjects of one entry, the limit is {MAX_SUBJECTS}",
            where=f"entry {entry_id}",
            remedy="Append an entry for each group of them.",
        )
    parts: list[PlainPart] = []
    case_key: bytes | None = None
    if refs and not isinstance(draft.record, _WITHOUT_PERSONAL_DATA):
        case_key = record_key(key_of(refs[0]), entry_id, 0)
        parts.append(_record_part("case", draft.record, case_key, refs[0]))
    else:
        parts.append(_record_part("clear", draft.record, None, ""))
    for number, subject in enumerate(draft.subjects):
        if subject.data is not None:
            ref = refs[number]
            key = record_key(key_of(ref), entry_id, len(parts))
            data = _limited(canonical_json(subject.data), "a subject's data")
            parts.append(PlainPart("subject", SUBJECT_DATA_TYPE, data, number, key, ref))
    if case_key is not None:
        for number, ref in enumerate(refs[1:], start=1):
            key = slot_key(key_of(ref), entry_id, len(parts))
            parts.append(PlainPart("slot", SLOT_TYPE, case_key, number, key, ref))
    return tuple(parts)


def seal_parts(
    parts: Sequence[PlainPart], *, origin: str, entry_id: str, entropy: Entropy
) -> tuple[tuple[bytes, ...], str]:
    """Return the stored bytes of the parts and what the header says of them.

    Parameters
    ----------
    parts : Sequence[PlainPart]
        From :func:`plan_parts`.
    origin, entry_id : str
        Where they belong; bound into the ciphertext.
    entropy : Callable[[int], bytes]
        Gives nonces.

    Returns
    -------
    stored : tuple of bytes
        Ciphertext, or the plaintext of clear parts.
    said : str
        The header's `parts`, canonical JSON.
    """
    stored: list[bytes] = []
    said: list[str] = []
    for part in parts:
        data = part.plaintext
        if part.key is None:
            digest = hashlib.sha256(data).hexdigest()
            said.append(f'{{"digest":"{digest}","part":"{part.part}","type":"{part.type}"}}')
        else:
            address = part_address(origin, entry_id, part.ref)
            data = seal(part.key, data, address=address, nonce=entropy(NONCE_SIZE))
            of = "" if part.subject is None else f'"subject":{part.subject},'
            said.append(
                f'{{"ct":"{hashlib.sha256(data).hexdigest()}","part":"{part.part}",'
                f'"pc":"{commitment(part.key, part.plaintext)}",{of}"type":"{part.type}"}}'
            )
        stored.append(data)
    return tuple(stored), f"[{','.join(said)}]"


def _record_part(part: PartKind, record: Record, key: bytes | None, ref: str) -> PlainPart:
    return PlainPart(
        part, _type_name(type(record)), _limited(record.to_json(), "the record"), None, key, ref
    )


@cache
def _type_name(record: type[Record]) -> str:
    return str(record.model_fields["type"].default)


def _limited(data: bytes, what: str) -> bytes:
    if len(data) > PART_LIMIT:
        raise TooLarge(
            f"{what} has {len(data)} bytes, the limit is {PART_LIMIT}",
            where="entry body",
            remedy="Store it as an artefact and append its digest.",
        )
    return data

"""The entry format: what is hashed, what is encrypted, what an append takes and returns.

An entry is a *header* (canonical JSON, hashed into the tree as it is stored) and *parts*
(the body). The header never holds personal data: it commits to each part by the SHA-256
of the part's ciphertext and by a keyed commitment of its plaintext, and names people by
random references only. A body without personal data is stored clear and committed by its
SHA-256.

Header keys, version 1 (absent keys are left out)::

    v           1
    log         origin of the log
    kind        EntryKind
    id          entry id (UUIDv7)
    ts          writer's clock, microseconds since 1970 UTC
    at          time the caller claims, microseconds
    ref         HMAC-SHA256(pepper, "ref" || caller's reference), hex
    actor       random reference of who acts        role   the role they act in
    links       [{"rel", "entry" | "digest"}]
    function    digest of the decision function
    outcome     outcome code of the function's registered set
    automation  solely_automated | assisted | manual
    subjects    [{"ref", "role"}]
    supersedes  entry id
    purpose     code                                basis  lawful basis code
    release     entry id of the release in force | "none"
    cell        "<period>:<8 hex>", group-cell code under the period's key
    parts       [{"part", "type", "subject", "ct", "pc" | "digest"}]

A part is one of ``clear`` (digest of the plaintext), ``case`` (about the case),
``subject`` (about subject number n) or ``slot`` (the case part's key, wrapped for subject
number n, so that a case with several subjects stays readable until the last is erased). A
part commits in one way only: ``digest`` when clear, ``ct`` and ``pc`` when encrypted (a slot has
``ct`` alone: what it wraps is a random key). There is one byte form of a header: reading
refuses any other.

References
----------
RFC 8785 (canonical JSON), RFC 9162 section 2.1 (leaf hash), RFC 9562 (UUIDv7),
C2SP tlog-tiles (65,535 byte limit).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, Literal, Self, cast

from pydantic import Field, JsonValue, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from answerable.audit.canonical import header_json, parse_header
from answerable.audit.errors import InvalidInput, RecordTampered, TooLarge
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    ActorRef,
    Automation,
    Decision,
    Digest,
    EntryId,
    EntryLink,
    FrozenModel,
    Record,
    Role,
    SubjectRef,
    Token,
)

__all__ = [
    "HEADER_LIMIT",
    "HEADER_VERSION",
    "Draft",
    "DraftSubject",
    "Entry",
    "Header",
    "HeaderSubject",
    "OpenedBody",
    "Part",
    "PartKind",
    "Receipt",
]

HEADER_VERSION: Final = 1
HEADER_LIMIT: Final = 65_535

PartKind = Literal["clear", "case", "subject", "slot"]
_Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Part(FrozenModel):
    """The header's commitment to one part of the body."""

    part: PartKind
    type: Token
    subject: Annotated[int, Field(ge=0, lt=64)] | None = None
    ct: _Hex32 | None = None
    """SHA-256 of the stored ciphertext."""
    pc: _Hex32 | None = None
    """HMAC-SHA256(record key, "pc1" || plaintext)."""
    digest: _Hex32 | None = None
    """SHA-256 of a clear part."""

    @model_validator(mode="after")
    def _commits_once(self) -> Self:
        clear = self.part == "clear"
        of_subject = self.part in {"subject", "slot"}
        # A slot wraps a random-looking key: its ciphertext's digest is commitment enough.
        keyed = self.pc is not None or self.part == "slot"
        if clear and (self.digest is None or self.ct is not None or self.pc is not None):
            raise PydanticCustomError("part_clear", "a clear part has a digest and nothing else")
        if not clear and (self.ct is None or not keyed or self.digest is not None):
            raise PydanticCustomError("part_sealed", "an encrypted part has ct and pc, no digest")
        if of_subject != (self.subject is not None):
            raise PydanticCustomError("part_subject", "subject belongs to subject and slot parts")
        return self


class HeaderSubject(Record):
    """A data subject in a header: a random reference and a role."""

    ref: SubjectRef
    role: Token


class Header(Record):
    """The hashed part of an entry."""

    v: Literal[1] = 1
    log: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9./_-]{0,199}$")]
    kind: EntryKind
    id: EntryId
    ts: Annotated[int, Field(ge=0, lt=2**53)]
    at: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    ref: _Hex32 | None = None
    actor: ActorRef
    role: Role
    links: tuple[EntryLink, ...] = ()
    function: Digest | None = None
    outcome: Token | None = None
    automation: Automation | None = None
    subjects: tuple[HeaderSubject, ...] = ()
    supersedes: EntryId | None = None
    purpose: Token | None = None
    basis: Token | None = None
    release: EntryId | Literal["none"] | None = None
    cell: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}:[0-9a-f]{8}$")] | None = None
    parts: tuple[Part, ...] = ()

    @model_validator(mode="after")
    def _parts_name_subjects(self) -> Self:
        known = len(self.subjects)
        if any(part.subject is not None and part.subject >= known for part in self.parts):
            raise PydanticCustomError("part_of_nobody", "a part names a subject that is not there")
        if not known and any(part.part != "clear" for part in self.parts):
            raise PydanticCustomError("part_sealed", "an encrypted part needs a subject")
        return self

    def to_json(self) -> bytes:
        """Return the canonical header bytes.

        Returns
        -------
        bytes
            What is hashed into the tree and stored.

        Raises
        ------
        TooLarge
            If they exceed 65,535 bytes.
        """
        value = self.model_dump(mode="json", exclude_none=True)
        for name in ("links", "subjects", "parts"):
            if not value[name]:
                del value[name]
        data = header_json(cast("JsonValue", value))
        if len(data) > HEADER_LIMIT:
            raise TooLarge(
                f"the header has {len(data)} bytes, the limit is {HEADER_LIMIT}",
                where=f"entry {self.id}",
                remedy="Split the entry or move links into the body.",
            )
        return data

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Parse stored header bytes; only their one form is accepted.

        Parameters
        ----------
        data : bytes
            Header bytes as stored.

        Returns
        -------
        Header
            A header whose :meth:`to_json` is `data` again.

        Raises
        ------
        InvalidInput
            If they are not canonical or not a version 1 header.
        """
        header = cls.parse(parse_header(data))
        if header.to_json() != data:
            raise InvalidInput("the bytes are not the one form of a version 1 header")
        return header


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSubject:
    """A data subject as the caller of an append names them.

    Exactly one of `subject_id` (the caller's own identifier: looked up or given a new
    random reference) and `ref` (already known) is set. `data` becomes this subject's
    own encrypted part.
    """

    role: str
    subject_id: str | None = None
    ref: str | None = None
    data: dict[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a caller wants appended; the writer turns it into an entry.

    With `subjects`, `record` becomes the encrypted case part; without, it is stored clear.
    A decision is drafted by :meth:`of_decision`.
    """

    kind: EntryKind
    entry_id: str
    record: Record
    actor: str
    role: Role
    subjects: tuple[DraftSubject, ...] = ()
    claimed_at: int | None = None
    reference: str | None = None
    links: tuple[EntryLink, ...] = ()
    function: str | None = None
    outcome_code: str | None = None
    automation: Automation | None = None
    supersedes: str | None = None
    purpose: str | None = None
    lawful_basis: str | None = None
    release: str | None = None
    cell: int | None = None
    """Group-cell code of the use case's registered levels, below 2**32."""

    @classmethod
    def of_decision(
        cls,
        record: Decision,
        *,
        entry_id: str,
        actor: str,
        role: Role,
        subjects: Sequence[DraftSubject] = (),
    ) -> Self:
        """Return the draft of a decision, found later by what its record says.

        The record is encrypted; queries read the header. So function, outcome code, automation,
        purpose, lawful basis, superseded decision and release are taken over into the header.

        Parameters
        ----------
        record : Decision
            What was decided.
        entry_id : str
            UUIDv7 of the new entry.
        actor : str
            Random reference of who decides.
        role : Role
            The role they act in.
        subjects : sequence of DraftSubject
            The persons decided about.

        Returns
        -------
        Draft
            What else it may have (links, a claimed time, the caller's reference, a group cell)
            is set with :func:`dataclasses.replace`.

        Examples
        --------
        >>> decision = Decision.parse({
        ...     "function": "sha256:" + "0" * 64, "outcome": "decline", "outcome_code": "too-young",
        ...     "automation": "assisted", "components": [], "inputs": {"age": 17},
        ...     "purpose": "credit-decision", "lawful_basis": "gdpr-6-1-b",
        ... })
        >>> draft = Draft.of_decision(
        ...     decision, entry_id="01a0c5f2-1c00-7000-8000-000000000001",
        ...     actor="a-" + "0" * 32, role=Role.SERVICE,
        ...     subjects=[DraftSubject(role="applicant", subject_id="customer-17")],
        ... )
        >>> draft.kind.value, draft.outcome_code, draft.purpose, draft.release
        ('decision', 'too-young', 'credit-decision', 'none')
        """
        return cls(
            kind=EntryKind.DECISION,
            entry_id=entry_id,
            record=record,
            actor=actor,
            role=role,
            subjects=tuple(subjects),
            function=record.function,
            outcome_code=record.outcome_code,
            automation=record.automation,
            supersedes=record.supersedes,
            purpose=record.purpose,
            lawful_basis=record.lawful_basis,
            release=record.release or "none",
        )


@dataclass(frozen=True)
class Entry:
    """An entry as stored: its place in the log and the header bytes that were hashed."""

    seq: int
    header_bytes: bytes
    leaf: bytes

    @cached_property
    def header(self) -> Header:
        """The parsed header (parsed once); bytes that are none are broken evidence."""
        try:
            return Header.from_json(self.header_bytes)
        except InvalidInput as error:
            raise RecordTampered(
                "the header is not in the one form that is ever written",
                where=f"entry {self.seq}",
                remedy="Verify the log and compare with a backup.",
            ) from error

    @property
    def id(self) -> str:
        """Entry id."""
        return self.header.id

    @property
    def kind(self) -> EntryKind:
        """Entry kind."""
        return self.header.kind

    @property
    def cell(self) -> str | None:
        """Group-cell code as the header hides it."""
        return self.header.cell


@dataclass(frozen=True, slots=True)
class OpenedBody:
    """The readable parts of an entry.

    `record` is None when the case part's key was destroyed; `subjects` maps the number
    of a subject in the header to that subject's data and leaves out erased ones.
    """

    record: Record | None
    subjects: dict[int, dict[str, JsonValue]]
    erased_parts: tuple[int, ...] = ()
    """Numbers (in the header's `parts`) of parts that can no longer be opened."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The promise an append returns: this entry stands at this place of this log."""

    log: str
    entry_id: str
    kind: EntryKind
    seq: int
    leaf: bytes
    ts: int
    repeated: bool = False
    """True when the same entry had been appended before."""

"""Holds, requests and statements of data subjects, and who read their data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from answerable.audit.records.base import (
    EntryId,
    FrozenModel,
    Micros,
    Record,
    SubjectRef,
    Token,
)

__all__ = [
    "HeldBy",
    "LegalHold",
    "RecordDisclosed",
    "QueryAsked",
    "RecordsRead",
    "SubjectAliasAdded",
    "SubjectErased",
    "SubjectRequest",
    "SubjectStatement",
]


class LegalHold(Record):
    """Data that must not be erased, with its legal ground."""

    type: Literal["answerable.hold.v1"] = "answerable.hold.v1"
    subject: SubjectRef
    ground: Token
    reference: Token
    until: Micros | None = None


class HeldBy(FrozenModel):
    """A legal hold that stood in the way, by its own code and case reference."""

    ground: Token
    reference: Token


class SubjectRequest(Record):
    """A data subject's request and how it was answered."""

    type: Literal["answerable.subject-request.v1"] = "answerable.subject-request.v1"
    request: Literal[
        "access", "portability", "rectification", "erasure", "restriction", "objection"
    ]
    article: Token
    received_at: Micros
    identity_check: Token
    outcome: Literal["fulfilled", "partly", "refused", "open"]
    ground: Token | None = None
    holds: tuple[HeldBy, ...] | None = None
    """Of a refused erasure: holds in its way; `ground` is the provision the first stands for."""


class SubjectStatement(Record):
    """Rectification, restriction or objection: appended, nothing is edited."""

    type: Literal["answerable.subject-statement.v1"] = "answerable.subject-statement.v1"
    entry: EntryId | None = None
    fields: dict[str, JsonValue] = Field(default_factory=dict)
    statement: str = ""


class SubjectErased(Record):
    """A data subject's key was destroyed; holds no personal data."""

    type: Literal["answerable.subject-erased.v1"] = "answerable.subject-erased.v1"
    ground: Token
    entries: Annotated[int, Field(ge=0)]
    """How many entries became unreadable."""
    key_destroyed: bool = True


class QueryAsked(Record):
    """Somebody asked the log a question that headers answer: what exactly, and why.

    Nothing encrypted was opened; what was opened stands in a :class:`RecordsRead`.
    """

    type: Literal["answerable.query-asked.v1"] = "answerable.query-asked.v1"
    purpose: Token
    query: Token
    parameters: dict[Token, int | bool | Token | tuple[Token, ...]] = Field(default_factory=dict)
    """Codes, digests, references and times; a checkpoint stands here as its digest."""
    size: Annotated[int, Field(ge=0)]
    """How many entries the log had."""
    count: Annotated[int, Field(ge=0)]
    """How many lines were handed out."""


class RecordsRead(Record):
    """Somebody read personal data: which entries, why. Never the data itself."""

    type: Literal["answerable.records-read.v1"] = "answerable.records-read.v1"
    purpose: Token
    query: Token
    entries: tuple[EntryId, ...] = ()
    count: Annotated[int, Field(ge=0)]


class RecordDisclosed(Record):
    """The key of one part of one entry was given away: to whom, and for which purpose."""

    type: Literal["answerable.record-disclosed.v1"] = "answerable.record-disclosed.v1"
    entry: EntryId
    part: Annotated[int, Field(ge=0, lt=256)]
    recipient: Token
    """A code, such as that of a court; never a name."""
    purpose: Token


class SubjectAliasAdded(Record):
    """One more identifier leads to a data subject; which one is not said."""

    type: Literal["answerable.subject-alias-added.v1"] = "answerable.subject-alias-added.v1"
    subject: SubjectRef
    source: Token
    """Which system's identifier it is, as a code."""

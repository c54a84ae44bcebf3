"""Requests of data subjects with their clock, and what follows from them.

All of it is codes, times and random references: these records are stored clear, so that what was
asked, when it was due and how it was answered stays readable after the person's key is gone.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from answerable.audit.records.base import (
    ActorRef,
    Digest,
    EntryId,
    FrozenModel,
    Micros,
    Record,
    Token,
)

__all__ = [
    "IdentityCheck",
    "RecipientNotified",
    "RequestKind",
    "RestrictionLifted",
    "SubjectRequestAnswered",
    "SubjectRequestExtended",
    "SubjectRequestOpened",
]

RequestKind = Literal[
    "access",
    "portability",
    "rectification",
    "erasure",
    "restriction",
    "objection",
    "human_review",
]
_Months = Annotated[int, Field(ge=1, le=12)]


class IdentityCheck(FrozenModel):
    """How the person who asks was identified (GDPR Art. 12(6))."""

    kind: Token
    """What was looked at, for example ``id-card``."""
    result: Literal["confirmed", "pending", "failed"]
    by: ActorRef | None = None
    """Who checked, by reference."""


class SubjectRequestOpened(Record):
    """A data subject asked for something: from receipt on, a clock runs (GDPR Art. 12(3))."""

    type: Literal["answerable.subject-request.v2"] = "answerable.subject-request.v2"
    request: RequestKind
    article: Token
    received_at: Micros
    due_on: date
    """Last day on which it can be answered in time."""
    due_at: Micros
    """The moment after that day, in the organisation's time zone."""
    rules: Digest
    """The rules that gave the day."""
    identity: IdentityCheck
    channel: Token | None = None


class SubjectRequestExtended(Record):
    """The time to answer a request was extended, and the person told why."""

    type: Literal["answerable.subject-request-extended.v1"] = (
        "answerable.subject-request-extended.v1"
    )
    request: EntryId
    reason: Token
    months: _Months
    due_on: date
    due_at: Micros
    told_at: Micros
    """When the person was told; within the first period."""
    rules: Digest


class SubjectRequestAnswered(Record):
    """A request was answered: fulfilled, in part, refused, or withdrawn by the person."""

    type: Literal["answerable.subject-request-answered.v1"] = (
        "answerable.subject-request-answered.v1"
    )
    request: EntryId
    outcome: Literal["fulfilled", "partly", "refused", "withdrawn"]
    ground: Token | None = None
    """Why not wholly; required when refused or answered in part."""
    answered_at: Micros
    identity: IdentityCheck | None = None
    """When the person was identified after the request came in."""
    acts: tuple[EntryId, ...] = ()
    """Entries of what was done: the erasure, the correction ..."""


class RestrictionLifted(Record):
    """A restriction of processing has ended; the person was told before (GDPR Art. 18(3))."""

    type: Literal["answerable.restriction-lifted.v1"] = "answerable.restriction-lifted.v1"
    restrictions: Annotated[tuple[EntryId, ...], Field(min_length=1)]
    ground: Token
    told_at: Micros
    channel: Token | None = None


class RecipientNotified(Record):
    """A recipient was told of a rectification, erasure or restriction (GDPR Art. 19)."""

    type: Literal["answerable.recipient-notified.v1"] = "answerable.recipient-notified.v1"
    act: EntryId
    """The entry of what was done."""
    recipient: Token
    """Code of the recipient in the organisation's profile."""
    result: Literal["told", "impossible", "disproportionate"]
    ground: Token | None = None
    """Required unless the recipient was told."""
    told_at: Micros
    channel: Token | None = None

"""Decisions, contests and reviews."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from answerable.audit.records.base import (
    ActorRef,
    Automation,
    ComponentKind,
    Currency,
    Digest,
    EntryId,
    FrozenModel,
    Micros,
    Outcome,
    Record,
    Token,
)

__all__ = [
    "Amount",
    "Component",
    "Contest",
    "Decision",
    "DecisionSubject",
    "Review",
]


class Amount(Record):
    """An amount in minor units (cents), so that no rounding is involved."""

    name: Token
    minor_units: int
    currency: Currency


class Component(FrozenModel):
    """One step of a decision, in the order it ran."""

    kind: ComponentKind
    id: Token
    digest: Digest | None = None
    """Digest of the model artefact or rule."""
    output: float | str | None = None
    fired: bool
    """Whether this step determined the outcome."""


class DecisionSubject(Record):
    """A data subject of a decision as the caller names them.

    `subject_id` is the caller's own identifier; it is replaced by a random reference and
    never stored in clear. `data` is personal data about this subject and is encrypted
    under the subject's own key.
    """

    subject_id: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    role: Token = "applicant"
    data: dict[str, JsonValue] = Field(default_factory=dict)


class Decision(Record):
    """The case part of a decision: what was decided, by which steps, on which inputs."""

    type: Literal["answerable.decision.v1"] = "answerable.decision.v1"
    function: Digest
    outcome: Outcome
    outcome_code: Token
    automation: Automation
    components: tuple[Component, ...]
    inputs: dict[str, JsonValue]
    score: float | None = None
    scale: Literal["raw_margin", "probability"] | None = None
    cut_off: float | None = None
    amounts: tuple[Amount, ...] = ()
    purpose: Token
    lawful_basis: Token
    supersedes: EntryId | None = None
    explanation: Digest | None = None
    """Digest of the explanation computed in the same call."""
    release: EntryId | None = None
    """The release entry in force; absent means no valid release."""


class Contest(Record):
    """A data subject contests a decision (GDPR Art. 22(3))."""

    type: Literal["answerable.contest.v1"] = "answerable.contest.v1"
    decision: EntryId
    grounds: str
    received_at: Micros


class Review(Record):
    """A person reviewed a decision; an override supersedes it with a new decision."""

    type: Literal["answerable.review.v1"] = "answerable.review.v1"
    decision: EntryId
    contest: EntryId | None = None
    reviewer: ActorRef
    result: Literal["upheld", "overturned"]
    reason_code: Token
    note: str = ""
    new_decision: EntryId | None = None

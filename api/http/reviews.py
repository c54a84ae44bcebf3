"""Contests and human reviews."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import ConfigDict, StringConstraints

from answerable.api.actor import ActorContext
from answerable.api.flows.review import (
    ReviewRequest,
    complete_review,
    contest,
    open_contests,
    read_contest,
)
from answerable.api.http.access import Purpose, Store, allowed
from answerable.api.http.schemas import (
    ID_PATTERN,
    Body,
    Code,
    DecisionId,
    EntryIdText,
    Micros,
    OutcomeText,
    ReceiptAnswer,
    Reply,
    SubjectRefText,
)
from answerable.api.http.strict_json import StrictRoute
from answerable.audit.records import Outcome, Role

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["reviews"], route_class=StrictRoute)

_Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Receiver = Annotated[ActorContext, Depends(allowed(Role.OFFICER, Role.REVIEWER, Role.SERVICE))]
Reviewer = Annotated[ActorContext, Depends(allowed(Role.REVIEWER, Role.OFFICER))]
Reader = Annotated[ActorContext, Depends(allowed(Role.REVIEWER, Role.OFFICER, Role.AUDITOR))]


class ContestBody(Body):
    """What a data subject says against a decision; stored encrypted under their key."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"grounds": "My income is higher than stated."}]}
    )
    grounds: _Text
    received_at: Micros | None = None
    by: SubjectRefText | None = None
    """Who contests; needed when the decision is about several people."""


class ContestAnswer(Reply):
    """A recorded contest."""

    decision_id: str
    contest_id: str
    receipt: ReceiptAnswer


class ContestLineAnswer(Reply):
    """A contest that waits for a review."""

    contest_id: str
    decision_id: str
    filed_at: int
    due_at: int
    function_name: str


class ContestText(Reply):
    """What a data subject wrote."""

    contest_id: str
    decision_id: str
    grounds: str
    received_at: int


class ReviewBody(Body):
    """What a reviewer found; `new_outcome` exactly when the decision is overturned."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"result": "upheld", "reason_code": "no-new-facts"}]}
    )
    result: Literal["upheld", "overturned"]
    reason_code: Code
    note: Annotated[str, StringConstraints(max_length=20_000)] = ""
    contest_id: EntryIdText | None = None
    new_outcome: OutcomeText | None = None
    new_outcome_code: Code | None = None


class ReviewAnswer(Reply):
    """A recorded review; `new_decision` supersedes the one that was overturned."""

    decision_id: str
    review: ReceiptAnswer
    new_decision: ReceiptAnswer | None


@router.post("/decisions/{decision_id}/contests", status_code=201, summary="Record a contest")
def file_contest(
    decision_id: DecisionId, body: ContestBody, workspace: Store, actor: Receiver
) -> ContestAnswer:
    """Record that a data subject contests a decision (GDPR Art. 22(3))."""
    recorded = contest(
        workspace,
        decision_id,
        grounds=body.grounds,
        received_at=body.received_at,
        by=body.by,
        actor=actor,
    )
    return ContestAnswer(
        decision_id=decision_id,
        contest_id=recorded.entry_id,
        receipt=ReceiptAnswer.of(recorded.receipt),
    )


@router.get("/contests", summary="List contests that wait for a review")
def waiting(workspace: Store, _actor: Reader) -> list[ContestLineAnswer]:
    """List open contests, the one due first, without what people wrote."""
    return [
        ContestLineAnswer(
            contest_id=line.contest_id,
            decision_id=line.decision_id,
            filed_at=line.filed_at,
            due_at=line.due_at,
            function_name=line.function_name,
        )
        for line in open_contests(workspace)
    ]


@router.get("/contests/{contest_id}", summary="Read a contest")
def read(
    contest_id: Annotated[str, Path(pattern=ID_PATTERN)],
    workspace: Store,
    actor: Reader,
    purpose: Purpose,
) -> ContestText:
    """Return what a data subject wrote; who read it, and why, is logged."""
    found = read_contest(workspace, contest_id, purpose=purpose, actor=actor)
    return ContestText(
        contest_id=contest_id,
        decision_id=found.decision,
        grounds=found.grounds,
        received_at=found.received_at,
    )


@router.post("/decisions/{decision_id}/reviews", status_code=201, summary="Record a human review")
def review(
    decision_id: DecisionId, body: ReviewBody, workspace: Store, actor: Reviewer
) -> ReviewAnswer:
    """Record a review by a person; an overturned decision is superseded, never edited."""
    done = complete_review(
        workspace,
        ReviewRequest(
            decision_id=decision_id,
            result=body.result,
            reason_code=body.reason_code,
            note=body.note,
            contest_id=body.contest_id,
            new_outcome=None if body.new_outcome is None else Outcome(body.new_outcome),
            new_outcome_code=body.new_outcome_code,
        ),
        actor=actor,
    )
    new = done.new_decision
    return ReviewAnswer(
        decision_id=decision_id,
        review=ReceiptAnswer.of(done.review.receipt),
        new_decision=ReceiptAnswer.of(new) if new is not None else None,
    )

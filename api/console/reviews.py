"""Reviews: what waits, and one contest with its decision.

The reviewer sees the case before the machine's reasons are opened, states a purpose, and
records what they found.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import JsonValue

from answerable.api.console.casefile import body_of, explained, head_of, input_rows, step_rows
from answerable.api.console.rendering import Page, reply
from answerable.api.console.routes import ConsoleRoute
from answerable.api.console.visitor import Form, Visitor, form_of, signed_in, workspace_of
from answerable.api.flows.decisions import read_decision
from answerable.api.flows.review import (
    ReviewRequest,
    complete_review,
    open_contests,
    read_contest,
)
from answerable.api.flows.stored import decision_entry
from answerable.api.http.schemas import ID_PATTERN
from answerable.api.wiring import Workspace
from answerable.audit.codes import Outcome, Role
from answerable.audit.errors import InvalidInput, NotFound
from answerable.audit.kinds import EntryKind

__all__ = ["router"]

router = APIRouter(route_class=ConsoleRoute)
Reviewer = Annotated[Visitor, Depends(signed_in(Role.REVIEWER))]
Sent = Annotated[tuple[Visitor, Form], Depends(form_of(Role.REVIEWER))]
ContestPath = Annotated[str, Path(pattern=ID_PATTERN)]
_PURPOSE = "human-review"
_LEAD = "First the case and what the person says; the system's reasons only after that."


@router.get("/console/reviews")
def reviews(request: Request, visitor: Reviewer) -> Response:
    """List contested decisions by due date."""
    workspace = workspace_of(request)
    waiting: list[JsonValue] = [
        {
            "contest_id": line.contest_id,
            "decision_id": line.decision_id,
            "function": line.function_name,
            "filed_at": line.filed_at,
            "due_at": line.due_at,
            "late": line.due_at < workspace.clock(),
        }
        for line in sorted(open_contests(workspace), key=lambda item: item.due_at)
    ]
    page = Page(
        "reviews.html.j2",
        "Reviews",
        {"contests": waiting},
        lead="People who contest a decision. What they wrote opens with the case.",
    )
    return reply(request, page, visitor)


@router.get("/console/reviews/{contest_id}")
def review_head(request: Request, contest_id: ContestPath, visitor: Reviewer) -> Response:
    """Say what is contested, before anything personal is read."""
    workspace = workspace_of(request)
    entry = decision_entry(workspace, _contested_decision(workspace, contest_id))
    view = head_of(workspace, entry) | {"contest_id": contest_id, "opened": False}
    page = Page("review.html.j2", "Review a decision", view, lead=_LEAD)
    return reply(request, page, visitor)


@router.post("/console/reviews/{contest_id}")
def review_case(request: Request, contest_id: ContestPath, sent: Sent) -> Response:
    """Open a contested case; the reading is logged."""
    workspace = workspace_of(request)
    visitor, _ = sent
    contest = read_contest(workspace, contest_id, purpose=_PURPOSE, actor=visitor.actor)
    case = read_decision(workspace, contest.decision, purpose=_PURPOSE, actor=visitor.actor)
    found = workspace.registry().functions.get(case.entry.header.function or "")
    codes = list(found.record.outcome_codes) if found else []
    view = (
        head_of(workspace, case.entry)
        | body_of(case)
        | {
            "contest_id": contest_id,
            "opened": True,
            "grounds": contest.grounds,
            "outcome_codes": cast("list[JsonValue]", codes),
        }
    )
    drawn = {
        "explanation": explained(workspace, contest.decision, _PURPOSE, visitor.actor),
        "steps": step_rows(case.decision),
        "inputs": input_rows(workspace, case.decision),
    }
    page = Page("review.html.j2", "Review a decision", view, drawn, lead=_LEAD)
    return reply(request, page, visitor)


@router.post("/console/reviews/{contest_id}/result")
def review_result(request: Request, contest_id: ContestPath, sent: Sent) -> Response:
    """Record what the reviewer found."""
    workspace = workspace_of(request)
    visitor, form = sent
    overturned = form.get("result") == "overturned"
    if form.get("result") not in {"upheld", "overturned"}:
        raise InvalidInput("the result must be upheld or overturned", where="result")
    new_code = form.get("new_outcome_code") or None
    done = complete_review(
        workspace,
        ReviewRequest(
            decision_id=_contested_decision(workspace, contest_id),
            result="overturned" if overturned else "upheld",
            reason_code=form.get("reason_code", ""),
            note=form.get("note", ""),
            contest_id=contest_id,
            new_outcome=_outcome(new_code) if overturned else None,
            new_outcome_code=new_code if overturned else None,
        ),
        actor=visitor.actor,
    )
    return RedirectResponse(
        f"/console/decisions/{done.review.record.decision}", status_code=HTTPStatus.SEE_OTHER
    )


def _contested_decision(workspace: Workspace, contest_id: str) -> str:
    """Return the decision a contest names, from the contest's header."""
    entry = workspace.log.entry(contest_id)
    named = [link.entry for link in entry.header.links if link.rel == "contests" and link.entry]
    if entry.kind is not EntryKind.CONTEST_FILED or not named:
        raise NotFound("there is no contest of this id")
    return named[0]


def _outcome(code: str | None) -> Outcome:
    try:
        return Outcome(cast("str", code).partition(".")[0])
    except (AttributeError, ValueError):
        raise InvalidInput(
            "an overturned decision needs a new outcome", where="new_outcome_code"
        ) from None

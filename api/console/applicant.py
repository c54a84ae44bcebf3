"""The applicant's own page: the letter, the receipt, and how to contest.

A sign-in link for a data subject opens exactly one decision.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import JsonValue

from answerable.api.console.decisions import letter_policy
from answerable.api.console.rendering import Page, reply
from answerable.api.console.routes import ConsoleRoute
from answerable.api.console.visitor import Form, Visitor, form_of, signed_in, workspace_of
from answerable.api.flows.explain import letter
from answerable.api.flows.receipt import checking_page, decision_receipt
from answerable.api.flows.review import contest
from answerable.api.flows.stored import decision_entry, related_of_kind
from answerable.api.http.schemas import ID_PATTERN
from answerable.audit.codes import Role
from answerable.audit.errors import NotAllowed
from answerable.audit.kinds import EntryKind
from answerable.audit.tree.notes import VerifierKey
from answerable.model_cards.report.formatting import Language

__all__ = ["router"]

router = APIRouter(route_class=ConsoleRoute)
Subject = Annotated[Visitor, Depends(signed_in(Role.SUBJECT))]
DecisionPath = Annotated[str, Path(pattern=ID_PATTERN)]
LanguageQuery = Annotated[Language, Query()]
_PURPOSE = "own-data"


@router.get("/my/{decision_id}")
def my_decision(
    request: Request, decision_id: DecisionPath, visitor: Subject, lang: LanguageQuery = "en"
) -> Response:
    """Show what was decided and what the applicant can do."""
    _require_own(visitor, decision_id)
    workspace = workspace_of(request)
    entry = decision_entry(workspace, decision_id)
    contests = related_of_kind(workspace, decision_id, EntryKind.CONTEST_FILED)
    reviews = related_of_kind(workspace, decision_id, EntryKind.REVIEW_COMPLETED)
    view: dict[str, JsonValue] = {
        "decision_id": decision_id,
        "ts": entry.header.ts,
        "outcome": entry.header.outcome,
        "contested": bool(contests),
        "reviewed": bool(reviews),
        "review_days": workspace.settings.review_days,
        "fingerprint": VerifierKey.parse(workspace.log.vkey).fingerprint,
    }
    title = "Ihr Antrag" if lang == "de" else "Your application"
    return reply(request, Page("applicant.html.j2", title, view, language=lang), visitor)


@router.get("/my/{decision_id}/letter")
def my_letter(
    request: Request, decision_id: DecisionPath, visitor: Subject, lang: LanguageQuery = "en"
) -> Response:
    """Show the letter."""
    _require_own(visitor, decision_id)
    issued = letter(
        workspace_of(request),
        decision_id,
        view="applicant_letter",
        language=lang,
        purpose=_PURPOSE,
        actor=visitor.actor,
    )
    html = issued.letter.html
    return HTMLResponse(html, headers={"Content-Security-Policy": letter_policy(html)})


@router.get("/my/{decision_id}/receipt")
def my_receipt(request: Request, decision_id: DecisionPath, visitor: Subject) -> Response:
    """Hand out the receipt that proves the decision stands in the log."""
    _require_own(visitor, decision_id)
    text = workspace_of(request).log.proof(decision_id)
    headers = {"Content-Disposition": 'attachment; filename="decision.tlog-proof"'}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/my/{decision_id}/check")
def my_check(
    request: Request, decision_id: DecisionPath, visitor: Subject, lang: LanguageQuery = "en"
) -> Response:
    """Hand out the page that checks the receipt: to be kept, and opened from the own disk."""
    _require_own(visitor, decision_id)
    page = checking_page(decision_receipt(workspace_of(request), decision_id), lang)
    headers = {"Content-Disposition": 'attachment; filename="check-decision.html"'}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


@router.post("/my/{decision_id}/contest")
def my_contest(
    request: Request,
    decision_id: DecisionPath,
    sent: Annotated[tuple[Visitor, Form], Depends(form_of(Role.SUBJECT))],
) -> Response:
    """Record that the applicant contests the decision."""
    visitor, form = sent
    _require_own(visitor, decision_id)
    contest(
        workspace_of(request), decision_id, grounds=form.get("grounds", ""), actor=visitor.actor
    )
    language = "de" if form.get("lang") == "de" else "en"
    return RedirectResponse(f"/my/{decision_id}?lang={language}", status_code=HTTPStatus.SEE_OTHER)


def _require_own(visitor: Visitor, decision_id: str) -> None:
    if visitor.actor.scope != decision_id:
        raise NotAllowed("this sign-in is for another decision")

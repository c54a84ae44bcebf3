"""Decisions: the list, and the file of one decision.

The list and the head of a file come from headers, which hold no personal data. What is in
the body is shown only after the visitor has said why they look; that is logged first.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import JsonValue

from answerable.api.console.casefile import (
    PURPOSES,
    body_of,
    explained,
    head_of,
    input_rows,
    step_rows,
)
from answerable.api.console.rendering import Page, reply
from answerable.api.console.routes import ConsoleRoute
from answerable.api.console.visitor import (
    STAFF,
    Form,
    Visitor,
    form_of,
    signed_in,
    workspace_of,
)
from answerable.api.console.wording import outcome_words
from answerable.api.flows.answer import answer
from answerable.api.flows.decisions import DecisionQuery, list_decisions, read_decision
from answerable.api.flows.explain import letter
from answerable.api.flows.stored import decision_entry
from answerable.api.http.schemas import ID_PATTERN
from answerable.audit.codes import Role
from answerable.model_cards.report import page_policy

__all__ = ["letter_policy", "router"]

router = APIRouter(route_class=ConsoleRoute)

_READERS = (Role.OFFICER, Role.REVIEWER, Role.AUDITOR)
_WRITERS = (Role.OFFICER, Role.REVIEWER)
_CONTENTS: Final = (
    ("why", "Why this outcome"),
    ("people", "The people"),
    ("answers", "The three questions"),
    ("record", "The record"),
    ("letters", "Letters"),
)
_PAGE: Final = 25
DecisionPath = Annotated[str, Path(pattern=ID_PATTERN)]
Code = Annotated[str, Query(pattern=r"^[A-Za-z0-9_.@:-]{0,128}$")]


@router.get("/console/decisions")
def decisions(
    request: Request,
    visitor: Annotated[Visitor, Depends(signed_in(*STAFF))],
    function: Code = "",
    outcome: Code = "",
    before: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """List decisions, newest first."""
    workspace = workspace_of(request)
    lines = list_decisions(
        workspace,
        DecisionQuery(
            function=function or None, outcome=outcome or None, after=before, limit=_PAGE + 1
        ),
    )
    rows: list[JsonValue] = [
        {
            "decision_id": line.entry_id,
            "seq": line.seq,
            "ts": line.ts,
            "function": line.function_name,
            "outcome": line.outcome,
            "automation": line.automation,
            "released": line.release != "none",
            "subjects": line.subjects,
            "supersedes": line.supersedes,
        }
        for line in lines[:_PAGE]
    ]
    held = [item.record for item in workspace.registry().functions.values()]
    codes = {code for record in held for code in record.outcome_codes}
    view: dict[str, JsonValue] = {
        "rows": rows,
        "next": lines[_PAGE - 1].seq if len(lines) > _PAGE else None,
        "function": function,
        "outcome": outcome,
        "before": before,
        "functions": cast(
            "list[JsonValue]", sorted(f"{record.name}@{record.version}" for record in held)
        ),
        "outcomes": cast("list[JsonValue]", sorted(codes)),
    }
    page = Page(
        "decisions.html.j2",
        "Decisions",
        view,
        lead="From the headers of the log: no personal data is read to show this list.",
    )
    return reply(request, page, visitor)


@router.get("/console/decisions/{decision_id}")
def decision_head(
    request: Request,
    decision_id: DecisionPath,
    visitor: Annotated[Visitor, Depends(signed_in(*STAFF))],
) -> Response:
    """Show what the header says, and ask for the purpose of reading more."""
    workspace = workspace_of(request)
    entry = decision_entry(workspace, decision_id)
    view = head_of(workspace, entry)
    page = Page(
        "decision.html.j2",
        outcome_words(entry.header.outcome),
        {**view, "purposes": PURPOSES, "opened": False},
        lead="A decision, as its header says. The file opens with a purpose, which is logged.",
    )
    return reply(request, page, visitor)


@router.post("/console/decisions/{decision_id}")
def decision_file(
    request: Request,
    decision_id: DecisionPath,
    sent: Annotated[tuple[Visitor, Form], Depends(form_of(*_READERS))],
) -> Response:
    """Show the whole file of a decision; the reading is logged."""
    workspace = workspace_of(request)
    visitor, form = sent
    purpose = form.get("purpose", "")
    opened = read_decision(workspace, decision_id, purpose=purpose, actor=visitor.actor)
    view = head_of(workspace, opened.entry) | body_of(opened)
    drawn: dict[str, object] = {
        "explanation": None,
        "steps": step_rows(opened.decision),
        "inputs": input_rows(workspace, opened.decision),
    }
    if opened.decision.explanation is not None:
        drawn["explanation"] = explained(workspace, decision_id, purpose, visitor.actor)
    answers = answer(workspace, decision_id, purpose=purpose, actor=visitor.actor)
    view |= {
        "purposes": PURPOSES,
        "purpose": purpose,
        "opened": True,
        "answers": answers.to_result(),
    }
    page = Page(
        "decision.html.j2",
        outcome_words(opened.entry.header.outcome),
        view,
        drawn,
        lead="A decision, with everything that stands behind it.",
        contents=_CONTENTS if visitor.holds(*_WRITERS) else _CONTENTS[:-1],
    )
    return reply(request, page, visitor)


@router.post("/console/decisions/{decision_id}/letter")
def decision_letter(
    request: Request,
    decision_id: DecisionPath,
    sent: Annotated[tuple[Visitor, Form], Depends(form_of(*_WRITERS))],
) -> Response:
    """Show the letter to the applicant; that it was written is logged."""
    visitor, form = sent
    issued = letter(
        workspace_of(request),
        decision_id,
        view=form.get("view") or "applicant_letter",
        language="de" if form.get("language") == "de" else "en",
        purpose=form.get("purpose") or "notice-of-decision",
        actor=visitor.actor,
    )
    return HTMLResponse(
        issued.letter.html, headers={"Content-Security-Policy": letter_policy(issued.letter.html)}
    )


def letter_policy(html: str) -> str:
    """Return a policy that allows the page's own embedded stylesheet and nothing else.

    Parameters
    ----------
    html : str
        A self-contained page of ours.

    Returns
    -------
    str
        Value of a ``Content-Security-Policy`` header.
    """
    _, found, rest = html.partition("<style>")
    if not found:
        return page_policy()
    style = rest.partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"

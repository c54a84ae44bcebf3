"""Stored explanations: as JSON, or as a letter in one of the legal views; replay."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from answerable.api.actor import ActorContext
from answerable.api.flows.explain import letter, replay, stored_explanation
from answerable.api.http.access import Purpose, Store, allowed
from answerable.api.http.schemas import Body, DecisionId, Json, ReceiptAnswer, Reply
from answerable.api.http.strict_json import StrictRoute
from answerable.audit.records import Role
from answerable.explain.letters.letter import style_source

__all__ = ["chosen_type", "router"]

router = APIRouter(prefix="/v1", tags=["explanations"], route_class=StrictRoute)

Reader = Annotated[
    ActorContext,
    Depends(allowed(Role.OFFICER, Role.REVIEWER, Role.AUDITOR, Role.SERVICE)),
]
Replayer = Annotated[ActorContext, Depends(allowed(Role.OFFICER, Role.AUDITOR))]

_JSON: Final = "application/json"
_HTML: Final = "text/html"
_TEXT: Final = "text/plain"


class LetterQuery(Body):
    """Which letter, when HTML or plain text is asked for."""

    view: Literal[
        "applicant_letter", "art15_access", "art86", "ccd2_18", "regb_c1", "auditor_full"
    ] = "applicant_letter"
    language: Literal["en", "de"] = "en"


class ExplanationAnswer(Reply):
    """The explanation that was stored with a decision; nothing is recomputed."""

    decision_id: str
    explanation_id: str
    function: str
    matches_decision: Annotated[
        bool, "Whether the decision names exactly this explanation by digest"
    ]
    explanation: Json


class ReplayAnswer(Reply):
    """What explaining again from the stored inputs gave; the stored one stays."""

    decision_id: str
    identical: bool
    stored_digest: str
    replayed_digest: str
    differing: list[str]
    receipt: ReceiptAnswer


@router.get(
    "/decisions/{decision_id}/explanation",
    summary="Read the stored explanation, or have it as a letter",
    response_model=ExplanationAnswer,
    responses={200: {"content": {_HTML: {}, _TEXT: {}}}},
)
def explanation(  # noqa: PLR0917  the framework injects them
    decision_id: DecisionId,
    request: Request,
    workspace: Store,
    actor: Reader,
    purpose: Purpose,
    wanted: Annotated[LetterQuery, Query()],
) -> Response:
    """Return JSON, or a letter when HTML or plain text is preferred in ``Accept``."""
    kind = chosen_type(request.headers.get("accept", ""), (_JSON, _HTML, _TEXT))
    headers = {"Answerable-Decision-Id": decision_id, "Vary": "Accept"}
    if kind == _JSON:
        found = stored_explanation(workspace, decision_id, purpose=purpose, actor=actor)
        answer = ExplanationAnswer(
            decision_id=decision_id,
            explanation_id=found.entry.id,
            function=found.decision.function,
            matches_decision=found.verified,
            explanation=found.explanation.to_result(),
        )
        return JSONResponse(answer.model_dump(mode="json"), headers=headers)
    issued = letter(
        workspace,
        decision_id,
        view=wanted.view,
        language=wanted.language,
        purpose=purpose,
        actor=actor,
    )
    headers["Content-Language"] = wanted.language
    if kind == _TEXT:
        return PlainTextResponse(issued.letter.text, headers=headers)
    headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {style_source()}; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'none'"
    )
    return HTMLResponse(issued.letter.html, headers=headers)


@router.post(
    "/decisions/{decision_id}/explanation:replay",
    summary="Explain again from the stored inputs and compare",
)
def replayed(
    decision_id: DecisionId, workspace: Store, actor: Replayer, purpose: Purpose
) -> ReplayAnswer:
    """Prove that the stored explanation is what the registered function gives."""
    result = replay(workspace, decision_id, purpose=purpose, actor=actor)
    return ReplayAnswer(
        decision_id=decision_id,
        identical=result.identical,
        stored_digest=result.stored_digest,
        replayed_digest=result.replayed_digest,
        differing=list(result.differing),
        receipt=ReceiptAnswer.of(result.receipt),
    )


def chosen_type(accept: str, offered: tuple[str, ...]) -> str:
    """Return the media type to answer with.

    Parameters
    ----------
    accept : str
        The ``Accept`` header.
    offered : tuple[str, ...]
        What there is; the first is the default.

    Returns
    -------
    str
        The offered type with the highest quality; the default for ``*/*`` or none.

    Examples
    --------
    >>> chosen_type("text/html;q=0.9, application/json;q=0.1", ("application/json", "text/html"))
    'text/html'
    >>> chosen_type("*/*", ("application/json", "text/html"))
    'application/json'
    """
    best, best_quality = offered[0], 0.0
    for part in accept.split(","):
        name, _, parameters = part.strip().partition(";")
        quality = _quality(parameters)
        if name.strip().lower() in offered and quality > best_quality:
            best, best_quality = name.strip().lower(), quality
    return best


def _quality(parameters: str) -> float:
    for item in parameters.split(";"):
        name, _, value = item.strip().partition("=")
        if name == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0

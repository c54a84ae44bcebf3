"""Model cards: shown with their live overlay, and compared with the evidence."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.card import CardFormat, check_card, render_card
from answerable.api.http.access import EVERYBODY, Store, allowed
from answerable.api.http.explanations import chosen_type
from answerable.api.http.schemas import FunctionName
from answerable.api.http.strict_json import StrictRoute
from answerable.audit.records import Role
from answerable.model_cards.report import page_policy

__all__ = ["router"]

router = APIRouter(prefix="/v1/cards", tags=["cards"], route_class=StrictRoute)

Reader = Annotated[ActorContext, Depends(allowed(*EVERYBODY))]
Checker = Annotated[
    ActorContext,
    Depends(allowed(*(role for role in EVERYBODY if role is not Role.SERVICE))),
]

_TYPES: Final[dict[str, CardFormat]] = {
    "application/json": "json",
    "text/html": "html",
    "text/markdown": "md",
}


@router.get(
    "/{function}",
    summary="The model card",
    response_class=Response,
    responses={200: {"content": {name: {} for name in _TYPES}}},
)
def card(function: FunctionName, request: Request, workspace: Store, _actor: Reader) -> Response:
    """Return the newest card as JSON, HTML or Markdown, by ``Accept``."""
    kind = chosen_type(request.headers.get("accept", ""), tuple(_TYPES))
    data = render_card(workspace, function, format=_TYPES[kind])
    headers = {"Vary": "Accept"}
    if kind == "text/html":
        headers["Content-Security-Policy"] = f"{page_policy()}; frame-ancestors 'none'"
    return Response(data, media_type=kind, headers=headers)


@router.get("/{function}/check", summary="Does the card agree with its evidence?")
def check(function: FunctionName, workspace: Store, _actor: Checker) -> dict[str, JsonValue]:
    """Build the card again from the evidence it names and compare every field."""
    return check_card(workspace, function).to_result()

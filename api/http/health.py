"""Health for whoever runs the service, and who a key stands for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from answerable.api.actor import ActorContext
from answerable.api.http.access import EVERYBODY, Store, allowed
from answerable.api.http.schemas import Reply

__all__ = ["router"]

router = APIRouter(tags=["service"])

Anybody = Annotated[ActorContext, Depends(allowed(*EVERYBODY))]


class LiveAnswer(Reply):
    """The process runs."""

    status: str


class ReadyAnswer(Reply):
    """The stores answer."""

    status: str
    size: int


class WhoAmIAnswer(Reply):
    """Who the key stands for; names live in the directory, not here."""

    actor: str
    roles: list[str]
    service: bool


@router.get("/healthz/live", summary="Does the process run?")
def live() -> LiveAnswer:
    """Answer as long as the process runs."""
    return LiveAnswer(status="ok")


@router.get("/healthz/ready", summary="Do the stores answer?")
def ready(workspace: Store) -> ReadyAnswer:
    """Answer 503 while the log or the state cannot be read."""
    workspace.state.fact("ready")
    return ReadyAnswer(status="ok", size=workspace.log.size())


@router.get("/v1/whoami", summary="Who does this key stand for?")
def whoami(actor: Anybody) -> WhoAmIAnswer:
    """Return the actor's reference and roles."""
    return WhoAmIAnswer(
        actor=actor.actor,
        roles=sorted(role.value for role in actor.roles),
        service=actor.service,
    )

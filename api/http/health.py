"""Health for whoever runs the service, and who a key stands for.

Without a key only one word is answered; how long, why and how much needs one.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response

from answerable.api.actor import ActorContext
from answerable.api.http.access import EVERYBODY, Store, allowed
from answerable.api.http.metrics import LogMetrics
from answerable.api.http.schemas import Reply
from answerable.api.http.strict_json import StrictRoute
from answerable.api.wiring import Workspace
from answerable.audit.errors import Unavailable
from answerable.audit.health import HealthState
from answerable.audit.recorder import ReleaseMode
from answerable.audit.records import Role

__all__ = ["router"]

router = APIRouter(tags=["service"], route_class=StrictRoute)

Anybody = Annotated[ActorContext, Depends(allowed(*EVERYBODY))]
Watcher = Annotated[
    ActorContext, Depends(allowed(Role.ADMIN, Role.AUDITOR, Role.OFFICER, Role.COMPLIANCE))
]

_METRICS = "text/plain; version=0.0.4; charset=utf-8"


class LiveAnswer(Reply):
    """The process runs."""

    status: str


class ReadyAnswer(Reply):
    """Decisions are recorded; `size` is null while the log itself does not answer."""

    status: Literal["ok", "degraded"]
    size: int | None


class LogHealthAnswer(Reply):
    """How well this process writes the log; times are microseconds since 1970, UTC."""

    state: HealthState
    since: int
    last_success: int | None
    cause: str
    failures: int
    refused: int
    spooled: int
    waiting: int
    aside: int
    checkpoint_age_s: float | None


class WhoAmIAnswer(Reply):
    """Who the key stands for; names live in the directory, not here."""

    actor: str
    roles: list[str]
    service: bool


@router.get("/healthz/live", summary="Does the process run?")
def live() -> LiveAnswer:
    """Answer as long as the process runs."""
    return LiveAnswer(status="ok")


@router.get("/healthz/ready", summary="Are decisions recorded?")
def ready(workspace: Store) -> ReadyAnswer:
    """Answer 503 while decisions cannot be recorded, and degraded while some wait outside."""
    workspace.state.fact("ready")
    size = _size(workspace)
    if workspace.recorder.health.state is HealthState.FAILING:
        # Nobody sends decisions to a service that is not ready, so nobody else would notice.
        workspace.recorder.tend()
    state = workspace.recorder.health.state
    if state in {HealthState.FAILING, HealthState.READ_ONLY}:
        raise Unavailable("decisions cannot be recorded", where="log")
    good = state is HealthState.RECORDING and size is not None
    return ReadyAnswer(status="ok" if good else "degraded", size=size)


@router.get("/v1/health", summary="How well is the log written?")
def health(workspace: Store, _actor: Watcher) -> LogHealthAnswer:
    """Return the state of logging in this process, since when, and why."""
    now, found = workspace.clock(), workspace.recorder.health
    outage = found.outage
    return LogHealthAnswer(
        state=found.state,
        since=found.since,
        last_success=found.last_success,
        cause=found.cause,
        failures=found.failures,
        refused=outage.refused if outage is not None else 0,
        spooled=outage.spooled if outage is not None else 0,
        waiting=found.waiting,
        aside=found.aside,
        checkpoint_age_s=found.checkpoint_age_s(now),
    )


@router.get("/v1/metrics", summary="Metrics of the log for Prometheus")
def metrics(request: Request, _actor: Watcher) -> Response:
    """Return counters and gauges; no label can describe a person."""
    found = request.app.state.metrics
    assert isinstance(found, LogMetrics)  # noqa: S101  create_app sets it
    return Response(found.text(), media_type=_METRICS)


@router.get("/v1/whoami", summary="Who does this key stand for?")
def whoami(actor: Anybody) -> WhoAmIAnswer:
    """Return the actor's reference and roles."""
    return WhoAmIAnswer(
        actor=actor.actor,
        roles=sorted(role.value for role in actor.roles),
        service=actor.service,
    )


def _size(workspace: Workspace) -> int | None:
    """Return the size of the log; None when it does not answer and the spool stands in for it."""
    settings = workspace.settings
    try:
        return workspace.log.size()
    except Unavailable:
        if ReleaseMode.FAIL_OPEN.value in {settings.release_mode, *settings.release_modes.values()}:
            return None
        raise

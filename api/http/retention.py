"""Retention over HTTP: what would go, what went, an approval to sign, and a run.

Who approves signs with a key of their own that this service never sees, and another person runs it.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, cast

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from answerable.api.actor import ActorContext
from answerable.api.flows.retention import (
    PLANNERS,
    RUNNERS,
    PlannedRetention,
    plan_retention,
    prepare_approval,
    retention_status,
    run_retention,
)
from answerable.api.flows.retention_result import plan_result, status_result
from answerable.api.http.access import Store, allowed
from answerable.api.http.schemas import Body, Json, Reply
from answerable.api.http.strict_json import StrictRoute
from answerable.api.wiring import Workspace
from answerable.audit.canonical import canonical_json

__all__ = ["router"]

router = APIRouter(prefix="/v1/retention", tags=["retention"], route_class=StrictRoute)

Planner = Annotated[ActorContext, Depends(allowed(*PLANNERS))]
Runner = Annotated[ActorContext, Depends(allowed(*RUNNERS))]
_Policy = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200_000),
    Field(description="The policy file as it is, in YAML; see docs/retention.md"),
]
_WHERE: Final = "policy"
_SHOWN: Final = 500
_EXAMPLE: Final = """\
retention:
  id: loans
  version: 1
  tiles: keep
  rules:
    - name: logs
      bodies_days: 184
      entries_days: 184
      law: {act: Regulation (EU) 2024/1689, article: "19(1)", source: from memory}
"""


class PlanBody(Body):
    """The policy that is asked about."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"policy": _EXAMPLE}]})
    policy: _Policy


class PrepareApprovalBody(PlanBody):
    """The policy whose plan the caller wants to approve, and for how long that may be used."""

    valid_days: Annotated[int, Field(ge=1, le=90)] = 7


class RunBody(Body):
    """The policy that was approved, and the approval with its signature."""

    policy: _Policy
    approval: Json


class RangeAnswer(Reply):
    """Places `first` to `end` - 1 of one kind of rows."""

    what: Literal["body", "entry", "tile"]
    first: int
    end: int
    count: int


class RuleAnswer(Reply):
    """How much goes by one rule, and by which law."""

    name: str
    law: Json
    approver: str
    bodies: int
    entries: int


class HeldAnswer(Reply):
    """An entry that stays, or stops the run, and why."""

    seq: int
    kind: str
    why: str
    until: int | None


class PlanAnswer(Reply):
    """What would go now; of `held` and `stops` the first 500."""

    policy: str
    digest: str
    ranges: list[RangeAnswer]
    rules: list[RuleAnswer]
    held: list[HeldAnswer]
    held_count: int
    stops: list[HeldAnswer]
    stops_count: int
    uncovered: list[str]


class FloorsAnswer(Reply):
    """Places of the first body, entry and leaf tile that no run has passed."""

    body: int
    entry: int
    tile: int


class RetentionAnswer(Reply):
    """Where the log begins, what is held back below, and the runs as recorded."""

    floors: FloorsAnswer
    held: list[int]
    runs: list[Json]


class ApprovalAnswer(Reply):
    """What to sign: Ed25519 over `signed_bytes`, with the approver's own key."""

    approval: Json
    signed_bytes: Annotated[str, Field(description="Hex")]


class RunAnswer(Reply):
    """What a run removed; `partitions` is null when the database lets this role drop none."""

    slices: int
    bodies: int
    entries: int
    tiles: int
    keys: int
    partitions: int | None


@router.get("", summary="Where the log begins, and what went")
def status(workspace: Store, actor: Planner) -> RetentionAnswer:
    """Return the floors and every run, from the log itself."""
    return RetentionAnswer.model_validate(status_result(retention_status(workspace, actor=actor)))


@router.post(":plan", summary="What would go by a policy now")
def plan(body: PlanBody, workspace: Store, actor: Planner) -> PlanAnswer:
    """Return what may go up to the newest signed checkpoint; nothing is changed."""
    result = plan_result(plan_retention(workspace, body.policy.encode(), _WHERE, actor=actor))
    held, stops = (cast("list[JsonValue]", result[name]) for name in ("held", "stops"))
    shown = {"held": held[:_SHOWN], "stops": stops[:_SHOWN]}
    counts = {"held_count": len(held), "stops_count": len(stops)}
    return PlanAnswer.model_validate({**result, **shown, **counts})


@router.post("/approvals:prepare", summary="What the approver signs")
def prepare(body: PrepareApprovalBody, workspace: Store, actor: Planner) -> ApprovalAnswer:
    """Plan anew and return the unsigned approval of the person who asks."""
    approval = prepare_approval(
        workspace, _planned(workspace, body, actor), valid_days=body.valid_days, actor=actor
    )
    return ApprovalAnswer(
        approval=approval.model_dump(mode="json", exclude_none=True),
        signed_bytes=approval.signed_bytes().hex(),
    )


@router.post("/runs", summary="Remove what another person approved")
def run(body: RunBody, workspace: Store, actor: Runner) -> RunAnswer:
    """Remove it slice by slice, each an entry; a run that broke off may be asked for again."""
    done = run_retention(
        workspace, body.policy.encode(), _WHERE, canonical_json(body.approval), actor=actor
    )
    return RunAnswer(
        slices=len(done.runs),
        bodies=done.removed("body"),
        entries=done.removed("entry"),
        tiles=done.removed("tile"),
        keys=done.keys,
        partitions=done.partitions,
    )


def _planned(workspace: Workspace, body: PlanBody, actor: ActorContext) -> PlannedRetention:
    # What is approved is covered by a signed checkpoint: one that is as new as the plan.
    workspace.log.checkpoint()
    return plan_retention(workspace, body.policy.encode(), _WHERE, actor=actor)

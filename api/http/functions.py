"""Decision functions: registry, lineage, gate, waivers, signatures, releases."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from answerable.api.actor import ActorContext
from answerable.api.flows.context import Recorded
from answerable.api.flows.govern import (
    SignOffRequest,
    WaiverRequest,
    evaluate_gate,
    governing_policy,
    prepare_sign_off,
    record_sign_off,
    release,
    suspend,
    waive,
)
from answerable.api.flows.lookup import function_digest
from answerable.api.http.access import EVERYBODY, Store, allowed
from answerable.api.http.schemas import (
    Body,
    Code,
    FunctionName,
    Json,
    Micros,
    ReceiptAnswer,
    Reply,
)
from answerable.api.http.strict_json import StrictRoute
from answerable.api.wiring import Workspace
from answerable.audit.errors import NotFound
from answerable.audit.records import Record, Role, SignOff
from answerable.governance.lineage import lineage_of
from answerable.governance.policy import Policy
from answerable.governance.status import status_of

__all__ = ["router"]

router = APIRouter(prefix="/v1/functions", tags=["functions"], route_class=StrictRoute)

_Words = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Reader = Annotated[ActorContext, Depends(allowed(*EVERYBODY))]
Compliance = Annotated[ActorContext, Depends(allowed(Role.COMPLIANCE))]
Person = Annotated[
    ActorContext, Depends(allowed(*(role for role in EVERYBODY if role is not Role.SERVICE)))
]
Releaser = Annotated[ActorContext, Depends(allowed(Role.MODEL_OWNER, Role.COMPLIANCE, Role.ADMIN))]
Suspender = Annotated[
    ActorContext,
    Depends(allowed(Role.MODEL_OWNER, Role.COMPLIANCE, Role.ADMIN, Role.OFFICER)),
]


class FunctionLine(Reply):
    """A registered decision function and where it stands."""

    name: str
    digest: str
    status: str
    registered_at: int


class FunctionAnswer(FunctionLine):
    """A decision function with its whole record."""

    record: Json


class WaiverBody(Body):
    """An expiring answer to one finding of the newest assessment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rule": "selection-ratio-intersection",
                    "attributes": ["race", "sex"],
                    "finding": "INSUFFICIENT",
                    "reason": "Too few applications of some groups.",
                    "compensating_control": "Monthly review of all declined cases.",
                    "expires_at": 1780000000000000,
                }
            ]
        }
    )
    rule: Code
    attributes: Annotated[list[str], Field(min_length=1, max_length=16)]
    finding: Literal["FAIL", "INSUFFICIENT", "UNDEFINED"]
    reason: _Words
    compensating_control: _Words
    expires_at: Micros


class PrepareBody(Body):
    """A statement to be signed about the bundle as it is now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"role": "model_owner", "statement": "I have read the evidence."}]
        }
    )
    role: Literal[
        "scientist", "model_owner", "reviewer", "compliance", "officer", "auditor", "admin"
    ]
    statement: _Words
    decision: Literal["approve", "reject"] = "approve"
    valid_days: Annotated[int, Field(ge=1, le=3650)] = 365


class PreparedAnswer(Reply):
    """What to sign: Ed25519 over `signed_bytes`, with the signer's own key."""

    sign_off: Json
    signed_bytes: Annotated[str, Field(description="Hex")]


class SignOffBody(Body):
    """The prepared sign-off with its signature."""

    sign_off: Json


class ReleaseBody(Body):
    """Where the function may decide."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"environment": "production"}]})
    environment: Code = "production"


class SuspendBody(Body):
    """Why the release ends."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "drift"}]})
    reason: Code
    note: Annotated[str, StringConstraints(max_length=2000)] = ""


class RecordedAnswer(Reply):
    """A record that was appended."""

    digest: str
    record: Json
    receipt: ReceiptAnswer


@router.get("", summary="List decision functions")
def functions(workspace: Store, _actor: Reader) -> list[FunctionLine]:
    """List all registered decision functions with their state."""
    registry = workspace.registry()
    return [
        FunctionLine(
            name=item.name,
            digest=digest,
            status=_status(workspace, digest),
            registered_at=item.at.ts,
        )
        for digest, item in registry.functions.items()
    ]


@router.get("/{function}", summary="Read a decision function")
def read(function: FunctionName, workspace: Store, _actor: Reader) -> FunctionAnswer:
    """Return a decision function's record and state."""
    found = workspace.registry().function(function)
    return FunctionAnswer(
        name=found.name,
        digest=found.digest,
        status=_status(workspace, found.digest),
        registered_at=found.at.ts,
        record=found.record.model_dump(mode="json"),
    )


@router.get("/{function}/lineage", summary="What it rests on")
def lineage(function: FunctionName, workspace: Store, _actor: Reader) -> dict[str, JsonValue]:
    """Return data, models, code, policy, evidence and signatures behind a function."""
    return lineage_of(workspace.registry(), function).to_result()


@router.get("/{function}/gate", summary="May it be released now?")
def gate(function: FunctionName, workspace: Store, _actor: Reader) -> dict[str, JsonValue]:
    """Evaluate the gate; nothing is appended."""
    return evaluate_gate(workspace, function).to_result()


@router.post("/{function}/waivers", status_code=201, summary="Answer a finding")
def grant_waiver(
    function: FunctionName, body: WaiverBody, workspace: Store, actor: Compliance
) -> RecordedAnswer:
    """Record an expiring waiver for one finding."""
    request = WaiverRequest(
        function=function,
        rule=body.rule,
        attributes=tuple(body.attributes),
        finding=body.finding,
        reason=body.reason,
        compensating_control=body.compensating_control,
        expires_at=body.expires_at,
    )
    return _recorded(waive(workspace, request, actor=actor))


@router.post("/{function}/sign-offs:prepare", summary="Get the bytes to sign")
def prepare(
    function: FunctionName, body: PrepareBody, workspace: Store, actor: Person
) -> PreparedAnswer:
    """Return the unsigned statement; it says how often the hold-out was assessed."""
    request = SignOffRequest(
        function=function,
        role=Role(body.role),
        statement=body.statement,
        decision=body.decision,
        valid_days=body.valid_days,
    )
    prepared = prepare_sign_off(workspace, request, actor=actor)
    return PreparedAnswer(
        sign_off=prepared.model_dump(mode="json", exclude_none=True),
        signed_bytes=prepared.signed_bytes().hex(),
    )


@router.post("/{function}/sign-offs", status_code=201, summary="Hand in a signature")
def hand_in(
    function: FunctionName, body: SignOffBody, workspace: Store, actor: Person
) -> RecordedAnswer:
    """Record a signature over the prepared bytes, if it counts."""
    sign_off = SignOff.parse(body.sign_off)
    if sign_off.function != function_digest(workspace, function):
        raise NotFound("the signature is about another decision function", where="sign_off")
    return _recorded(record_sign_off(workspace, sign_off, actor=actor))


@router.post("/{function}/releases", status_code=201, summary="Release")
def grant_release(
    function: FunctionName, body: ReleaseBody, workspace: Store, actor: Releaser
) -> RecordedAnswer:
    """Release a function whose gate holds; refused otherwise, with the gate's result logged."""
    return _recorded(release(workspace, function, environment=body.environment, actor=actor))


@router.post("/{function}/releases:suspend", summary="Suspend the release in force")
def end_release(
    function: FunctionName, body: SuspendBody, workspace: Store, actor: Suspender
) -> RecordedAnswer:
    """From now on the function decides nothing."""
    ended = suspend(workspace, function, reason=body.reason, note=body.note, actor=actor)
    return _recorded(ended)


def _recorded(recorded: Recorded[Record]) -> RecordedAnswer:
    return RecordedAnswer(
        digest=recorded.digest,
        record=recorded.record.model_dump(mode="json", exclude_none=True),
        receipt=ReceiptAnswer.of(recorded.receipt),
    )


def _status(workspace: Workspace, digest: str) -> str:
    try:
        policy: Policy | None = governing_policy(workspace, digest)
    except NotFound:
        policy = None
    return status_of(workspace.registry(), digest, workspace.clock(), policy=policy).value

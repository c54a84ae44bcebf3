"""Data subjects: find, access, portability, restrict, object, rectify, notices, hold, erase.

A person is searched in the body of a POST, so an identifier never stands in a URL.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from answerable.api.actor import ActorContext
from answerable.api.flows.context import Recorded
from answerable.api.flows.subject import (
    Notice,
    RequestFacts,
    access_package,
    erase,
    find_subject,
    lift_hold,
    lift_restriction,
    notices_of,
    notify_recipient,
    object_to,
    place_hold,
    portability_package,
    rectify,
    restrict,
)
from answerable.api.http.access import Purpose, Store, allowed
from answerable.api.http.schemas import (
    Body,
    Code,
    EntryIdText,
    Json,
    Micros,
    ReceiptAnswer,
    Reply,
    SubjectRefPath,
)
from answerable.api.http.strict_json import StrictRoute
from answerable.audit.records import Role, SubjectStatement

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["data subjects"], route_class=StrictRoute)

Officer = Annotated[ActorContext, Depends(allowed(Role.OFFICER))]
Reader = Annotated[ActorContext, Depends(allowed(Role.OFFICER, Role.AUDITOR))]


class FindBody(Body):
    """The identifier your service uses for the person."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"subject_id": "customer-17"}]})
    subject_id: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class RequestBody(Body):
    """When a request came in and how the person was identified."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"received_at": 1780000000000000, "identity_check": "id-card"}]
        }
    )
    received_at: Micros
    identity_check: Code
    article: Code | None = None
    request_id: EntryIdText | None = None
    """The open request this answers; left out, request and answer are recorded together."""


class StatementBody(Body):
    """What the person states; stored encrypted under their key."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"statement": "Do not use my data meanwhile."}]}
    )
    statement: Annotated[str, StringConstraints(max_length=20_000)] = ""
    entry: EntryIdText | None = None
    fields: Json = Field(default_factory=dict)
    request_id: EntryIdText | None = None
    """The open request this grants."""


class AccessBody(RequestBody):
    """When a request came in, how the person was identified, and the language they read."""

    language: Literal["en", "de"] = "en"


class LiftRestrictionBody(Body):
    """Why a restriction ends, and when the person was told that it will."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"ground": "accuracy-verified", "told_at": 1780000000000000}]
        }
    )
    ground: Code
    told_at: Micros
    channel: Code | None = None


class NoticeBody(Body):
    """That a recipient was told of a correction, erasure or restriction, or why not."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"act": "01890a5d-ac96-774b-bcce-b302099a8057", "recipient": "credit-bureau"}
            ]
        }
    )
    act: EntryIdText
    recipient: Code
    result: Literal["told", "impossible", "disproportionate"] = "told"
    ground: Code | None = None
    told_at: Micros | None = None
    channel: Code | None = None


class HoldBody(Body):
    """A legal hold, by ground and case reference."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ground": "litigation", "reference": "case-7"}]}
    )
    ground: Code
    reference: Code
    until: Micros | None = None


class LiftBody(Body):
    """The hold to lift."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ground": "litigation", "reference": "case-7"}]}
    )
    ground: Code
    reference: Code


class StatementAnswer(Reply):
    """A recorded statement."""

    ref: str
    receipt: ReceiptAnswer


class ErasureAnswer(Reply):
    """A completed erasure: so many entries can no longer be read."""

    ref: str
    entries: int
    receipt: ReceiptAnswer


@router.post("/subjects:search", summary="Find a person by your own identifier")
def search(
    body: FindBody, workspace: Store, actor: Officer, purpose: Purpose
) -> dict[str, JsonValue]:
    """Return the person's random reference, their entries, holds and state."""
    return find_subject(workspace, body.subject_id, purpose=purpose, actor=actor).to_result()


@router.post("/subjects/{ref}/access-package", summary="Everything held about a person")
def access(
    ref: SubjectRefPath,
    body: AccessBody,
    workspace: Store,
    actor: Officer,
    purpose: Purpose,
) -> dict[str, JsonValue]:
    """Answer an access request with every entry, who read it, and proofs (GDPR Art. 15)."""
    return access_package(
        workspace,
        ref,
        _facts(body, "gdpr-art-15"),
        purpose=purpose,
        language=body.language,
        actor=actor,
    ).to_result()


@router.post("/subjects/{ref}/portability", summary="What a person provided, to carry elsewhere")
def portability(
    ref: SubjectRefPath,
    body: RequestBody,
    workspace: Store,
    actor: Officer,
    purpose: Purpose,
) -> dict[str, JsonValue]:
    """Answer a request for portability: provided data on consent or contract (GDPR Art. 20)."""
    return portability_package(
        workspace, ref, _facts(body, "gdpr-art-20"), purpose=purpose, actor=actor
    ).to_result()


@router.post("/subjects/{ref}:restrict", status_code=201, summary="Restrict processing")
def restricted(
    ref: SubjectRefPath, body: StatementBody, workspace: Store, actor: Officer
) -> StatementAnswer:
    """Record a restriction of processing (GDPR Art. 18)."""
    statement = _statement(body)
    return _stated(
        ref, restrict(workspace, ref, statement, request_id=body.request_id, actor=actor)
    )


@router.post("/subjects/{ref}:lift-restriction", status_code=201, summary="Lift a restriction")
def unrestricted(
    ref: SubjectRefPath, body: LiftRestrictionBody, workspace: Store, actor: Officer
) -> StatementAnswer:
    """Lift the restrictions in force, after the person was told (GDPR Art. 18(3))."""
    lifted = lift_restriction(
        workspace,
        ref,
        ground=body.ground,
        told_at=body.told_at,
        channel=body.channel,
        actor=actor,
    )
    return StatementAnswer(ref=ref, receipt=ReceiptAnswer.of(lifted.receipt))


@router.post("/subjects/{ref}:object", status_code=201, summary="Record an objection")
def objected(
    ref: SubjectRefPath, body: StatementBody, workspace: Store, actor: Officer
) -> StatementAnswer:
    """Record an objection (GDPR Art. 21)."""
    statement = _statement(body)
    return _stated(
        ref, object_to(workspace, ref, statement, request_id=body.request_id, actor=actor)
    )


@router.post("/subjects/{ref}:rectify", status_code=201, summary="Record a rectification")
def rectified(
    ref: SubjectRefPath, body: StatementBody, workspace: Store, actor: Officer
) -> StatementAnswer:
    """Record a rectification beside what was recorded (GDPR Art. 16)."""
    statement = _statement(body)
    return _stated(ref, rectify(workspace, ref, statement, request_id=body.request_id, actor=actor))


@router.get("/subjects/{ref}/notices", summary="Whom to tell of what was changed")
def notices(ref: SubjectRefPath, workspace: Store, actor: Reader) -> dict[str, JsonValue]:
    """List recipients to tell of corrections, erasures and restrictions, and who was told."""
    return notices_of(workspace, ref, actor=actor).to_result()


@router.post("/subjects/{ref}/notices", status_code=201, summary="Record that a recipient was told")
def notify(
    ref: SubjectRefPath, body: NoticeBody, workspace: Store, actor: Officer
) -> StatementAnswer:
    """Record that a recipient was told, or why that was not possible (GDPR Art. 19)."""
    notice = Notice(
        act=body.act,
        recipient=body.recipient,
        result=body.result,
        ground=body.ground,
        told_at=body.told_at,
        channel=body.channel,
    )
    recorded = notify_recipient(workspace, ref, notice, actor=actor)
    return StatementAnswer(ref=ref, receipt=ReceiptAnswer.of(recorded.receipt))


@router.post("/subjects/{ref}/holds", status_code=201, summary="Place a legal hold")
def hold(ref: SubjectRefPath, body: HoldBody, workspace: Store, actor: Officer) -> StatementAnswer:
    """Nothing about this person can be erased while the hold stands."""
    receipt = place_hold(
        workspace,
        ref,
        ground=body.ground,
        reference=body.reference,
        until=body.until,
        actor=actor,
    )
    return StatementAnswer(ref=ref, receipt=ReceiptAnswer.of(receipt))


@router.post("/subjects/{ref}/holds:lift", summary="Lift a legal hold")
def lift(ref: SubjectRefPath, body: LiftBody, workspace: Store, actor: Officer) -> StatementAnswer:
    """Lift the hold with this ground and reference."""
    receipt = lift_hold(workspace, ref, ground=body.ground, reference=body.reference, actor=actor)
    return StatementAnswer(ref=ref, receipt=ReceiptAnswer.of(receipt))


@router.post("/subjects/{ref}:erase", summary="Erase a person's data")
def erased(
    ref: SubjectRefPath, body: RequestBody, workspace: Store, actor: Officer
) -> ErasureAnswer:
    """Destroy the key that opens the person's data (GDPR Art. 17); refused under a hold."""
    done = erase(workspace, ref, _facts(body, "gdpr-art-17"), actor=actor)
    return ErasureAnswer(ref=ref, entries=done.entries, receipt=ReceiptAnswer.of(done.receipt))


def _facts(body: RequestBody, article: str) -> RequestFacts:
    return RequestFacts(
        received_at=body.received_at,
        identity_check=body.identity_check,
        article=body.article or article,
        request_id=body.request_id,
    )


def _statement(body: StatementBody) -> SubjectStatement:
    return SubjectStatement.parse(
        {"entry": body.entry, "fields": body.fields, "statement": body.statement}
    )


def _stated(ref: str, recorded: Recorded[SubjectStatement]) -> StatementAnswer:
    return StatementAnswer(ref=ref, receipt=ReceiptAnswer.of(recorded.receipt))

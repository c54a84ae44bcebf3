"""The register of data subjects' requests: opened, extended, answered, listed."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import ConfigDict, Field, StringConstraints

from answerable.api.actor import ActorContext
from answerable.api.flows.subject import (
    RequestClosing,
    RequestOpening,
    RequestQuery,
    close_request,
    extend_request,
    list_requests,
    open_request,
    show_request,
)
from answerable.api.http.access import Store, allowed
from answerable.api.http.cursors import open_cursor, seal_cursor
from answerable.api.http.schemas import (
    ID_PATTERN,
    Body,
    Code,
    EntryIdText,
    Micros,
    ReceiptAnswer,
    Reply,
    SubjectRefPath,
)
from answerable.api.http.strict_json import StrictRoute
from answerable.audit.records import Role
from answerable.audit.requests.register import RequestLine

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["requests"], route_class=StrictRoute)

Officer = Annotated[ActorContext, Depends(allowed(Role.OFFICER))]
Reader = Annotated[ActorContext, Depends(allowed(Role.OFFICER, Role.AUDITOR))]
RequestId = Annotated[str, Path(pattern=ID_PATTERN, description="Entry of the request, a UUIDv7.")]
_State = Literal["all", "open", "overdue"]


class OpeningBody(Body):
    """What a person asked for, when it came in, and whether they were identified."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "request": "access",
                    "received_at": 1780000000000000,
                    "identity_check": "id-card",
                    "identity_result": "confirmed",
                }
            ]
        }
    )
    request: Literal[
        "access",
        "portability",
        "rectification",
        "erasure",
        "restriction",
        "objection",
        "human_review",
    ]
    received_at: Micros
    identity_check: Code
    identity_result: Literal["confirmed", "pending", "failed"] = "confirmed"
    article: Code | None = None
    channel: Code | None = None


class ExtensionBody(Body):
    """Why more time is necessary, and when the person was told."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "number-of-requests"}]})
    reason: Code
    told_at: Micros | None = None


class ClosingBody(Body):
    """How a request was answered; a ground unless it was fulfilled or withdrawn.

    An erasure is refused on a listed ground, such as ``gdpr-17-3-b``; the error of any other names
    them all.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"outcome": "refused", "ground": "gdpr-art-12-5"}]}
    )
    outcome: Literal["fulfilled", "partly", "refused", "withdrawn"]
    ground: Code | None = None
    identity_check: Code | None = None
    acts: Annotated[list[EntryIdText], Field(max_length=100)] = Field(default_factory=list)


class RequestAnswer(Reply):
    """A recorded step of a request, and the last day on which an answer is in time."""

    request_id: str
    due_on: str | None
    due_at: int | None
    receipt: ReceiptAnswer


class RequestLineAnswer(Reply):
    """One request and where it stands; `outcome` is null while it is open."""

    request_id: str
    seq: int
    subject: str
    request: str
    article: str
    received_at: int
    due_on: str
    due_at: int
    extended: bool
    identity_check: str | None
    identity_result: str | None
    outcome: str | None
    ground: str | None
    answered_at: int | None
    answer_id: str | None
    overdue: bool
    late: bool


class RequestPage(Reply):
    """A page of the register; send `next` as `cursor` to go on."""

    items: list[RequestLineAnswer]
    next: str | None


@router.post("/subjects/{ref}/requests", status_code=201, summary="Open a request")
def opened(
    ref: SubjectRefPath, body: OpeningBody, workspace: Store, actor: Officer
) -> RequestAnswer:
    """Record that a person asked for something; the clock runs from receipt (GDPR Art. 12(3))."""
    opening = RequestOpening(
        request=body.request,
        received_at=body.received_at,
        identity_check=body.identity_check,
        identity_result=body.identity_result,
        article=body.article,
        channel=body.channel,
    )
    recorded = open_request(workspace, ref, opening, actor=actor)
    return RequestAnswer(
        request_id=recorded.entry_id,
        due_on=recorded.record.due_on.isoformat(),
        due_at=recorded.record.due_at,
        receipt=ReceiptAnswer.of(recorded.receipt),
    )


@router.post("/requests/{request_id}:extend", status_code=201, summary="Extend a request")
def extended(
    request_id: RequestId, body: ExtensionBody, workspace: Store, actor: Officer
) -> RequestAnswer:
    """Extend the time to answer, once, with the reason the person was told."""
    recorded = extend_request(
        workspace, request_id, reason=body.reason, told_at=body.told_at, actor=actor
    )
    return RequestAnswer(
        request_id=request_id,
        due_on=recorded.record.due_on.isoformat(),
        due_at=recorded.record.due_at,
        receipt=ReceiptAnswer.of(recorded.receipt),
    )


@router.post("/requests/{request_id}:close", status_code=201, summary="Answer a request")
def closed(
    request_id: RequestId, body: ClosingBody, workspace: Store, actor: Officer
) -> RequestAnswer:
    """Record how a request was answered and, unless it was fulfilled, on which ground."""
    closing = RequestClosing(
        outcome=body.outcome,
        ground=body.ground,
        identity_check=body.identity_check,
        acts=tuple(body.acts),
    )
    recorded = close_request(workspace, request_id, closing, actor=actor)
    return RequestAnswer(
        request_id=request_id,
        due_on=None,
        due_at=None,
        receipt=ReceiptAnswer.of(recorded.receipt),
    )


@router.get("/requests", summary="List requests of data subjects")
def listed(
    workspace: Store,
    actor: Reader,
    state: Annotated[_State, Query(description="All, newest first; or open or overdue.")] = "all",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, StringConstraints(max_length=64), Query()] = None,
) -> RequestPage:
    """List the register from headers and records without personal data."""
    listing = f"requests:{state}"
    after = None
    if cursor is not None:
        after = open_cursor(cursor, listing=listing, keyed_hash=workspace.keyed_hash)
    query = RequestQuery(state=state, after=after, limit=limit)
    page = list_requests(workspace, query, actor=actor)
    now = workspace.clock()
    more = len(page) == limit
    return RequestPage(
        items=[_line(item, now) for item in page],
        next=(
            seal_cursor(page[-1].seq, listing=listing, keyed_hash=workspace.keyed_hash)
            if more
            else None
        ),
    )


@router.get("/requests/{request_id}", summary="Read a request")
def read(request_id: RequestId, workspace: Store, actor: Reader) -> RequestLineAnswer:
    """Return one request as it stands."""
    return _line(show_request(workspace, request_id, actor=actor), workspace.clock())


def _line(line: RequestLine, now: int) -> RequestLineAnswer:
    return RequestLineAnswer(
        request_id=line.request_id,
        seq=line.seq,
        subject=line.subject,
        request=line.request,
        article=line.article,
        received_at=line.received_at,
        due_on=line.due_on.isoformat(),
        due_at=line.due_at,
        extended=line.extended,
        identity_check=line.identity_check,
        identity_result=line.identity_result,
        outcome=line.outcome,
        ground=line.ground,
        answered_at=line.answered_at,
        answer_id=line.answer_id,
        overdue=line.is_overdue(now),
        late=line.late,
    )

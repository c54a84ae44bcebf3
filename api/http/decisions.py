"""Decisions: record, evaluate, search, read, answer."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Response
from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from answerable.api.actor import ActorContext
from answerable.api.flows.answer import answer as answer_decision
from answerable.api.flows.cases import (
    Applicant,
    ApplicationRequest,
    Counter,
    Decided,
    DecisionRequest,
)
from answerable.api.flows.decide import evaluate_application, record_decision
from answerable.api.flows.decisions import DecisionQuery, list_decisions, read_decision
from answerable.api.http.access import EVERYBODY, Purpose, Store, allowed
from answerable.api.http.cursors import open_cursor, seal_cursor
from answerable.api.http.schemas import (
    AutomationText,
    Body,
    Code,
    DecisionId,
    EntryIdText,
    Json,
    Micros,
    Number,
    OutcomeText,
    ReceiptAnswer,
    Reply,
    Series,
)
from answerable.api.http.strict_json import StrictRoute
from answerable.audit.records import Amount, Automation, Component, Outcome, Role

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["decisions"], route_class=StrictRoute)

_Id = Annotated[str, StringConstraints(min_length=1, max_length=256)]
_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=128,
        description="Sending the same request again under the same key gives the first answer.",
    ),
]
Service = Annotated[ActorContext, Depends(allowed(Role.SERVICE))]
Reader = Annotated[ActorContext, Depends(allowed(Role.OFFICER, Role.REVIEWER, Role.AUDITOR))]
Lister = Annotated[ActorContext, Depends(allowed(*EVERYBODY))]


class SubjectBody(Body):
    """A data subject as your service names them; the id is replaced by a random reference."""

    subject_id: _Id
    role: Code = "applicant"
    data: Json = Field(default_factory=dict)


class AmountBody(Body):
    """An amount in minor units."""

    name: Code
    minor_units: int
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class ComponentBody(Body):
    """One step of a decision, in the order it ran."""

    kind: Literal["rule", "model", "human"]
    id: Code
    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    output: float | str | None = None
    fired: bool


class CounterBody(Body):
    """The place of a decision in a series the caller numbers without gaps."""

    series: Series
    number: Number


class EvaluateBody(Body):
    """A case to be decided by a released decision function."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "function": "loan@1",
                    "inputs": {"income": 800, "debt": 2100},
                    "subjects": [{"subject_id": "customer-17", "data": {"name": "A. Example"}}],
                    "groups": {"sex": "female"},
                }
            ]
        }
    )
    function: str
    inputs: Json
    subjects: Annotated[list[SubjectBody], Field(min_length=1, max_length=16)]
    amounts: list[AmountBody] = Field(default_factory=list)
    decided_at: Micros | None = None
    reference: Annotated[str, StringConstraints(max_length=256)] | None = None
    groups: dict[str, str] = Field(default_factory=dict)
    decision_id: EntryIdText | None = None
    restriction_ground: Code | None = None
    """Ground of GDPR Art. 18(2) on which a restricted person is decided about."""
    counter: CounterBody | None = None


class RecordBody(EvaluateBody):
    """A decision your service made and wants recorded."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "function": "loan@1",
                    "outcome": "approve",
                    "outcome_code": "approve",
                    "automation": "assisted",
                    "components": [{"kind": "human", "id": "clerk", "fired": True}],
                    "inputs": {"income": 4200, "debt": 100},
                    "subjects": [{"subject_id": "customer-18"}],
                }
            ]
        }
    )
    outcome: OutcomeText
    outcome_code: Code
    automation: AutomationText
    components: Annotated[list[ComponentBody], Field(min_length=1, max_length=64)]
    score: float | None = None
    scale: Literal["raw_margin", "probability"] | None = None
    purpose: Code | None = None
    lawful_basis: Code | None = None


class DecidedAnswer(Reply):
    """A recorded decision."""

    decision_id: str
    function: str
    function_name: str
    outcome: OutcomeText
    outcome_code: str
    automation: AutomationText
    score: float | None
    release: str | None
    recorded: Annotated[
        Literal["logged", "spooled"],
        Field(description="Whether it stands in the log, or waits outside it for the database"),
    ]
    receipt: Annotated[
        ReceiptAnswer | None, Field(description="Null while the decision waits: no proof yet")
    ]
    explanation_id: str | None
    explanation: Json | None
    incident: Annotated[
        ReceiptAnswer | None, Field(description="Set when the function had no valid release")
    ]


class SearchBody(Body):
    """Which decisions to list, newest first; no personal data can be searched here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"outcome": "decline", "limit": 10}]})
    function: str | None = None
    outcome: Code | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: Annotated[str, StringConstraints(max_length=64)] | None = None


class DecisionLineAnswer(Reply):
    """What a header says about a decision."""

    decision_id: str
    seq: int
    ts: int
    function: str
    function_name: str
    outcome: str
    automation: str
    release: str
    supersedes: str | None
    subjects: int


class DecisionPage(Reply):
    """A page of decisions; send `next` as `cursor` to go on."""

    items: list[DecisionLineAnswer]
    next: str | None


class SubjectAnswer(Reply):
    """A data subject of a decision; `data` is null after an erasure."""

    ref: str
    role: str
    data: Json | None


class DecisionAnswer(Reply):
    """A decision with its personal data, and what followed."""

    decision_id: str
    seq: int
    ts: int
    claimed_at: int | None
    function: str
    function_name: str
    decision: Json
    subjects: list[SubjectAnswer]
    superseded_by: str | None
    reviews: list[str]
    restricted: bool


@router.post("/decisions", status_code=201, summary="Record a decision that was made elsewhere")
def record(
    body: RecordBody,
    workspace: Store,
    actor: Service,
    response: Response,
    idempotency_key: _Key = None,
) -> DecidedAnswer:
    """Log a decision. Without a valid release it is logged all the same, with an incident."""
    request = DecisionRequest(
        function=body.function,
        outcome=Outcome(body.outcome),
        outcome_code=body.outcome_code,
        automation=Automation(body.automation),
        components=tuple(Component.parse(item.model_dump()) for item in body.components),
        inputs=body.inputs,
        subjects=_subjects(body),
        score=body.score,
        scale=body.scale,
        amounts=_amounts(body),
        purpose=body.purpose,
        lawful_basis=body.lawful_basis,
        decided_at=body.decided_at,
        reference=body.reference,
        groups=body.groups,
        decision_id=body.decision_id,
        counter=_counter(body),
        idempotency_key=idempotency_key,
        restriction_ground=body.restriction_ground,
    )
    return _answer(record_decision(workspace, request, actor=actor), response)


@router.post("/decisions:evaluate", status_code=201, summary="Decide, explain and log a case")
def evaluate(
    body: EvaluateBody,
    workspace: Store,
    actor: Service,
    response: Response,
    idempotency_key: _Key = None,
) -> DecidedAnswer:
    """Decide a case with a released decision function; refused without a valid release."""
    request = ApplicationRequest(
        function=body.function,
        inputs=body.inputs,
        subjects=_subjects(body),
        amounts=_amounts(body),
        decided_at=body.decided_at,
        reference=body.reference,
        groups=body.groups,
        decision_id=body.decision_id,
        counter=_counter(body),
        idempotency_key=idempotency_key,
        restriction_ground=body.restriction_ground,
    )
    return _answer(evaluate_application(workspace, request, actor=actor), response)


@router.post("/decisions:search", summary="List decisions, newest first")
def search(body: SearchBody, workspace: Store, _actor: Lister) -> DecisionPage:
    """List decisions from their headers: no personal data is read."""
    listing = f"decisions:{body.function}:{body.outcome}"
    after = None
    if body.cursor is not None:
        after = open_cursor(body.cursor, listing=listing, keyed_hash=workspace.keyed_hash)
    query = DecisionQuery(
        function=body.function, outcome=body.outcome, after=after, limit=body.limit
    )
    lines = list_decisions(workspace, query)
    more = len(lines) == body.limit
    return DecisionPage(
        items=[
            DecisionLineAnswer(
                decision_id=line.entry_id,
                seq=line.seq,
                ts=line.ts,
                function=line.function,
                function_name=line.function_name,
                outcome=line.outcome,
                automation=line.automation,
                release=line.release,
                supersedes=line.supersedes,
                subjects=line.subjects,
            )
            for line in lines
        ],
        next=(
            seal_cursor(lines[-1].seq, listing=listing, keyed_hash=workspace.keyed_hash)
            if more
            else None
        ),
    )


@router.get("/decisions/{decision_id}", summary="Read a decision")
def read(
    decision_id: DecisionId, workspace: Store, actor: Reader, purpose: Purpose
) -> DecisionAnswer:
    """Return a decision with its personal data; who read it, and why, is logged first."""
    view = read_decision(workspace, decision_id, purpose=purpose, actor=actor)
    header = view.entry.header
    return DecisionAnswer(
        decision_id=header.id,
        seq=view.entry.seq,
        ts=header.ts,
        claimed_at=header.at,
        function=view.decision.function,
        function_name=view.function_name,
        decision=view.decision.model_dump(mode="json"),
        subjects=[
            SubjectAnswer(ref=item.ref, role=item.role, data=item.data) for item in view.subjects
        ],
        superseded_by=view.superseded_by,
        reviews=[entry.id for entry in view.reviews],
        restricted=view.restricted,
    )


@router.get("/decisions/{decision_id}/answer", summary="The three questions, with proofs")
def answer(
    decision_id: DecisionId, workspace: Store, actor: Reader, purpose: Purpose
) -> dict[str, JsonValue]:
    """Return which data trained it, how it was assessed and who signed, and why this outcome."""
    return answer_decision(workspace, decision_id, purpose=purpose, actor=actor).to_result()


def _subjects(body: EvaluateBody) -> tuple[Applicant, ...]:
    return tuple(
        Applicant(subject_id=item.subject_id, role=item.role, data=item.data)
        for item in body.subjects
    )


def _counter(body: EvaluateBody) -> Counter | None:
    return None if body.counter is None else Counter(body.counter.series, body.counter.number)


def _amounts(body: EvaluateBody) -> tuple[Amount, ...]:
    return tuple(Amount.parse(item.model_dump()) for item in body.amounts)


def _answer(made: Decided, response: Response) -> DecidedAnswer:
    if made.receipt is None or made.receipt.repeated:
        response.status_code = 200
    response.headers["Answerable-Decision-Id"] = made.decision_id
    response.headers["Answerable-Function"] = made.decision.function
    return DecidedAnswer(
        decision_id=made.decision_id,
        function=made.decision.function,
        function_name=made.function_name,
        outcome=made.decision.outcome.value,
        outcome_code=made.decision.outcome_code,
        automation=made.decision.automation.value,
        score=made.decision.score,
        release=made.decision.release,
        recorded="spooled" if made.spooled else "logged",
        receipt=ReceiptAnswer.of(made.receipt) if made.receipt is not None else None,
        explanation_id=made.explanation_id,
        explanation=made.explanation.to_result() if made.explanation is not None else None,
        incident=ReceiptAnswer.of(made.incident) if made.incident is not None else None,
    )

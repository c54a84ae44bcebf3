"""Questions to the log: what a supervisor, an auditor or an officer asks.

They are sent in the body of a POST, so nothing of them stands in an address; each is recorded with
who asked and why before its answer is handed out.
"""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from answerable.api.actor import ActorContext
from answerable.api.flows.query import (
    ASKERS,
    Answer,
    Asking,
    ChangesAsked,
    CountsAsked,
    ask_acts,
    ask_adverse,
    ask_affected,
    ask_changes,
    ask_counts,
    ask_irregularities,
    ask_lineage,
    ask_oversight,
    ask_reads,
    ask_sample,
    kinds_named,
)
from answerable.api.http.access import Purpose, Store, allowed
from answerable.api.http.cursors import open_cursor, seal_cursor
from answerable.api.http.schemas import AutomationText, Body, Code, Json, Micros, Reply
from answerable.api.http.strict_json import StrictRoute
from answerable.api.wiring import Workspace
from answerable.audit.canonical import canonical_json
from answerable.audit.codes import Automation
from answerable.audit.queries import Draw, Scope

__all__ = ["router"]

router = APIRouter(prefix="/v1/queries", tags=["questions to the log"], route_class=StrictRoute)

Asker = Annotated[ActorContext, Depends(allowed(*ASKERS))]
_Function = Annotated[
    str,
    StringConstraints(pattern=r"^([A-Za-z0-9_.-]{1,64}@[A-Za-z0-9_.-]{1,64}|sha256:[0-9a-f]{64})$"),
]
_Note = Annotated[str, StringConstraints(min_length=1, max_length=16_384)]
_Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
_Outcomes = Annotated[list[Code], Field(max_length=64)]
_Kinds = Annotated[list[Code], Field(max_length=64)]
_PARTS = {"cursor", "limit", "count"}


class PageBody(Body):
    """Which part of an answer: send `next` as `cursor`, with everything else unchanged."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Annotated[str, StringConstraints(max_length=64)] | None = None


class WindowBody(PageBody):
    """A window of the log's own time; `until` is excluded."""

    since: Micros = 0
    until: Micros | None = None
    count: Annotated[
        bool, Field(description="Count over everything asked about as well; may take long.")
    ] = False


class FunctionBody(WindowBody):
    """A window, and the decision function when only one is asked about."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"since": 1780000000000000}]})
    function: _Function | None = None


class AdverseBody(WindowBody):
    """Which function; without `outcomes`, those its registration leaves over are adverse."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"function": "loan@1", "limit": 10}]})
    function: _Function
    outcomes: _Outcomes = Field(default_factory=list)


class AffectedBody(FunctionBody):
    """Which decisions: of a function, with some outcomes, in a window such as a breach's."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"function": "loan@1", "count": True}]}
    )
    outcomes: _Outcomes = Field(default_factory=list)
    automation: AutomationText | None = None


class ActsBody(WindowBody):
    """A window, and kinds when only some are asked about."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kinds": ["hold.placed"]}]})
    kinds: _Kinds = Field(default_factory=list)


class ReadsBody(WindowBody):
    """A window, and a purpose when only one is asked about."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"count": True}]})
    read_for: Code | None = None


class LineageBody(PageBody):
    """Days (UTC, both included), and the function when only one is asked about."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"first_day": "2026-05-01"}]})
    first_day: _Day | None = None
    last_day: _Day | None = None
    function: _Function | None = None


class CountsBody(LineageBody):
    """Days and function, and whether to prove the counts against every header."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"recount": True}]})
    recount: bool = False


class ChangesBody(PageBody):
    """A checkpoint as it was published; `until_size` of an earlier answer keeps pages together."""

    checkpoint: _Note
    until_size: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    kinds: _Kinds = Field(default_factory=list)


class SampleBody(Body):
    """How many decisions, by which checkpoint, with which nonce of the examiner."""

    checkpoint: _Note
    n: Annotated[int, Field(ge=1, le=10_000)]
    nonce: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2}){16,64}$")] | None = None
    by_outcome: bool = False
    function: _Function | None = None
    outcomes: _Outcomes = Field(default_factory=list)
    automation: AutomationText | None = None
    since: Micros = 0
    until: Micros | None = None


class QueryAnswer(Reply):
    """A part of an answer. What a line holds is in docs/queries.md, question by question."""

    query: str
    parameters: Json
    size: Annotated[int, Field(description="How many entries the log had")]
    summary: Json
    items: list[Json]
    next: str | None
    asked: Annotated[str, Field(description="Entry that records the question")]


@router.post("/adverse", summary="Adverse decisions that no person took part in")
def adverse(body: AdverseBody, workspace: Store, actor: Asker, purpose: Purpose) -> QueryAnswer:
    """List the solely automated decisions of a function with an adverse outcome (GDPR Art. 22)."""
    scope = Scope(
        function=body.function,
        outcomes=tuple(body.outcomes),
        since=body.since,
        until=body.until,
    )
    part = _Part("adverse", body, workspace)
    return part.reply(ask_adverse(workspace, scope, part.asking(actor, purpose)))


@router.post("/affected", summary="Whom decisions were about, by reference")
def affected(body: AffectedBody, workspace: Store, actor: Asker, purpose: Purpose) -> QueryAnswer:
    """List each person once; `count` adds how many there are (GDPR Art. 33 and 34)."""
    scope = Scope(
        function=body.function,
        outcomes=tuple(body.outcomes),
        automation=Automation(body.automation) if body.automation else None,
        since=body.since,
        until=body.until,
    )
    part = _Part("affected", body, workspace)
    return part.reply(ask_affected(workspace, scope, part.asking(actor, purpose)))


@router.post("/oversight", summary="Contests, human reviews and overrides")
def oversight(body: FunctionBody, workspace: Store, actor: Asker, purpose: Purpose) -> QueryAnswer:
    """List them; `count` adds the share overturned and the times (AI Act Art. 14)."""
    scope = Scope(function=body.function, since=body.since, until=body.until)
    part = _Part("oversight", body, workspace)
    return part.reply(ask_oversight(workspace, scope, part.asking(actor, purpose)))


@router.post("/acts", summary="Erasures, refusals, holds, retention runs")
def acts(body: ActsBody, workspace: Store, actor: Asker, purpose: Purpose) -> QueryAnswer:
    """List what was done with people's data, with its ground (GDPR Art. 5(2), 17, 30)."""
    scope = Scope(kinds=kinds_named(body.kinds), since=body.since, until=body.until)
    part = _Part("acts", body, workspace)
    return part.reply(ask_acts(workspace, scope, part.asking(actor, purpose)))


@router.post("/reads", summary="Who looked at whose data")
def reads(body: ReadsBody, workspace: Store, actor: Asker, purpose: Purpose) -> QueryAnswer:
    """List reads and questions by role, purpose and reference; no names."""
    scope = Scope(since=body.since, until=body.until)
    part = _Part("reads", body, workspace)
    asking = part.asking(actor, purpose)
    return part.reply(ask_reads(workspace, scope, asking, purpose=body.read_for))


@router.post("/irregularities", summary="What should not have happened")
def irregularities(
    body: FunctionBody, workspace: Store, actor: Asker, purpose: Purpose
) -> QueryAnswer:
    """List decisions without a release or replaced twice, incidents, steps of the clock."""
    scope = Scope(function=body.function, since=body.since, until=body.until)
    part = _Part("irregularities", body, workspace)
    return part.reply(ask_irregularities(workspace, scope, part.asking(actor, purpose)))


@router.post("/counts", summary="Decisions by day, function and outcome")
def counts(body: CountsBody, workspace: Store, actor: Asker, purpose: Purpose) -> QueryAnswer:
    """Count from the kept counts; `recount` compares them with every header."""
    asked = CountsAsked(
        first_day=body.first_day,
        last_day=body.last_day,
        function=body.function,
        recounted=body.recount,
    )
    part = _Part("counts", body, workspace)
    return part.reply(ask_counts(workspace, asked, part.asking(actor, purpose)))


@router.post("/lineage", summary="What decided, under which release, trained on which data")
def lineage(body: LineageBody, workspace: Store, actor: Asker, purpose: Purpose) -> QueryAnswer:
    """List the functions that decided on some days."""
    asked = CountsAsked(first_day=body.first_day, last_day=body.last_day, function=body.function)
    part = _Part("lineage", body, workspace)
    return part.reply(ask_lineage(workspace, asked, part.asking(actor, purpose)))


@router.post("/changes", summary="What was appended since a checkpoint")
def changes(body: ChangesBody, workspace: Store, actor: Asker, purpose: Purpose) -> QueryAnswer:
    """Prove that the log only grew, count what was appended by kind, and list it."""
    asked = ChangesAsked(
        checkpoint=body.checkpoint, size=body.until_size, kinds=kinds_named(body.kinds)
    )
    part = _Part("changes", body, workspace)
    return part.reply(ask_changes(workspace, asked, part.asking(actor, purpose)))


@router.post("/sample", summary="A random sample that nobody can pick")
def sample(body: SampleBody, workspace: Store, actor: Asker, purpose: Purpose) -> QueryAnswer:
    """Draw decisions by a published checkpoint and the examiner's nonce."""
    scope = Scope(
        function=body.function,
        outcomes=tuple(body.outcomes),
        automation=Automation(body.automation) if body.automation else None,
        since=body.since,
        until=body.until,
    )
    how = Draw(n=body.n, nonce=body.nonce or "", by_outcome=body.by_outcome)
    asking = Asking(actor=actor, purpose=purpose)
    return _reply(ask_sample(workspace, scope, asking, checkpoint=body.checkpoint, how=how), None)


class _Part:
    """The part of an answer a body asks for, and the cursor that continues it."""

    def __init__(self, name: str, body: PageBody, workspace: Workspace) -> None:
        filters = cast("JsonValue", body.model_dump(mode="json", exclude=_PARTS))
        self._listing = f"query:{name}:{canonical_json(filters).decode()}"
        self._workspace = workspace
        self._body = body

    def asking(self, actor: ActorContext, purpose: str) -> Asking:
        after = -1
        if self._body.cursor is not None:
            after = open_cursor(
                self._body.cursor, listing=self._listing, keyed_hash=self._workspace.keyed_hash
            )
        counted = self._body.count if isinstance(self._body, WindowBody) else False
        return Asking(
            actor=actor, purpose=purpose, after=after, limit=self._body.limit, counted=counted
        )

    def reply(self, answer: Answer) -> QueryAnswer:
        following = answer.next
        if following is None:
            return _reply(answer, None)
        keyed = self._workspace.keyed_hash
        return _reply(answer, seal_cursor(following, listing=self._listing, keyed_hash=keyed))


def _reply(answer: Answer, cursor: str | None) -> QueryAnswer:
    return QueryAnswer(
        query=answer.question.name,
        parameters=dict(answer.question.parameters),
        size=answer.size,
        summary=dict(answer.summary),
        items=[dict(item) for item in answer.items],
        next=cursor,
        asked=answer.asked.entry_id,
    )

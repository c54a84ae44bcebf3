"""Decisions: record one that a caller made, or make one with a released decision function.

Promises: a recorded decision is always logged, also when its function has no valid
release; then it says so and an incident is opened in the same step. A function without a
valid release never decides here, and nobody whose data is restricted is decided about here
without a stated ground. What is decided here is explained while the features are
in hand, and decision and explanation are appended together or not at all. The same id or
idempotency key with the same content gives the first answer again; with other content it
is a :class:`Conflict`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from answerable.api.actor import ActorContext
from answerable.api.flows.append import CODE_VERSION, DATASET_ROLE, is_dataset_id
from answerable.api.flows.cases import (
    Applicant,
    ApplicationRequest,
    Decided,
    DecisionRequest,
    cell_code,
)
from answerable.api.flows.completeness import counter_links
from answerable.api.flows.loading import explainer_of
from answerable.api.flows.lookup import FunctionFacts
from answerable.api.flows.recording import (
    Earlier,
    earlier_decision,
    explanation_of,
    facts_for_deciding,
    mode_of,
)
from answerable.api.flows.restriction import (
    require_unrestricted,
    restrictions_on,
)
from answerable.api.flows.stored import explanation_evidence
from answerable.api.wiring import Workspace
from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.errors import InvalidInput, NotReleased
from answerable.audit.ids import uuid7
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Automation,
    Decision,
    EntryLink,
    Evidence,
    Outcome,
    Role,
)
from answerable.explain.explanation import Explanation, explain_decision
from answerable.explain.scoring import evaluate

__all__ = [
    "Applicant",
    "ApplicationRequest",
    "Decided",
    "DecisionRequest",
    "cell_code",
    "evaluate_application",
    "record_decision",
]


def record_decision(
    workspace: Workspace, request: DecisionRequest, *, actor: ActorContext
) -> Decided:
    """Log a decision that the caller made.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    request : DecisionRequest
        What was decided, by which steps, on which inputs, about whom.
    actor : ActorContext
        A service.

    Returns
    -------
    Decided
        With `incident` set when the function had no valid release, or when the data of a person
        was restricted and no ground was stated.

    Raises
    ------
    NotAllowed
        If the actor is no service.
    NotFound
        If the decision function is not registered.
    InvalidInput
        If the outcome code is not the function's, a group is not the use case's, or a
        field is malformed.
    Conflict
        If the id stands for another decision.
    """
    role = actor.acting_as(Role.SERVICE)
    facts = facts_for_deciding(workspace, request.function)
    _require_code(facts, request.outcome_code)
    entry_id, earlier = _identity(workspace, facts, request, actor)
    links = counter_links(workspace, actor.actor, request.counter)
    release = facts.release if earlier is None else earlier.decision.release
    decision = Decision.parse(
        {
            "function": facts.digest,
            "outcome": request.outcome,
            "outcome_code": request.outcome_code,
            "automation": request.automation,
            "components": request.components,
            "inputs": dict(request.inputs),
            "score": request.score,
            "scale": request.scale,
            "cut_off": facts.record.cut_off if request.score is not None else None,
            "amounts": request.amounts,
            "purpose": request.purpose or facts.use_case.purpose,
            "lawful_basis": request.lawful_basis or facts.use_case.lawful_basis,
            "release": release,
        }
    )
    restricted = restrictions_on(workspace, request, earlier, mode_of(workspace, facts))
    case = _Case(entry_id, decision, facts, earlier, (*restricted.links, *links))
    drafts = [_draft(case, request, (actor, role))]
    wrong = restricted.incident if release is not None else "decision-without-release"
    if earlier is None and wrong is not None:
        drafts.append(_incident(workspace, entry_id, facts, (actor, role), reason=wrong))
    receipts = workspace.recorder.record(drafts, mode_of(workspace, facts)).receipts
    return Decided(
        decision_id=entry_id,
        decision=decision,
        receipt=receipts[0] if receipts else None,
        function_name=facts.name,
        incident=receipts[1] if len(receipts) > 1 else None,
    )


def evaluate_application(
    workspace: Workspace, request: ApplicationRequest, *, actor: ActorContext
) -> Decided:
    """Decide a case: rules, model, explanation and log in one call.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    request : ApplicationRequest
        The case.
    actor : ActorContext
        A service.

    Returns
    -------
    Decided
        With its explanation. Asking again under the same id returns the stored answer;
        nothing is computed anew.

    Raises
    ------
    NotAllowed
        If the actor is no service.
    NotFound
        If the decision function is not registered.
    NotReleased
        If it has no valid release; nothing is decided and nothing is logged.
    PolicyViolation
        If the data of a person is restricted and no ground of Art. 18(2) is stated; nothing is
        decided and nothing is logged.
    InvalidInput
        If a feature is missing, unknown or malformed, or the ground is no ground.
    Conflict
        If the id stands for another case.
    AdditivityBroken
        If the attributions do not add up to the score; nothing is logged.
    """
    role = actor.acting_as(Role.SERVICE)
    facts = facts_for_deciding(workspace, request.function)
    entry_id, earlier = _identity(workspace, facts, request, actor)
    links = counter_links(workspace, actor.actor, request.counter)
    if earlier is not None:
        same = earlier.decision.model_copy(
            update={
                "function": facts.digest,
                "inputs": dict(request.inputs),
                "amounts": request.amounts,
            }
        )
        restricted = restrictions_on(workspace, request, earlier, mode_of(workspace, facts))
        case = _Case(entry_id, same, facts, earlier, (*restricted.links, *links))
        return _again(workspace, case, _draft(case, request, (actor, role)))
    if facts.release is None:
        raise NotReleased(
            f"{facts.name} has no valid release, so it decides nothing",
            remedy="Release it first, or decide elsewhere and record the decision.",
        )
    restricted = restrictions_on(workspace, request, None, mode_of(workspace, facts))
    require_unrestricted(restricted)
    decision, explanation = _decide(workspace, facts, entry_id, request)
    case = _Case(entry_id, decision, facts, None, (*restricted.links, *links))
    draft = _draft(case, request, (actor, role))
    explained = _explanation_draft(workspace, draft, explanation)
    receipts = workspace.recorder.record([draft, explained], mode_of(workspace, facts)).receipts
    return Decided(
        decision_id=entry_id,
        decision=decision,
        receipt=receipts[0] if receipts else None,
        function_name=facts.name,
        explanation=explanation,
        explanation_id=explained.entry_id,
    )


@dataclass(frozen=True)
class _Case:
    entry_id: str
    decision: Decision
    facts: FunctionFacts
    earlier: Earlier | None
    links: tuple[EntryLink, ...]


def _identity(
    workspace: Workspace,
    facts: FunctionFacts,
    request: DecisionRequest | ApplicationRequest,
    actor: ActorContext,
) -> tuple[str, Earlier | None]:
    """Return the entry id, and the decision that stands under it already."""
    if request.decision_id is not None:
        entry_id = request.decision_id
    elif request.idempotency_key is not None:
        said = f"{actor.actor}\0{request.idempotency_key}"
        mark = workspace.keyed_hash("idempotency", said.encode())
        entry_id = _id_from(mark)
    else:
        return workspace.ids(), None
    return entry_id, earlier_decision(workspace, entry_id, mode_of(workspace, facts))


def _derived_id(workspace: Workspace, label: str, entry_id: str) -> str:
    return _id_from(workspace.keyed_hash(label, entry_id.encode("ascii")))


def _id_from(mark: bytes) -> str:
    # Made of a keyed hash alone, so that no store is needed to find it again. The time in
    # such an id means nothing; the entry's own time does.
    return uuid7(int.from_bytes(mark[:6], "big") * 1000, mark[6:16])


def _require_code(facts: FunctionFacts, code: str) -> None:
    if code not in facts.record.outcome_codes:
        raise InvalidInput(
            "an outcome code that the decision function does not register",
            where="outcome_code",
            remedy=f"Registered: {', '.join(facts.record.outcome_codes)}.",
        )


def _draft(
    case: _Case,
    request: DecisionRequest | ApplicationRequest,
    acting: tuple[ActorContext, Role],
) -> Draft:
    if not request.subjects:
        raise InvalidInput("a decision needs at least one data subject", where="subjects")
    named = [(item.role, item.subject_id) for item in request.subjects]
    if any(role == DATASET_ROLE or is_dataset_id(subject_id) for role, subject_id in named):
        raise InvalidInput(
            f"ids that begin with 'dataset:' and the role {DATASET_ROLE!r} stand for data sets",
            where="subjects",
            remedy="Name the person by another id and role.",
        )
    actor, acted_as = acting
    claimed_at = request.decided_at
    if claimed_at is None and case.earlier is not None:
        # One that waited in the spool claims the time it was made: left out, it is the same.
        claimed_at = case.earlier.claimed_at
    draft = Draft.of_decision(
        case.decision,
        entry_id=case.entry_id,
        actor=actor.actor,
        role=acted_as,
        subjects=[
            DraftSubject(role=item.role, subject_id=item.subject_id, data=dict(item.data))
            for item in request.subjects
        ],
    )
    return replace(
        draft,
        claimed_at=claimed_at,
        reference=request.reference,
        links=case.links,
        cell=cell_code(case.facts.use_case, request.groups),
    )


def _decide(
    workspace: Workspace, facts: FunctionFacts, entry_id: str, request: ApplicationRequest
) -> tuple[Decision, Explanation]:
    explainer = explainer_of(workspace, facts)
    evaluation = evaluate(facts.record, explainer.models, request.inputs)
    # A counterfactual is a promise about this function: it ends with the function's release.
    explanation = explain_decision(
        explainer,
        request.inputs,
        evaluation,
        decision_id=entry_id,
        valid_until=facts.valid_until or workspace.clock(),
    )
    decision = Decision(
        function=facts.digest,
        outcome=evaluation.outcome,
        outcome_code=evaluation.outcome_code,
        automation=(
            Automation.ASSISTED
            if evaluation.outcome is Outcome.REFER
            else Automation.SOLELY_AUTOMATED
        ),
        components=evaluation.components,
        inputs=dict(request.inputs),
        score=evaluation.score,
        scale=facts.record.scale if evaluation.score is not None else None,
        cut_off=facts.record.cut_off if evaluation.score is not None else None,
        amounts=request.amounts,
        purpose=facts.use_case.purpose,
        lawful_basis=facts.use_case.lawful_basis,
        explanation=explanation.digest,
        release=facts.release,
    )
    return decision, explanation


def _explanation_draft(workspace: Workspace, decision: Draft, explanation: Explanation) -> Draft:
    assert decision.function is not None  # noqa: S101  set two lines above its only caller
    return Draft(
        kind=EntryKind.EXPLANATION,
        entry_id=_derived_id(workspace, "explanation", decision.entry_id),
        record=explanation_evidence(explanation),
        actor=decision.actor,
        role=decision.role,
        subjects=tuple(
            DraftSubject(role=item.role, subject_id=item.subject_id) for item in decision.subjects
        ),
        links=(EntryLink(rel="explains", entry=decision.entry_id),),
        function=decision.function,
        purpose=decision.purpose,
        lawful_basis=decision.lawful_basis,
    )


def _incident(
    workspace: Workspace,
    decision_id: str,
    facts: FunctionFacts,
    acting: tuple[ActorContext, Role],
    *,
    reason: str,
) -> Draft:
    actor, role = acting
    record = Evidence(
        kind=EntryKind.INCIDENT_OPENED.value,
        inputs={"function": facts.digest},
        code=CODE_VERSION,
        result_type="answerable.incident.v1",
        result={"reason": reason, "decision": decision_id},
    )
    return Draft(
        kind=EntryKind.INCIDENT_OPENED,
        entry_id=workspace.ids(),
        record=record,
        actor=actor.actor,
        role=role,
        links=(EntryLink(rel="concerns", entry=decision_id),),
        function=facts.digest,
    )


def _again(workspace: Workspace, case: _Case, draft: Draft) -> Decided:
    recorded = workspace.recorder.record([draft], mode_of(workspace, case.facts))
    if recorded.spooled or (case.earlier is not None and case.earlier.explanation is not None):
        explanation = case.earlier.explanation if case.earlier is not None else None
        explanation_id = _derived_id(workspace, "explanation", case.entry_id)
    else:
        explanation, stored_id = explanation_of(workspace, case.entry_id)
        explanation_id = stored_id or ""
    return Decided(
        decision_id=case.entry_id,
        decision=case.decision,
        receipt=recorded.receipts[0] if recorded.receipts else None,
        function_name=case.facts.name,
        explanation=explanation,
        explanation_id=explanation_id if explanation is not None else None,
    )

"""Contest and review: a person looks at an automated decision, and may overturn it.

An overturned decision is not edited: a new decision entry, made by a person, supersedes it.

References
----------
GDPR Art. 22(3): human intervention, the person's own point of view, contest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.contests import (
    ContestLine,
    contested_decision,
    open_contests,
    read_contest,
)
from answerable.api.flows.context import Recorded
from answerable.api.flows.lookup import function_facts
from answerable.api.flows.stored import open_decision, related_of_kind, same_subjects
from answerable.api.wiring import Workspace
from answerable.audit.entries import Draft, DraftSubject, Entry, Receipt
from answerable.audit.errors import Conflict, InvalidInput, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Automation,
    Component,
    ComponentKind,
    Contest,
    Decision,
    EntryLink,
    Outcome,
    Review,
    Role,
)

__all__ = [
    "ContestLine",
    "ReviewDone",
    "ReviewRequest",
    "complete_review",
    "contest",
    "open_contests",
    "read_contest",
]


@dataclass(frozen=True, kw_only=True)
class ReviewRequest:
    """What a reviewer found; an overturned decision needs the new outcome."""

    decision_id: str
    result: Literal["upheld", "overturned"]
    reason_code: str
    note: str = ""
    contest_id: str | None = None
    new_outcome: Outcome | None = None
    new_outcome_code: str | None = None


@dataclass(frozen=True)
class ReviewDone:
    """A completed review and, when it overturned, the decision that now stands."""

    review: Recorded[Review]
    new_decision: Receipt | None


def contest(
    workspace: Workspace,
    decision_id: str,
    *,
    grounds: str,
    received_at: int | None = None,
    by: str | None = None,
    actor: ActorContext,
) -> Recorded[Contest]:
    """Record that a data subject contests a decision.

    The contest names who filed it alone: nobody else of the case is shown what they wrote.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    decision_id : str
        The decision.
    grounds : str
        In the person's own words; encrypted under their key.
    received_at : int, optional
        Microseconds; now when left out.
    by : str, optional
        Reference of the person who contests; may be left out when the decision is about one. An
        applicant who is signed in is the first-named, to whom letters go.
    actor : ActorContext
        A service, officer or reviewer who received it, or the subject.

    Returns
    -------
    Recorded[Contest]
        The contest and its receipt.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If there is no such decision, or it is not about this person.
    Erased
        If the person's data was erased.
    InvalidInput
        If the decision is about several people and it is not said who contests it.
    """
    role = actor.acting_on(decision_id, Role.OFFICER, Role.REVIEWER, Role.SERVICE, Role.SUBJECT)
    entry, _ = open_decision(workspace, decision_id)
    people = entry.header.subjects
    if by is None and len(people) > 1 and role is not Role.SUBJECT:
        named = ", ".join(f"{item.ref} ({item.role})" for item in people)
        raise InvalidInput(
            "the decision is about several people: who contests it?",
            where="by",
            remedy=f"Give the reference of one of: {named}.",
        )
    filed_by = next((item for item in people if by is None or item.ref == by), None)
    if filed_by is None:
        raise NotFound("the decision is not about this person", where=f"decision {decision_id}")
    record = Contest.parse(
        {
            "decision": decision_id,
            "grounds": grounds,
            "received_at": workspace.clock() if received_at is None else received_at,
        }
    )
    receipt = workspace.log.append(
        Draft(
            kind=EntryKind.CONTEST_FILED,
            entry_id=workspace.ids(),
            record=record,
            actor=actor.actor,
            role=role,
            subjects=(DraftSubject(role=filed_by.role, ref=filed_by.ref),),
            claimed_at=record.received_at,
            links=(EntryLink(rel="contests", entry=decision_id),),
            function=entry.header.function,
        )
    )
    return Recorded(record, receipt)


def complete_review(
    workspace: Workspace, request: ReviewRequest, *, actor: ActorContext
) -> ReviewDone:
    """Record a person's review of a decision.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    request : ReviewRequest
        What they found.
    actor : ActorContext
        A reviewer; never a service.

    Returns
    -------
    ReviewDone
        With the receipt of the new decision when the old one was overturned.

    Raises
    ------
    NotAllowed
        If the actor is no person with the role.
    NotFound
        If there is no such decision or contest.
    InvalidInput
        If an overturned decision comes without a new outcome, or an upheld one with one.
    Conflict
        If the decision was superseded already.
    Erased
        If the person's data was erased.
    """
    role = actor.as_person(Role.REVIEWER, Role.OFFICER)
    entry, decision = open_decision(workspace, request.decision_id)
    _require_sound(workspace, request, entry)
    review_id = workspace.ids()
    drafts: list[Draft] = []
    if request.result == "overturned":
        drafts.append(_overturning(workspace, request, (entry, decision), (actor, role)))
    # What answers one of several people may tell of that person alone.
    own = _own_note(workspace, request, entry)
    record = Review.parse(
        {
            "decision": request.decision_id,
            "contest": request.contest_id,
            "reviewer": actor.actor,
            "result": request.result,
            "reason_code": request.reason_code,
            "note": "" if own else request.note,
            "new_decision": drafts[0].entry_id if drafts else None,
        }
    )
    links = [EntryLink(rel="reviews", entry=request.decision_id)]
    if request.contest_id is not None:
        links.append(EntryLink(rel="answers", entry=request.contest_id))
    drafts.append(
        Draft(
            kind=EntryKind.REVIEW_COMPLETED,
            entry_id=review_id,
            record=record,
            actor=actor.actor,
            role=role,
            subjects=same_subjects(entry, own),
            links=tuple(links),
            function=entry.header.function,
        )
    )
    receipts = workspace.log.append_many(drafts)
    return ReviewDone(
        review=Recorded(record, receipts[-1]),
        new_decision=receipts[0] if len(receipts) > 1 else None,
    )


# --------------------------------------------------------------------------- parts


def _require_sound(workspace: Workspace, request: ReviewRequest, entry: Entry) -> None:
    if (request.result == "overturned") != (request.new_outcome is not None):
        raise InvalidInput(
            "a new outcome is needed exactly when the decision is overturned",
            where="new_outcome",
        )
    if request.new_outcome_code == entry.header.outcome:
        raise InvalidInput(
            "the new outcome is the one that was decided",
            where="new_outcome_code",
            remedy="Uphold the decision, or name another outcome.",
        )
    if related_of_kind(workspace, entry.id, EntryKind.DECISION):
        raise Conflict(
            "the decision was superseded already",
            where=f"decision {entry.id}",
            remedy="Review the decision that stands now.",
        )
    if request.contest_id is None:
        return
    filed = workspace.log.entry(request.contest_id)
    if filed.kind is not EntryKind.CONTEST_FILED or contested_decision(filed) != entry.id:
        raise NotFound("there is no such contest of this decision", where="contest_id")


def _own_note(
    workspace: Workspace, request: ReviewRequest, entry: Entry
) -> dict[int, dict[str, JsonValue]]:
    """Return the reviewer's note by number of the person it answers, when there are others."""
    if request.contest_id is None or not request.note or len(entry.header.subjects) == 1:
        return {}
    filed_by = {item.ref for item in workspace.log.entry(request.contest_id).header.subjects}
    numbers = [n for n, item in enumerate(entry.header.subjects) if item.ref in filed_by]
    return {number: {"note": request.note} for number in numbers} if len(numbers) == 1 else {}


def _overturning(
    workspace: Workspace,
    request: ReviewRequest,
    overturned: tuple[Entry, Decision],
    acting: tuple[ActorContext, Role],
) -> Draft:
    entry, decision = overturned
    actor, role = acting
    facts = function_facts(workspace, decision.function)
    assert request.new_outcome is not None  # noqa: S101  checked by _require_sound
    code = request.new_outcome_code or request.new_outcome.value
    if code not in facts.record.outcome_codes:
        raise InvalidInput(
            "an outcome code that the decision function does not register",
            where="new_outcome_code",
            remedy=f"Registered: {', '.join(facts.record.outcome_codes)}.",
        )
    record = _overturned(request, entry.id, decision, code)
    draft = Draft.of_decision(
        record,
        entry_id=workspace.ids(),
        actor=actor.actor,
        role=role,
        subjects=same_subjects(entry, workspace.log.open_body(entry).subjects),
    )
    return replace(draft, links=(EntryLink(rel="supersedes", entry=entry.id),))


def _overturned(
    request: ReviewRequest, replaced_id: str, decision: Decision, code: str
) -> Decision:
    assert request.new_outcome is not None  # noqa: S101  checked by _require_sound
    human = Component(
        kind=ComponentKind.HUMAN,
        id=request.reason_code,
        output=request.new_outcome.value,
        fired=True,
    )
    earlier = tuple(item.model_copy(update={"fired": False}) for item in decision.components)
    return Decision.parse(
        decision.model_copy(
            update={
                "outcome": request.new_outcome,
                "outcome_code": code,
                "automation": Automation.MANUAL,
                "components": (*earlier, human),
                "supersedes": replaced_id,
                "explanation": None,
            }
        )
    )

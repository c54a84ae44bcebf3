"""What a data subject states: restriction, objection, rectification. Appended, never edited.

A restriction stands until it is lifted, and it is lifted only after the person was told
(GDPR Art. 18(3)).
"""

from __future__ import annotations

from typing import Final

from answerable.api.actor import ActorContext
from answerable.api.flows.context import Recorded
from answerable.api.flows.subject.answers import (
    RequestClosing,
    answer_draft,
    answered_record,
    request_draft,
    still_open,
)
from answerable.api.flows.subject.find import known_ref
from answerable.api.wiring import Workspace
from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.errors import InvalidInput, NotFound, PolicyViolation
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink, RestrictionLifted, Role, SubjectStatement
from answerable.audit.records.requests import RequestKind
from answerable.audit.requests.register import ANSWERS
from answerable.audit.requests.state import LIFTS, restrictions_of

__all__ = ["lift_restriction", "object_to", "rectify", "restrict"]


def restrict(
    workspace: Workspace,
    ref: str,
    statement: SubjectStatement,
    *,
    request_id: str | None = None,
    actor: ActorContext,
) -> Recorded[SubjectStatement]:
    """Record that processing of a person's data is restricted (GDPR Art. 18).

    Parameters
    ----------
    workspace : Workspace
        Where to.
    ref : str
        The person.
    statement : SubjectStatement
        What they say; encrypted under their key.
    request_id : str, optional
        The open request this grants; it is answered in the same step.
    actor : ActorContext
        An officer.

    Returns
    -------
    Recorded[SubjectStatement]
        From now on their decisions read as restricted.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If the log does not know the reference, or the entry or request is not about this person.
    Erased
        If the person was erased.
    Conflict
        If the request was answered before.
    PolicyViolation
        If the request is of a person who was not identified.
    """
    return _state(
        workspace,
        (EntryKind.SUBJECT_RESTRICTED, statement),
        ref,
        request_id=request_id,
        actor=actor,
    )


def object_to(
    workspace: Workspace,
    ref: str,
    statement: SubjectStatement,
    *,
    request_id: str | None = None,
    actor: ActorContext,
) -> Recorded[SubjectStatement]:
    """Record that a person objects to the processing (GDPR Art. 21).

    Parameters
    ----------
    workspace : Workspace
        Where to.
    ref : str
        The person.
    statement : SubjectStatement
        What they say; encrypted under their key.
    request_id : str, optional
        The open request this grants; it is answered in the same step.
    actor : ActorContext
        An officer.

    Returns
    -------
    Recorded[SubjectStatement]
        The objection and its receipt.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If the log does not know the reference, or the entry or request is not about this person.
    Erased
        If the person was erased.
    Conflict
        If the request was answered before.
    PolicyViolation
        If the request is of a person who was not identified.
    """
    return _state(
        workspace, (EntryKind.SUBJECT_OBJECTED, statement), ref, request_id=request_id, actor=actor
    )


def rectify(
    workspace: Workspace,
    ref: str,
    statement: SubjectStatement,
    *,
    request_id: str | None = None,
    actor: ActorContext,
) -> Recorded[SubjectStatement]:
    """Record a correction beside what was recorded (GDPR Art. 16).

    Parameters
    ----------
    workspace : Workspace
        Where to.
    ref : str
        The person.
    statement : SubjectStatement
        The corrected fields; encrypted under their key.
    request_id : str, optional
        The open request this grants; it is answered in the same step.
    actor : ActorContext
        An officer.

    Returns
    -------
    Recorded[SubjectStatement]
        The correction and its receipt.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If the log does not know the reference, or the entry or request is not about this person.
    Erased
        If the person was erased.
    Conflict
        If the request was answered before.
    PolicyViolation
        If the request is of a person who was not identified.
    """
    return _state(
        workspace, (EntryKind.SUBJECT_RECTIFIED, statement), ref, request_id=request_id, actor=actor
    )


def lift_restriction(
    workspace: Workspace,
    ref: str,
    *,
    ground: str,
    told_at: int,
    channel: str | None = None,
    actor: ActorContext,
) -> Recorded[RestrictionLifted]:
    """Lift the restrictions in force on a person's data, after the person was told.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    ref : str
        The person.
    ground : str
        Why it ends, as a code.
    told_at : int
        When the person was told that it will, microseconds.
    channel : str, optional
        How they were told, as a code.
    actor : ActorContext
        An officer.

    Returns
    -------
    Recorded[RestrictionLifted]
        Naming the restrictions that ended.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If the log does not know the reference, or no restriction is in force.
    PolicyViolation
        If the person was told before the last restriction was placed: that was not about it.
    InvalidInput
        If a code is malformed or the time lies ahead.

    References
    ----------
    GDPR Art. 18(3).
    """
    role = actor.acting_as(Role.OFFICER)
    known_ref(workspace, ref)
    placed = restrictions_of(workspace.log.subject_entries(ref))
    if not placed:
        raise NotFound("no restriction is in force", where=ref)
    if told_at > workspace.clock():
        raise InvalidInput("a time ahead of the clock", where="told_at")
    if told_at < placed[-1].header.ts:
        raise PolicyViolation(
            "the person must be told before a restriction is lifted, and after it was placed",
            where=ref,
            remedy="Tell the person, then lift it.",
        )
    record = RestrictionLifted.parse(
        {
            "restrictions": [entry.id for entry in placed],
            "ground": ground,
            "told_at": told_at,
            "channel": channel,
        }
    )
    links = tuple(EntryLink(rel=LIFTS, entry=entry.id) for entry in placed)
    what = (EntryKind.SUBJECT_RESTRICTION_LIFTED, record)
    draft = request_draft(workspace, what, ref, (actor, role), links)
    return Recorded(record, workspace.log.append(draft))


_REQUESTS: Final[dict[EntryKind, RequestKind]] = {
    EntryKind.SUBJECT_RESTRICTED: "restriction",
    EntryKind.SUBJECT_OBJECTED: "objection",
    EntryKind.SUBJECT_RECTIFIED: "rectification",
}


def _state(
    workspace: Workspace,
    what: tuple[EntryKind, SubjectStatement],
    ref: str,
    *,
    request_id: str | None,
    actor: ActorContext,
) -> Recorded[SubjectStatement]:
    role = actor.acting_as(Role.OFFICER)
    kind, statement = what
    known_ref(workspace, ref)
    links: list[EntryLink] = []
    if statement.entry is not None:
        subjects = workspace.log.entry(statement.entry).header.subjects
        if ref not in {item.ref for item in subjects}:
            raise NotFound("the entry is not about this person", where=f"entry {statement.entry}")
        links.append(EntryLink(rel="about", entry=statement.entry))
    entry_id = workspace.ids()
    answers: list[Draft] = []
    if request_id is not None:
        line = still_open(workspace, request_id)
        if line.subject != ref or line.request != _REQUESTS[kind]:
            raise NotFound("this person has no open request of this kind and id", where="request")
        closing = RequestClosing(outcome="fulfilled", acts=(entry_id,))
        answer = answered_record(workspace, line, closing, actor)
        answers.append(answer_draft(workspace, answer, ref, (actor, role)))
        links.append(EntryLink(rel=ANSWERS, entry=request_id))
    draft = Draft(
        kind=kind,
        entry_id=entry_id,
        record=statement,
        actor=actor.actor,
        role=role,
        subjects=(DraftSubject(role="data-subject", ref=ref),),
        links=tuple(links),
    )
    return Recorded(statement, workspace.log.append_many([draft, *answers])[0])

"""What a data subject states: restriction, objection, rectification. Appended, never edited."""

from __future__ import annotations

from answerable.api.actor import ActorContext
from answerable.api.flows.context import Recorded
from answerable.api.flows.subject.find import known_ref
from answerable.api.wiring import Workspace
from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.errors import NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink, Role, SubjectStatement

__all__ = ["object_to", "rectify", "restrict"]


def restrict(
    workspace: Workspace, ref: str, statement: SubjectStatement, *, actor: ActorContext
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
        If the log does not know the reference, or the entry is not about this person.
    Erased
        If the person was erased.
    """
    return _state(workspace, EntryKind.SUBJECT_RESTRICTED, ref, statement, actor=actor)


def object_to(
    workspace: Workspace, ref: str, statement: SubjectStatement, *, actor: ActorContext
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
        If the log does not know the reference, or the entry is not about this person.
    Erased
        If the person was erased.
    """
    return _state(workspace, EntryKind.SUBJECT_OBJECTED, ref, statement, actor=actor)


def rectify(
    workspace: Workspace, ref: str, statement: SubjectStatement, *, actor: ActorContext
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
        If the log does not know the reference, or the entry is not about this person.
    Erased
        If the person was erased.
    """
    return _state(workspace, EntryKind.SUBJECT_RECTIFIED, ref, statement, actor=actor)


def _state(
    workspace: Workspace,
    kind: EntryKind,
    ref: str,
    statement: SubjectStatement,
    *,
    actor: ActorContext,
) -> Recorded[SubjectStatement]:
    role = actor.acting_as(Role.OFFICER)
    known_ref(workspace, ref)
    links: tuple[EntryLink, ...] = ()
    if statement.entry is not None:
        subjects = workspace.log.entry(statement.entry).header.subjects
        if ref not in {item.ref for item in subjects}:
            raise NotFound("the entry is not about this person", where=f"entry {statement.entry}")
        links = (EntryLink(rel="about", entry=statement.entry),)
    receipt = workspace.log.append(
        Draft(
            kind=kind,
            entry_id=workspace.ids(),
            record=statement,
            actor=actor.actor,
            role=role,
            subjects=(DraftSubject(role="data-subject", ref=ref),),
            links=links,
        )
    )
    return Recorded(statement, receipt)

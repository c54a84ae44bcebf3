"""Legal holds and erasure: destroying the key that opens a person's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from answerable.api.actor import ActorContext
from answerable.api.flows.subject.answers import (
    RequestClosing,
    request_draft,
    settlement,
    with_open_request,
)
from answerable.api.flows.subject.find import RequestFacts, known_ref
from answerable.api.wiring import Workspace
from answerable.audit.entries import Draft, Receipt
from answerable.audit.erasure_grounds import erasure_grounds
from answerable.audit.errors import PolicyViolation
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    EntryLink,
    HeldBy,
    LegalHold,
    Record,
    Role,
    SubjectErased,
    SubjectRequest,
)
from answerable.audit.requests.register import ANSWERS

__all__ = ["Erasure", "erase", "lift_hold", "place_hold"]


@dataclass(frozen=True)
class Erasure:
    """A completed erasure."""

    receipt: Receipt
    entries: int
    """How many entries became unreadable."""
    request_id: str
    """The request that it answers."""
    left_open: tuple[str, ...] = ()
    """Contests and requests of this person that still wait, by kind and entry."""


def place_hold(
    workspace: Workspace,
    ref: str,
    *,
    ground: str,
    reference: str,
    until: int | None = None,
    actor: ActorContext,
) -> Receipt:
    """Place a legal hold: while it stands, nothing about this person can be erased.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    ref : str
        The person.
    ground : str
        Legal ground, as a code.
    reference : str
        Case reference, as a code.
    until : int, optional
        Microseconds; without an end when left out.
    actor : ActorContext
        An officer.

    Returns
    -------
    Receipt
        Of the entry.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If the log does not know the reference.
    Conflict
        If the same hold stands already.
    Erased
        If the person was erased.
    """
    role = actor.acting_as(Role.OFFICER)
    hold = _hold(ref, ground, reference, until)
    draft = _draft(workspace, EntryKind.HOLD_PLACED, hold, acting=(actor, role))
    return workspace.log.place_hold(draft)


def lift_hold(
    workspace: Workspace, ref: str, *, ground: str, reference: str, actor: ActorContext
) -> Receipt:
    """Lift a legal hold.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    ref : str
        The person.
    ground : str
        Legal ground of the hold.
    reference : str
        Case reference of the hold.
    actor : ActorContext
        An officer.

    Returns
    -------
    Receipt
        Of the entry.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If no such hold stands.
    """
    role = actor.acting_as(Role.OFFICER)
    hold = _hold(ref, ground, reference, None)
    draft = _draft(workspace, EntryKind.HOLD_LIFTED, hold, acting=(actor, role))
    return workspace.log.lift_hold(draft)


def erase(workspace: Workspace, ref: str, request: RequestFacts, *, actor: ActorContext) -> Erasure:
    """Erase a person's data by destroying their key (GDPR Art. 17).

    Parameters
    ----------
    workspace : Workspace
        Where to.
    ref : str
        The person.
    request : RequestFacts
        When it came in and how the person was identified; its article is the ground. Where it names
        no open request, the person's only open request for erasure is answered, if there is one.
    actor : ActorContext
        An officer.

    Returns
    -------
    Erasure
        The log and every proof still verify.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If the log does not know the reference.
    Erased
        If it was erased before.
    PolicyViolation
        If a legal hold stands; the refusal is logged, and the error names its entry and ground.
    Conflict
        If the request it answers was answered before.
    InvalidInput
        If a code is malformed, or several open requests could be meant; lists them.
    """
    role = actor.acting_as(Role.OFFICER)
    known_ref(workspace, ref)
    request = with_open_request(workspace, ref, "erasure", request)
    acting = (actor, role)
    record = SubjectErased.parse({"ground": request.article, "entries": 0})
    draft = _draft(workspace, EntryKind.SUBJECT_ERASED, record, acting=acting)
    granted = RequestClosing(outcome="fulfilled", acts=(draft.entry_id,))
    # Everything that can be refused is refused before the key is gone.
    settled = settlement(workspace, ref, ("erasure", request), granted, acting=acting)
    try:
        # In one transaction: nobody is erased whose request stands unanswered.
        receipt = workspace.log.erase(ref, draft, beside=settled)
    except PolicyViolation as held:
        answer = _refused(request, workspace.log.holds(ref))
        refusal = _refusal(workspace, ref, answer, settled, acting=acting)
        workspace.log.append_many([*settled[:-1], refusal])
        raise PolicyViolation(
            held.what,
            where=held.where,
            remedy=f"The refusal is entry {refusal.entry_id}, on the ground {answer.ground}. "
            "Erase once the hold was lifted; that takes a new request.",
        ) from None
    erased = workspace.log.read_record(receipt.entry_id, SubjectErased)
    return Erasure(
        receipt=receipt,
        entries=erased.entries,
        request_id=_answered(settled).entry or "",
        left_open=tuple(
            f"{entry.kind.value} {entry.id}"
            for entry in workspace.open_requests().entries()
            if ref in {person.ref for person in entry.header.subjects}
        ),
    )


def _answered(settled: Sequence[Draft]) -> EntryLink:
    return next(link for link in settled[-1].links if link.rel == ANSWERS)


def _refusal(
    workspace: Workspace,
    ref: str,
    record: SubjectRequest,
    settled: Sequence[Draft],
    *,
    acting: tuple[ActorContext, Role],
) -> Draft:
    """Return the entry that refuses what `settled` would have granted, linked to the request."""
    what = (EntryKind.SUBJECT_ERASURE_REFUSED, record)
    return request_draft(workspace, what, ref, acting, (_answered(settled),))


def _refused(request: RequestFacts, holds: Sequence[LegalHold]) -> SubjectRequest:
    """Return the refusal on the provision that the first hold stands for, with all holds beside."""
    return SubjectRequest.parse(
        {
            "request": "erasure",
            "article": request.article,
            "received_at": request.received_at,
            "identity_check": request.identity_check,
            "outcome": "refused",
            "ground": erasure_grounds().of_hold(holds[0].ground).id if holds else None,
            "holds": tuple(HeldBy(ground=hold.ground, reference=hold.reference) for hold in holds)
            or None,
        }
    )


def _hold(ref: str, ground: str, reference: str, until: int | None) -> LegalHold:
    return LegalHold.parse(
        {"subject": ref, "ground": ground, "reference": reference, "until": until}
    )


def _draft(
    workspace: Workspace,
    kind: EntryKind,
    record: Record,
    *,
    acting: tuple[ActorContext, Role],
) -> Draft:
    actor, role = acting
    return Draft(kind=kind, entry_id=workspace.ids(), record=record, actor=actor.actor, role=role)

"""Giving one part of one record to a third party, such as a court, and recording it."""

from __future__ import annotations

from dataclasses import dataclass

from answerable.api.actor import ActorContext
from answerable.api.wiring import Workspace
from answerable.audit.disclosing import disclose as disclose_part
from answerable.audit.disclosure import Disclosure
from answerable.audit.entries import Draft, DraftSubject, Entry, Receipt
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink, RecordDisclosed, Role

__all__ = ["Disclosed", "disclose", "disclosure_draft"]


@dataclass(frozen=True)
class Disclosed:
    """What is handed over, and the entry that says so."""

    disclosure: Disclosure
    receipt: Receipt


def disclose(
    workspace: Workspace,
    entry_id: str,
    part: int,
    *,
    recipient: str,
    purpose: str,
    actor: ActorContext,
) -> Disclosed:
    """Return the key of one part of one entry; recipient and purpose are logged first.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    entry_id : str
        Of any entry with a sealed body.
    part : int
        0 is the case; a subject's own data follows.
    recipient : str
        Who gets it, as a code.
    purpose : str
        Why, as a code.
    actor : ActorContext
        An officer.

    Returns
    -------
    Disclosed
        Whoever holds it can read that part and no other; treat it like the data itself.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If there is no such entry.
    Erased
        If the key of the part was destroyed.
    InvalidInput
        If the part has no key of its own, or a code is malformed.
    """
    role = actor.acting_as(Role.OFFICER)
    draft = disclosure_draft(
        workspace,
        (workspace.log.entry(entry_id), part),
        recipient=recipient,
        purpose=purpose,
        acting=(actor, role),
    )
    return Disclosed(*disclose_part(workspace.log, draft))


def disclosure_draft(
    workspace: Workspace,
    given: tuple[Entry, int],
    *,
    recipient: str,
    purpose: str,
    acting: tuple[ActorContext, Role],
) -> Draft:
    """Return the entry that says that the key of one part is given away.

    Parameters
    ----------
    workspace : Workspace
        Gives its id.
    given : tuple[Entry, int]
        The entry and the number of the part.
    recipient : str
        Who gets it, as a code.
    purpose : str
        Why, as a code.
    acting : tuple[ActorContext, Role]
        Who gives it, in which role.

    Returns
    -------
    Draft
        It names the people whose data the part is; not yet appended.

    Raises
    ------
    InvalidInput
        If a code is malformed.
    """
    (entry, part), (actor, role) = given, acting
    record = RecordDisclosed.parse(
        {"entry": entry.id, "part": part, "recipient": recipient, "purpose": purpose}
    )
    return Draft(
        kind=EntryKind.RECORD_DISCLOSED,
        entry_id=workspace.ids(),
        record=record,
        actor=actor.actor,
        role=role,
        subjects=tuple(
            DraftSubject(role="data-subject", ref=ref) for ref in _concerned(entry, part)
        ),
        links=(EntryLink(rel="discloses", entry=entry.id),),
        purpose=purpose,
    )


def _concerned(entry: Entry, number: int) -> list[str]:
    """Return whose data a part is: one subject's own, or of a case everybody's."""
    header = entry.header
    part = header.parts[number] if number < len(header.parts) else None
    if part is not None and part.subject is not None:
        return [header.subjects[part.subject].ref]
    return [subject.ref for subject in header.subjects]

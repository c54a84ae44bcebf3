"""Further identifiers of a person, and what a person is given after an erasure."""

from __future__ import annotations

from dataclasses import dataclass

from answerable.api.actor import ActorContext
from answerable.api.flows.append import is_dataset_id
from answerable.api.wiring import Workspace
from answerable.audit.entries import Draft, Receipt
from answerable.audit.erasure_receipt import ErasureReceipt
from answerable.audit.erasure_receipt import erasure_receipt as receipt_of_erasure
from answerable.audit.errors import InvalidInput, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role, SubjectAliasAdded

__all__ = ["AddedIdentifier", "add_identifier", "erasure_receipt"]


@dataclass(frozen=True)
class AddedIdentifier:
    """One more identifier that leads to a person."""

    ref: str
    receipt: Receipt


def add_identifier(
    workspace: Workspace,
    subject_id: str,
    further_id: str,
    *,
    source: str,
    actor: ActorContext,
) -> AddedIdentifier:
    """Let a further identifier, such as another system's customer number, lead to a person.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    subject_id : str
        An identifier the person is known by.
    further_id : str
        The further one.
    source : str
        Which system's it is, as a code.
    actor : ActorContext
        An officer.

    Returns
    -------
    AddedIdentifier
        Neither identifier is in it, nor in the log.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If nobody is known by `subject_id`.
    Conflict
        If the further identifier leads to somebody already.
    InvalidInput
        If an identifier is that of a data set, empty or too long, or `source` is no code.
    """
    role = actor.acting_as(Role.OFFICER)
    if is_dataset_id(further_id) or is_dataset_id(subject_id):
        raise InvalidInput("the identifier is that of a data set", where="further_id")
    ref = workspace.log.subject_ref(subject_id)
    if ref is None:
        raise NotFound(
            "the log does not know this data subject",
            where="subject_id",
            remedy="Name an identifier under which something was recorded.",
        )
    draft = Draft(
        kind=EntryKind.SUBJECT_ALIAS_ADDED,
        entry_id=workspace.ids(),
        record=SubjectAliasAdded.parse({"subject": ref, "source": source}),
        actor=actor.actor,
        role=role,
    )
    return AddedIdentifier(ref, workspace.log.add_alias(subject_id, further_id, draft))


def erasure_receipt(workspace: Workspace, entry_id: str, *, actor: ActorContext) -> ErasureReceipt:
    """Return the receipt of an erasure, for the person who was erased.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    entry_id : str
        The entry that records the erasure.
    actor : ActorContext
        An officer or auditor.

    Returns
    -------
    ErasureReceipt
        What was destroyed, the proof, what remains, and how long a backup could undo it.

    Raises
    ------
    NotAllowed
        If the actor is neither.
    NotFound
        If there is no such entry.
    InvalidInput
        If it records no erasure.
    """
    actor.acting_as(Role.OFFICER, Role.AUDITOR)
    days = workspace.settings.key_backup_days
    return receipt_of_erasure(workspace.log, entry_id, key_backup_days=days)

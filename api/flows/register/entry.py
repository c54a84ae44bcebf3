"""What all registrations share: the role, the first receipt, the refusal of a taken name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from answerable.api.actor import ActorContext
from answerable.api.flows.append import append_clear, receipt_of
from answerable.api.flows.context import Recorded
from answerable.api.wiring import Workspace
from answerable.audit.errors import Conflict
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink, Record, Role
from answerable.governance.registry import Place

__all__ = ["REGISTRARS", "record_once", "taken"]

R = TypeVar("R", bound=Record)

REGISTRARS: Final = (Role.SCIENTIST, Role.MODEL_OWNER, Role.COMPLIANCE, Role.ADMIN)


def record_once(
    workspace: Workspace,
    kind: EntryKind,
    record: R,
    held: Place | None,
    *,
    actor: ActorContext,
    links: Sequence[EntryLink] = (),
) -> Recorded[R]:
    """Append a registration, or return the receipt of the one there is.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    kind : EntryKind
        Kind of the entry.
    record : Record
        What is registered.
    held : Place or None
        Where it was registered before.
    actor : ActorContext
        Who registers it.
    links : Sequence[EntryLink]
        What it rests on.

    Returns
    -------
    Recorded
        The record and the receipt of its first registration.

    Raises
    ------
    NotAllowed
        If the actor may not register.
    """
    role = actor.acting_as(*REGISTRARS)
    if held is not None:
        return Recorded(record, receipt_of(workspace, workspace.log.entry(held.entry)))
    function = record.digest if kind is EntryKind.FUNCTION_REGISTERED else None
    return append_clear(
        workspace, kind, record, acting=(actor, role), links=links, function=function
    )


def taken(what: str) -> Conflict:
    """Return the refusal of a name and version that stand for other content."""
    return Conflict(
        "this name and version stand for other content",
        where=what,
        remedy="Give the changed content a new version.",
    )

"""Waivers: an expiring answer to one finding, by a person who stands for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from answerable.api.actor import ActorContext
from answerable.api.flows.append import append_clear
from answerable.api.flows.context import Recorded
from answerable.api.flows.govern.ground import governing_policy, newest_assessment
from answerable.api.flows.lookup import function_digest
from answerable.api.wiring import Workspace
from answerable.audit.errors import NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink, Role, Waiver
from answerable.governance.waivers import require_waivable

__all__ = ["WaiverRequest", "waive"]


@dataclass(frozen=True, kw_only=True)
class WaiverRequest:
    """An answer to one finding of a function's newest assessment."""

    function: str
    rule: str
    attributes: tuple[str, ...]
    finding: Literal["FAIL", "INSUFFICIENT", "UNDEFINED"]
    reason: str
    compensating_control: str
    expires_at: int


def waive(workspace: Workspace, request: WaiverRequest, *, actor: ActorContext) -> Recorded[Waiver]:
    """Answer one finding with a reason, a compensating control and an expiry.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    request : WaiverRequest
        Which finding and why.
    actor : ActorContext
        A person in compliance, neither trainer nor requester.

    Returns
    -------
    Recorded[Waiver]
        The waiver and its receipt.

    Raises
    ------
    NotAllowed
        If this person may not approve it.
    NotFound
        If the function is not registered or was not assessed.
    PolicyViolation
        If there is no such finding, it may not be waived, or the expiry is out of bounds.
    InvalidInput
        If a field is malformed.
    """
    role = actor.as_person(Role.COMPLIANCE)
    registry = workspace.registry()
    digest = function_digest(workspace, request.function)
    assessed = newest_assessment(registry, digest)
    if assessed is None:
        raise NotFound(
            "the function has no assessment on a hold-out",
            where=request.function,
            remedy="Assess it first.",
        )
    waiver = Waiver.parse(
        {
            "function": digest,
            "assessment": assessed.digest,
            "rule": request.rule,
            "attributes": request.attributes,
            "finding": request.finding,
            "reason": request.reason,
            "compensating_control": request.compensating_control,
            "approver": actor.actor,
            "expires_at": request.expires_at,
        }
    )
    policy = governing_policy(workspace, digest)
    require_waivable(registry, assessed, waiver, policy, workspace.clock())
    links = [EntryLink(rel="answers", entry=assessed.at.entry)]
    return append_clear(
        workspace,
        EntryKind.WAIVER_GRANTED,
        waiver,
        acting=(actor, role),
        links=links,
        function=digest,
    )

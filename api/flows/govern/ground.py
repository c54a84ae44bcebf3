"""What governing rests on: the policy that judges, and the newest assessment."""

from __future__ import annotations

from typing import Final

from answerable.api.flows.loading import policy_of
from answerable.api.flows.lookup import function_digest
from answerable.api.wiring import Workspace
from answerable.audit.errors import NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role
from answerable.governance.policy import Policy
from answerable.governance.registry import EvidenceEntry, Registry

__all__ = ["PERSONS", "governing_policy", "newest_assessment"]

PERSONS: Final = (
    Role.MODEL_OWNER,
    Role.COMPLIANCE,
    Role.OFFICER,
    Role.REVIEWER,
    Role.SCIENTIST,
    Role.AUDITOR,
    Role.ADMIN,
)
"""Everybody but services and data subjects."""


def governing_policy(workspace: Workspace, function: str) -> Policy:
    """Return the policy that judges a function.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    function : str
        ``name@version`` or digest.

    Returns
    -------
    Policy
        The one its newest assessment on a hold-out names; without one, the newest
        registered.

    Raises
    ------
    NotFound
        If the function, or any policy, is not registered.
    """
    registry = workspace.registry()
    assessed = newest_assessment(registry, function_digest(workspace, function))
    named = assessed.inputs.get("policy") if assessed is not None else None
    if named is None:
        newest = max(registry.policies.values(), key=lambda item: item.at.seq, default=None)
        if newest is None:
            raise NotFound(
                "no policy is registered", where="registry", remedy="Register the policy first."
            )
        named = newest.record.artefact
    return policy_of(workspace, named)


def newest_assessment(registry: Registry, function: str) -> EvidenceEntry | None:
    """Return the newest assessment of a function on a hold-out, or None."""
    found = registry.evidence_of(function, EntryKind.FAIRNESS_ASSESSED)
    on_hold_out = [item for item in found if registry.hold_out_of(item) is not None]
    return on_hold_out[-1] if on_hold_out else None

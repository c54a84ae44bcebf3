"""The state of a decision function, computed from the registry and never stored."""

from __future__ import annotations

from enum import StrEnum

from answerable.audit.errors import NotReleased
from answerable.audit.kinds import EntryKind
from answerable.governance.bundle import bundle_of
from answerable.governance.policy import Policy
from answerable.governance.registry import Registry
from answerable.governance.release import is_supported, release_in_force
from answerable.governance.signoff import check_sign_offs

__all__ = ["FunctionStatus", "status_of"]


class FunctionStatus(StrEnum):
    """Where a function stands: draft to released, or how that ended."""

    DRAFT = "draft"
    ASSESSED = "assessed"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    RELEASED = "released"
    SUSPENDED = "suspended"
    RETIRED = "retired"
    EXPIRED = "expired"


def status_of(
    registry: Registry,
    function: str,
    now: int,
    *,
    policy: Policy | None = None,
    environment: str = "production",
) -> FunctionStatus:
    """Return the state of a function.

    Parameters
    ----------
    registry : Registry
        What the log says.
    function : str
        ``name@version`` or digest.
    now : int
        Microseconds since 1970 UTC.
    policy : Policy, optional
        Needed to tell approved and rejected from in review.
    environment : str
        Where the function decides.

    Returns
    -------
    FunctionStatus
        Its state at `now`.

    Raises
    ------
    NotFound
        If the function is not registered.
    """
    found = registry.function(function)
    try:
        release_in_force(registry, found.digest, now, environment=environment)
    except NotReleased:
        ended = _ended(registry, found.digest, environment)
        return ended or _before_release(registry, found.digest, now, policy)
    return FunctionStatus.RELEASED


def _ended(registry: Registry, digest: str, environment: str) -> FunctionStatus | None:
    items = [
        item
        for item in registry.releases.values()
        if item.record.function == digest
        and item.record.environment == environment
        and is_supported(registry, item)
    ]
    if not items:
        return None
    last = max(items, key=lambda item: item.at.seq)
    return FunctionStatus(last.ended) if last.ended else FunctionStatus.EXPIRED


def _before_release(
    registry: Registry, digest: str, now: int, policy: Policy | None
) -> FunctionStatus:
    if policy is not None:
        bundle = bundle_of(registry, digest, policy.digest)
        signed = check_sign_offs(registry, bundle, policy, now)
        if signed.rejected_by:
            return FunctionStatus.REJECTED
        if signed.complete:
            return FunctionStatus.APPROVED
    signed_at_all = any(item.record.function == digest for item in registry.sign_offs.values())
    if signed_at_all or registry.evidence_of(digest, EntryKind.GATE_EVALUATED):
        return FunctionStatus.IN_REVIEW
    if registry.evidence_of(digest, EntryKind.FAIRNESS_ASSESSED):
        return FunctionStatus.ASSESSED
    return FunctionStatus.DRAFT

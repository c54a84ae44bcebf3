"""Releases: what a holding gate permits, and under which release a function decides.

A release entry counts only with what it rests on: its gate result stands in the log, every
signature it names is an approval of the same function and bundle by another person, none of
them nor of the waivers was withdrawn, and the waivers have not expired. An entry that merely
claims to be a release permits nothing.

Four eyes, whatever the policy says: nobody releases on their own signature alone, and nobody
on their own signature under a policy of their own.
"""

from __future__ import annotations

from typing import Final

from answerable.audit.errors import NotAllowed, NotReleased, PolicyViolation
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Release
from answerable.governance.gate import GateResult
from answerable.governance.policy import Policy
from answerable.governance.registry import Registry, ReleaseEntry
from answerable.governance.signoff import person_of

__all__ = ["ends_at", "is_supported", "release_in_force", "release_record", "require_four_eyes"]

_DAY: Final = 86_400_000_000


def release_record(
    result: GateResult, policy: Policy, *, gate: str, environment: str = "production"
) -> Release:
    """Return the release a gate result permits.

    Parameters
    ----------
    result : GateResult
        Evaluated at the moment of the release.
    policy : Policy
        Says how long a release is valid.
    gate : str
        Digest of the gate result's evidence.
    environment : str
        Where the function may decide.

    Returns
    -------
    Release
        Valid for the policy's days, and not beyond.

    Raises
    ------
    PolicyViolation
        If the gate does not hold.
    """
    if not result.holds:
        open_ones = [item.rule for item in result.blocking]
        open_ones += [f"sign-off {item.role} ({item.n})" for item in result.sign_offs.missing]
        raise PolicyViolation(
            f"the gate does not hold: {', '.join(open_ones) or 'a sign-off rejects it'}",
            where=f"function {result.name}",
            remedy="Answer the findings and collect the signatures, then try again.",
        )
    return Release(
        function=result.function,
        bundle=result.bundle,
        policy=result.policy,
        gate=gate,
        sign_offs=result.sign_offs.accepted,
        waivers=result.waivers_used,
        environment=environment,
        valid_until=result.evaluated_at + policy.valid_days * _DAY,
    )


def release_in_force(
    registry: Registry, function: str, now: int, *, environment: str = "production"
) -> ReleaseEntry:
    """Return the release under which a function may decide.

    Parameters
    ----------
    registry : Registry
        What the log says.
    function : str
        ``name@version`` or digest.
    now : int
        Microseconds since 1970 UTC.
    environment : str
        Where it decides.

    Returns
    -------
    ReleaseEntry
        The newest one that has neither ended nor expired.

    Raises
    ------
    NotFound
        If the function is not registered.
    NotReleased
        If there is none.
    """
    found = registry.function(function)
    valid = [
        item
        for item in registry.releases.values()
        if item.record.function == found.digest
        and item.record.environment == environment
        and item.ended is None
        and is_supported(registry, item)
        and now < ends_at(registry, item)
    ]
    if not valid:
        raise NotReleased(
            "the decision function has no valid release",
            where=f"function {found.name}, environment {environment}",
            remedy="Release it, or decide with a released version.",
        )
    return max(valid, key=lambda item: item.at.seq)


def is_supported(registry: Registry, item: ReleaseEntry) -> bool:
    """Return whether the gate result and the signatures a release names stand in the log."""
    release = item.record
    earlier = (entry for entry in registry.evidence.values() if entry.at.seq < item.at.seq)
    gate_stands = any(
        entry.digest == release.gate
        and entry.kind == EntryKind.GATE_EVALUATED
        and entry.function == release.function
        for entry in earlier
    )
    signers = set()
    for name in release.sign_offs:
        given = registry.sign_offs.get(name)
        if given is None or given.at.seq > item.at.seq or given.record.decision != "approve":
            return False
        if (given.record.function, given.record.bundle) != (release.function, release.bundle):
            return False
        if given.withdrawn:
            return False
        signers.add(person_of(registry, given.record.signer))
    distinct = bool(signers) and len(signers) == len(release.sign_offs)
    answered = [registry.waivers.get(name) for name in release.waivers]
    waived = all(waiver is not None and not waiver.withdrawn for waiver in answered)
    return gate_stands and distinct and waived and _four_eyes(registry, release, item.at.actor)


def ends_at(registry: Registry, item: ReleaseEntry) -> int:
    """Return when a release ends at the latest: with the first waiver it rests on.

    Parameters
    ----------
    registry : Registry
        What the log says.
    item : ReleaseEntry
        A release.

    Returns
    -------
    int
        Microseconds since 1970 UTC.
    """
    waivers = (registry.waivers.get(name) for name in item.record.waivers)
    expiries = (waiver.record.expires_at for waiver in waivers if waiver is not None)
    return min([item.record.valid_until, *expiries])


def require_four_eyes(registry: Registry, release: Release, releaser: str) -> None:
    """Refuse a release that one person alone would stand behind.

    Parameters
    ----------
    registry : Registry
        What the log says.
    release : Release
        The record to be appended.
    releaser : str
        Reference of who releases.

    Raises
    ------
    NotAllowed
        If the only signer is also who releases, or who registered the policy.
    """
    if not _four_eyes(registry, release, releaser):
        raise NotAllowed(
            "the only person who signed also releases, or registered the policy",
            where="release",
            remedy="Another person signs, in a role of its own.",
        )


def _four_eyes(registry: Registry, release: Release, releaser: str) -> bool:
    given = (registry.sign_offs.get(name) for name in release.sign_offs)
    signers = {person_of(registry, item.record.signer) for item in given if item is not None}
    policy = registry.policy_named(release.policy)
    lawmaker = {person_of(registry, policy.at.actor)} if policy is not None else set()
    alone = 1
    return all(
        len(signers | others) > alone for others in ({person_of(registry, releaser)}, lawmaker)
    )

"""The gate and what it permits: releases, and their end."""

from __future__ import annotations

from typing import Final

from answerable.api.actor import ActorContext
from answerable.api.flows.append import CODE_VERSION, append_clear, append_evidence
from answerable.api.flows.context import Recorded
from answerable.api.flows.govern.ground import PERSONS, governing_policy
from answerable.api.flows.loading import policy_of
from answerable.api.flows.lookup import function_digest
from answerable.api.wiring import Workspace
from answerable.audit.entries import Receipt
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink, Release, ReleaseEnded, Role
from answerable.governance.gate import GateResult
from answerable.governance.gate import evaluate_gate as judge
from answerable.governance.release import release_in_force, release_record, require_four_eyes

__all__ = ["evaluate_gate", "record_gate", "release", "suspend"]

_RELEASERS: Final = (Role.MODEL_OWNER, Role.COMPLIANCE, Role.ADMIN)


def evaluate_gate(workspace: Workspace, function: str, *, policy: str | None = None) -> GateResult:
    """Return whether a function may be released now; appends nothing.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    function : str
        ``name@version`` or digest.
    policy : str, optional
        ``id@version`` or digest; the governing policy when left out.

    Returns
    -------
    GateResult
        With findings, missing signatures and the exit code.

    Raises
    ------
    NotFound
        If the function or the policy is not registered.
    """
    digest = function_digest(workspace, function)
    rules = governing_policy(workspace, digest) if policy is None else policy_of(workspace, policy)
    return judge(workspace.registry(), digest, rules, workspace.clock())


def record_gate(
    workspace: Workspace, function: str, *, actor: ActorContext
) -> tuple[GateResult, Receipt]:
    """Evaluate the gate and log the result.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    function : str
        ``name@version`` or digest.
    actor : ActorContext
        Whoever asks, a service such as a build pipeline included.

    Returns
    -------
    tuple[GateResult, Receipt]
        The result, and the receipt of its entry.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If the function or its policy is not registered.
    """
    role = actor.acting_as(*PERSONS, Role.SERVICE)
    result = evaluate_gate(workspace, function)
    evidence = result.evidence(code=CODE_VERSION)
    return result, append_evidence(workspace, evidence, acting=(actor, role)).receipt


def release(
    workspace: Workspace,
    function: str,
    *,
    environment: str = "production",
    actor: ActorContext,
) -> Recorded[Release]:
    """Release a function whose gate holds.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    function : str
        ``name@version`` or digest.
    environment : str
        Where it may decide.
    actor : ActorContext
        A person: model owner, compliance or administrator.

    Returns
    -------
    Recorded[Release]
        The release and its receipt; the gate's result was logged before it.

    Raises
    ------
    NotAllowed
        If the actor may not, or the only signer releases or registered the policy.
    NotFound
        If the function or its policy is not registered.
    PolicyViolation
        If the gate does not hold; its result is logged all the same.
    """
    role = actor.as_person(*_RELEASERS)
    digest = function_digest(workspace, function)
    policy = governing_policy(workspace, digest)
    result = judge(workspace.registry(), digest, policy, workspace.clock())
    gate = append_evidence(workspace, result.evidence(code=CODE_VERSION), acting=(actor, role))
    granted = release_record(result, policy, gate=gate.digest, environment=environment)
    require_four_eyes(workspace.registry(), granted, actor.actor)
    links = [EntryLink(rel="rests-on", entry=gate.entry_id)]
    links += [EntryLink(rel="signed-by", entry=entry) for entry in granted.sign_offs]
    links += [EntryLink(rel="waived-by", entry=entry) for entry in granted.waivers]
    return append_clear(
        workspace,
        EntryKind.RELEASE_GRANTED,
        granted,
        acting=(actor, role),
        links=links,
        function=digest,
    )


def suspend(
    workspace: Workspace, function: str, *, reason: str, note: str = "", actor: ActorContext
) -> Recorded[ReleaseEnded]:
    """Suspend the release in force: the function decides nothing from now on.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    function : str
        ``name@version`` or digest.
    reason : str
        Why, as a code.
    note : str
        In words; not about persons.
    actor : ActorContext
        A person: model owner, compliance, officer or administrator.

    Returns
    -------
    Recorded[ReleaseEnded]
        The end and its receipt.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotReleased
        If no release is in force.
    NotFound
        If the function is not registered.
    InvalidInput
        If the reason is not a code.
    """
    role = actor.as_person(*_RELEASERS, Role.OFFICER)
    digest = function_digest(workspace, function)
    held = release_in_force(workspace.registry(), digest, workspace.clock())
    ended = ReleaseEnded.parse(
        {"function": digest, "release": held.at.entry, "reason": reason, "note": note}
    )
    return append_clear(
        workspace,
        EntryKind.RELEASE_SUSPENDED,
        ended,
        acting=(actor, role),
        links=[EntryLink(rel="ends", entry=held.at.entry)],
        function=digest,
    )

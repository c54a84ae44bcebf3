"""Retention: plan what may go, have a second person approve it, remove it.

References
----------
GDPR Art. 5(1)(e); AI Act Art. 19(1) and 26(6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from answerable.api.actor import ActorContext
from answerable.api.wiring import Workspace
from answerable.audit.canonical import sha256_digest
from answerable.audit.entries import Draft
from answerable.audit.errors import InvalidInput, NotAllowed, PolicyViolation, Unavailable
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Actor, RetentionApproval, RetentionRun, Role
from answerable.audit.retention.approving import RetentionOrder
from answerable.audit.retention.plan import Plan
from answerable.audit.retention.policy import RetentionPolicy, load_retention_policy
from answerable.audit.retention.retention import RetentionStatus
from answerable.audit.signing import load_signer_key, public_key_hex, sign_record

__all__ = [
    "PLANNERS",
    "RUNNERS",
    "PlannedRetention",
    "RetentionDone",
    "approve_retention",
    "plan_retention",
    "prepare_approval",
    "retention_status",
    "run_retention",
]

_DAY: Final = 86_400_000_000
_LONGEST: Final = 90
"""Days an approval may be good for."""
PLANNERS: Final = (Role.COMPLIANCE, Role.OFFICER, Role.AUDITOR, Role.ADMIN)
"""Who may see what would go, and what went."""
RUNNERS: Final = (Role.ADMIN, Role.OFFICER, Role.COMPLIANCE)
"""Who may run what another person approved."""


@dataclass(frozen=True)
class PlannedRetention:
    """What a policy file would remove from the log now."""

    policy: RetentionPolicy
    digest: str
    """Of the file's bytes."""
    plan: Plan

    @property
    def approvers(self) -> set[Role]:
        """Roles that who approves must hold, all of them."""
        return {rule.approver for rule in self.policy.rules}


@dataclass(frozen=True)
class RetentionDone:
    """What a run removed."""

    runs: tuple[RetentionRun, ...]
    """One for each slice, in order."""
    partitions: int | None
    """How many emptied partitions were dropped; None when the database does not allow it."""

    def removed(self, what: str) -> int:
        """Return how many rows of a kind went: ``body``, ``entry`` or ``tile``."""
        return sum(item.removed for run in self.runs for item in run.removals if item.what == what)

    @property
    def keys(self) -> int:
        """How many data keys were destroyed."""
        return sum(run.keys for run in self.runs)


def plan_retention(
    workspace: Workspace, source: bytes, where: str, *, actor: ActorContext
) -> PlannedRetention:
    """Return what would go now, and what stands in the way; nothing is changed.

    Parameters
    ----------
    workspace : Workspace
        Whose log.
    source : bytes
        The policy file.
    where : str
        Its name, for errors.
    actor : ActorContext
        Compliance, officer, auditor or administrator.

    Returns
    -------
    PlannedRetention
        Up to the newest signed checkpoint.

    Raises
    ------
    NotAllowed
        If the actor may not.
    InvalidInput
        If the policy is malformed or below a legal floor; names file and line.
    """
    actor.acting_as(*PLANNERS)
    policy = load_retention_policy(source, where)
    plan = workspace.log.retention.plan(policy)
    return PlannedRetention(policy, sha256_digest(source), plan)


def approve_retention(
    workspace: Workspace,
    planned: PlannedRetention,
    key_file: Path,
    *,
    valid_days: int,
    actor: ActorContext,
) -> RetentionApproval:
    """Sign that what was planned may go: what the second person does with their own key.

    Parameters
    ----------
    workspace : Workspace
        Where the signer is registered.
    planned : PlannedRetention
        As the signer read it.
    key_file : Path
        The signer's key.
    valid_days : int
        How long the approval may be used, 1 to 90 days.
    actor : ActorContext
        Who runs the command.

    Returns
    -------
    RetentionApproval
        Signed; nothing is appended.

    Raises
    ------
    NotAllowed
        If the key is of nobody registered with the roles the policy asks for.
    PolicyViolation
        If nothing may go.
    InvalidInput
        If the days are out of range.
    """
    actor.acting_as(*PLANNERS)
    _require_approvable(planned, valid_days)
    key = load_signer_key(key_file)
    for person in workspace.directory.actors():
        if person.public_key == public_key_hex(key) and _may_approve(person, planned):
            return sign_record(_unsigned(workspace, planned, person, valid_days), key)
    raise _nobody(planned, "this key is of nobody", "signing key")


def prepare_approval(
    workspace: Workspace, planned: PlannedRetention, *, valid_days: int, actor: ActorContext
) -> RetentionApproval:
    """Return what the acting person signs with their own key, elsewhere, to approve a plan.

    Parameters
    ----------
    workspace : Workspace
        Where they are registered.
    planned : PlannedRetention
        As they read it.
    valid_days : int
        How long the approval may be used, 1 to 90 days.
    actor : ActorContext
        A person with the roles the policy asks for, registered with a signing key.

    Returns
    -------
    RetentionApproval
        Unsigned; nothing is appended.

    Raises
    ------
    NotAllowed
        If the actor is no such person.
    PolicyViolation
        If nothing may go.
    InvalidInput
        If the days are out of range.
    """
    actor.as_person(*PLANNERS)
    _require_approvable(planned, valid_days)
    person = workspace.directory.find(actor.actor)
    if person.public_key is None or not _may_approve(person, planned):
        raise _nobody(planned, "you are not somebody", "approver")
    return _unsigned(workspace, planned, person, valid_days)


def _require_approvable(planned: PlannedRetention, valid_days: int) -> None:
    if not 1 <= valid_days <= _LONGEST:
        raise InvalidInput(f"an approval is valid for 1 to {_LONGEST} days", where="days")
    if planned.plan.is_empty:
        raise PolicyViolation(
            "nothing may go by this policy now",
            where="retention",
            remedy="See what stops it: answerable retention plan",
        )


def _may_approve(person: Actor, planned: PlannedRetention) -> bool:
    return not person.service and planned.approvers <= set(person.roles)


def _nobody(planned: PlannedRetention, who: str, where: str) -> NotAllowed:
    roles = ", ".join(sorted(planned.approvers))
    return NotAllowed(
        f"{who} who may approve a retention run of this policy",
        where=where,
        remedy=f"Register a person with a signing key and the roles: {roles}.",
    )


def _unsigned(
    workspace: Workspace, planned: PlannedRetention, approver: Actor, valid_days: int
) -> RetentionApproval:
    return RetentionApproval(
        log=workspace.log.origin,
        policy=planned.digest,
        body_end=planned.plan.body.end,
        entry_end=planned.plan.entry.end,
        tile_end=planned.plan.tile.end,
        approver=approver.actor,
        roles=tuple(sorted(planned.approvers)),
        expires_at=workspace.clock() + valid_days * _DAY,
    )


def run_retention(
    workspace: Workspace,
    source: bytes,
    where: str,
    approval: bytes,
    *,
    actor: ActorContext,
    slice_done: Callable[[RetentionRun], None] = lambda _run: None,
) -> RetentionDone:
    """Remove what was approved and may still go, slice by slice.

    Parameters
    ----------
    workspace : Workspace
        Whose log; the policy file becomes an artefact.
    source : bytes
        The policy file that was approved.
    where : str
        Its name, for errors.
    approval : bytes
        What :func:`approve_retention` gave, as JSON.
    actor : ActorContext
        Administrator, officer or compliance, and not who approved.
    slice_done : Callable[[RetentionRun], None]
        Told of each slice once it is committed.

    Returns
    -------
    RetentionDone
        Empty when nothing was left to remove.

    Raises
    ------
    NotAllowed
        If the actor may not run it, or the approver may not approve it.
    PolicyViolation
        If the approval is for another log or policy, or has expired.
    EvidenceBroken
        If the signature is not the approver's.
    InvalidInput
        If policy or approval are malformed.
    Unavailable
        If the log cannot be written; slices before stand, each with its entry.
    """
    role = actor.acting_as(*RUNNERS)
    policy = load_retention_policy(source, where)
    order = RetentionOrder(
        policy=policy,
        policy_digest=workspace.artefacts.put(source),
        approval=RetentionApproval.from_json(approval.strip()),
    )
    draft = Draft(
        kind=EntryKind.RETENTION_RUN,
        entry_id=workspace.ids(),
        record=order.approval,
        actor=actor.actor,
        role=role,
    )
    workspace.log.checkpoint()
    runs: list[RetentionRun] = []
    for receipt in workspace.log.retention.run(order, draft, ids=workspace.ids):
        runs.append(workspace.log.read_record(receipt.entry_id, RetentionRun))
        slice_done(runs[-1])
    workspace.log.checkpoint()
    return RetentionDone(tuple(runs), _dropped(workspace))


def retention_status(workspace: Workspace, *, actor: ActorContext) -> RetentionStatus:
    """Return where the log begins, what is held back, and every run.

    Parameters
    ----------
    workspace : Workspace
        Whose log.
    actor : ActorContext
        Compliance, officer, auditor or administrator.

    Returns
    -------
    RetentionStatus
        From the log itself.

    Raises
    ------
    NotAllowed
        If the actor may not.
    """
    actor.acting_as(*PLANNERS)
    return workspace.log.retention.status()


def _dropped(workspace: Workspace) -> int | None:
    try:
        return workspace.log.retention.drop_emptied()
    except Unavailable:
        return None

"""Whether a second person approved a run: registered, in the roles the policy asks for, by key."""

from __future__ import annotations

from dataclasses import dataclass

from answerable.audit.entries import Draft
from answerable.audit.errors import InvalidInput, NotAllowed, PolicyViolation
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Actor, RetentionApproval
from answerable.audit.retention.facts import all_entries, clear_record
from answerable.audit.retention.policy import RetentionPolicy
from answerable.audit.signing import verify_approval
from answerable.audit.store.database import Connection
from answerable.audit.tree.tiles import TILE_WIDTH

__all__ = ["RetentionOrder", "require_approved"]


@dataclass(frozen=True, kw_only=True)
class RetentionOrder:
    """What is to be run: a policy, a second person's approval of it, how much at once."""

    policy: RetentionPolicy
    policy_digest: str
    """Of the policy file's bytes."""
    approval: RetentionApproval
    most: int = 4096
    """Places a slice may cover; appends wait for as long as one takes."""


def require_approved(
    connection: Connection, order: RetentionOrder, draft: Draft, *, origin: str, now: int
) -> None:
    """Check that a second person approved this run of this policy.

    Parameters
    ----------
    connection : Connection
        Names who is registered.
    order : RetentionOrder
        Policy and approval.
    draft : Draft
        By who runs it.
    origin : str
        The log.
    now : int
        Microseconds UTC.

    Raises
    ------
    NotAllowed
        If nobody registered with the policy's roles approved it, or who runs it did.
    PolicyViolation
        If the approval is for another log or policy, or has expired.
    EvidenceBroken
        If the signature is not the approver's.
    InvalidInput
        If the draft is not that of a run, or its slices are too small.
    """
    approval = order.approval
    if draft.kind is not EntryKind.RETENTION_RUN or draft.subjects or order.most < TILE_WIDTH:
        raise InvalidInput(
            f"not a retention run in slices of at least {TILE_WIDTH} places", where=draft.entry_id
        )
    person = _registered(connection, approval.approver)
    wanted = {rule.approver for rule in order.policy.rules}
    if person is None or person.service or not wanted <= {*person.roles} & {*approval.roles}:
        raise NotAllowed(
            "who approved this run does not hold the roles the policy asks for",
            where=f"approver {approval.approver}",
            remedy=f"Have it approved by a person with: {', '.join(sorted(wanted))}.",
        )
    if approval.approver == draft.actor:
        raise NotAllowed("who approved a run does not run it", remedy="Have another person run it.")
    verify_approval(approval, person.public_key or "")
    if (approval.log, approval.policy) != (origin, order.policy_digest):
        raise PolicyViolation(
            "the approval is for another log or another policy file",
            remedy="Plan with this policy and have that plan approved.",
        )
    if approval.expires_at < now:
        raise PolicyViolation("the approval has expired", remedy="Have the plan approved again.")


def _registered(connection: Connection, ref: str) -> Actor | None:
    """Return a person as last recorded, None when nobody was registered under this reference."""
    found: Actor | None = None
    for entry in all_entries(connection, (EntryKind.ACTOR_REGISTERED, EntryKind.ACTOR_RETIRED)):
        record = clear_record(connection, entry.seq)
        if isinstance(record, Actor) and record.actor == ref:
            found = record
    return found

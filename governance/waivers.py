"""Which waivers answer a finding now.

A waiver answers one finding: one rule over one attribute set in one state, of one
assessment. It needs a rule that may be waived, an approver who is a person other than the
trainer and the requester, and it expires, at the latest when the policy says.
"""

from __future__ import annotations

from enum import StrEnum

from answerable.audit.errors import AnswerableError, NotAllowed, PolicyViolation
from answerable.audit.records import EntryId, FrozenModel, Waiver
from answerable.governance.findings import State
from answerable.governance.policy import Policy
from answerable.governance.registry import EvidenceEntry, FunctionEntry, Registry, VerdictLine

__all__ = ["WaiverCheck", "WaiverRefusal", "check_waivers", "require_waivable"]

_DAY = 86_400_000_000


class WaiverRefusal(StrEnum):
    """Why a waiver does not answer anything."""

    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OTHER_ASSESSMENT = "other_assessment"
    NO_SUCH_FINDING = "no_such_finding"
    NOT_WAIVABLE = "not_waivable"
    UNKNOWN_APPROVER = "unknown_approver"
    SERVICE = "service"
    TRAINER = "trainer"
    REQUESTER = "requester"


class WaiverCheck(FrozenModel):
    """One waiver of a function, and why it does not count, if it does not."""

    entry: EntryId
    rule: str
    attributes: tuple[str, ...]
    finding: State
    expires_at: int
    reason: WaiverRefusal | None = None


def check_waivers(
    registry: Registry,
    found: FunctionEntry,
    assessment: EvidenceEntry | None,
    policy: Policy,
    now: int,
) -> tuple[WaiverCheck, ...]:
    """Check all waivers granted for a function.

    Parameters
    ----------
    registry : Registry
        What the log says.
    found : FunctionEntry
        The decision function.
    assessment : EvidenceEntry or None
        The assessment the gate judges.
    policy : Policy
        Says how long a waiver can last.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    tuple of WaiverCheck
        In the order they were granted.
    """
    result = []
    for item in sorted(registry.waivers.values(), key=lambda entry: entry.at.seq):
        if item.record.function != found.digest:
            continue
        reason = WaiverRefusal.WITHDRAWN if item.withdrawn else None
        last = min(item.record.expires_at, item.at.ts + policy.waiver_max_days * _DAY)
        if reason is None and now >= last:
            reason = WaiverRefusal.EXPIRED
        reason = reason or _refusal(registry, found, assessment, item.record)
        result.append(
            WaiverCheck(
                entry=item.at.entry,
                rule=item.record.rule,
                attributes=item.record.attributes,
                finding=item.record.finding,
                expires_at=last,
                reason=reason,
            )
        )
    return tuple(result)


def _refusal(
    registry: Registry, found: FunctionEntry, assessment: EvidenceEntry | None, waiver: Waiver
) -> WaiverRefusal | None:
    if assessment is None or waiver.assessment != assessment.digest:
        return WaiverRefusal.OTHER_ASSESSMENT
    line = _line(assessment, waiver)
    if line is None:
        return WaiverRefusal.NO_SUCH_FINDING
    if not line.waivable:
        return WaiverRefusal.NOT_WAIVABLE
    approver = registry.actors.get(waiver.approver)
    if approver is None:
        return WaiverRefusal.UNKNOWN_APPROVER
    if approver.record.service:
        return WaiverRefusal.SERVICE
    if any(model.trainer == waiver.approver for model in found.record.models):
        return WaiverRefusal.TRAINER
    if found.at.actor == waiver.approver:
        return WaiverRefusal.REQUESTER
    return None


def _line(assessment: EvidenceEntry, waiver: Waiver) -> VerdictLine | None:
    wanted = (waiver.rule, waiver.attributes, waiver.finding)
    return next((i for i in assessment.verdicts if (i.rule, i.attributes, i.state) == wanted), None)


def require_waivable(
    registry: Registry, assessment: EvidenceEntry, waiver: Waiver, policy: Policy, now: int
) -> None:
    """Refuse a waiver that would not answer anything, before it is appended.

    Parameters
    ----------
    registry : Registry
        What the log says.
    assessment : EvidenceEntry
        The assessment whose finding is waived.
    waiver : Waiver
        The record to be appended.
    policy : Policy
        Says how long a waiver can last.
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    NotFound
        If the function is not registered.
    NotAllowed
        If this person may not approve it.
    PolicyViolation
        If there is no such finding, it may not be waived, or the expiry is out of bounds.
    """
    found = registry.function(waiver.function)
    where = f"waiver of rule {waiver.rule} over {', '.join(waiver.attributes)}"
    longest = now + policy.waiver_max_days * _DAY
    if not now < waiver.expires_at <= longest:
        raise PolicyViolation(
            "the expiry of the waiver is in the past or too far away",
            where=where,
            remedy=f"A waiver lasts at most {policy.waiver_max_days} days.",
        )
    reason = _refusal(registry, found, assessment, waiver)
    if reason is None:
        return
    by_person = reason in {
        WaiverRefusal.UNKNOWN_APPROVER,
        WaiverRefusal.SERVICE,
        WaiverRefusal.TRAINER,
        WaiverRefusal.REQUESTER,
    }
    error: type[AnswerableError] = NotAllowed if by_person else PolicyViolation
    raise error(
        f"the waiver would not count ({reason.value})",
        where=where,
        remedy="A registered person who neither trained nor requested approves an open, "
        "waivable finding of the current assessment.",
    )

"""Four eyes: whose signature counts towards a release.

A signature counts when, in this order,

1. it was not withdrawn and has not expired;
2. the signer is a registered person, not a service, and holds the role;
3. the Ed25519 signature verifies against the signer's registered key;
4. it names the current bundle;
5. it states how often the hold-out had been assessed, and that was true;
6. the signer is not excluded by the policy (trainer of a model, requester of the release);
7. the signer has not already signed in another role: one person, one role. Who holds one
   signing key is one person, under however many references it was registered.

A valid rejection is an answer too: it stands until it is withdrawn or the bundle changes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from answerable.audit.errors import (
    AnswerableError,
    EvidenceBroken,
    NotAllowed,
    PolicyViolation,
)
from answerable.audit.records import ActorRef, Digest, EntryId, FrozenModel, Role, SignOff
from answerable.audit.signing import verify_sign_off
from answerable.governance.bundle import Bundle
from answerable.governance.policy import Policy, SignOffRule
from answerable.governance.registry import FunctionEntry, Registry, SignOffEntry

__all__ = [
    "Refusal",
    "RefusedSignOff",
    "SignOffState",
    "check_sign_offs",
    "excluded_persons",
    "looks_shown",
    "person_of",
    "require_acceptable",
]


class Refusal(StrEnum):
    """Why a signature does not count."""

    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    UNKNOWN_SIGNER = "unknown_signer"
    SERVICE = "service"
    ROLE_NOT_HELD = "role_not_held"
    ROLE_NOT_ASKED = "role_not_asked"
    SIGNATURE_INVALID = "signature_invalid"
    BUNDLE_CHANGED = "bundle_changed"
    LOOKS_NOT_SHOWN = "looks_not_shown"
    TRAINER = "trainer"
    REQUESTER = "requester"
    SAME_PERSON = "same_person"


_WHAT: Final = {
    Refusal.WITHDRAWN: "the sign-off was withdrawn",
    Refusal.EXPIRED: "the sign-off has expired",
    Refusal.UNKNOWN_SIGNER: "the signer is not registered with a signing key",
    Refusal.SERVICE: "a service account cannot sign",
    Refusal.ROLE_NOT_HELD: "the signer does not hold the role",
    Refusal.ROLE_NOT_ASKED: "the policy asks for no signature in this role",
    Refusal.SIGNATURE_INVALID: "the signature does not verify against the signer's key",
    Refusal.BUNDLE_CHANGED: "what was signed is not what would be released now",
    Refusal.LOOKS_NOT_SHOWN: "the number of assessments of the hold-out is not the one signed",
    Refusal.TRAINER: "who trained a model of the function cannot sign in this role",
    Refusal.REQUESTER: "who asks for the release cannot sign in this role",
    Refusal.SAME_PERSON: "this person has already signed in another role",
}
_NOT_ALLOWED: Final = frozenset(
    {
        Refusal.UNKNOWN_SIGNER,
        Refusal.SERVICE,
        Refusal.ROLE_NOT_HELD,
        Refusal.TRAINER,
        Refusal.REQUESTER,
        Refusal.SAME_PERSON,
    }
)


class RefusedSignOff(FrozenModel):
    """A signature that does not count, and why."""

    entry: EntryId
    role: Role
    signer: ActorRef
    reason: Refusal


class MissingSignOff(FrozenModel):
    """How many signatures a role still needs."""

    role: Role
    n: int


class SignOffState(FrozenModel):
    """All signatures on a function: which count, which do not, which are missing."""

    bundle: Digest
    accepted: tuple[EntryId, ...] = ()
    rejected_by: tuple[EntryId, ...] = ()
    """Valid rejections: no release while one stands."""
    refused: tuple[RefusedSignOff, ...] = ()
    missing: tuple[MissingSignOff, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every role has its signatures and nobody rejected."""
        return not self.missing and not self.rejected_by


def excluded_persons(found: FunctionEntry, rule: SignOffRule) -> dict[str, Refusal]:
    """Return who may not sign under a rule, and why."""
    persons: dict[str, Refusal] = {}
    if "requester" in rule.not_:
        persons[found.at.actor] = Refusal.REQUESTER
    if "trainer" in rule.not_:
        trainers = (model.trainer for model in found.record.models)
        persons.update({trainer: Refusal.TRAINER for trainer in trainers if trainer})
    return persons


def person_of(registry: Registry, ref: str) -> str:
    """Return what tells persons apart: the signing key, or the reference of who has none."""
    held = registry.actors.get(ref)
    return ref if held is None or held.record.public_key is None else held.record.public_key


def looks_shown(registry: Registry, bundle: Bundle, *, before_seq: int | None = None) -> int:
    """Count the assessments of the hold-outs in a bundle: the number a signer is shown."""
    hold_outs = {
        registry.hold_out_of(item)
        for item in registry.evidence.values()
        if item.digest in bundle.assessments
    }
    return sum(registry.looks(name, before_seq=before_seq) for name in hold_outs if name)


def check_sign_offs(registry: Registry, bundle: Bundle, policy: Policy, now: int) -> SignOffState:
    """Decide which signatures on a function count now.

    Parameters
    ----------
    registry : Registry
        The registry.
    bundle : Bundle
        The current bundle of the function.
    policy : Policy
        Which roles must sign.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    SignOffState
        Sign-offs in the order they were given; the first of a person counts.

    Raises
    ------
    NotFound
        If the function is not registered.
    """
    counted: set[str] = set()
    accepted: list[SignOffEntry] = []
    rejections: list[EntryId] = []
    refused: list[RefusedSignOff] = []
    given = (i for i in registry.sign_offs.values() if i.record.function == bundle.function)
    for item in sorted(given, key=lambda entry: entry.at.seq):
        sign_off = item.record
        reason = _refusal(registry, item, bundle, policy, now)
        person = person_of(registry, sign_off.signer)
        if reason is None and person in counted:
            reason = Refusal.SAME_PERSON
        if reason is not None:
            refused.append(
                RefusedSignOff(
                    entry=item.at.entry, role=sign_off.role, signer=sign_off.signer, reason=reason
                )
            )
            continue
        counted.add(person)
        if sign_off.decision == "reject":
            rejections.append(item.at.entry)
        else:
            accepted.append(item)
    have = [item.record.role for item in accepted]
    missing = tuple(
        MissingSignOff(role=rule.role, n=rule.n - have.count(rule.role))
        for rule in policy.sign_off
        if have.count(rule.role) < rule.n
    )
    return SignOffState(
        bundle=bundle.digest,
        accepted=tuple(item.at.entry for item in accepted),
        rejected_by=tuple(rejections),
        refused=tuple(refused),
        missing=missing,
    )


def _refusal(
    registry: Registry, item: SignOffEntry, bundle: Bundle, policy: Policy, now: int
) -> Refusal | None:
    if item.withdrawn:
        return Refusal.WITHDRAWN
    limit = item.at.ts + policy.valid_days * 86_400_000_000
    if now >= min(item.record.expires_at, limit):
        return Refusal.EXPIRED
    return _refusal_of_record(registry, item.record, bundle, policy, before_seq=item.at.seq)


def _refusal_of_record(
    registry: Registry,
    sign_off: SignOff,
    bundle: Bundle,
    policy: Policy,
    *,
    before_seq: int | None,
) -> Refusal | None:
    rule = next((rule for rule in policy.sign_off if rule.role == sign_off.role), None)
    who = _refusal_of_signer(registry, sign_off)
    if who is not None:
        return who
    if sign_off.bundle != bundle.digest:
        return Refusal.BUNDLE_CHANGED
    if sign_off.looks != looks_shown(registry, bundle, before_seq=before_seq):
        return Refusal.LOOKS_NOT_SHOWN
    if rule is None:
        return Refusal.ROLE_NOT_ASKED
    signer = person_of(registry, sign_off.signer)
    excluded = excluded_persons(registry.function(bundle.function), rule)
    reasons = (why for ref, why in excluded.items() if person_of(registry, ref) == signer)
    return next(reasons, None)


def _refusal_of_signer(registry: Registry, sign_off: SignOff) -> Refusal | None:
    signer = registry.actors.get(sign_off.signer)
    if signer is None or signer.record.public_key is None:
        return Refusal.UNKNOWN_SIGNER
    if signer.record.service:
        return Refusal.SERVICE
    if sign_off.role not in signer.record.roles:
        return Refusal.ROLE_NOT_HELD
    try:
        verify_sign_off(sign_off, signer.record.public_key)
    except AnswerableError:
        return Refusal.SIGNATURE_INVALID
    return None


def require_acceptable(
    registry: Registry, sign_off: SignOff, bundle: Bundle, policy: Policy, now: int
) -> None:
    """Refuse a signature that would not count, before it is appended.

    Parameters
    ----------
    registry : Registry
        The registry.
    sign_off : SignOff
        The signed record.
    bundle : Bundle
        The current bundle.
    policy : Policy
        Which roles must sign.
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    NotAllowed
        If this person may not sign in this role.
    PolicyViolation
        If it names another bundle or number of looks, has expired, or no such role is asked.
    EvidenceBroken
        If the signature does not verify.
    """
    reason = _refusal_of_record(registry, sign_off, bundle, policy, before_seq=None)
    if reason is None and sign_off.expires_at <= now:
        reason = Refusal.EXPIRED
    if reason is None and _signed_before(registry, sign_off, bundle, policy, now):
        reason = Refusal.SAME_PERSON
    if reason is None:
        return
    remedy = "Another person signs." if reason in _NOT_ALLOWED else "Prepare a new sign-off."
    error: type[AnswerableError] = PolicyViolation
    if reason in _NOT_ALLOWED:
        error = NotAllowed
    elif reason == Refusal.SIGNATURE_INVALID:
        error = EvidenceBroken
    raise error(_WHAT[reason], where=f"sign-off in the role {sign_off.role}", remedy=remedy)


def _signed_before(
    registry: Registry, sign_off: SignOff, bundle: Bundle, policy: Policy, now: int
) -> bool:
    state = check_sign_offs(registry, bundle, policy, now)
    standing = (*state.accepted, *state.rejected_by)
    signers = (registry.sign_offs[name].record.signer for name in standing)
    person = person_of(registry, sign_off.signer)
    return any(person_of(registry, signer) == person for signer in signers)

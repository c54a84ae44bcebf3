"""Signatures on the bundle as it is now: prepared here, signed with the person's own key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from answerable.api.actor import ActorContext
from answerable.api.flows.append import append_clear
from answerable.api.flows.context import Recorded
from answerable.api.flows.govern.ground import PERSONS, governing_policy
from answerable.api.wiring import Workspace
from answerable.audit.errors import NotAllowed, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink, Role, SignOff
from answerable.audit.signing import load_signer_key, public_key_hex, sign_record
from answerable.governance.bundle import Bundle, bundle_of
from answerable.governance.policy import Policy
from answerable.governance.signoff import looks_shown, require_acceptable

__all__ = ["SignOffRequest", "prepare_sign_off", "record_sign_off", "sign"]

_DAY: Final = 86_400_000_000


@dataclass(frozen=True, kw_only=True)
class SignOffRequest:
    """A statement about the bundle as it is now."""

    function: str
    role: Role
    statement: str
    decision: Literal["approve", "reject"] = "approve"
    valid_days: int = 365


def prepare_sign_off(
    workspace: Workspace, request: SignOffRequest, *, actor: ActorContext
) -> SignOff:
    """Return the unsigned statement about the bundle as it is now.

    Parameters
    ----------
    workspace : Workspace
        Where from; the statement's text becomes an artefact.
    request : SignOffRequest
        Role, decision and statement.
    actor : ActorContext
        The person who will sign.

    Returns
    -------
    SignOff
        Its ``signed_bytes()`` are what to sign; it says how often the hold-out was
        assessed.

    Raises
    ------
    NotAllowed
        If the actor is no person with that role.
    NotFound
        If the function or its policy is not registered.
    InvalidInput
        If a field is malformed.
    """
    actor.as_person(request.role)
    bundle, _ = _bundle(workspace, request.function)
    return SignOff.parse(
        {
            "function": bundle.function,
            "bundle": bundle.digest,
            "role": request.role,
            "signer": actor.actor,
            "decision": request.decision,
            "statement": workspace.artefacts.put(request.statement.encode("utf-8")),
            "looks": looks_shown(workspace.registry(), bundle),
            "expires_at": workspace.clock() + request.valid_days * _DAY,
        }
    )


def record_sign_off(
    workspace: Workspace, sign_off: SignOff, *, actor: ActorContext
) -> Recorded[SignOff]:
    """Append a signed statement, if it counts.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    sign_off : SignOff
        Signed by its signer.
    actor : ActorContext
        The signer.

    Returns
    -------
    Recorded[SignOff]
        The sign-off and its receipt.

    Raises
    ------
    NotAllowed
        If somebody else hands it in, or this person may not sign in this role.
    NotFound
        If the function or the text of the statement is not there.
    PolicyViolation
        If it names another bundle, has expired, or its role is not asked for.
    EvidenceBroken
        If the signature is not the signer's.
    """
    role = actor.as_person(sign_off.role)
    if sign_off.signer != actor.actor:
        raise NotAllowed(
            "a sign-off is handed in by its signer", remedy="Sign with your own key and role."
        )
    if not workspace.artefacts.has(sign_off.statement):
        raise NotFound("the text of the statement is not stored", remedy="Prepare the sign-off.")
    bundle, policy = _bundle(workspace, sign_off.function)
    require_acceptable(workspace.registry(), sign_off, bundle, policy, workspace.clock())
    return append_clear(
        workspace,
        EntryKind.SIGN_OFF_GIVEN,
        sign_off,
        acting=(actor, role),
        links=[EntryLink(rel="signs", digest=sign_off.bundle)],
        function=sign_off.function,
    )


def sign(
    workspace: Workspace, request: SignOffRequest, key_file: Path, *, actor: ActorContext
) -> Recorded[SignOff]:
    """Prepare, sign with a key file, and append: what a person does at their own machine.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    request : SignOffRequest
        Role, decision and statement.
    key_file : Path
        The signer's key; who signs is the person registered with it.
    actor : ActorContext
        Who runs the command.

    Returns
    -------
    Recorded[SignOff]
        The sign-off and its receipt.

    Raises
    ------
    NotAllowed
        If the key belongs to nobody registered, or its holder may not sign in this role.
    NotFound
        If there is no such key file, function or policy.
    PolicyViolation
        If the policy asks for no such signature.
    """
    actor.acting_as(*PERSONS)
    key = load_signer_key(key_file)
    signer = _holder(workspace, public_key_hex(key))
    prepared = prepare_sign_off(workspace, request, actor=signer)
    return record_sign_off(workspace, sign_record(prepared, key), actor=signer)


def _bundle(workspace: Workspace, function: str) -> tuple[Bundle, Policy]:
    policy = governing_policy(workspace, function)
    return bundle_of(workspace.registry(), function, policy.digest), policy


def _holder(workspace: Workspace, public_key: str) -> ActorContext:
    for actor in workspace.directory.actors():
        if actor.public_key == public_key and actor.roles:
            return ActorContext(
                actor=actor.actor, roles=frozenset(actor.roles), service=actor.service
            )
    raise NotAllowed(
        "this key belongs to nobody who is registered",
        where="signing key",
        remedy="Register the person with this public key.",
    )

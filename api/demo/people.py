"""Who acts in the demonstration: roles, not invented persons, each with an own key.

In life everybody creates their key where they work (`answerable register actor`); here the
keys lie side by side so that one command can tell the whole story.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from answerable.api.actor import ActorContext
from answerable.api.demo.folder import DemoFolder
from answerable.api.flows.register import register_actor
from answerable.api.wiring import Workspace, local_actor
from answerable.audit.codes import Role
from answerable.audit.signing import create_signer_key, public_key_hex

__all__ = ["Cast", "Person", "gather_cast"]


@dataclass(frozen=True)
class Person:
    """One demo user: how the log knows them and where their signing key lies."""

    name: str
    context: ActorContext
    key_file: Path


@dataclass(frozen=True)
class Cast:
    """Everybody who acts in the demonstration."""

    scientist: Person
    model_owner: Person
    compliance: Person
    officer: Person
    reviewer: Person
    auditor: Person
    service: Person


def gather_cast(workspace: Workspace, folder: DemoFolder) -> Cast:
    """Register the demo users and create their keys.

    Parameters
    ----------
    workspace : Workspace
    folder : DemoFolder

    Returns
    -------
    Cast
    """
    operator = local_actor(workspace)

    def person(name: str, role: Role) -> Person:
        key_file = folder.signers / f"{role.value}.key"
        public_key = public_key_hex(create_signer_key(key_file, entropy=workspace.entropy))
        actor = register_actor(
            workspace, name=f"Demo {name}", roles=[role], public_key=public_key, actor=operator
        )
        context = ActorContext(
            actor=actor.actor, roles=frozenset({role}), service=role is Role.SERVICE
        )
        return Person(name=f"Demo {name}", context=context, key_file=key_file)

    return Cast(
        scientist=person("Data Scientist", Role.SCIENTIST),
        model_owner=person("Model Owner", Role.MODEL_OWNER),
        compliance=person("Compliance", Role.COMPLIANCE),
        officer=person("Data Protection Officer", Role.OFFICER),
        reviewer=person("Reviewer", Role.REVIEWER),
        auditor=person("Auditor", Role.AUDITOR),
        service=person("Loan Service", Role.SERVICE),
    )

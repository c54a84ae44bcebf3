"""Registering actors and use cases."""

from __future__ import annotations

from collections.abc import Sequence

from answerable.api.actor import ActorContext
from answerable.api.flows.context import Recorded
from answerable.api.flows.register.entry import record_once
from answerable.api.wiring import Workspace
from answerable.audit.errors import Conflict, InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Actor, Role, UseCase

__all__ = ["register_actor", "register_use_case"]


def register_actor(
    workspace: Workspace,
    *,
    name: str,
    roles: Sequence[Role],
    public_key: str | None = None,
    actor: ActorContext,
) -> Actor:
    """Register a person or service under a random reference.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    name : str
        Goes sealed into the directory, never into an entry.
    roles : Sequence[Role]
        What they may do; the role ``service`` makes a machine of it.
    public_key : str, optional
        Raw Ed25519 public key in hex, for people who sign.
    actor : ActorContext
        An administrator.

    Returns
    -------
    Actor
        With the new reference.

    Raises
    ------
    NotAllowed
        If the actor is no administrator.
    InvalidInput
        If the name is empty, no role is given, or a service gets a person's role.
    Conflict
        If the public key belongs to somebody who is registered: one person, one key.
    """
    actor.as_person(Role.ADMIN)
    service = Role.SERVICE in roles
    if not roles or (service and len(set(roles)) > 1):
        raise InvalidInput(
            "an actor needs roles, and a service has that role alone",
            where="roles",
            remedy="Register the person and the service separately.",
        )
    held = (item.public_key for item in workspace.directory.actors() if item.roles)
    if public_key is not None and public_key in held:
        raise Conflict(
            "this public key belongs to somebody who is registered",
            where="public_key",
            remedy="Each person signs with a key of their own.",
        )
    return workspace.directory.register(
        name, tuple(roles), public_key=public_key, service=service, by=actor.actor
    )


def register_use_case(
    workspace: Workspace, use_case: UseCase, *, actor: ActorContext
) -> Recorded[UseCase]:
    """Register what is decided about whom, why and under which law.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    use_case : UseCase
        The use case.
    actor : ActorContext
        Who registers it.

    Returns
    -------
    Recorded[UseCase]
        Its digest is what decision functions name.

    Raises
    ------
    NotAllowed
        If the actor may not register.
    """
    held = workspace.registry().use_cases.get(use_case.digest)
    return record_once(
        workspace, EntryKind.USE_CASE_REGISTERED, use_case, held.at if held else None, actor=actor
    )

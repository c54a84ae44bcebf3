"""API keys: made for a new actor, shown once, listed by their prefix, revoked at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from answerable.api.actor import ActorContext
from answerable.api.flows.credentials import bound_secret, is_bound, said_of
from answerable.api.flows.register.people import register_actor
from answerable.api.state.credentials import (
    ApiKey,
    LoginLink,
    NewSecret,
    secret_hash,
)
from answerable.api.wiring import Workspace
from answerable.audit.errors import InvalidInput, NotFound, Unavailable
from answerable.audit.records import Actor, Role

__all__ = [
    "IssuedKey",
    "actor_of_key",
    "current_roles",
    "issue_api_key",
    "issue_login_link",
    "list_api_keys",
    "revoke_api_key",
]

_LINK_SECONDS: Final = 3600
_NAME_LENGTH: Final = 128


@dataclass(frozen=True)
class IssuedKey:
    """A fresh API key: the only time its secret is seen."""

    secret: str
    prefix: str
    actor: str


def issue_api_key(
    workspace: Workspace,
    *,
    name: str,
    roles: Sequence[Role],
    actor: ActorContext,
    for_actor: str | None = None,
) -> IssuedKey:
    """Make an API key.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    name : str
        Name of the person or service the key is for, and name of the key.
    roles : Sequence[Role]
        What it may do; the role ``service`` makes a machine of it.
    actor : ActorContext
        An administrator.
    for_actor : str, optional
        Reference of a registered actor; a new one is registered when left out.

    Returns
    -------
    IssuedKey
        With the secret, shown this once.

    Raises
    ------
    NotAllowed
        If the actor is no administrator, or the roles exceed those of `for_actor`.
    NotFound
        If `for_actor` is not registered.
    InvalidInput
        If the name is too long or the roles are empty or mixed.
    """
    actor.as_person(Role.ADMIN)
    if not 0 < len(name.strip()) <= _NAME_LENGTH:
        raise InvalidInput(f"a name of 1 to {_NAME_LENGTH} characters is needed", where="name")
    if Role.SUBJECT in roles:
        raise InvalidInput(
            "data subjects get a link to their own decision, not a key", where="roles"
        )
    if for_actor is None:
        holder = register_actor(workspace, name=name, roles=roles, actor=actor)
    else:
        holder = workspace.directory.find(for_actor)
        if not roles or not set(roles) <= set(holder.roles):
            raise InvalidInput("roles the actor does not hold", where="roles")
    now = workspace.clock()
    made = bound_secret(
        workspace,
        kind="ank",
        said=said_of(holder.actor, frozenset(roles), (now, None), None),
    )
    workspace.state.add_key(
        ApiKey(
            prefix=made.prefix,
            hash=made.hash,
            actor=holder.actor,
            roles=frozenset(roles),
            service=holder.service,
            name=name.strip(),
            created_at=now,
        )
    )
    return IssuedKey(secret=made.text, prefix=made.prefix, actor=holder.actor)


def list_api_keys(workspace: Workspace, *, actor: ActorContext) -> list[ApiKey]:
    """Return all API keys, oldest first, without secrets.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    actor : ActorContext
        An administrator.

    Returns
    -------
    list[ApiKey]
        Revoked ones included.

    Raises
    ------
    NotAllowed
        If the actor is no administrator.
    """
    actor.as_person(Role.ADMIN)
    return workspace.state.keys()


def revoke_api_key(workspace: Workspace, prefix: str, *, actor: ActorContext) -> None:
    """Make an API key unusable from this moment.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    prefix : str
        Public part of the key.
    actor : ActorContext
        An administrator.

    Raises
    ------
    NotAllowed
        If the actor is no administrator.
    NotFound
        If no such key is in use.
    """
    actor.as_person(Role.ADMIN)
    workspace.state.revoke_key(prefix, at=workspace.clock())


def issue_login_link(
    workspace: Workspace,
    holder: ActorContext,
    *,
    valid_seconds: int = _LINK_SECONDS,
) -> NewSecret:
    """Make a link secret that signs one browser in, once.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    holder : ActorContext
        Who will be signed in, with which roles and scope.
    valid_seconds : int
        How long the link can be used.

    Returns
    -------
    NewSecret
        Its text belongs into the link.
    """
    now = workspace.clock()
    expires_at = now + valid_seconds * 1_000_000
    said = said_of(holder.actor, holder.roles, (now, expires_at), holder.scope)
    made = bound_secret(workspace, kind="anl", said=said)
    workspace.state.add_link(
        LoginLink(
            hash=made.hash,
            actor=holder.actor,
            roles=holder.roles,
            created_at=now,
            expires_at=expires_at,
            scope=holder.scope,
        )
    )
    return made


def actor_of_key(workspace: Workspace, text: str) -> ActorContext | None:
    """Return who a key stands for; None when it is unknown, expired, revoked or left over.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    text : str
        The whole key as it was sent.

    Returns
    -------
    ActorContext or None
        With those roles of the key that the log still gives its holder.
    """
    key = workspace.state.key_of(secret_hash(text))
    if key is None or not key.usable(workspace.clock()) or not is_bound(workspace, text, key):
        return None
    holder = _holder(workspace, key.actor)
    roles = key.roles & frozenset(holder.roles) if holder is not None else frozenset()
    if holder is None or not roles:
        return None
    return ActorContext(actor=key.actor, roles=roles, service=holder.service)


def _holder(workspace: Workspace, actor: str) -> Actor | None:
    """Return an actor, as last read while the log does not answer.

    While it does not answer nothing can be read or changed with a key either, but for asking how
    the log is and for decisions that go into the spool.

    Returns
    -------
    Actor or None
        None when no such actor was registered.
    """
    known = workspace.directory.last_known(actor)
    if known is not None and not workspace.recorder.trying():
        return known
    try:
        return workspace.directory.find(actor)
    except NotFound:
        return None
    except Unavailable:
        if known is None:
            raise
        return known


def current_roles(workspace: Workspace, actor: str, roles: frozenset[Role]) -> frozenset[Role]:
    """Return those of an actor's roles that the log gives them now.

    Keys and sessions lie in a database without proofs: what they may do is what the log says.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    actor : str
        Reference of the actor.
    roles : frozenset[Role]
        Roles of a key or session.

    Returns
    -------
    frozenset[Role]
        Empty when the actor is unknown or has left.
    """
    try:
        return roles & frozenset(workspace.directory.find(actor).roles)
    except NotFound:
        return frozenset()

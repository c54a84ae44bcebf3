"""Secrets that belong to what is stored about them: nobody who writes the state can make one.

The database of keys, sessions and links holds no proofs. So the secret part of each is a keyed
hash of what it stands for (actor, roles, scope, times): a row that was slipped in or changed has
no secret that opens it, unless one holds the key folder as well.
"""

from __future__ import annotations

from answerable.api.state.credentials import (
    ApiKey,
    LoginLink,
    NewSecret,
    Session,
    new_secret,
    same_text,
)
from answerable.api.wiring import Workspace
from answerable.audit.records import Role

__all__ = ["bound_secret", "is_bound", "said_of"]

_PARTS = 3


def said_of(
    actor: str, roles: frozenset[Role], times: tuple[int, int | None], also: str | None
) -> str:
    """Return what a secret is bound to, as text.

    Parameters
    ----------
    actor : str
        Reference of its holder.
    roles : frozenset[Role]
        What it allows.
    times : tuple[int, int or None]
        When it was made and when it ends.
    also : str or None
        Scope of a session or link.

    Returns
    -------
    str
        The same parts give the same text, and no others do.
    """
    named = ",".join(sorted(role.value for role in roles))
    return "\0".join((actor, named, str(times[0]), str(times[1]), also or ""))


def bound_secret(workspace: Workspace, *, kind: str, said: str) -> NewSecret:
    """Return a fresh secret bound to what is stored about it.

    Parameters
    ----------
    workspace : Workspace
        Gives randomness and the key.
    kind : str
        What the text begins with.
    said : str
        From :func:`said_of`.

    Returns
    -------
    NewSecret
        To be stored with exactly that.
    """
    public = workspace.entropy(6)
    return _made(workspace, kind, public, said)


def is_bound(workspace: Workspace, text: str, stored: ApiKey | Session | LoginLink) -> bool:
    """Return whether a secret is the one made for what is stored.

    Parameters
    ----------
    workspace : Workspace
        Gives the key.
    text : str
        The whole secret as it was sent.
    stored : ApiKey or Session or LoginLink
        What was found by its hash.

    Returns
    -------
    bool
        False for a row that was slipped in or changed.
    """
    parts = text.split("_", _PARTS - 1)
    try:
        public = bytes.fromhex(parts[1])
    except (IndexError, ValueError):
        return False
    also = None if isinstance(stored, ApiKey) else stored.scope
    said = said_of(stored.actor, stored.roles, (stored.created_at, stored.expires_at), also)
    return same_text(_made(workspace, parts[0], public, said).text, text)


def _made(workspace: Workspace, kind: str, public: bytes, said: str) -> NewSecret:
    def draw(size: int) -> bytes:
        if size == len(public):
            return public
        return workspace.keyed_hash(f"credential-{kind}", public + said.encode())

    return new_secret(draw, kind=kind)

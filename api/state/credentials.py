"""API keys, sessions and one-time links: how they look, and what is kept of them.

Invariant: a secret holds 256 random bits, so an unsalted SHA-256 of it cannot be guessed
and a slow hash would only cost time. Nothing here can be turned back into a secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from answerable.audit.records import Role

__all__ = ["ApiKey", "LoginLink", "NewSecret", "Session", "new_secret", "same_text", "secret_hash"]

_SECRET_BYTES: Final = 32
_ID_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A fresh secret: `text` is shown once, `prefix` may be shown always, `hash` is stored."""

    text: str
    prefix: str
    hash: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is stored of an API key."""

    prefix: str
    """Public part, for lists and log lines."""
    hash: str
    actor: str
    roles: frozenset[Role]
    service: bool
    name: str
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None

    def usable(self, now: int) -> bool:
        """Return whether the key is neither revoked nor expired at `now` (microseconds)."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser of the console."""

    hash: str
    actor: str
    roles: frozenset[Role]
    csrf: str
    """Token a form must send back."""
    created_at: int
    expires_at: int
    scope: str | None = None
    """For a data subject: the one decision this session may see."""


@dataclass(frozen=True, slots=True)
class LoginLink:
    """A link that signs one browser in, once."""

    hash: str
    actor: str
    roles: frozenset[Role]
    created_at: int
    expires_at: int
    scope: str | None = None


def new_secret(entropy: Callable[[int], bytes], *, kind: str) -> NewSecret:
    """Return a fresh secret.

    Parameters
    ----------
    entropy : Callable[[int], bytes]
        Source of that many random bytes.
    kind : str
        What the text begins with, so that secret scanners recognise it: ``ank`` for API
        keys, ``ans`` for sessions, ``anl`` for links.

    Returns
    -------
    NewSecret
        ``<kind>_<12 hex>_<43 base64url characters>`` and what is kept of it.

    Examples
    --------
    >>> made = new_secret(bytes, kind="ank")
    >>> made.prefix
    'ank_000000000000'
    >>> made.text.startswith(made.prefix), len(made.text)
    (True, 60)
    """
    public = f"{kind}_{entropy(_ID_BYTES).hex()}"
    secret = base64.urlsafe_b64encode(entropy(_SECRET_BYTES)).rstrip(b"=").decode("ascii")
    text = f"{public}_{secret}"
    return NewSecret(text=text, prefix=public, hash=secret_hash(text))


def secret_hash(text: str) -> str:
    """Return the SHA-256 of a secret in hex: what is stored and looked up.

    Parameters
    ----------
    text : str
        The whole secret as the caller sent it.

    Returns
    -------
    str
        64 hex digits.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def same_text(one: str, other: str) -> bool:
    """Return whether two secrets are equal, in time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8"), other.encode("utf-8"))

"""Which log this is, and that the vault at hand is its own.

The facts fixed when a log is made (name, verifier key, pepper check) lie in its database; the
secrets that must agree with them lie in the vault. Opening a log compares the two before
anything is read or written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.errors import Conflict, InvalidInput, NotFound, Unavailable
from answerable.audit.ids import actor_ref
from answerable.audit.key_chain import KeyChain
from answerable.audit.keys.derive import KEY_SIZE, pepper_check
from answerable.audit.keys.vault import Entropy, KeyVault
from answerable.audit.store.database import Database
from answerable.audit.store.view_rows import read_facts
from answerable.audit.tree.notes import verifier_key

__all__ = [
    "Clock",
    "Scribe",
    "facts_of",
    "new_signing_key",
    "own_signing_key",
    "require_free",
    "require_origin",
    "scribe_of",
]

Clock = Callable[[], int]
"""Gives microseconds since 1970 UTC."""

_ORIGIN: Final = re.compile(r"[a-z0-9][a-z0-9./_-]{0,199}")
_FACTS: Final = {"origin", "vkey", "pepper"}


@dataclass(frozen=True, slots=True)
class Scribe:
    """Who writes: the log's name, its own reference as an actor, and where secrets come from."""

    origin: str
    actor: str
    vault: KeyVault
    clock: Clock
    entropy: Entropy


def scribe_of(origin: str, vault: KeyVault, clock: Clock, entropy: Entropy) -> Scribe:
    """Return the scribe of a log.

    The log acts under a reference derived from its public name: it is no person.

    Parameters
    ----------
    origin : str
        The log's name.
    vault : KeyVault
        Its vault.
    clock : Callable[[], int]
        Microseconds since 1970 UTC.
    entropy : Callable[[int], bytes]
        Gives that many random bytes.

    Returns
    -------
    Scribe
        Who writes in this process.

    Raises
    ------
    InvalidInput
        If the name is malformed.
    """
    if not _ORIGIN.fullmatch(origin):
        raise InvalidInput(
            "the log's name is not made of lower-case letters, digits and . / _ -",
            where="origin",
            remedy="For example: example.org/loans",
        )
    own = hashlib.sha256(b"answerable/log-actor\0" + origin.encode()).digest()[:16]
    return Scribe(origin, actor_ref(own), vault, clock, entropy)


def facts_of(database: Database) -> dict[str, str]:
    """Return what was fixed when the log was made.

    Returns
    -------
    dict
        ``origin``, ``vkey`` (the first), ``pepper`` (its check value), rotations of the key.

    Raises
    ------
    NotFound
        If the database holds tables but no finished log.
    """
    with database.read() as connection:
        facts = read_facts(connection)
    if not facts.keys() >= _FACTS:
        raise NotFound(
            "this database holds no finished log",
            where=database.where,
            remedy="Check the address, or create the log first.",
        )
    return facts


def require_free(database: Database) -> None:
    """Check that a database holds no log yet.

    Raises
    ------
    Conflict
        If it does.
    """
    with database.read() as connection:
        if read_facts(connection):
            raise Conflict(
                "this database holds a log already",
                where=database.where,
                remedy="Open it, or name another database.",
            )


def require_origin(held: str, expected: str | None, where: str) -> None:
    """Check that a log is the one that is expected.

    Raises
    ------
    Conflict
        If it is another.
    """
    if expected is not None and held != expected:
        raise Conflict(
            f"this is the log {held}, not {expected}",
            where=where,
            remedy="Check the database address and ANSWERABLE_ORIGIN.",
        )


def new_signing_key(vault: KeyVault, origin: str, entropy: Entropy) -> Ed25519PrivateKey:
    """Return the signing key of a log that is being made, new unless a first try left one.

    Returns
    -------
    Ed25519PrivateKey
        Kept in the vault.
    """
    try:
        seed = vault.signing_key(origin)
    except NotFound:
        seed = entropy(KEY_SIZE)
        vault.add_signing_key(origin, seed)
    return Ed25519PrivateKey.from_private_bytes(seed)


def own_signing_key(facts: Mapping[str, str], vault: KeyVault) -> Ed25519PrivateKey:
    """Return the log's signing key once the vault has shown that it is this log's.

    Parameters
    ----------
    facts : Mapping[str, str]
        From the database.
    vault : KeyVault
        The vault at hand.

    Returns
    -------
    Ed25519PrivateKey
        The one in force: whose public half is in the facts, or in the last rotation.

    Raises
    ------
    Unavailable
        If the vault belongs to another log, or to another making of this one.
    CheckpointSignatureInvalid
        If a rotation among the facts is not signed by both keys.
    """
    origin = facts["origin"]
    vkeys = KeyChain.of_facts(facts).vkeys
    try:
        key = Ed25519PrivateKey.from_private_bytes(vault.signing_key(origin, len(vkeys)))
    except NotFound:
        raise _foreign_vault("it holds no signing key of this log") from None
    if str(verifier_key(origin, key)) != vkeys[-1]:
        raise _foreign_vault("its signing key is not the one this log was made with")
    if pepper_check(vault.pepper(), origin) != facts["pepper"]:
        raise _foreign_vault("its pepper is not the one this log was made with")
    return key


def _foreign_vault(why: str) -> Unavailable:
    return Unavailable(
        f"the key directory does not belong to this log: {why}",
        where="key directory",
        remedy="Name the directory that was made with the log (ANSWERABLE_KEY_DIR).",
    )

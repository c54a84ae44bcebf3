"""Signatures of people under their sign-offs, and the files their keys lie in.

A signer's key is theirs: it is not in the vault, and the service never sees it. The log holds
the public key, in the entry that registered the actor.

References
----------
RFC 8032 (Ed25519).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from answerable.audit.errors import Conflict, EvidenceBroken, InvalidInput, NotFound, Unavailable
from answerable.audit.keys.vault import Entropy
from answerable.audit.records import RetentionApproval, SignOff

__all__ = [
    "create_signer_key",
    "load_signer_key",
    "public_key_hex",
    "sign_record",
    "verify_approval",
    "verify_sign_off",
]

S = TypeVar("S", SignOff, RetentionApproval)

_SEED: Final = 32
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def sign_record(record: S, key: Ed25519PrivateKey) -> S:
    """Return a sign-off or an approval with its signature; one it had is replaced.

    Parameters
    ----------
    record : SignOff or RetentionApproval
        What is signed.
    key : Ed25519PrivateKey
        The signer's key.

    Returns
    -------
    record
        The same statement, signed.
    """
    return record.model_copy(update={"signature": key.sign(record.signed_bytes()).hex()})


def verify_sign_off(sign_off: SignOff, public_key: str) -> None:
    """Check that a sign-off was signed by the holder of a public key.

    Parameters
    ----------
    sign_off : SignOff
        As it stands in the log.
    public_key : str
        Raw Ed25519 public key in hex, from the signer's registration.

    Raises
    ------
    EvidenceBroken
        If it is unsigned, signed by another key, or was changed since.
    InvalidInput
        If the public key is malformed.
    """
    _verify(sign_off.signature, sign_off.signed_bytes(), public_key, by=sign_off.signer)


def verify_approval(approval: RetentionApproval, public_key: str) -> None:
    """Check that a retention run was approved by the holder of a public key.

    Parameters
    ----------
    approval : RetentionApproval
        As handed in, or as it stands in the log.
    public_key : str
        Raw Ed25519 public key in hex, from the approver's registration.

    Raises
    ------
    EvidenceBroken
        If it is unsigned, signed by another key, or was changed since.
    InvalidInput
        If the public key is malformed.
    """
    _verify(approval.signature, approval.signed_bytes(), public_key, by=approval.approver)


def _verify(signature: str | None, signed: bytes, public_key: str, *, by: str) -> None:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
    except ValueError:
        raise InvalidInput("not an Ed25519 public key in hex", where="public key") from None
    try:
        key.verify(bytes.fromhex(signature or ""), signed)
    except InvalidSignature:
        raise EvidenceBroken(
            "the signature under the statement is not the signer's",
            where=by,
            remedy="Ask the signer to sign again with the key they registered.",
        ) from None


def public_key_hex(key: Ed25519PrivateKey) -> str:
    """Return the raw public key in hex, as it is registered with an actor."""
    return key.public_key().public_bytes_raw().hex()


def create_signer_key(path: Path | str, *, entropy: Entropy) -> Ed25519PrivateKey:
    """Make a signer's key file, readable by its owner alone.

    Parameters
    ----------
    path : Path
        A file that does not exist.
    entropy : Callable[[int], bytes]
        Gives that many random bytes.

    Returns
    -------
    Ed25519PrivateKey
        The new key.

    Raises
    ------
    Conflict
        If the file exists.
    Unavailable
        If it cannot be written.
    """
    seed = entropy(_SEED)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(seed.hex() + "\n")
            file.flush()
            os.fsync(descriptor)
    except FileExistsError:
        raise Conflict(
            "this key file exists", where=str(path), remedy="Name another file, or use this one."
        ) from None
    except OSError as error:
        raise _unusable(path, error) from None
    return Ed25519PrivateKey.from_private_bytes(seed)


def load_signer_key(path: Path | str) -> Ed25519PrivateKey:
    """Read a signer's key file.

    Parameters
    ----------
    path : Path
        As made by :func:`create_signer_key`.

    Returns
    -------
    Ed25519PrivateKey
        The key.

    Raises
    ------
    NotFound
        If there is no such file.
    Unavailable
        If other users may read it, or it cannot be read.
    InvalidInput
        If it is not a key file.
    """
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(2 * _SEED + 2)
    except FileNotFoundError:
        raise NotFound(
            "no such key file", where=str(path), remedy="Create it, or name another."
        ) from None
    except OSError as error:
        raise _unusable(path, error) from None
    if mode & _OTHERS:
        raise Unavailable(
            "other users may read this key file",
            where=str(path),
            remedy="Run chmod 600 on it; if others had access, register a new key.",
        )
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text.decode("ascii").strip()))
    except ValueError:
        raise InvalidInput(
            "not a key file", where=str(path), remedy="It holds 64 hex digits."
        ) from None


def _unusable(path: Path | str, error: OSError) -> Unavailable:
    return Unavailable(
        f"the key file cannot be used ({os.strerror(error.errno or 0)})",
        where=str(path),
        remedy="Check the path, its owner and its permissions.",
    )

"""Checkpoints: the log's signed statement of its size and root.

A checkpoint is a signed note of three lines: origin, size, root. We write no extension lines and
accept none, because nobody who watches a log could audit them.

References
----------
C2SP tlog-checkpoint.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final, NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.errors import CheckpointSignatureInvalid, InvalidInput
from answerable.audit.tree.merkle import EMPTY_ROOT, HASH_SIZE
from answerable.audit.tree.notes import VerifierKey, decode_base64, sign_note, verify_note

__all__ = ["Checkpoint", "decimal", "open_checkpoint", "sign_checkpoint"]

_LINES: Final = 3
_MAX_DIGITS: Final = 19


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: which log, how many entries, which root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the note text: three lines.

        Returns
        -------
        str
            Origin, size in decimal, root in base64; each with a newline.

        Examples
        --------
        >>> print(Checkpoint("example.org/log", 0, EMPTY_ROOT).text(), end="")
        example.org/log
        0
        47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
        """
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    r"""Return the signed note of a tree head; the key's name is the origin.

    Parameters
    ----------
    checkpoint : Checkpoint
        The tree head.
    key : Ed25519PrivateKey
        The log's signing key.

    Returns
    -------
    str
        The note.

    Raises
    ------
    InvalidInput
        If the origin cannot stand in a note, the size is negative, or the root is not that of a
        tree of this size in form.

    Examples
    --------
    >>> key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    >>> sign_checkpoint(Checkpoint("example.org/log", 0, EMPTY_ROOT), key).count("\n")
    5
    """
    if checkpoint.size < 0 or len(checkpoint.root) != HASH_SIZE:
        raise InvalidInput("a tree head needs a size and a root of 32 bytes", where="checkpoint")
    if (checkpoint.size == 0) != (checkpoint.root == EMPTY_ROOT):
        raise InvalidInput("size and root of the tree head do not belong together", where="root")
    return sign_note(checkpoint.text(), checkpoint.origin, key)


def open_checkpoint(note: str, key: VerifierKey | str) -> Checkpoint:
    """Return the tree head in a note that the log's key signed.

    Parameters
    ----------
    note : str
        The note as published.
    key : VerifierKey or str
        The key trusted for this log; its name is the log's origin.

    Returns
    -------
    Checkpoint
        The tree head.

    Raises
    ------
    CheckpointSignatureInvalid
        If the key did not sign the note, the note is of another log, or it is not a checkpoint.
    InvalidInput
        If the verifier key itself is malformed.

    References
    ----------
    C2SP tlog-checkpoint, "Note text".
    """
    trusted = VerifierKey.parse(key) if isinstance(key, str) else key
    lines = verify_note(note, [trusted]).split("\n")[:-1]
    if len(lines) != _LINES:
        _refuse(f"it has {len(lines)} lines instead of {_LINES}")
    size = decimal(lines[1])
    root = decode_base64(lines[2])
    if size is None:
        _refuse("its size is not a decimal number")
    if root is None or len(root) != HASH_SIZE:
        _refuse("its root is not base64 of 32 bytes")
    if lines[0] != trusted.name:
        _refuse("it is of another log than the key was trusted for")
    return Checkpoint(lines[0], size, root)


def decimal(text: str) -> int | None:
    """Return the number written in ASCII decimal without leading zeroes, or None.

    Parameters
    ----------
    text : str
        For example ``0`` or ``20852163``; at most 19 digits.

    Returns
    -------
    int or None
        None for anything Python's ``int`` would take but the format does not.

    Examples
    --------
    >>> decimal("42"), decimal("042"), decimal("4_2"), decimal("+42"), decimal("٤٢")
    (42, None, None, None, None)
    """
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        return None
    return int(text) if text == "0" or text[0] != "0" else None


def _refuse(reason: str) -> NoReturn:
    raise CheckpointSignatureInvalid(
        f"the signed note is not a checkpoint of this log: {reason}", where="checkpoint"
    )

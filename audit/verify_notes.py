"""Opens the signed checkpoints of a log, without trusting the code that signed them.

Part of the second implementation (:mod:`answerable.audit.verify`). It never raises on bad data:
whatever is wrong with a note is a finding.

References
----------
C2SP signed-note, tlog-checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["SignedHead", "open_checkpoints"]

_HASH: Final = 32
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_SIGNATURE: Final = re.compile(r"^— ([^ \n]+) ([^ \n]+)$", re.MULTILINE)
_Key = tuple[str, bytes, Ed25519PublicKey]  # name, key id, key
_Find = Callable[[str, str, str], None]  # takes layer, entry, what is wrong


class SignedHead(NamedTuple):
    """Size and root that the log's key signed."""

    size: int
    root: bytes
    outside: bool


def open_checkpoints(
    origin: str, vkey: str, outside: str | None, inside: Sequence[str], find: _Find
) -> list[SignedHead]:
    """Return the heads that notes from outside and inside state; name those that are no use.

    Returns
    -------
    list of SignedHead
        Each with a valid signature of the log's key.
    """
    key = _read_vkey(vkey)
    if key is None or key[0] != origin:
        find("checkpoint", "", "the verifier key is malformed or of another log")
        return []
    opened = [_open_note(note, key, outside=False) for note in inside]
    if outside is not None:
        opened.append(_open_note(outside, key, outside=True))
    for fault in opened:
        if isinstance(fault, str):
            find("checkpoint", "", fault)
    return [head for head in opened if isinstance(head, SignedHead)]


def _read_vkey(vkey: str) -> _Key | None:
    """Return the key in a verifier key's text form: name+id+base64(0x01 || Ed25519 key)."""
    name, _, rest = vkey.partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = _base64(encoded)
    own_id = hashlib.sha256(name.encode("utf-8", "replace") + b"\n" + raw).digest()[:4]
    if len(raw) != 1 + _HASH or raw[0] != 1 or own_id.hex() != key_id:
        return None
    return name, own_id, Ed25519PublicKey.from_public_bytes(raw[1:])


def _open_note(note: str, key: _Key, *, outside: bool) -> SignedHead | str:
    """Return the head a note states, or what is wrong with the note."""
    name, key_id, public = key
    source = f"the {'outside' if outside else 'stored'} checkpoint"
    text, _, tail = note.rpartition("\n\n")
    signatures = [_base64(line[2]) for line in _SIGNATURE.finditer(tail) if line[1] == name]
    of_key = [signature[4:] for signature in signatures if signature[:4] == key_id]
    if not of_key:
        return f"{source} is not signed by the log's key"
    try:
        for signature in of_key:
            public.verify(signature, f"{text}\n".encode("utf-8", "replace"))
    except InvalidSignature:
        return f"{source} has a wrong signature of the log's key"
    lines = text.split("\n")
    root = _base64(lines[2]) if len(lines) == 3 else b""  # noqa: PLR2004  # origin, size, root
    if len(root) != _HASH or not _DECIMAL.fullmatch(lines[1]):
        return f"{source} is not three lines: origin, size, root"
    return (
        SignedHead(int(lines[1]), root, outside)
        if lines[0] == name
        else f"{source} is of another log"
    )


def _base64(text: str) -> bytes:
    """Return the bytes of canonical base64; nothing for anything else."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return b""
    return data if base64.b64encode(data).decode("ascii") == text else b""

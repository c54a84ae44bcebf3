"""Opens the signed checkpoints of a log and follows its keys, without trusting who signed them.

Part of the second implementation (:mod:`answerable.audit.verify`). It never raises on bad data:
whatever is wrong with a note is a finding.

References
----------
C2SP signed-note, tlog-checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["LogKey", "Rotated", "SignedHead", "check_rotations", "follow_keys", "open_checkpoints"]

_HASH: Final = 32
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_SIGNATURE: Final = re.compile(r"^— ([^ \n]+) ([^ \n]+)$", re.MULTILINE)
_Find = Callable[[str, str, str], None]  # takes layer, entry, what is wrong


class LogKey(NamedTuple):
    """A key of the log; one that was replaced signs nothing over more entries than its limit."""

    name: str
    key_id: bytes
    raw: bytes
    """The public key itself: its id has four bytes, and others could be made with the same."""
    limit: int | None = None

    def accepts(self, signature: bytes, text: bytes) -> bool:
        """Return whether this key signed a text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text)
        except InvalidSignature:
            return False
        return True


class Rotated(NamedTuple):
    """An entry that says the log's key was replaced: where, its name, digest of its record."""

    seq: int
    entry: str
    digest: str


class SignedHead(NamedTuple):
    """Size and root that the log's key signed."""

    size: int
    root: bytes
    outside: bool


def follow_keys(origin: str, vkey: str, rotations: Sequence[bytes], find: _Find) -> list[LogKey]:
    """Return the keys that the trusted one leads to, oldest first, itself among them.

    Each rotation is a statement that both keys signed, so the chain is followed from whichever
    of its keys is trusted.

    Parameters
    ----------
    origin : str
        The log's name.
    vkey : str
        The verifier key that is trusted.
    rotations : Sequence[bytes]
        Records of type ``answerable.log-key-rotated.v1``, in order.
    find : Callable[[str, str, str], None]
        Told what is wrong.

    Returns
    -------
    list of LogKey
        Empty when the trusted key is malformed; it alone when a rotation does not hold.
    """
    trusted = _read_vkey(vkey)
    if trusted is None or trusted.name != origin:
        find("checkpoint", "", "the verifier key is malformed or of another log")
        return []
    keys: list[LogKey] = []
    for data in rotations:
        step = _read_rotation(origin, data)
        if step is None or (keys and step[0].raw != keys[-1].raw):
            find("checkpoint", "", "a rotation of the log's key is not signed by both keys in turn")
            return [trusted]
        keys[-1:] = step
    if keys and all(key.raw != trusted.raw for key in keys):
        find("checkpoint", "", "the verifier key is none of those this log has had")
        return [trusted]
    return keys or [trusted]


def check_rotations(
    origin: str, rotations: Sequence[bytes], entries: Sequence[Rotated], floor: int, find: _Find
) -> None:
    """Compare the rotations kept with the entries that record them.

    Parameters
    ----------
    origin : str
        The log's name.
    rotations : Sequence[bytes]
        As kept.
    entries : Sequence[Rotated]
        As found in the log.
    floor : int
        Entries below it were removed by retention, those of early rotations among them.
    find : Callable[[str, str, str], None]
        Told what is wrong.
    """
    kept = [hashlib.sha256(data).hexdigest() for data in rotations]
    early = max(len(kept) - len(entries), 0) if floor else 0
    if kept[early:] != [entry.digest for entry in entries]:
        last = entries[-1].entry if entries else ""
        find("checkpoint", last, "the rotations of the log's key are not those its entries record")
        return
    for entry, data in zip(entries, rotations[early:], strict=True):
        step = _read_rotation(origin, data)
        if step is not None and (step[0].limit or 0) > entry.seq:
            find("checkpoint", entry.entry, "hands the key over later in the log than it stands")


def open_checkpoints(
    keys: Sequence[LogKey], outside: str | None, inside: Sequence[str], find: _Find
) -> list[SignedHead]:
    """Return the heads that notes from outside and inside state; name those that are no use.

    Returns
    -------
    list of SignedHead
        Each with a valid signature of the log's key of its time.
    """
    if not keys:
        return []
    opened = [_open_note(note, keys, outside=False) for note in inside]
    if outside is not None:
        opened.append(_open_note(outside, keys, outside=True))
    for fault in opened:
        if isinstance(fault, str):
            find("checkpoint", "", fault)
    return [head for head in opened if isinstance(head, SignedHead)]


def _read_rotation(origin: str, data: bytes) -> list[LogKey] | None:
    """Return old and new key of a rotation that both signed, None of anything else."""
    try:
        said = json.loads(data)
        texts = [said[name] for name in ("origin", "old_vkey", "new_vkey")]
        number, size = said["number"], said["size"]
        lines = ["answerable/log-key-rotated1", *texts, str(number), str(size)]
        statement = "".join(f"{line}\n" for line in lines).encode()
        old, new = (_read_vkey(vkey) for vkey in texts[1:])
        if old is None or new is None or {origin, *texts[:1]} != {old.name, new.name}:
            return None
        signed = old.accepts(bytes.fromhex(said["signed_by_old"]), statement)
        signed = signed and new.accepts(bytes.fromhex(said["signed_by_new"]), statement)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return [old._replace(limit=size), new] if signed and isinstance(size, int) else None


def _read_vkey(vkey: str) -> LogKey | None:
    """Return the key in a verifier key's text form: name+id+base64(0x01 || Ed25519 key)."""
    name, _, rest = vkey.partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = _base64(encoded)
    own_id = hashlib.sha256(name.encode("utf-8", "replace") + b"\n" + raw).digest()[:4]
    if len(raw) != 1 + _HASH or raw[0] != 1 or own_id.hex() != key_id:
        return None
    return LogKey(name, own_id, raw[1:])


def _open_note(note: str, keys: Sequence[LogKey], *, outside: bool) -> SignedHead | str:
    """Return the head a note states, or what is wrong with the note."""
    name = keys[0].name
    source = f"the {'outside' if outside else 'stored'} checkpoint"
    text, _, tail = note.rpartition("\n\n")
    signatures = [_base64(line[2]) for line in _SIGNATURE.finditer(tail) if line[1] == name]
    signed = {key.key_id: key for key in keys if any(s[:4] == key.key_id for s in signatures)}
    if not signed:
        return f"{source} is not signed by the log's key"
    written = f"{text}\n".encode("utf-8", "replace")
    of_keys = [signature for signature in signatures if signature[:4] in signed]
    if not all(signed[item[:4]].accepts(item[4:], written) for item in of_keys):
        return f"{source} has a wrong signature of the log's key"
    lines = text.split("\n")
    root = _base64(lines[2]) if len(lines) == 3 else b""  # noqa: PLR2004  # origin, size, root
    if len(root) != _HASH or not _DECIMAL.fullmatch(lines[1]):
        return f"{source} is not three lines: origin, size, root"
    if lines[0] != name:
        return f"{source} is of another log"
    size = int(lines[1])
    if all(key.limit is not None and size > key.limit for key in signed.values()):
        return f"{source} of size {size} is signed by a key that had been replaced"
    return SignedHead(size, root, outside)


def _base64(text: str) -> bytes:
    """Return the bytes of canonical base64; nothing for anything else."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return b""
    return data if base64.b64encode(data).decode("ascii") == text else b""

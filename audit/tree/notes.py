"""Signed notes: text with Ed25519 signature lines, byte for byte as C2SP specifies.

A note proves nothing until a key that the reader already trusts has signed it; so nothing here
returns text that was not verified. Only signature type 0x01 (Ed25519) is made and checked;
signatures of other keys and types are ignored, as the specification asks, so that witnesses can
cosign without breaking older readers. A bad signature of a *trusted* key refuses the whole note.

References
----------
C2SP signed-note; RFC 8032 (Ed25519); RFC 4648, section 4 (base64).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from answerable.audit.errors import CheckpointSignatureInvalid, InvalidInput

__all__ = [
    "VerifierKey",
    "decode_base64",
    "sign_note",
    "signature_lines",
    "verifier_key",
    "verify_note",
]

_ED25519: Final = b"\x01"
_KEY_ID_SIZE: Final = 4
_PUBLIC_KEY_SIZE: Final = 32
_VKEY_FIELDS: Final = 3
_MARK: Final = "— "
_MAX_NOTE_BYTES: Final = 1 << 20
_MAX_SIGNATURES: Final = 100
_FIRST_PRINTABLE: Final = " "


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key that is trusted to sign notes under one name.

    Its text form is ``<name>+<key id, 8 hex digits>+<base64 of 0x01 || public key>``.
    """

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name || newline || 0x01 || public key)."""
        seed = self.name.encode("utf-8") + b"\n" + _ED25519 + self.public_key
        return hashlib.sha256(seed).digest()[:_KEY_ID_SIZE]

    @property
    def fingerprint(self) -> str:
        """What people compare keys by: SHA-256 of the text form, as ``sha256:<hex>``."""
        return f"sha256:{hashlib.sha256(str(self).encode('utf-8')).hexdigest()}"

    def __str__(self) -> str:
        """Return the text form."""
        encoded = base64.b64encode(_ED25519 + self.public_key).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form.

        Parameters
        ----------
        text : str
            As printed by ``str(key)``.

        Returns
        -------
        VerifierKey
            The key.

        Raises
        ------
        InvalidInput
            If the text is malformed, the key id is not that of the key, or the key is not Ed25519.

        Examples
        --------
        >>> key = VerifierKey("example.org/log", bytes(32))
        >>> VerifierKey.parse(str(key)) == key
        True
        """
        fields = text.split("+", _VKEY_FIELDS - 1)
        encoded = decode_base64(fields[-1]) if len(fields) == _VKEY_FIELDS else None
        if encoded is None or len(encoded) != 1 + _PUBLIC_KEY_SIZE or encoded[:1] != _ED25519:
            _refuse_key("it is not name+id+base64 of an Ed25519 key")
        key = cls(fields[0], encoded[1:])
        if not _is_key_name(key.name):
            _refuse_key("its name is empty or holds a space, a plus or a control character")
        if fields[1] != key.key_id.hex():
            _refuse_key("its id is not the id of its key and name")
        return key

    def accepts(self, signature: bytes, text: bytes) -> bool:
        """Return whether `signature` is this key's Ed25519 signature over `text`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except InvalidSignature:
            return False
        return True


def verifier_key(name: str, key: Ed25519PrivateKey) -> VerifierKey:
    """Return the public half of a signing key under a name.

    Parameters
    ----------
    name : str
        Key name, the log's origin.
    key : Ed25519PrivateKey
        The signing key.

    Returns
    -------
    VerifierKey
        ``str()`` of it is what readers are given to trust.

    Raises
    ------
    InvalidInput
        If the name is empty or holds a space, a plus or a control character.
    """
    if not _is_key_name(name):
        raise InvalidInput(
            "a key name must not be empty nor hold spaces, plus signs or control characters",
            where="key name",
            remedy="Use the log's origin, such as example.org/lending/2026.",
        )
    return VerifierKey(name, key.public_key().public_bytes_raw())


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    r"""Return the note made of a text and one signature line.

    Parameters
    ----------
    text : str
        Ends in a newline; no other control characters.
    name : str
        Key name.
    key : Ed25519PrivateKey
        The signing key.

    Returns
    -------
    str
        Text, blank line, signature line.

    Raises
    ------
    InvalidInput
        If text or name cannot stand in a note.

    References
    ----------
    C2SP signed-note, "Format" and "Ed25519 signatures".

    Examples
    --------
    >>> key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    >>> note = sign_note("hello\n", "example.org/log", key)
    >>> verify_note(note, [verifier_key("example.org/log", key)])
    'hello\n'
    """
    public = verifier_key(name, key)
    if not text.endswith("\n") or not _is_note_text(text):
        raise InvalidInput(
            "the text of a note must end in a newline and hold no other control characters",
            where="note",
        )
    signature = base64.b64encode(public.key_id + key.sign(text.encode("utf-8")))
    return f"{text}\n{_MARK}{name} {signature.decode('ascii')}\n"


def verify_note(note: str, keys: Sequence[VerifierKey]) -> str:
    """Return the text of a note that a trusted key signed.

    Parameters
    ----------
    note : str
        The note, at most 1 MiB and 100 signatures.
    keys : Sequence[VerifierKey]
        The keys trusted; one good signature of one of them is enough.

    Returns
    -------
    str
        The text with its final newline.

    Raises
    ------
    CheckpointSignatureInvalid
        If the note is malformed, no trusted key signed it, or a trusted key's signature is wrong.

    References
    ----------
    C2SP signed-note, "Signatures".
    """
    text, lines = signature_lines(note)
    signed = text.encode("utf-8")
    trusted = {(key.name, key.key_id): key for key in keys}
    verified = False
    for name, key_id, signature in lines:
        key = trusted.get((name, key_id))
        if key is None:
            continue
        if not key.accepts(signature, signed):
            raise CheckpointSignatureInvalid(
                "the signature of a trusted key does not fit the text", where=f"key {name}"
            )
        verified = True
    if not verified:
        raise CheckpointSignatureInvalid(
            "no trusted key signed the note",
            where="note",
            remedy="Check that the verifier key is the one this log was published under.",
        )
    return text


def signature_lines(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Return a note's text and its signature lines, unverified: a caller must verify them.

    Parameters
    ----------
    note : str
        The note, at most 1 MiB and 100 signatures.

    Returns
    -------
    text : str
        With its final newline.
    lines : list of (str, bytes, bytes)
        Key name, key id and signature of each line.

    Raises
    ------
    CheckpointSignatureInvalid
        If it is malformed.
    """
    text, lines = _split_note(note)
    return text, [_signature_line(line) for line in lines]


def decode_base64(text: str) -> bytes | None:
    r"""Return the bytes of canonical standard base64, or None for anything else.

    Parameters
    ----------
    text : str
        Base64 with padding.

    Returns
    -------
    bytes or None
        None when encoding the bytes again would not give `text` back.

    Examples
    --------
    >>> decode_base64("AAE="), decode_base64("AAF="), decode_base64("AA E=")
    (b'\x00\x01', None, None)
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    # Python accepts stray bits in the last character: two texts must not mean the same bytes.
    return data if base64.b64encode(data).decode("ascii") == text else None


def _split_note(note: str) -> tuple[str, list[str]]:
    if len(note) > _MAX_NOTE_BYTES or not _is_note_text(note):
        _refuse_note("it is too long or holds control characters or broken Unicode")
    text, blank, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not blank or len(lines) < 2 or lines.pop():  # noqa: PLR2004  # a line and its newline
        _refuse_note("it is not text, a blank line and signature lines")
    if len(lines) > _MAX_SIGNATURES:
        _refuse_note(f"it has more than {_MAX_SIGNATURES} signatures")
    return text + "\n", lines


def _signature_line(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_MARK).partition(" ")
    data = decode_base64(encoded)
    if not (line.startswith(_MARK) and space and _is_key_name(name)):
        _refuse_note("a signature line is not: dash, name, base64")
    if data is None or len(data) <= _KEY_ID_SIZE:
        _refuse_note("a signature is not base64 of a key id and a signature")
    return name, data[:_KEY_ID_SIZE], data[_KEY_ID_SIZE:]


def _is_note_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return all(char >= _FIRST_PRINTABLE or char == "\n" for char in text)


def _is_key_name(name: str) -> bool:
    return bool(name) and _is_note_text(name) and not any(c.isspace() or c == "+" for c in name)


def _refuse_note(reason: str) -> NoReturn:
    raise CheckpointSignatureInvalid(
        f"this is not a signed note: {reason}",
        where="note",
        remedy="Pass the note exactly as it was published, to the last newline.",
    )


def _refuse_key(reason: str) -> NoReturn:
    raise InvalidInput(
        f"the verifier key cannot be used: {reason}",
        where="verifier key",
        remedy="Copy it whole, as printed when the log was created.",
    )

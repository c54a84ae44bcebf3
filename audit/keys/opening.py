"""From stored bytes back to records: checked against the header, opened while a key exists. Pure.

Each part is checked twice: the stored bytes against the digest in the header, and the plaintext
against the keyed commitment, because AES-GCM alone does not bind a ciphertext to one key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from answerable.audit.canonical import parse_canonical
from answerable.audit.entries import Entry, OpenedBody, Part
from answerable.audit.errors import RecordTampered
from answerable.audit.keys.derive import (
    commitment,
    open_sealed,
    part_address,
    record_key,
    slot_key,
)
from answerable.audit.records import parse_record

__all__ = ["open_body", "open_part_key", "record_keys"]


@dataclass(frozen=True, slots=True)
class _Box:
    """An entry with the stored parts and the data keys that still exist."""

    entry: Entry
    stored: Mapping[int, bytes]
    data_keys: Mapping[str, bytes]

    @property
    def where(self) -> str:
        return f"entry {self.entry.seq} ({self.entry.id})"

    def ref(self, part: Part) -> str:
        return self.entry.header.subjects[part.subject or 0].ref

    def data_key(self, part: Part) -> bytes | None:
        return self.data_keys.get(self.ref(part))

    def bytes_of(self, number: int, digest: str | None) -> bytes:
        data = self.stored.get(number)
        if data is None:
            raise RecordTampered(f"part {number} of the body is missing", where=self.where)
        if hashlib.sha256(data).hexdigest() != digest:
            raise RecordTampered(
                f"part {number} of the body is not what the header committed to",
                where=self.where,
                remedy="Verify the log and restore this part from a backup.",
            )
        return data

    def plaintext(self, number: int, key: bytes) -> bytes:
        part = self.entry.header.parts[number]
        sealed = self.bytes_of(number, part.ct)
        address = part_address(self.entry.header.log, self.entry.id, self.ref(part))
        plaintext = open_sealed(key, sealed, address=address, where=f"{self.where}, part {number}")
        if part.pc is None or not hmac.compare_digest(commitment(key, plaintext), part.pc):
            raise RecordTampered(
                f"part {number} opens to another text than was committed to", where=self.where
            )
        return plaintext


def open_body(
    entry: Entry, stored: Mapping[int, bytes], data_keys: Mapping[str, bytes]
) -> OpenedBody:
    """Return what can be read of an entry's body.

    Parameters
    ----------
    entry : Entry
        The entry.
    stored : Mapping[int, bytes]
        Stored parts by number.
    data_keys : Mapping[str, bytes]
        Data keys of those of its subjects whose key exists.

    Returns
    -------
    OpenedBody
        Parts of erased subjects are listed, not raised.

    Raises
    ------
    RecordTampered
        If a part whose key exists is missing or does not match the header; names the entry.
    """
    box = _Box(entry, stored, data_keys)
    record = None
    subjects: dict[int, dict[str, JsonValue]] = {}
    erased: list[int] = []
    for number, part in enumerate(entry.header.parts):
        if part.part == "clear":
            record = parse_record(box.bytes_of(number, part.digest))
        elif part.part == "case":
            key = _part_key(box, number)
            if key is None:
                erased.append(number)
            else:
                record = parse_record(box.plaintext(number, key))
        elif box.data_key(part) is None:
            erased.append(number)
        elif (key := _part_key(box, number)) is not None:
            opened = box.plaintext(number, key)
            subjects[part.subject or 0] = cast("dict[str, JsonValue]", parse_canonical(opened))
    return OpenedBody(record, subjects, tuple(erased))


def record_keys(
    entry: Entry, stored: Mapping[int, bytes], data_keys: Mapping[str, bytes]
) -> dict[int, bytes]:
    """Return the record keys of the parts that can still be opened.

    Giving one away opens this part of this entry and nothing else.

    Parameters
    ----------
    entry, stored, data_keys
        As for :func:`open_body`.

    Returns
    -------
    dict[int, bytes]
        32 bytes each, by the part's number in the header; never of a slot, whose content is a
        key that the case part has already.

    Raises
    ------
    RecordTampered
        If a slot that is needed does not match the header; names the entry.
    """
    box = _Box(entry, stored, data_keys)
    held = (number for number in range(len(entry.header.parts)) if number in stored)
    found = ((number, _part_key(box, number)) for number in held)
    return {number: key for number, key in found if key is not None}


def open_part_key(
    entry: Entry, stored: Mapping[int, bytes], data_keys: Mapping[str, bytes], number: int
) -> tuple[bytes, bytes] | None:
    """Return the record key of one part and its stored bytes, once they were found to match.

    Parameters
    ----------
    entry : Entry
        The entry.
    stored : Mapping[int, bytes]
        Stored parts by number.
    data_keys : Mapping[str, bytes]
        Data keys of those of its subjects whose key exists.
    number : int
        Of a case or subject part.

    Returns
    -------
    (bytes, bytes) or None
        32 bytes, and the ciphertext; None when no key that opens it exists.

    Raises
    ------
    RecordTampered
        If the part is missing or does not match the header.
    """
    box = _Box(entry, stored, data_keys)
    data = box.bytes_of(number, entry.header.parts[number].ct)
    key = _part_key(box, number)
    if key is None:
        return None
    box.plaintext(number, key)
    return key, data


def _part_key(box: _Box, number: int) -> bytes | None:
    """Return the record key of a part; None of a clear part, of a slot, and where keys are gone."""
    part = box.entry.header.parts[number]
    if part.part == "case":
        return _case_key(box, number, part)
    data_key = box.data_key(part) if part.part == "subject" else None
    return None if data_key is None else record_key(data_key, box.entry.id, number)


def _case_key(box: _Box, number: int, part: Part) -> bytes | None:
    """Return the case part's key: the first subject's, or from the slot of any who is left."""
    first = box.data_key(part)
    if first is not None:
        return record_key(first, box.entry.id, number)
    for at, slot in enumerate(box.entry.header.parts):
        if slot.part == "slot" and (data_key := box.data_key(slot)) is not None:
            return box.plaintext(at, slot_key(data_key, box.entry.id, at))
    return None

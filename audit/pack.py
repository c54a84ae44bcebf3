"""Evidence packs: chosen entries with everything needed to check them, in one file.

A pack is a ZIP that any tool opens, written in one form only: files stored uncompressed, sorted,
without time stamps, so that the same content gives the same bytes and a reader can refuse every
other form. Who made a pack is not part of it: each file leads to the signed checkpoint, whose key
the reader has from elsewhere. Nothing here decides who may be given what; the caller does.

The reader is :mod:`answerable.audit.offline.verify_pack`, which shares no code with this module.

References
----------
docs/evidence-pack.md; C2SP tlog-proof; APPNOTE.TXT of the ZIP format, sections 4.3.7 and 4.3.12.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from pydantic import JsonValue

from answerable.audit.canonical import header_json
from answerable.audit.entries import Entry, Part
from answerable.audit.errors import InvalidInput, TooLarge
from answerable.audit.key_chain import KeyChain
from answerable.audit.keys.derive import open_sealed, part_address
from answerable.audit.records import LogKeyRotated
from answerable.audit.tree.notes import VerifierKey
from answerable.audit.tree.receipts import write_proof

__all__ = ["PACK_LIMIT", "PackedEntry", "PackedHead", "PackFrame", "PackSummary", "write_pack"]

PACK_LIMIT: Final = 1 << 30
"""Most bytes of a pack; who needs more writes several."""
_FORMAT: Final = "answerable.evidence-pack.v1"
_MOST_FILES: Final = 65_000
_MOST_ANCHORS: Final = 100
_MOST_ROTATIONS: Final = 1000
_SUFFIXES: Final = {"rfc3161": "tsr"}
"""Of anchors by kind; all others are notes."""

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_STORED: Final = (10, 0, 0, 0, 33)
"""Version, flags, method, time and date: uncompressed, 1 January 1980."""
_MADE_ON: Final = 0x0314
_MODE: Final = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class PackedEntry:
    """One entry of a pack.

    `keys` are the record keys given away, by part; the parts they open are also written in plain.
    """

    entry: Entry
    proof: Sequence[bytes]
    """Inclusion proof under the checkpoint of the pack."""
    parts: Mapping[int, bytes]
    """Stored bytes, by number in the header; those left out are absent from the pack."""
    keys: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PackedHead:
    """Another checkpoint of the log, older or newer, with the consistency proof between them."""

    note: str
    proof: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class PackFrame:
    """What all entries of a pack hang on."""

    vkey: str
    """Verification key of the log; the pack holds the fingerprint of the newest."""
    checkpoint: str
    heads: Sequence[PackedHead] = ()
    anchors: Sequence[tuple[str, bytes]] = ()
    """Kind and bytes of what the outside said of these checkpoints."""
    rotations: Sequence[LogKeyRotated] = ()
    """All rotations of the log's signing key, in order: from whichever of its keys a reader trusts,
    they lead to those that signed."""

    def key_chain(self) -> KeyChain:
        """Return the keys that the checkpoints of this pack are signed with.

        Returns
        -------
        KeyChain
            Oldest first.

        Raises
        ------
        CheckpointSignatureInvalid
            If a rotation is not signed by both keys, or none of them leads to `vkey`.
        InvalidInput
            If a key is malformed.
        """
        first = self.rotations[0].old_vkey if self.rotations else self.vkey
        return KeyChain.of(first, self.rotations).trusted_by(self.vkey)


@dataclass(frozen=True, slots=True)
class PackSummary:
    """What was written."""

    entries: int
    parts: int
    opened: int
    """Parts whose record key was given away."""
    byte_count: int


def write_pack(
    file: BinaryIO, frame: PackFrame, entries: Iterable[PackedEntry], *, limit: int = PACK_LIMIT
) -> PackSummary:
    """Write an evidence pack.

    Parameters
    ----------
    file : BinaryIO
        Open for writing; what was written before an error is no pack.
    frame : PackFrame
        Checkpoint, other checkpoints, anchors.
    entries : Iterable[PackedEntry]
        In ascending order of their places; taken one at a time.
    limit : int
        Most bytes, at most 1 GiB.

    Returns
    -------
    PackSummary
        How much of what.

    Raises
    ------
    InvalidInput
        If entries are out of order, or anchors and checkpoints do not belong together.
    TooLarge
        If the pack would exceed the limits of the format.
    CheckpointSignatureInvalid
        If the key did not sign the checkpoints.
    RecordTampered
        If a record key does not open its part.
    """
    keys = frame.key_chain()
    size = keys.open_checkpoint(frame.checkpoint).size
    archive = _Archive(file, min(limit, PACK_LIMIT))
    for name, data in _frame_files(frame, keys, size):
        archive.add(name, data)
    count = parts = opened = 0
    last = -1
    for packed in entries:
        seq = packed.entry.seq
        if not last < seq < size:
            raise InvalidInput(
                "the entries of a pack stand in ascending order, under its checkpoint",
                where=f"entry {seq}",
            )
        last = seq
        for name, data in sorted(_entry_files(packed, frame.checkpoint)):
            archive.add(f"entries/{seq:016}/{name}", data)
        count += 1
        parts += len(packed.parts)
        opened += len(packed.keys)
    for number, rotation in enumerate(frame.rotations):
        archive.add(f"keys/{number:03}.json", rotation.to_json())
    newest = VerifierKey.parse(keys.vkeys[-1])
    return PackSummary(count, parts, opened, archive.finish(newest.fingerprint))


def _frame_files(frame: PackFrame, keys: KeyChain, size: int) -> Iterator[tuple[str, bytes]]:
    if len(frame.anchors) > _MOST_ANCHORS:
        raise TooLarge(f"a pack holds at most {_MOST_ANCHORS} anchors", where="anchors")
    if len(frame.rotations) > _MOST_ROTATIONS:
        raise TooLarge(f"a pack holds at most {_MOST_ROTATIONS} rotations", where="rotations")
    for number, (kind, data) in enumerate(frame.anchors):
        yield f"anchors/{number:02}.{_SUFFIXES.get(kind, 'note')}", data
    yield "checkpoint", frame.checkpoint.encode("utf-8")
    heads = {keys.open_checkpoint(head.note).size: head for head in frame.heads}
    if len(heads) != len(frame.heads) or not {0, size}.isdisjoint(heads):
        raise InvalidInput(
            "the checkpoints of a pack have different sizes, none of them 0", where="checkpoints"
        )
    for other in sorted(heads):
        lines = [base64.b64encode(item).decode("ascii") for item in heads[other].proof]
        text = "\n".join(lines) + "\n\n" + heads[other].note
        yield f"consistency/{other:016}.txt", text.encode("utf-8")


def _entry_files(packed: PackedEntry, checkpoint: str) -> Iterator[tuple[str, bytes]]:
    yield "header.json", packed.entry.header_bytes
    receipt = write_proof(packed.entry.seq, packed.proof, checkpoint)
    yield "receipt.tlog-proof", receipt.encode("utf-8")
    for number, part in enumerate(packed.entry.header.parts):
        stem, data = f"part-{number:03}", packed.parts.get(number)
        if data is None:
            continue
        yield f"{stem}.{'json' if part.part == 'clear' else 'sealed'}", data
        key = packed.keys.get(number)
        if key is not None:
            yield f"{stem}.key", key
            yield f"{stem}.json", _plaintext(packed.entry, part, data, key)


def _plaintext(entry: Entry, part: Part, sealed: bytes, key: bytes) -> bytes:
    header = entry.header
    address = part_address(header.log, header.id, header.subjects[part.subject or 0].ref)
    return open_sealed(key, sealed, address=address, where=f"entry {entry.seq} ({entry.id})")


class _Archive:
    """A ZIP in the one form; names come sorted, the manifest last."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file = file
        self._limit = limit
        self._at = 0
        self._central = bytearray()
        self._digests: dict[str, str] = {}

    def add(self, name: str, data: bytes) -> None:
        """Write one file."""
        raw = name.encode("ascii")
        facts = (zlib.crc32(data), len(data), len(data), len(raw))
        if len(self._digests) >= _MOST_FILES or self._at + len(data) > self._limit:
            raise TooLarge(
                f"a pack holds at most {_MOST_FILES} files and here {self._limit} bytes",
                where=name,
                remedy="Ask for fewer entries and write several packs.",
            )
        self._write(_LOCAL.pack(b"PK\3\4", *_STORED, *facts, 0) + raw + data)
        self._central += _CENTRAL.pack(
            b"PK\1\2", _MADE_ON, *_STORED, *facts, 0, 0, 0, 0, _MODE, self._start(raw, data)
        )
        self._central += raw
        self._digests[name] = hashlib.sha256(data).hexdigest()

    def finish(self, fingerprint: str) -> int:
        """Write manifest and directory; return the length of the file in bytes."""
        files: dict[str, JsonValue] = {**self._digests}
        said = header_json({"files": files, "format": _FORMAT, "key": fingerprint})
        self.add("manifest.json", said)
        count = len(self._digests)
        end = _END.pack(b"PK\5\6", 0, 0, count, count, len(self._central), self._at, 0)
        self._write(bytes(self._central) + end)
        return self._at

    def _start(self, raw: bytes, data: bytes) -> int:
        return self._at - _LOCAL.size - len(raw) - len(data)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._at += len(data)

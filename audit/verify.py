"""Checks a whole log from its bytes, without trusting the code that wrote it.

A second implementation on purpose, of the standard library and ``cryptography`` alone: whoever
trusts neither us nor our dependencies can read, copy and run it. It never raises on bad data:
everything found is a finding. For each entry in order:

1. sequence    its number follows the one before
2. header      canonical JSON, version 1, of this log, a new id, no earlier time than before
3. leaf        SHA-256(0x00 || header) is the stored leaf
4. index       the columns that entries are found by say what the header says
5. body        each stored part has the digest in the header; missing parts are counted
6. tile        each full tile holds these leaves, and the subtree roots above them
7. root        at the end: root and size are those of the stored head
8. checkpoint  at the end: each signed head is of this log and key, and has the root that this
               log had at that size; only one given from *outside* anchors the result

It cannot show that a decision was never logged, or entries cut off after the last checkpoint.

References
----------
RFC 9162, section 2.1; RFC 8785; C2SP signed-note, tlog-checkpoint, tlog-tiles.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from json.encoder import encode_basestring
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from answerable.audit.verify_losses import RecordedLosses

__all__ = ["Finding", "StoredRow", "StoredState", "VerificationReport", "verify_log"]

_PROGRESS_EVERY: Final = 10_000
_TILE: Final = 256
_HASH: Final = 32
_SAFE: Final = 2**53
_HEADER_LIMIT: Final = 65_535
_UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_KIND: Final = re.compile(r"[a-z][a-z_]*(\.[a-z_]+)?")
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_SIGNATURE: Final = re.compile(r"^— ([^ \n]+) ([^ \n]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One entry as it lies in the store."""

    seq: int
    header: bytes
    leaf: bytes
    parts: Sequence[bytes | None] = ()
    """Stored bytes of each part the header lists; None where nothing is stored any more."""
    columns: Mapping[str, str | int | None] = field(default_factory=dict)
    """The store's index columns, by the header's key."""


@dataclass(frozen=True, slots=True)
class StoredState:
    """What the store says about itself: its head, its checkpoints, its full tiles."""

    size: int
    root: bytes
    checkpoints: Sequence[str] = ()
    tile: Callable[[int, int], bytes | None] | None = None
    """Bytes of the full tile at (level, index); None when it is not stored."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the layer that shows it, the entry, what it is."""

    layer: str
    entry: str
    """``17 (<entry id>)``, ``17 to 42`` or ``""`` when no entry can be named."""
    what: str


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """The result of a verification."""

    ok: bool
    size: int
    root: str
    anchored: bool
    """Whether a valid checkpoint from outside covers entries of this log."""
    findings: tuple[Finding, ...]
    missing_parts: int = 0
    """Body parts no longer stored: lawful after retention or erasure."""


class _Head(NamedTuple):
    size: int
    root: bytes
    outside: bool


_Key = tuple[str, bytes, Ed25519PublicKey]  # name, key id, key
_Find = Callable[[str, str, str], None]  # takes layer, entry, what is wrong
_FindHead = Callable[[int, str, str], None]  # takes the size that was signed instead of the layer


def verify_log(
    rows: Iterable[StoredRow],
    *,
    origin: str,
    vkey: str,
    checkpoint: str | None = None,
    stored: StoredState | None = None,
    progress: Callable[[int], None] | None = None,
) -> VerificationReport:
    """Check every entry, the tree over them, and the checkpoints.

    Parameters
    ----------
    rows : Iterable[StoredRow]
        All entries in order.
    origin : str
        The log's name.
    vkey : str
        The verifier key, from a source other than the store.
    checkpoint : str, optional
        A signed checkpoint kept outside the store; without one the result is not anchored.
    stored : StoredState, optional
        What the store says about itself, to be checked as well.
    progress : callable, optional
        Called with the number of entries done, every 10,000.

    Returns
    -------
    VerificationReport
        `ok` is True when there are no findings.
    """
    findings: list[Finding] = []

    def find(layer: str, entry: str, what: str) -> None:
        findings.append(Finding(layer, entry, what))

    heads = _open_checkpoints(origin, vkey, checkpoint, stored.checkpoints if stored else (), find)
    tree = _Tree(stored.tile if stored else None, find)
    check = _Entries(origin, find)
    roots, wanted = {0: tree.root()}, {head.size for head in heads}
    for row in rows:
        tree.push(check.entry(row))
        if tree.size in wanted:
            roots[tree.size] = tree.root()
        if progress is not None and tree.size % _PROGRESS_EVERY == 0:
            progress(tree.size)
    root = tree.root()
    if stored is not None and stored.size != tree.size:
        span = _span(*sorted((tree.size, stored.size)))
        find("root", span, f"the head names {stored.size} entries, {tree.size} are stored")
    elif stored is not None and stored.root != root:
        find("root", "", "the recomputed root is not that of the stored head")
    anchored = _check_heads(heads, roots, tree.size, check.losses.telling(find))
    return VerificationReport(
        not findings, tree.size, f"sha256:{root.hex()}", anchored, tuple(findings), check.missing
    )


class _Entries:
    """Checks of entries one after another."""

    def __init__(self, origin: str, find: _Find) -> None:
        self._origin = origin
        self._find = find
        self._ids: dict[str, int] = {}
        self._last_ts = 0
        self._expected = 0
        self.missing = 0
        self.losses = RecordedLosses()

    def entry(self, row: StoredRow) -> bytes:
        """Check one entry; return its leaf hash."""
        header, fault = _read_header(row.header)
        entry_id = header.get("id")
        known = isinstance(entry_id, str) and _UUID7.fullmatch(entry_id)
        name = f"{row.seq} ({entry_id})" if known else f"{row.seq}"
        if row.seq > self._expected:
            self._find("sequence", _span(self._expected, row.seq), "missing")
        elif row.seq < self._expected:
            self._find("sequence", name, f"stands where entry {self._expected} is due")
        self._expected = max(self._expected, row.seq + 1)
        for what in (fault,) if fault else self._header_faults(header, row.seq):
            self._find("header", name, what)
        leaf = hashlib.sha256(b"\x00" + row.header).digest()
        if leaf != row.leaf:
            self._find("leaf", name, "the header bytes do not have the stored leaf hash")
        for column, value in row.columns.items():
            if header.get(column) != value:
                self._find("index", name, f"the column {column} does not say what the header says")
        self._body(header, row.parts, name)
        self.losses.take(name, header, row.parts[0] if row.parts else None)
        return leaf

    def _header_faults(self, header: dict[str, object], seq: int) -> Iterator[str]:
        entry_id, ts, kind = header.get("id"), header.get("ts"), header.get("kind")
        if header.get("v") != 1 or isinstance(header["v"], bool):
            yield "is not of format version 1"
        if header.get("log") != self._origin:
            yield "belongs to another log"
        if not (isinstance(kind, str) and _KIND.fullmatch(kind)):
            yield "has no kind"
        if not (isinstance(entry_id, str) and _UUID7.fullmatch(entry_id)):
            yield "has no entry id"
        elif self._ids.setdefault(entry_id, seq) != seq:
            yield f"has the id of entry {self._ids[entry_id]}"
        if not isinstance(ts, int) or isinstance(ts, bool) or ts < self._last_ts:
            yield "has no time, or one before that of the entry before it"
        else:
            self._last_ts = ts

    def _body(self, header: dict[str, object], parts: Sequence[bytes | None], name: str) -> None:
        listed = header.get("parts")
        commitments = listed if isinstance(listed, list) else []
        if len(parts) > len(commitments):
            self._find("body", name, "more parts are stored than the header names")
        for number, commitment in enumerate(commitments):
            data = parts[number] if number < len(parts) else None
            named = commitment if isinstance(commitment, dict) else {}
            key = "digest" if named.get("part") == "clear" else "ct"
            if data is None:
                self.missing += 1
            elif hashlib.sha256(data).hexdigest() != named.get(key):
                self._find("body", name, f"part {number} does not have the digest in the header")


class _NotStrict(Exception):
    """JSON that the restricted form has no place for."""


def _read_header(data: bytes) -> tuple[dict[str, object], str]:
    """Return the header and what is wrong with its bytes ("" when nothing is)."""
    # A key that stands twice is lost in reading, and then what is written is not what was read.
    try:
        value = json.loads(data.decode("utf-8"))
        written = _write(value).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        return {}, "its bytes are not JSON in UTF-8"
    except _NotStrict as error:
        return {}, f"its bytes hold {error}"
    canonical = isinstance(value, dict) and len(data) <= _HEADER_LIMIT and written == data
    fault = "" if canonical else f"not a canonical JSON object of at most {_HEADER_LIMIT} bytes"
    return value if isinstance(value, dict) else {}, fault


def _write(value: object) -> str:
    """Return RFC 8785 text: in this subset sorted keys, no white space, the shortest escapes."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, list):
        return f"[{','.join(map(_write, value))}]"
    if isinstance(value, dict) and all(map(str.isascii, value)):
        return f"{{{','.join(f'{_write(key)}:{_write(value[key])}' for key in sorted(value))}}}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) < _SAFE:
        return str(value)
    raise _NotStrict("null, a fraction, a number of 2^53 or more, or a key that is not ASCII")


class _Tree:
    """The tree as rows of at most 256 hashes per level, compared with the stored tiles."""

    def __init__(self, stored: Callable[[int, int], bytes | None] | None, find: _Find) -> None:
        self._stored = stored
        self._find = find
        self._rows: list[list[bytes]] = [[]]
        self.size = 0

    def push(self, leaf: bytes) -> None:
        """Append a leaf; compare every tile that it completes."""
        self.size += 1
        self._rows[0].append(leaf)
        level = 0
        while len(hashes := self._rows[level]) == _TILE:
            if self._stored is not None:
                index = (self.size >> 8 * (level + 1)) - 1
                self._compare(level, index, hashes, self._stored(level, index))
            self._rows[level] = []
            level += 1
            if level == len(self._rows):
                self._rows.append([])
            self._rows[level].append(_fold(hashes))

    def root(self) -> bytes:
        """Root so far: each row's own root is the last, partial hash of the row above."""
        node: list[bytes] = []
        for row in self._rows:
            node = [_fold(row + node)] if row or node else []
        return node[0] if node else hashlib.sha256(b"").digest()

    def _compare(self, level: int, index: int, own: list[bytes], data: bytes | None) -> None:
        held = data if data is not None and len(data) == _TILE * _HASH else bytes(_TILE * _HASH)
        differs = [held[at * _HASH : (at + 1) * _HASH] != own[at] for at in range(_TILE)]
        for different, run in groupby(range(_TILE), key=differs.__getitem__):
            if different:
                places = [(index * _TILE + at) * _TILE**level for at in run]
                entries = _span(places[0], places[-1] + _TILE**level)
                self._find("tile", entries, f"tile {level}/{index} holds other hashes or none")


def _fold(hashes: list[bytes]) -> bytes:
    """Root over hashes; an odd last one is carried up as it is (RFC 9162's split)."""
    while len(hashes) > 1:
        odd = hashes[len(hashes) & ~1 :]
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        hashes = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
        hashes += odd
    return hashes[0]


def _span(first: int, end: int) -> str:
    return f"{first}" if end == first + 1 else f"{first} to {end - 1}"


def _check_heads(heads: list[_Head], roots: dict[int, bytes], size: int, find: _FindHead) -> bool:
    """Compare signed heads with the log, smallest first: the last that fits narrows the fault."""
    anchored, agreed = False, 0
    for head in sorted(heads, key=lambda head: (head.size, roots.get(head.size) == head.root)):
        if head.size > size:
            what = f"missing: a signed checkpoint covers {head.size} entries, {size} are here"
            find(head.size, _span(size, head.size), what)
        elif roots[head.size] == head.root:
            agreed = head.size
            anchored = anchored or head.outside
        else:
            entry = _span(agreed, head.size) if head.size > agreed else ""
            find(head.size, entry, f"the signed root of size {head.size} is not that of these")
    return anchored


def _open_checkpoints(
    origin: str, vkey: str, outside: str | None, inside: Sequence[str], find: _Find
) -> list[_Head]:
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
    return [head for head in opened if isinstance(head, _Head)]


def _read_vkey(vkey: str) -> _Key | None:
    """Return the key in a verifier key's text form: name+id+base64(0x01 || Ed25519 key)."""
    name, _, rest = vkey.partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = _base64(encoded)
    own_id = hashlib.sha256(name.encode("utf-8", "replace") + b"\n" + raw).digest()[:4]
    if len(raw) != 1 + _HASH or raw[0] != 1 or own_id.hex() != key_id:
        return None
    return name, own_id, Ed25519PublicKey.from_public_bytes(raw[1:])


def _open_note(note: str, key: _Key, *, outside: bool) -> _Head | str:
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
        _Head(int(lines[1]), root, outside) if lines[0] == name else f"{source} is of another log"
    )


def _base64(text: str) -> bytes:
    """Return the bytes of canonical base64; nothing for anything else."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return b""
    return data if base64.b64encode(data).decode("ascii") == text else b""

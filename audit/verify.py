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
8. checkpoint  at the end: each signed head is of this log and its key of that time, and has the
               root that this log had at that size; only one given from *outside* anchors the
               result. Keys are followed from the trusted one through rotations both keys signed
9. retention   at the end: what is gone below the floors went by approved runs of this log

Below the floor of entries, leaves come from the tiles; below that of tiles, from the roots above.

It cannot show that a decision was never logged, or entries cut off after the last checkpoint.

References
----------
RFC 9162, section 2.1; RFC 8785; C2SP tlog-tiles.
"""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Final

from answerable.audit.verify_chunks import Proven, ProvenAhead, StoredChunk, StoredRow
from answerable.audit.verify_losses import RecordedLosses
from answerable.audit.verify_notes import (
    Rotated,
    SignedHead,
    check_rotations,
    follow_keys,
    open_checkpoints,
)
from answerable.audit.verify_retention import Floors, RetentionRuns
from answerable.audit.verify_tree import VerifiedTree, span_of

__all__ = [
    "Finding",
    "ProvenAhead",
    "StoredChunk",
    "StoredRow",
    "StoredState",
    "VerificationReport",
    "verify_log",
]

_PROGRESS_EVERY: Final = 10_000
_SAFE: Final = 2**53
_HEADER_LIMIT: Final = 65_535
_UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_UNPRUNED: Final = Floors()
_KIND: Final = re.compile(r"[a-z][a-z_]*(\.[a-z_]+)?")
_ROTATED: Final = "log.key_rotated"


@dataclass(frozen=True, slots=True)
class StoredState:
    """What the store says about itself: its head, its checkpoints, its full tiles."""

    size: int
    root: bytes
    checkpoints: Sequence[str] = ()
    tile: Callable[[int, int], bytes | None] | None = None
    """Bytes of the full tile at (level, index); None when it is not stored."""
    rotations: Sequence[bytes] = ()
    """Records of the rotations of its signing key, in order."""
    floors: Floors = _UNPRUNED
    """Where its rows begin since retention runs; believed only as far as the log says so too."""


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


_Chunk = StoredChunk | ProvenAhead
_Find = Callable[[str, str, str], None]  # takes layer, entry, what is wrong
_FindHead = Callable[[int, int, str], None]  # takes the signed size, the first entry, what is wrong


def verify_log(
    rows: Iterable[StoredRow | _Chunk],
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
    rows : Iterable[StoredRow or StoredChunk or ProvenAhead]
        All entries in order, one by one or many at once: the report is the same.
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

    rotations = stored.rotations if stored else ()
    keys = follow_keys(origin, vkey, rotations, find)
    heads = open_checkpoints(keys, checkpoint, stored.checkpoints if stored else (), find)
    floors = _reachable(stored) if stored else _UNPRUNED
    tree = VerifiedTree(stored.tile if stored else None, find)
    runs = RetentionRuns(origin, _write, find)
    check = _Entries(origin, find, runs, floors.entry)
    roots, wanted = {0: tree.root()}, {head.size for head in heads} | {floors.entry, floors.tile}
    for size in _grow(tree, rows, check, floors, sorted(wanted)):
        if size in wanted:
            roots[size] = tree.root()
        if progress is not None and size % _PROGRESS_EVERY == 0:
            progress(size)
    root = tree.root()
    if stored is not None and stored.size != tree.size:
        span = span_of(*sorted((tree.size, stored.size)))
        find("root", span, f"the head names {stored.size} entries, {tree.size} are stored")
    elif stored is not None and stored.root != root:
        find("root", "", "the recomputed root is not that of the stored head")
    runs.check(stored.floors if stored else _UNPRUNED, roots)
    if stored is not None:
        check_rotations(origin, rotations, check.rotated, 0, find)
    anchored = _check_heads(heads, roots, tree.size, check.losses.telling(find))
    return VerificationReport(
        not findings, tree.size, f"sha256:{root.hex()}", anchored, tuple(findings), check.missing
    )


def _reachable(stored: StoredState) -> Floors:
    """Return where to begin: never beyond the head, and where a whole tile of level 1 begins."""
    entry = max(0, min(stored.floors.entry, stored.size))
    tile = max(0, min(stored.floors.tile, entry)) >> 16 << 16
    return Floors(stored.floors.body, entry, tile)


def _grow(
    tree: VerifiedTree,
    rows: Iterable[StoredRow | _Chunk],
    check: _Entries,
    floors: Floors,
    wanted: Sequence[int],
) -> Iterator[int]:
    """Grow the tree by each entry, by what is stored of it where it was pruned; yield sizes."""
    yield from tree.begin(floors.tile)
    for item in rows:
        leaves = None if isinstance(item, StoredRow) else check.chunk(item)
        if leaves is not None:
            yield from tree.fill(floors.entry)
            yield from tree.extend(leaves, _stops(tree.size, tree.size + len(leaves), wanted))
            continue
        for row in (item,) if isinstance(item, StoredRow) else item.rows():
            leaf = check.entry(row)
            if row.seq >= floors.tile:
                yield from tree.fill(min(row.seq, floors.entry))
                tree.push(leaf)
                yield tree.size
    yield from tree.fill(floors.entry)


def _stops(size: int, end: int, wanted: Sequence[int]) -> list[int]:
    """Return the sizes beyond `size` and up to `end` at which something is asked."""
    told = range((size // _PROGRESS_EVERY + 1) * _PROGRESS_EVERY, end + 1, _PROGRESS_EVERY)
    return sorted({*wanted[bisect_right(wanted, size) : bisect_right(wanted, end)], *told} - {end})


class _Entries:
    """Checks of entries one after another."""

    def __init__(self, origin: str, find: _Find, runs: RetentionRuns, floor: int) -> None:
        self._origin = origin
        self._find = find
        self._runs = runs
        self._floor = floor
        self._ids: dict[str, int] = {}
        self._last_ts = 0
        self._expected = 0
        self.missing = 0
        self.losses = RecordedLosses()
        self.rotated: list[Rotated] = []

    def chunk(self, chunk: _Chunk) -> list[bytes] | None:
        """Return the leaves of a chunk that holds as a whole, None if it must be gone through."""
        proven = chunk.proven(self._origin)
        if proven is None or not self._continues(proven):
            return None
        self._expected = proven.first + len(proven.leaves)
        self._ids.update(zip(proven.ids, range(proven.first, self._expected), strict=True))
        self._last_ts = proven.last_ts
        self.missing += proven.missing
        for row in proven.telling:
            header, _ = _read_header(row.header)
            self._tell(row, f"{row.seq} ({header.get('id')})", header)
        return proven.leaves

    def _continues(self, proven: Proven) -> bool:
        follows = proven.first == max(self._expected, self._floor)
        in_time = proven.first_ts >= self._last_ts
        return follows and in_time and self._ids.keys().isdisjoint(proven.ids)

    def entry(self, row: StoredRow) -> bytes:
        """Check one entry; return its leaf hash."""
        header, fault = _read_header(row.header)
        entry_id = header.get("id")
        known = isinstance(entry_id, str) and _UUID7.fullmatch(entry_id)
        name = f"{row.seq} ({entry_id})" if known else f"{row.seq}"
        if row.seq > max(self._expected, self._floor):
            first = max(self._expected, self._floor)
            self._find("sequence", span_of(first, row.seq), "missing")
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
        self._tell(row, name, header)
        if row.seq < self._floor:
            self._runs.keep(row.seq, leaf)
        return leaf

    def _tell(self, row: StoredRow, name: str, header: dict[str, object]) -> None:
        """Take in what the entry's record says about the log itself."""
        body = row.parts[0] if row.parts else None
        self._runs.take(name, header, body)
        self.losses.take(name, header, body)
        if header.get("kind") == _ROTATED:
            self.rotated.append(Rotated(row.seq, name, _first_digest(header)))

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


def _first_digest(header: dict[str, object]) -> str:
    """Return the digest of a clear body."""
    parts = header.get("parts")
    first = parts[0] if isinstance(parts, list) and parts else None
    return str(first.get("digest")) if isinstance(first, dict) else ""


class _NotStrict(ValueError):
    """JSON that the restricted form has no place for."""


def _read_header(data: bytes) -> tuple[dict[str, object], str]:
    """Return the header and what is wrong with its bytes ("" when nothing is)."""
    # A key that stands twice is lost in reading, and then what is written is not what was read.
    try:
        value = json.loads(data.decode("utf-8"))
        written = _write(value).encode("utf-8", "replace")
    except _NotStrict as error:
        return {}, f"its bytes hold {error}"
    except (ValueError, RecursionError):
        return {}, "its bytes are not JSON in UTF-8"
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


def _check_heads(
    heads: list[SignedHead], roots: dict[int, bytes], size: int, find: _FindHead
) -> bool:
    """Compare signed heads with the log, smallest first: the last that fits narrows the fault."""
    anchored, agreed = False, 0
    for head in sorted(heads, key=lambda head: (head.size, roots.get(head.size) == head.root)):
        if head.size > size:
            what = f"missing: {_source(head)} covers {head.size} entries, {size} are here"
            find(head.size, size, what)
        elif head.size not in roots:
            continue  # it ends among pruned tiles: nobody can tell any more
        elif roots[head.size] == head.root:
            agreed = head.size
            anchored = anchored or head.outside
        else:
            what = f"the root in {_source(head)} of size {head.size} is not that of these"
            find(head.size, agreed, what)
    return anchored


def _source(head: SignedHead) -> str:
    """Return which of the signed checkpoints this is: two may state the same size."""
    return f"the signed checkpoint {'from outside' if head.outside else 'kept in the log'}"

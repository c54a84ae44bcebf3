"""Entries as they lie in a store, many at once: proven together when nothing is wrong with them.

Part of the second implementation (:mod:`answerable.audit.verify`). A chunk is proven by the same
comparisons that are made for one entry, each made for all of its entries at once. It says only that
all of them hold; where one does not, the entries are gone through one by one, and named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, cast

from answerable.audit.verify_form import digests_in, said_by

__all__ = [
    "Proven",
    "ProvenAhead",
    "StoredChunk",
    "StoredRow",
    "leaves_of",
    "part_digests",
    "prove",
]

_PARTS: Final = 256
_MANY_PARTS: Final = 100 * _PARTS
"""Characters below which a header cannot name more parts than there are places for."""
_COLUMNS: Final = ("ts", "kind", "function", "outcome", "automation", "ref")
_TELLING: Final = frozenset(
    {
        "actor.registered",
        "actor.retired",
        "log.key_rotated",
        "log.recovered",
        "retention.run",
    }
)
"""Kinds of entries whose records the verifier reads."""

EntryRow = tuple[int, bytes, bytes, int, str, str | None, str | None, str | None, str | None]
"""Place, header, leaf, then the index columns: ts, kind, function, outcome, automation, ref."""


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


class StoredChunk(NamedTuple):
    """Entries of neighbouring places as they lie in the store."""

    entries: Sequence[EntryRow]
    """By place."""
    bodies: Sequence[tuple[int, bytes]]
    """What is stored of their parts: part `n` of entry `seq` stands at ``seq * 256 + n``."""

    def rows(self) -> Iterator[StoredRow]:
        """Return the entries one by one.

        Yields
        ------
        StoredRow
            By place.
        """
        stored: dict[int, dict[int, bytes]] = {}
        for place, data in self.bodies:
            seq, number = divmod(place, _PARTS)
            stored.setdefault(seq, {})[number] = data
        for seq, header, leaf, *rest in self.entries:
            columns = cast("list[str | int | None]", rest)
            parts = stored.get(seq, {})
            in_order = tuple(parts.get(number) for number in range(max(parts, default=-1) + 1))
            yield StoredRow(seq, header, leaf, in_order, dict(zip(_COLUMNS, columns, strict=True)))

    def proven(self, origin: str) -> Proven | None:
        """Return what these entries amount to, None unless each of them holds."""
        return prove(self, origin)


class Proven(NamedTuple):
    """What a chunk amounts to whose entries all hold; what the log as a whole asks is left open."""

    first: int
    leaves: list[bytes]
    ids: Sequence[str]
    """No id twice in the chunk."""
    first_ts: int
    last_ts: int
    """No time is before that of the entry before it."""
    missing: int
    """Parts that are not stored any more."""
    telling: list[StoredRow]
    """Entries whose records the verifier reads."""


@dataclass(frozen=True, slots=True)
class ProvenAhead:
    """A chunk that was read and proven already, by another process perhaps."""

    origin: str
    """The log it was proven for."""
    found: Proven | None
    read: Callable[[], StoredChunk]
    """Gives the entries, should they have to be gone through."""

    def rows(self) -> Iterator[StoredRow]:
        """Return the entries one by one.

        Yields
        ------
        StoredRow
            By place.
        """
        yield from self.read().rows()

    def proven(self, origin: str) -> Proven | None:
        """Return what these entries amount to, None unless each of them holds."""
        return self.found if origin == self.origin else self.read().proven(origin)


def prove(chunk: StoredChunk, origin: str) -> Proven | None:
    """Return what a chunk amounts to, None unless each of its entries holds.

    Parameters
    ----------
    chunk : StoredChunk
        Any bytes.
    origin : str
        The log's name.

    Returns
    -------
    Proven or None
        None when an entry must be looked at, which need not mean that it is wrong.
    """
    if not chunk.entries:
        return None
    seqs, headers, stored, *columns = zip(*chunk.entries, strict=True)
    first = seqs[0]
    leaves = leaves_of(headers)
    if leaves != list(stored) or list(seqs) != list(range(first, first + len(seqs))):
        return None
    said = [item for item in said_by(headers, origin) if item is not None]
    if len(said) != len(headers):
        return None
    automation, _, function, ids, kinds, _, outcome, parts, ref, _, _, _, times = zip(
        *said, strict=True
    )
    ts = list(map(int, times))
    if [tuple(ts), kinds, function, outcome, automation, ref] != columns:
        return None
    missing = _missing(chunk, seqs, parts)
    if missing is None or ts != sorted(ts) or len(set(ids)) != len(ids):
        return None
    telling = _telling(chunk, first, kinds)
    return Proven(first, leaves, ids, ts[0], ts[-1], missing, telling)


def leaves_of(headers: Sequence[bytes]) -> list[bytes]:
    """Return the leaf hash of each header."""
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + header).digest() for header in headers]


def part_digests(bodies: Sequence[tuple[int, bytes]]) -> list[str]:
    """Return the hexadecimal SHA-256 of each stored part."""
    sha256 = hashlib.sha256
    return [sha256(data).hexdigest() for _, data in bodies]


def _missing(chunk: StoredChunk, seqs: Sequence[int], parts: Sequence[str | None]) -> int | None:
    """Return how many parts are gone, None when one that is stored is not what was promised."""
    if any(text is not None and len(text) > _MANY_PARTS for text in parts):
        return None  # perhaps more than there are places for: looked at one by one
    promised = [
        (seq * _PARTS + number, digest)
        for seq, text in zip(seqs, parts, strict=True)
        for number, digest in enumerate(digests_in(text))
    ]
    digest_at = dict(promised)
    if part_digests(chunk.bodies) != [digest_at.get(place) for place, _ in chunk.bodies]:
        return None
    return len(promised) - len(chunk.bodies)


def _telling(chunk: StoredChunk, first: int, kinds: Sequence[str]) -> list[StoredRow]:
    if _TELLING.isdisjoint(kinds):
        return []
    places = {first + at for at, kind in enumerate(kinds) if kind in _TELLING}
    bodies = [(place, data) for place, data in chunk.bodies if place // _PARTS in places]
    return list(StoredChunk([chunk.entries[at - first] for at in sorted(places)], bodies).rows())

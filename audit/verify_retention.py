"""Checks that whatever is gone from a log went by a recorded, approved retention run.

Part of the second implementation (:mod:`answerable.audit.verify`): no code is shared with what
prunes. A store says how far down it was pruned; that is believed only as far as entries of kind
``retention.run`` in the log say the same:

1. chain      the ranges of each kind of rows follow one another from 0, and end where the store
              says that its rows begin
2. approval   signed by a registered person who holds the roles it names and did not run it
              themselves; it covers these ranges, this policy, this log, and had not expired
3. kept       entries that stand below the floor are exactly those that the run left
4. root       the tree had the recorded root at the end of the newest range, and the recorded
              root at the size of the checkpoint the run rests on

A run that was approved and removed too much by its policy is not found here: the policy is read
by people. What was removed cannot be brought back, but its place in the tree stays proven.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeGuard

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["Floors", "RetentionRuns"]

_KINDS_OF_ROWS: Final = ("body", "entry", "tile")
_RUN: Final = "answerable.retention-run.v1"
_Json = Mapping[str, object]
_Find = Callable[[str, str, str], None]
_NO_MAPPING: Final[_Json] = {}


@dataclass(frozen=True, slots=True)
class Floors:
    """The places at which a store says that its rows begin."""

    body: int = 0
    entry: int = 0
    tile: int = 0


class _Removal(NamedTuple):
    name: str  # of the entry that records it
    what: str
    first: int
    end: int
    kept: str
    root: str


class RetentionRuns:
    """What the log itself says about its pruning, gathered entry by entry."""

    def __init__(self, origin: str, canonical: Callable[[object], str], find: _Find) -> None:
        self._origin = origin
        self._canonical = canonical
        self._find = find
        self._people: dict[str, _Json] = {}
        self._removals: list[_Removal] = []
        self._rests: list[tuple[str, int, str]] = []
        self._kept: list[tuple[int, bytes]] = []

    def keep(self, seq: int, leaf: bytes) -> None:
        """Take note of an entry that stands below the floor."""
        self._kept.append((seq, leaf))

    def take(self, name: str, header: _Json, body: bytes | None) -> None:
        """Take in an entry: registrations of people and retention runs say something here."""
        kind = header.get("kind")
        if kind not in {"actor.registered", "actor.retired", "retention.run"}:
            return
        record = _read(body)
        if kind == "retention.run":
            self._run(name, header, record)
        elif kind == "actor.registered":
            self._people.setdefault(str(record.get("actor")), record)
        else:
            self._people.pop(str(record.get("actor")), None)

    def check(self, floors: Floors, roots: Mapping[int, bytes]) -> None:
        """Compare what the store says with what the runs say.

        Parameters
        ----------
        floors : Floors
            What the store says.
        roots : Mapping[int, bytes]
            Root by size, where it is known.
        """
        for what, floor in zip(
            _KINDS_OF_ROWS, (floors.body, floors.entry, floors.tile), strict=True
        ):
            self._chain(what, floor, roots)
        for name, size, root in self._rests:
            if size in roots and _text(roots[size]) != root:
                self._find("retention", name, f"the log had another root at {size} entries")
        for removal in self._removals:
            if removal.what == "entry" and self._digest(removal) != removal.kept:
                what = "the entries left standing are not those that the run kept"
                self._find("retention", _span(removal.first, removal.end), what)

    def _run(self, name: str, header: _Json, record: _Json) -> None:
        approval, removals = _mapping(record.get("approval")), _removals(name, record)
        size, root = record.get("size"), record.get("root")
        if record.get("type") != _RUN or removals is None or not _is_place(size):
            self._find("retention", name, "what it removed cannot be read from its record")
            return
        self._rests.append((name, size, str(root)))
        self._removals += removals
        for fault in self._approval_faults(header, record, approval, removals):
            self._find("retention", name, fault)

    def _approval_faults(
        self, header: _Json, record: _Json, approval: _Json, removals: list[_Removal]
    ) -> Iterator[str]:
        approver, ts = approval.get("approver"), header.get("ts")
        person = self._people.get(str(approver), _NO_MAPPING)
        roles, held = approval.get("roles"), person.get("roles")
        if not _signed(person, approval, self._canonical):
            yield "its approval is not signed by a registered person"
        if approver == header.get("actor"):
            yield "who ran it approved it"
        if person.get("service") is True or not _holds(held, roles):
            yield "who approved it does not hold the roles for that"
        if approval.get("log") != self._origin or approval.get("policy") != record.get("policy"):
            yield "its approval is for another log or policy"
        expires = approval.get("expires_at")
        if not _is_place(expires) or not _is_place(ts) or expires < ts:
            yield "its approval had expired"
        if any(removal.end > _place(approval.get(f"{removal.what}_end")) for removal in removals):
            yield "it removed more than was approved"

    def _chain(self, what: str, floor: int, roots: Mapping[int, bytes]) -> None:
        reached, root = 0, ""
        for removal in self._removals:
            if removal.what == what:
                if removal.first != reached:
                    fault = f"its {what} range does not begin where the one before ended"
                    self._find("retention", removal.name, fault)
                reached, root = max(reached, removal.end), removal.root
        if floor > reached:
            fault = f"no retention entry covers the removal of these {_PLURAL[what]}"
            self._find("retention", _span(reached, floor), fault)
        elif floor < reached:
            fault = f"{_PLURAL[what]} that a retention entry records as removed count as stored"
            self._find("retention", _span(floor, reached), fault)
        elif reached in roots and reached and _text(roots[reached]) != root:
            fault = f"the log had another root at {reached} entries than its run says"
            self._find("retention", _span(0, reached), fault)

    def _digest(self, removal: _Removal) -> str:
        hasher = hashlib.sha256()
        for seq, leaf in self._kept:
            if removal.first <= seq < removal.end:
                hasher.update(seq.to_bytes(8, "big") + leaf)
        return _text(hasher.digest())


_PLURAL: Final = {"body": "bodies", "entry": "entries", "tile": "tiles"}


def _read(body: bytes | None) -> _Json:
    try:
        return _mapping(json.loads(body.decode("utf-8"))) if body else _NO_MAPPING
    except (ValueError, RecursionError):
        return _NO_MAPPING


def _removals(name: str, record: _Json) -> list[_Removal] | None:
    """Return the ranges of a run, None when one cannot be read."""
    listed = record.get("removals")
    found = []
    for item in map(_mapping, listed if isinstance(listed, list) else [None]):
        what, first, end = item.get("what"), item.get("first"), item.get("end")
        if what not in _KINDS_OF_ROWS or not _is_place(first) or not _is_place(end) or first > end:
            return None
        found.append(
            _Removal(
                name, str(what), first, end, str(item.get("kept_digest")), str(item.get("root"))
            )
        )
    return found


def _signed(person: _Json, approval: _Json, canonical: Callable[[object], str]) -> bool:
    statement = {key: value for key, value in approval.items() if key != "signature"}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(person.get("public_key"))))
        signature = bytes.fromhex(str(approval.get("signature")))
        key.verify(signature, canonical(statement).encode("utf-8"))
    except (InvalidSignature, ValueError):
        return False
    return True


def _holds(held: object, wanted: object) -> bool:
    if not isinstance(held, list) or not isinstance(wanted, list):
        return False
    return bool(wanted) and all(role in held for role in wanted)


def _mapping(value: object) -> _Json:
    return value if isinstance(value, dict) else _NO_MAPPING


def _is_place(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62


def _place(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _text(digest: bytes) -> str:
    return f"sha256:{digest.hex()}"


def _span(first: int, end: int) -> str:
    return f"{first}" if end == first + 1 else f"{first} to {end - 1}"

"""A small log as it lies in a store, made with the first implementation, for attacks on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.entries import Header, HeaderSubject, Part
from answerable.audit.errors import NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role
from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint
from answerable.audit.tree.merkle import Frontier, leaf_hash
from answerable.audit.tree.notes import verifier_key
from answerable.audit.tree.tiles import TILE_WIDTH, MemoryTiles
from answerable.audit.verify import StoredRow, StoredState, VerificationReport, verify_log

ORIGIN: Final = "example.org/lending/2026"
SIGNER: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_SIGNER: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
VKEY: Final = str(verifier_key(ORIGIN, SIGNER))
NOON: Final = 1_790_000_000_000_000


def entry_id(seq: int) -> str:
    return f"01a0c5f2-1c00-7000-8000-{seq:012x}"


def sealed(seq: int) -> bytes:
    return hashlib.sha512(f"ciphertext {seq}".encode()).digest()


def header_of(seq: int, *, log: str = ORIGIN, ts: int | None = None, outcome: str = "") -> Header:
    return Header(
        log=log,
        kind=EntryKind.DECISION,
        id=entry_id(seq),
        ts=NOON + seq if ts is None else ts,
        actor="a-" + "a1" * 16,
        role=Role.SERVICE,
        outcome=outcome or ("approve" if seq % 3 else "decline"),
        subjects=(HeaderSubject(ref=f"s-{seq:032x}", role="applicant"),),
        parts=(
            Part(
                part="case",
                type="answerable.decision.v1",
                ct=hashlib.sha256(sealed(seq)).hexdigest(),
                pc="00" * 32,
            ),
        ),
    )


def row_of(seq: int, header: Header) -> StoredRow:
    data = header.to_json()
    columns: dict[str, str | int | None] = {"id": header.id, "ts": header.ts, "kind": header.kind}
    return StoredRow(seq, data, leaf_hash(data), (sealed(seq),), columns)


@dataclass
class StoredLog:
    """Rows, head, tiles and checkpoints; an attack changes any of them."""

    rows: list[StoredRow]
    size: int
    root: bytes
    tiles: dict[tuple[int, int], bytes]
    checkpoints: list[str] = field(default_factory=list)

    def verify(
        self, *, checkpoint: str | None = None, vkey: str = VKEY, origin: str = ORIGIN
    ) -> VerificationReport:
        state = self.state()
        return verify_log(self.rows, origin=origin, vkey=vkey, checkpoint=checkpoint, stored=state)

    def state(self) -> StoredState:
        """Return what the store says about itself."""
        tile: Callable[[int, int], bytes | None] = lambda level, at: self.tiles.get((level, at))  # noqa: E731
        return StoredState(self.size, self.root, tuple(self.checkpoints), tile)

    def found(self, *, checkpoint: str | None = None) -> set[tuple[str, str]]:
        """Return layer and entry of every finding."""
        report = self.verify(checkpoint=checkpoint)
        assert report.ok == (not report.findings)
        return {(item.layer, item.entry) for item in report.findings}

    def change(self, seq: int, **fields: object) -> None:
        """Change fields of one stored row, and nothing else."""
        self.rows[seq] = replace(self.rows[seq], **fields)  # type: ignore[arg-type]

    def rebuild(self, *, signer: Ed25519PrivateKey = SIGNER) -> None:
        """Make head, tiles, leaves and checkpoint fit the rows again, as a thorough forger does."""
        self.rows = [replace(row, leaf=leaf_hash(row.header)) for row in self.rows]
        rebuilt = log_of([row.header for row in self.rows], rows=self.rows, signer=signer)
        self.size, self.root, self.tiles = rebuilt.size, rebuilt.root, rebuilt.tiles
        self.checkpoints = rebuilt.checkpoints


def log_of(
    headers: list[bytes], *, rows: list[StoredRow], signer: Ed25519PrivateKey = SIGNER
) -> StoredLog:
    leaves = [leaf_hash(data) for data in headers]
    frontier = Frontier().extend(leaves)
    memory = MemoryTiles()
    memory.append(leaves)
    stored: dict[tuple[int, int], bytes] = {}
    for level in range(3):
        for index in range(len(leaves) // TILE_WIDTH + 1):
            try:
                stored[level, index] = memory.tile(level, index, TILE_WIDTH)
            except NotFound:
                break
    note = sign_checkpoint(Checkpoint(ORIGIN, frontier.size, frontier.root()), signer)
    return StoredLog(rows, frontier.size, frontier.root(), stored, [note])


@cache
def clean_row(seq: int) -> StoredRow:
    return row_of(seq, header_of(seq))


def clean_log(size: int) -> StoredLog:
    rows = [clean_row(seq) for seq in range(size)]
    return log_of([row.header for row in rows], rows=rows)


def named(seq: int) -> str:
    return f"{seq} ({entry_id(seq)})"

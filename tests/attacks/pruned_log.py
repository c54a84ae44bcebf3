"""A small log whose first entries were removed by a recorded run, for attacks on it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import JsonValue

from answerable.audit.canonical import header_json
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Actor,
    AppliedRule,
    LegalSource,
    Record,
    Removal,
    RetentionApproval,
    RetentionRun,
    Role,
)
from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint
from answerable.audit.tree.merkle import leaf_hash, root_of
from answerable.audit.tree.tiles import TILE_WIDTH
from answerable.audit.verify import StoredRow, StoredState, VerificationReport, verify_log
from answerable.audit.verify_retention import Floors
from tests.attacks.stored_log import NOON, ORIGIN, SIGNER, VKEY, entry_id, log_of

APPROVER: Final = "a-" + "c0" * 16
RUNNER: Final = "a-" + "a1" * 16
APPROVER_KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))
POLICY: Final = "sha256:" + "ab" * 32
KEPT: Final = (0, 1, 300)
"""The log's opening, the approver's registration, a release."""


def bare_row(seq: int, kind: EntryKind, record: Record | None, actor: str = RUNNER) -> StoredRow:
    """An entry made without the models, which are slow by the ten thousand."""
    body = record.to_json() if record is not None else hashlib.sha512(b"%d" % seq).digest()
    digest = hashlib.sha256(body).hexdigest()
    part: dict[str, JsonValue] = (
        {"part": "clear", "type": "x", "digest": digest}
        if record is not None
        else {"part": "case", "type": "x", "ct": digest, "pc": "00" * 32}
    )
    header = header_json(
        {
            "v": 1,
            "log": ORIGIN,
            "kind": kind.value,
            "id": entry_id(seq),
            "ts": NOON + seq,
            "actor": actor,
            "role": "service",
            "subjects": [{"ref": f"s-{seq:032x}", "role": "applicant"}],
            "parts": [part],
        }
    )
    return StoredRow(seq, header, leaf_hash(header), (body,))


def approved(key: Ed25519PrivateKey = APPROVER_KEY, **changes: object) -> RetentionApproval:
    approval = RetentionApproval(
        log=ORIGIN,
        policy=POLICY,
        body_end=1 << 30,
        entry_end=1 << 30,
        tile_end=1 << 30,
        approver=APPROVER,
        roles=(Role.COMPLIANCE,),
        expires_at=NOON + 10**9,
    ).model_copy(update=changes)
    return approval.model_copy(update={"signature": key.sign(approval.signed_bytes()).hex()})


@dataclass
class PrunedLog:
    """What is still stored, and what the store says of itself."""

    rows: list[StoredRow]
    state: StoredState
    tiles: dict[tuple[int, int], bytes]
    whole: list[StoredRow]
    """All rows, as they stood before the run."""

    def verify(self, checkpoint: str | None = None) -> VerificationReport:
        state = replace(self.state, tile=lambda level, at: self.tiles.get((level, at)))
        return verify_log(self.rows, origin=ORIGIN, vkey=VKEY, checkpoint=checkpoint, stored=state)

    def found(self, checkpoint: str | None = None) -> set[tuple[str, str]]:
        return {
            (item.layer, item.entry.split(" (")[0]) for item in self.verify(checkpoint).findings
        }

    @property
    def note(self) -> str:
        return sign_checkpoint(
            Checkpoint(ORIGIN, len(self.whole), root_of([row.leaf for row in self.whole])), SIGNER
        )


def kept_digest(rows: list[StoredRow], first: int, end: int) -> str:
    data = b"".join(
        row.seq.to_bytes(8, "big") + row.leaf
        for row in rows
        if first <= row.seq < end and row.seq in KEPT
    )
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def run_record(
    rows: list[StoredRow], floors: Floors, approval: RetentionApproval, first: int = 0
) -> RetentionRun:
    def root(size: int) -> str:
        return f"sha256:{root_of([row.leaf for row in rows[:size]]).hex()}"

    removals = [
        Removal(what="body", first=first, end=floors.body, removed=1, root=root(floors.body)),
        Removal(
            what="entry",
            first=first,
            end=floors.entry,
            removed=1,
            kept_digest=kept_digest(rows, first, floors.entry),
            root=root(floors.entry),
        ),
        Removal(what="tile", first=0, end=floors.tile, removed=0, root=root(floors.tile)),
    ]
    law = LegalSource(act="a law", article="1", source="from memory")
    return RetentionRun(
        policy=POLICY,
        size=len(rows),
        root=root(len(rows)),
        removals=tuple(removals),
        rules=(AppliedRule(name="all", law=law, entries=1),),
        approval=approval,
    )


def pruned_log(
    size: int,
    floors: Floors,
    *,
    approval: RetentionApproval | None = None,
    runner: str = RUNNER,
    recorded: Floors | None = None,
) -> PrunedLog:
    """A log of `size` entries and a run: what stands after the rows below the floors went."""
    person = Actor(
        actor=APPROVER,
        roles=(Role.COMPLIANCE,),
        public_key=APPROVER_KEY.public_key().public_bytes_raw().hex(),
    )
    rows = [bare_row(seq, EntryKind.DECISION, None) for seq in range(size)]
    rows[1] = bare_row(1, EntryKind.ACTOR_REGISTERED, person)
    if size > KEPT[2]:
        rows[KEPT[2]] = bare_row(KEPT[2], EntryKind.RELEASE_GRANTED, None)
    run = run_record(rows, recorded or floors, approval or approved())
    rows.append(bare_row(size, EntryKind.RETENTION_RUN, run, runner))
    return cut(rows, floors)


def cut(rows: list[StoredRow], floors: Floors) -> PrunedLog:
    """Remove what a run of these floors removes."""
    stored = log_of([row.header for row in rows], rows=rows)
    left = [row for row in rows if row.seq >= floors.entry or row.seq in KEPT]
    bodiless = [
        replace(row, parts=()) if row.seq < floors.body and row.seq not in KEPT else row
        for row in left
    ]
    tiles = {
        at: data
        for at, data in stored.tiles.items()
        if at[0] > 0 or (at[1] + 1) * TILE_WIDTH > floors.tile
    }
    state = StoredState(len(rows), stored.root, tuple(stored.checkpoints), floors=floors)
    return PrunedLog(bodiless, state, tiles, rows)

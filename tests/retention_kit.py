"""A log with something to remove: an approver with a key, a policy, years that went by."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.canonical import header_json, sha256_digest
from answerable.audit.directory import Directory
from answerable.audit.entries import Draft, DraftSubject, Receipt
from answerable.audit.ids import entry_id_bytes
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    EntryLink,
    Record,
    RecordsRead,
    RetentionApproval,
    RetentionRun,
    Role,
)
from answerable.audit.retention.approving import RetentionOrder
from answerable.audit.retention.plan import DAY_US, Plan
from answerable.audit.retention.policy import RetentionPolicy, load_retention_policy
from answerable.audit.signing import public_key_hex, sign_record
from answerable.audit.store.advance import Advance, store_advance
from answerable.audit.store.entry_rows import NewEntry
from answerable.audit.store.head_rows import claim_head
from answerable.audit.store.index_rows import Indexed
from answerable.audit.store.tile_rows import StoredTiles
from answerable.audit.tree.merkle import leaf_hash
from answerable.audit.tree.tiles import completed_tiles
from answerable.audit.verify import Finding, VerificationReport
from tests.log_kit import ACTOR, ORIGIN, LogKit

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(3, 35)))
RUNNER = "a-" + "2" * 32
POLICY = b"""
retention:
  id: test
  version: 1
  tiles: remove
  rules:
    - name: all
      bodies_days: 200
      entries_days: 400
      law: {act: a law, article: "1", source: from memory}
"""


def _bare(entry_id: str, seq: int, ts: int) -> NewEntry:
    """What an entry comes to that says nothing: a trace of a read without a body."""
    header = header_json(
        {"v": 1, "log": ORIGIN, "kind": "records.read", "id": entry_id, "ts": ts, "actor": ACTOR,
         "role": "officer"}
    )  # fmt: skip
    return NewEntry(
        seq,
        header,
        leaf_hash(header),
        (),
        (ts, "records.read", None, None, None, None),
        Indexed(entry_id_bytes(entry_id)),
    )


@dataclass
class RetainedLog:
    """A log, its approver, and a policy."""

    kit: LogKit
    approver: str
    source: bytes = POLICY
    most: int = 4096

    @classmethod
    def over(cls, kit: LogKit) -> RetainedLog:
        directory = Directory(kit.log, ids=kit.entry_id, entropy=kit.entropy)
        approver = directory.register(
            "Ada", [Role.COMPLIANCE], public_key=public_key_hex(KEY)
        ).actor
        return cls(kit, approver)

    @property
    def policy(self) -> RetentionPolicy:
        return load_retention_policy(self.source, "test.yaml")

    def fill(self, people: int, decisions: int) -> list[Receipt]:
        """Append decisions about some people in turn."""
        return self.kit.log.append_many(
            [self.kit.decision(f"person-{number % people}") for number in range(decisions)]
        )

    def days(self, days: int) -> None:
        self.kit.clock.now += days * DAY_US

    def append(
        self,
        kind: EntryKind,
        record: Record,
        *,
        ref: str | None = None,
        links: dict[str, str] = {},  # noqa: B006
    ) -> Receipt:
        return self.kit.log.append(
            Draft(
                kind=kind,
                entry_id=self.kit.entry_id(),
                record=record,
                actor=ACTOR,
                role=Role.OFFICER,
                subjects=(DraftSubject(role="data-subject", ref=ref),) if ref else (),
                links=tuple(EntryLink(rel=rel, entry=entry) for rel, entry in links.items()),
            )
        )

    def bulk(self, count: int) -> None:
        """Append many bare entries of a kind that may go, past the parts that cost time."""
        with self.kit.log._database.write() as connection:
            head = claim_head(connection)
            rows = [
                _bare(self.kit.entry_id(), seq, head.ts)
                for seq in range(head.size, head.size + count)
            ]
            leaves = [row.leaf for row in rows]
            tiles = completed_tiles(head.size, leaves, StoredTiles(connection))
            new = replace(head, frontier=head.frontier.extend(leaves))
            store_advance(connection, Advance(head, new, rows, tiles))
        self.kit.reopen()

    def plan(self) -> Plan:
        self.kit.log.checkpoint()
        return self.kit.log.retention.plan(self.policy)

    def approval(self, plan: Plan, **changes: object) -> RetentionApproval:
        approval = RetentionApproval(
            log=ORIGIN,
            policy=sha256_digest(self.source),
            body_end=plan.body.end,
            entry_end=plan.entry.end,
            tile_end=plan.tile.end,
            approver=self.approver,
            roles=(Role.COMPLIANCE,),
            expires_at=self.kit.clock.now + 7 * DAY_US,
        ).model_copy(update=changes)
        return sign_record(approval, KEY)

    def order(self, approval: RetentionApproval | None = None) -> RetentionOrder:
        return RetentionOrder(
            policy=self.policy,
            policy_digest=sha256_digest(self.source),
            approval=approval or self.approval(self.plan()),
            most=self.most,
        )

    def draft(self, runner: str = RUNNER) -> Draft:
        return Draft(
            kind=EntryKind.RETENTION_RUN,
            entry_id=self.kit.entry_id(),
            record=RecordsRead(purpose="p", query="q", count=0),
            actor=runner,
            role=Role.ADMIN,
        )

    def run(self, order: RetentionOrder | None = None, runner: str = RUNNER) -> list[RetentionRun]:
        """Run all slices; return what they recorded."""
        receipts = self.kit.log.retention.run(
            order or self.order(), self.draft(runner), ids=self.kit.entry_id
        )
        return [self.kit.log.read_record(receipt.entry_id, RetentionRun) for receipt in receipts]

    def report(self) -> VerificationReport:
        """What both verifications say, against a checkpoint that left the house."""
        report = self.kit.verify(self.kit.log.checkpoint())
        beside = self.kit.log.stored().findings_beside(cell_of=self.kit.log.cell_of)
        return replace(report, ok=report.ok and not beside, findings=(*report.findings, *beside))

    def findings(self) -> list[Finding]:
        return list(self.report().findings)

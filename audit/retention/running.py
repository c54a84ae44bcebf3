"""Removing what was approved: one slice of a run, under a claimed head.

Each slice is one transaction and one entry: what may go is worked out anew (a hold placed since
the plan counts), the entry that records it is placed, the floor moves, the rows go. Killed before
the commit, nothing has happened; afterwards everything has. Bodies go first, then entries, then
leaf tiles, then the data keys of people of whom no body is left.

References
----------
GDPR, Article 5(1)(e).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Literal

from answerable.audit.canonical import sha256_digest
from answerable.audit.entries import Draft, Entry, Receipt
from answerable.audit.identity import Scribe
from answerable.audit.keys.derive import day_of
from answerable.audit.keys.erasure import rewrap_bucket
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    AppliedRule,
    Removal,
    RemovedCount,
    RetentionRun,
)
from answerable.audit.retention.approving import RetentionOrder, require_approved
from answerable.audit.retention.facts import (
    OpenCases,
    candidates,
    candidates_at,
    newest_run,
    without_body,
)
from answerable.audit.retention.headers import LightHeader, light_header
from answerable.audit.retention.plan import Limits, Plan, make_plan
from answerable.audit.retention.policy import RetentionPolicy
from answerable.audit.retention.scope import REMOVABLE
from answerable.audit.store import entry_rows, key_rows, retention_rows, view_rows
from answerable.audit.store.database import Connection
from answerable.audit.store.entry_rows import Selection
from answerable.audit.store.tile_rows import StoredTiles
from answerable.audit.tree.proofs import root_from_tiles
from answerable.audit.tree.tiles import pruning_minimum
from answerable.audit.turn import Turn

__all__ = [
    "RotatedBuckets",
    "destroy_keys",
    "limits_of",
    "plan_within",
    "remove_slice",
]

RotatedBuckets = tuple[tuple[int, int], ...]
"""Buckets and the versions they moved to: older keys are destroyed once this is committed."""


def plan_within(
    connection: Connection, policy: RetentionPolicy, limits: Limits, *, now: int
) -> Plan:
    """Return what may go, on one snapshot or under a claimed head.

    Parameters
    ----------
    connection : Connection
        Where from.
    policy : RetentionPolicy
        The rules.
    limits : Limits
        Where to begin and to end; what was held back is looked at again when bodies are.
    now : int
        Microseconds UTC.

    Returns
    -------
    Plan
        Nothing is changed.
    """
    cases = OpenCases.at(connection, now)
    told = any(rule.after == "notice" for rule in policy.rules)
    held = limits.held if limits.body_until >= limits.body else ()
    again = candidates_at(connection, cases, held, with_notices=told)
    bodies = candidates(connection, cases, limits.body, limits.body_until, with_notices=told)
    entries = candidates(connection, cases, limits.entry, limits.entry_until, with_notices=told)
    return make_plan(policy, chain(again, bodies), entries, limits, now=now)


def limits_of(connection: Connection) -> Limits:
    """Return the floors, what is held below them, and how far the newest checkpoint reaches."""
    floors = retention_rows.read_floors(connection)
    newest = view_rows.latest_checkpoint(connection)
    covered = 0 if newest is None else newest[0]
    run = newest_run(connection)
    held = () if run is None else run.held
    return Limits(floors.body, floors.entry, floors.tile, covered, covered, held)


def remove_slice(turn: Turn, order: RetentionOrder, draft: Draft, origin: str) -> Receipt | None:
    """Remove the next slice of what was approved and may still go.

    Parameters
    ----------
    turn : Turn
        A claimed head.
    order : RetentionOrder
        Policy and approval.
    draft : Draft
        Kind ``retention.run``, by who runs it; its record is made here.
    origin : str
        The log.

    Returns
    -------
    Receipt or None
        Of the entry; None when nothing of it is left to remove.

    Raises
    ------
    NotAllowed
        If nobody registered with the policy's roles approved it, or who runs it did.
    PolicyViolation
        If the approval is for another log or policy, or has expired.
    EvidenceBroken
        If the signature is not the approver's.
    """
    require_approved(turn.connection, order, draft, origin=origin, now=turn.ts)
    return _Slice(turn, order, draft).remove()


def destroy_keys(
    turn: Turn, order: RetentionOrder, draft: Draft, refs: Sequence[str], *, scribe: Scribe
) -> tuple[Receipt | None, RotatedBuckets]:
    """Destroy the data keys of those among some people of whom no body is left.

    Parameters
    ----------
    turn : Turn
        A claimed head.
    order : RetentionOrder
        Policy and approval.
    draft : Draft
        As for :func:`remove_slice`.
    refs : Sequence[str]
        Who comes into question.
    scribe : Scribe
        Who writes.

    Returns
    -------
    receipt : Receipt or None
        Of the entry; None when nobody's key may go.
    rotated : RotatedBuckets
        Whose older keys must be destroyed once this is committed.

    Raises
    ------
    NotAllowed, PolicyViolation, EvidenceBroken
        As for :func:`remove_slice`.
    """
    require_approved(turn.connection, order, draft, origin=scribe.origin, now=turn.ts)
    cases = OpenCases.at(turn.connection, turn.ts)
    gone = without_body(turn.connection, refs, retention_rows.read_floors(turn.connection).body)
    rows = key_rows.keys_by_ref(turn.connection, [ref for ref in gone if ref not in cases.people])
    rotated = []
    for bucket in sorted({row.bucket for row in rows}):
        of_bucket = [row for row in rows if row.bucket == bucket]
        for row in of_bucket:
            key_rows.delete_aliases(turn.connection, row.ref)
            key_rows.delete_key(turn.connection, row.ref)
        version = rewrap_bucket(
            turn.connection,
            bucket,
            vault=scribe.vault,
            origin=scribe.origin,
            entropy=scribe.entropy,
            reached=lambda _step: None,
        )
        rotated.append((bucket, version))
    if not rows:
        return None, ()
    receipt = _Slice(turn, order, draft).record((), (), keys=len(rows))
    return receipt, tuple(rotated)


class _Slice:
    """One slice: finds what goes next, removes it, records it."""

    def __init__(self, turn: Turn, order: RetentionOrder, draft: Draft) -> None:
        self._turn = turn
        self._order = order
        self._draft = draft
        self._connection = turn.connection
        self._limits = limits_of(turn.connection)

    def remove(self) -> Receipt | None:
        approval, most, limits = self._order.approval, self._order.most, self._limits
        body = min(limits.body_until, approval.body_end, limits.body + most)
        plan = self._plan(replace(limits, body_until=body, entry_until=0))
        # A slice in which nothing may go is recorded only where the floor has to move on.
        if plan.body.count or plan.body.end == limits.body + most:
            return self._bodies(plan)
        entry = min(limits.entry_until, approval.entry_end, limits.entry + most)
        plan = self._plan(replace(limits, body_until=-1, entry_until=entry))
        if plan.entry.count or plan.entry.end == limits.entry + most:
            return self._entries(plan)
        tile = pruning_minimum(approval.tile_end, plan.tile.end)
        return self._tiles(tile) if tile > limits.tile else None

    def record(
        self,
        removals: Sequence[Removal],
        rules: Sequence[AppliedRule],
        *,
        held: Sequence[int] | None = None,
        keys: int = 0,
    ) -> Receipt:
        """Place the entry that says what goes."""
        size = self._limits.entry_until
        run = RetentionRun(
            policy=self._order.policy_digest,
            size=size,
            root=self._root(size),
            removals=tuple(removals),
            rules=tuple(rules),
            held=self._limits.held if held is None else tuple(held),
            keys=keys,
            approval=self._order.approval,
        )
        return self._turn.place(replace(self._draft, record=run))

    def _bodies(self, plan: Plan) -> Receipt:
        end = plan.body.end
        held = sorted({*self._limits.held, *(item.seq for item in plan.held)} - {*plan.freed})
        places = retention_rows.removable_places(
            self._connection, self._limits.body, end, REMOVABLE
        )
        going = [*plan.freed, *(seq for seq in places if seq not in held)]
        parts = retention_rows.count_bodies(self._connection, going)
        removal = Removal(
            what="body", first=self._limits.body, end=end, removed=parts, root=self._root(end)
        )
        receipt = self.record((removal,), _applied(plan, "bodies"), held=held)
        self._after(receipt, removal, lambda c: retention_rows.remove_bodies(c, going, parts))
        return receipt

    def _entries(self, plan: Plan) -> Receipt:
        first, end = plan.entry.first, plan.entry.end
        stored = _entries_between(self._connection, first, end)
        headers = [light_header(item) for item in stored]
        going = [header for header in headers if header.kind in REMOVABLE]
        staying = [
            item
            for item, header in zip(stored, headers, strict=True)
            if header.kind not in REMOVABLE
        ]
        kept = b"".join(item.seq.to_bytes(8, "big") + item.leaf for item in staying)
        removal = Removal(
            what="entry",
            first=first,
            end=end,
            removed=len(going),
            kept=len(staying),
            kept_digest=sha256_digest(kept),
            counts=_counted(going),
            root=self._root(end),
        )
        receipt = self.record((removal,), _applied(plan, "entries"))
        rows = [(item.seq, item.found_by) for item in going]
        self._after(receipt, removal, lambda c: retention_rows.remove_entries(c, rows))
        return receipt

    def _tiles(self, end: int) -> Receipt:
        first = self._limits.tile
        tiles = retention_rows.count_leaf_tiles(self._connection, first, end)
        removal = Removal(what="tile", first=first, end=end, removed=tiles, root=self._root(end))
        receipt = self.record((removal,), ())
        self._after(
            receipt,
            removal,
            lambda c: retention_rows.remove_leaf_tiles(c, first, end, tiles),
        )
        return receipt

    def _after(
        self, receipt: Receipt, removal: Removal, remove: Callable[[Connection], None]
    ) -> None:
        """Have the floor moved and the rows removed once the entry is stored."""

        def go(connection: Connection) -> None:
            retention_rows.move_floor(connection, removal.what, removal.end, receipt.seq)
            remove(connection)

        self._turn.before_swap(go)

    def _plan(self, limits: Limits) -> Plan:
        return plan_within(self._connection, self._order.policy, limits, now=self._turn.ts)

    def _root(self, size: int) -> str:
        root = root_from_tiles(size, StoredTiles(self._connection))
        return f"sha256:{root.hex()}"


def _applied(plan: Plan, what: Literal["bodies", "entries"]) -> tuple[AppliedRule, ...]:
    found = ((rule, rule.bodies if what == "bodies" else rule.entries) for rule in plan.rules)
    return tuple(AppliedRule(name=r.name, law=r.law, entries=n) for r, n in found if n)


def _counted(headers: Iterable[LightHeader]) -> tuple[RemovedCount, ...]:
    counts = Counter(
        (day_of(item.facts.ts), item.facts.function or "", item.facts.outcome or "")
        for item in headers
        if item.kind is EntryKind.DECISION
    )
    return tuple(
        RemovedCount(day=day, function=function, outcome=outcome, n=n)
        for (day, function, outcome), n in sorted(counts.items())
    )


def _entries_between(connection: Connection, first: int, end: int) -> list[Entry]:
    found: list[Entry] = []
    while page := entry_rows.select_entries(
        connection, Selection(), after=found[-1].seq if found else first - 1, before=end,
        limit=entry_rows.MAX_PAGE,
    ):  # fmt: skip
        found += page
    return found

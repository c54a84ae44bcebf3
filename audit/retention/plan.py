"""What may go now, and what stands in the way. Pure: entries and facts in, a plan out.

Partitions and tiles are whole ranges, so entries go as a prefix of the log: everything below a
floor, which never moves back. A floor moves up to the first entry that has to be kept longer, or
that no rule covers. Bodies are passed over one by one where a legal hold, an open contest, an
open request or a restriction keeps them, so that one case does not keep everybody else's data;
entries stop there too, for the header of such a case must be found as long as its body.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Literal

from answerable.audit.kinds import EntryKind
from answerable.audit.records import LegalSource
from answerable.audit.records.retained import MOST_HELD
from answerable.audit.retention.policy import EntryFacts, RetentionPolicy, RetentionRule
from answerable.audit.retention.scope import REMOVABLE
from answerable.audit.tree.tiles import TILE_WIDTH, pruning_minimum

__all__ = [
    "Candidate",
    "HeldBack",
    "Limits",
    "Plan",
    "PlannedRange",
    "PlannedRule",
    "make_plan",
]

DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry with what else matters for whether it may go."""

    seq: int
    entry: EntryFacts
    notice_at: int | None = None
    """Time of the newest letter about the decision it belongs to, microseconds."""
    held_by: tuple[str, ...] = ()
    """What keeps it: ``legal hold``, ``open contest``, ``open request``, ``restriction``."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a plan begins and how far it may go."""

    body: int
    entry: int
    tile: int
    """Floors so far."""
    body_until: int
    entry_until: int
    """How far bodies and entries may go at most: nothing goes that no signed checkpoint covers."""
    held: tuple[int, ...] = ()
    """Places below the floor of bodies whose bodies were held back so far."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An entry that stays though others around it may go, or that stops a floor."""

    seq: int
    kind: EntryKind
    why: str
    until: int | None = None
    """When its time is over, microseconds; None when no time is known."""


@dataclass(frozen=True, slots=True)
class PlannedRange:
    """Rows of one kind, in the places `first` to `end` - 1."""

    what: Literal["body", "entry", "tile"]
    first: int
    end: int
    count: int
    """Entries that lose their bodies; entries that go; entries whose hashes go."""


@dataclass(frozen=True, slots=True)
class PlannedRule:
    """A rule and how many entries go by it."""

    name: str
    law: LegalSource
    approver: str
    bodies: int
    entries: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would remove now."""

    body: PlannedRange
    entry: PlannedRange
    tile: PlannedRange
    rules: tuple[PlannedRule, ...]
    held: tuple[HeldBack, ...]
    """Bodies that stay below the new floor, each with its ground."""
    freed: tuple[int, ...]
    """Places below the floor whose bodies were held before and go now."""
    stops: tuple[HeldBack, ...]
    """The entry that stops the floor of bodies, and the one that stops that of entries."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing may go."""
        return not (self.body.count or self.entry.count or self.tile.count)


def make_plan(
    policy: RetentionPolicy,
    bodies: Iterable[Candidate],
    entries: Iterable[Candidate],
    limits: Limits,
    *,
    now: int,
) -> Plan:
    """Return what may go.

    Parameters
    ----------
    policy : RetentionPolicy
        The rules.
    bodies : Iterable[Candidate]
        Those at the held places, ascending, then all entries from the floor of bodies on.
    entries : Iterable[Candidate]
        All entries from the floor of entries on, ascending. Both are read no further than needed.
    limits : Limits
        Where to begin and to end.
    now : int
        Microseconds UTC.

    Returns
    -------
    Plan
        Its ranges begin at the floors and end at or before what is covered.
    """
    judge = _Judge(policy, now)
    body = _BodyFloor(judge, limits)
    body.take(bodies)
    still_held = {*limits.held, *(item.seq for item in body.held)} - set(body.freed)
    entry = _EntryFloor(judge, limits)
    entry.take(entries, min(still_held, default=body.end))
    tile = limits.tile
    if policy.tiles == "remove":
        tile = max(tile, pruning_minimum(entry.end, entry.end))
    return Plan(
        body=PlannedRange("body", limits.body, body.end, body.gone.total()),
        entry=PlannedRange("entry", limits.entry, entry.end, entry.gone.total()),
        tile=PlannedRange("tile", limits.tile, tile, tile - limits.tile),
        rules=tuple(
            PlannedRule(
                rule.name,
                rule.law,
                rule.approver,
                body.gone[rule.name],
                entry.gone[rule.name],
            )
            for rule in policy.rules
            if body.gone[rule.name] or entry.gone[rule.name]
        ),
        held=tuple(body.held),
        freed=tuple(body.freed),
        stops=tuple(stop for stop in (body.stop, entry.stop) if stop is not None),
    )


class _Judge:
    """Says of an entry which rule governs it, and what keeps it."""

    def __init__(self, policy: RetentionPolicy, now: int) -> None:
        self._policy = policy
        self._now = now

    def of_body(self, item: Candidate) -> tuple[str, HeldBack | None]:
        return self._governing(item, lambda rule: rule.bodies_days)

    def of_entry(self, item: Candidate) -> tuple[str, HeldBack | None]:
        return self._governing(item, lambda rule: rule.entries_days)

    def _governing(
        self, item: Candidate, days: Callable[[RetentionRule], int]
    ) -> tuple[str, HeldBack | None]:
        """Return the rule that lasts longest, and why the entry stays (None when it may go)."""
        kind, rules = item.entry.kind, self._policy.rules_for(item.entry)
        if not rules:
            return "", HeldBack(item.seq, kind, "no rule covers it")
        latest, until = "", -1
        for rule in rules:
            since = _since(rule, item)
            if since is None:
                why = f"rule {rule.name}: no notice is recorded"
                return rule.name, HeldBack(item.seq, kind, why)
            if (over := since + days(rule) * DAY_US) > until:
                latest, until = rule.name, over
        if until > self._now:
            return latest, HeldBack(item.seq, kind, f"rule {latest}: its time is not over", until)
        return latest, None


class _BodyFloor:
    """Moves the floor of bodies past what may go and around what is held."""

    def __init__(self, judge: _Judge, limits: Limits) -> None:
        self._judge = judge
        self._limits = limits
        self.end = limits.body
        self.gone: Counter[str] = Counter()
        self.held: list[HeldBack] = []
        self.freed: list[int] = []
        self.stop: HeldBack | None = None

    def take(self, candidates: Iterable[Candidate]) -> None:
        for item in candidates:
            if item.seq >= self._limits.body_until:
                return
            if item.entry.kind in REMOVABLE and not self._passes(item):
                return
            self.end = max(self.end, item.seq + 1)

    def _passes(self, item: Candidate) -> bool:
        """Count or hold back an entry; False when it stops the floor."""
        rule, kept = self._judge.of_body(item)
        if kept is not None and item.seq >= self._limits.body:
            self.stop = kept
            return False
        if item.held_by:
            kept = HeldBack(item.seq, item.entry.kind, ", ".join(item.held_by))
        if kept is None:
            self.gone[rule] += 1
            if item.seq < self._limits.body:
                self.freed.append(item.seq)
        elif len(self.held) < MOST_HELD:
            self.held.append(kept)
        else:
            self.stop = kept
            return False
        return True


class _EntryFloor:
    """Moves the floor of entries, in whole tiles, up to what must stay."""

    def __init__(self, judge: _Judge, limits: Limits) -> None:
        self._judge = judge
        self._limits = limits
        self.end = limits.entry
        self.gone: Counter[str] = Counter()
        self.stop: HeldBack | None = None

    def take(self, candidates: Iterable[Candidate], upto: int) -> None:
        # A leaf that stands in no full tile would be lost with its row: whole tiles only.
        last = min(upto, self._limits.entry_until) // TILE_WIDTH * TILE_WIDTH
        waiting: Counter[str] = Counter()
        for item in takewhile(lambda found: found.seq < last, candidates):
            if item.entry.kind in REMOVABLE:
                rule, self.stop = self._judge.of_entry(item)
                if self.stop is not None:
                    return
                waiting[rule] += 1
            if (item.seq + 1) % TILE_WIDTH == 0:
                self.end = item.seq + 1
                self.gone += waiting
                waiting = Counter()


def _since(rule: RetentionRule, item: Candidate) -> int | None:
    if rule.after == "entry":
        return item.entry.ts
    if item.entry.kind is EntryKind.DECISION and item.notice_at is None:
        return None
    return max(item.entry.ts, item.notice_at or 0)

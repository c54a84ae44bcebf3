"""What a plan lets go, holds back and stops at; pure, without a log."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.codes import Role
from answerable.audit.kinds import EntryKind
from answerable.audit.records import LegalSource
from answerable.audit.records.retained import MOST_HELD
from answerable.audit.retention.plan import (
    DAY_US,
    Candidate,
    Limits,
    Plan,
    make_plan,
)
from answerable.audit.retention.policy import Covers, EntryFacts, RetentionPolicy, RetentionRule

LAW = LegalSource(act="a law", article="1", source="seen")
NOW = 1_000 * DAY_US


def rule(name: str, bodies: int, entries: int, **more: object) -> RetentionRule:
    return RetentionRule.parse(
        {"name": name, "bodies_days": bodies, "entries_days": entries, "law": LAW, **more}
    )


def policy(*rules: RetentionRule, tiles: str = "keep") -> RetentionPolicy:
    return RetentionPolicy.parse({"id": "p", "version": 1, "rules": list(rules), "tiles": tiles})


def entry(
    seq: int, age_days: int, kind: EntryKind = EntryKind.DECISION, **more: object
) -> Candidate:
    facts = {key: more.pop(key) for key in ("purpose", "outcome") if key in more}
    return Candidate(seq, EntryFacts(kind, NOW - age_days * DAY_US, **facts), **more)  # type: ignore[arg-type]


def planned(
    rules: RetentionPolicy, items: list[Candidate], *, limits: Limits | None = None
) -> Plan:
    limits = limits or Limits(0, 0, 0, len(items), len(items))
    return make_plan(rules, items, items[limits.entry :], limits, now=NOW)


ALL = policy(rule("all", 200, 400))


def test_the_floor_stops_at_the_first_entry_that_is_too_young() -> None:
    plan = planned(ALL, [entry(0, 300), entry(1, 200), entry(2, 199), entry(3, 300)])
    assert (plan.body.end, plan.body.count) == (2, 2)
    assert (plan.stops[0].seq, plan.stops[0].until) == (2, NOW + DAY_US)


def test_kinds_that_stay_are_passed_over_and_not_counted() -> None:
    plan = planned(ALL, [entry(0, 1, EntryKind.RELEASE_GRANTED), entry(1, 300)])
    assert (plan.body.end, plan.body.count) == (2, 1)


def test_the_longest_rule_governs() -> None:
    both = policy(rule("short", 200, 400), rule("long", 500, 600, covers=Covers(outcomes=("x",))))
    plan = planned(both, [entry(0, 300, outcome="y"), entry(1, 300, outcome="x")])
    assert plan.body.end == 1
    assert plan.stops[0].why == "rule long: its time is not over"
    assert [(item.name, item.bodies) for item in plan.rules] == [("short", 1)]


def test_what_no_rule_covers_stays() -> None:
    some = policy(rule("decisions", 200, 400, covers=Covers(kinds=(EntryKind.DECISION,))))
    plan = planned(some, [entry(0, 900), entry(1, 900, EntryKind.LETTER_ISSUED)])
    assert (plan.body.end, plan.stops[0].why) == (1, "no rule covers it")


def test_time_can_run_from_the_notice() -> None:
    told = policy(rule("told", 200, 400, after="notice"))
    recent, long_ago = NOW - 100 * DAY_US, NOW - 250 * DAY_US
    plan = planned(told, [entry(0, 300, notice_at=long_ago), entry(1, 300, notice_at=recent)])
    assert plan.body.end == 1
    plan = planned(told, [entry(0, 300)])
    assert (plan.body.end, plan.stops[0].why) == (0, "rule told: no notice is recorded")
    assert planned(told, [entry(0, 300, EntryKind.RECORDS_READ)]).body.count == 1


def test_held_bodies_are_left_and_the_floor_goes_on() -> None:
    items = [entry(0, 300), entry(1, 300, held_by=("legal hold",)), entry(2, 300)]
    plan = planned(ALL, items)
    assert (plan.body.end, plan.body.count) == (3, 2)
    assert [(item.seq, item.why) for item in plan.held] == [(1, "legal hold")]


def test_too_many_held_bodies_stop_the_floor() -> None:
    items = [entry(seq, 300, held_by=("legal hold",)) for seq in range(MOST_HELD + 5)]
    plan = planned(ALL, items)
    assert (plan.body.end, len(plan.held)) == (MOST_HELD, MOST_HELD)
    assert plan.stops[0].why == "legal hold"


def test_what_was_held_goes_when_nothing_holds_it_any_more() -> None:
    limits = Limits(3, 0, 0, 3, 3, held=(0, 1))
    again = [entry(0, 300), entry(1, 300, held_by=("open contest",))]
    plan = make_plan(ALL, again, [], limits, now=NOW)
    assert (plan.freed, [item.seq for item in plan.held]) == ((0,), [1])
    assert (plan.body.first, plan.body.end, plan.body.count) == (3, 3, 1)


def test_entries_go_by_whole_tiles_below_bodies_and_below_what_is_held() -> None:
    items = [entry(seq, 500) for seq in range(600)]
    assert planned(ALL, items).entry.end == 512
    items[300] = entry(300, 500, held_by=("legal hold",))
    assert planned(ALL, items).entry.end == 256
    items[100] = entry(100, 500, held_by=("legal hold",))
    assert planned(ALL, items).entry.end == 0
    young = [entry(seq, 399 if seq == 256 else 500) for seq in range(600)]
    plan = planned(ALL, young)
    assert (plan.entry.end, plan.entry.count) == (256, 256)
    assert [item.seq for item in plan.stops] == [256]


def test_leaf_tiles_go_only_where_the_policy_says_so() -> None:
    limits = Limits(70_000, 65_536, 0, 70_000, 70_000)
    kept = make_plan(ALL, [], [], limits, now=NOW)
    gone = make_plan(policy(rule("all", 200, 400), tiles="remove"), [], [], limits, now=NOW)
    assert (kept.tile.end, gone.tile.end) == (0, 65_536)


def test_approvers_are_named_by_role() -> None:
    plan = planned(policy(rule("all", 200, 400, approver=Role.OFFICER)), [entry(0, 300)])
    assert [item.approver for item in plan.rules] == [Role.OFFICER]


@given(st.lists(st.tuples(st.integers(0, 600), st.booleans()), max_size=80), st.integers(0, 80))
def test_nothing_young_held_or_uncovered_is_ever_counted(
    ages: list[tuple[int, bool]], until: int
) -> None:
    ages.sort(reverse=True)
    items = [
        entry(seq, age, held_by=("legal hold",) if held else ())
        for seq, (age, held) in enumerate(ages)
    ]
    plan = planned(ALL, items, limits=Limits(0, 0, 0, until, until))
    below = ages[: plan.body.end]
    assert plan.body.end <= min(until, len(ages)) or plan.body.end == 0
    assert all(age >= 200 for age, _ in below)
    assert plan.body.count == sum(not held for _, held in below)
    assert len(plan.held) == sum(held for _, held in below)

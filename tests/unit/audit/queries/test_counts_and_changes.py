"""Counts with their recount, and what was appended since a checkpoint."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from answerable.audit.entries import Entry
from answerable.audit.errors import (
    CheckpointSignatureInvalid,
    ConsistencyProofInvalid,
    InvalidInput,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import (
    Days,
    changes_since,
    count_changes,
    count_differences,
    growth_since,
    outcome_counts,
    recount,
)
from answerable.audit.tree.proofs import verify_consistency
from tests.log_kit import FUNCTION, LogKit, redecided
from tests.unit.audit.queries.world import DAY, OTHER, decisions, question, rows


def test_counts_are_those_of_the_headers_day_by_day(kit: LogKit) -> None:
    decisions(kit, 30, apart_us=DAY // 10)
    for _ in range(2):
        kit.log.append(replace(kit.decision("anna"), cell=3))
    counted = Counter(
        (
            date.fromordinal(719163 + row.header["ts"] // DAY).isoformat(),
            row.header["function"],
            row.header["outcome"],
        )
        for row in rows(kit)
        if row.header["kind"] == "decision"
    )
    found = outcome_counts(kit.log, Days())
    assert {(item.day, item.function, item.outcome): item.n for item in found} == counted
    assert [item.day for item in found] == sorted(item.day for item in found)
    assert recount(kit.log, Days()) == []
    assert count_differences(kit.log) == []
    first, last = sorted({day for day, _, _ in counted})[1:3]
    days = Days(first=date.fromisoformat(first), last=date.fromisoformat(last), function=OTHER)
    inside = {key: n for key, n in counted.items() if first <= key[0] <= last and key[1] == OTHER}
    some = outcome_counts(kit.log, days)
    assert {(item.day, item.function, item.outcome): item.n for item in some} == inside
    assert recount(kit.log, days) == []


def test_what_was_appended_since_a_checkpoint_is_proven_counted_and_listed(kit: LogKit) -> None:
    decisions(kit, 9)
    note = kit.log.checkpoint()
    old = kit.log.size()
    decisions(kit, 5)
    question(kit, "supervision")
    growth = growth_since(kit.log, note)
    assert (growth.old_size, growth.new_size) == (old, old + 6)
    proof = [bytes.fromhex(item) for item in growth.proof]
    roots = bytes.fromhex(growth.old_root), bytes.fromhex(growth.new_root)
    verify_consistency(old, roots[0], old + 6, roots[1], proof)
    assert roots[1] == kit.log.root_at(old + 6)
    assert count_changes(kit.log, growth) == {"decision": 5, "query.asked": 1}
    decisions(kit, 3)
    found: list[Entry] = []
    place: int | None = -1
    while place is not None:
        page = changes_since(kit.log, growth, after=place, limit=4)
        found += page.items
        place = page.next
    assert [entry.seq for entry in found] == list(range(old, old + 6))
    asked = changes_since(kit.log, growth, kinds=(EntryKind.QUERY_ASKED,)).items
    assert [entry.seq for entry in asked] == [old + 5]


def test_since_the_newest_checkpoint_nothing_changed(memory_kit: LogKit) -> None:
    decisions(memory_kit, 2)
    growth = growth_since(memory_kit.log, memory_kit.log.checkpoint())
    assert (growth.proof, growth.old_root) == ((), growth.new_root)
    assert count_changes(memory_kit.log, growth) == {}
    assert changes_since(memory_kit.log, growth).items == ()


def test_a_size_between_checkpoint_and_end_keeps_pages_together(memory_kit: LogKit) -> None:
    note = memory_kit.log.checkpoint()
    decisions(memory_kit, 6)
    assert growth_since(memory_kit.log, note, size=4).new_size == 4
    assert growth_since(memory_kit.log, note, size=1).new_size == 1
    for size in (0, 8, -1):
        with pytest.raises(InvalidInput, match="size"):
            growth_since(memory_kit.log, note, size=size)


def test_a_checkpoint_of_another_log_or_of_the_future_is_refused(memory_kit: LogKit) -> None:
    decisions(memory_kit, 2)
    other = LogKit.create("sqlite://", seed="other")
    with pytest.raises(CheckpointSignatureInvalid):
        growth_since(memory_kit.log, other.log.checkpoint())
    other.log.close()
    twin = LogKit.create("sqlite://")
    decisions(twin, 5)
    with pytest.raises(ConsistencyProofInvalid, match="the log has 3 entries, and 6 were signed"):
        growth_since(memory_kit.log, twin.log.checkpoint())
    twin.log.close()


def test_a_fork_of_the_log_is_refused(memory_kit: LogKit) -> None:
    twin = LogKit.create("sqlite://")
    twin.log.append(redecided(twin.decision("anna"), function=FUNCTION, outcome_code="decline"))
    forked = twin.log.checkpoint()
    memory_kit.log.append_many([memory_kit.decision("ben"), memory_kit.decision("carla")])
    with pytest.raises(ConsistencyProofInvalid):
        growth_since(memory_kit.log, forked)
    twin.log.close()

"""What should not have happened: decisions without a release, replaced twice, incidents, clock."""

from __future__ import annotations

from answerable.audit.kinds import EntryKind
from answerable.audit.queries import (
    Irregularity,
    Scope,
    count_irregularities,
    irregularities,
)
from answerable.audit.records import LoggingFailed
from tests.log_kit import FUNCTION, LogKit, redecided
from tests.unit.audit.queries.world import OTHER, decisions, entry, incident, overturn, rows


def found_in(kit: LogKit, scope: Scope, limit: int) -> list[Irregularity]:
    found: list[Irregularity] = []
    place: int | None = -1
    while place is not None:
        page = irregularities(kit.log, scope, after=place, limit=limit)
        found += page.items
        place = page.next
    return found


def test_every_irregular_entry_is_listed_once_in_order(kit: LogKit) -> None:
    made = decisions(kit, 30)
    opened = incident(kit, made[13])
    overturn(kit, made[1], "person-1")
    twice = overturn(kit, made[1], "person-1")
    kit.clock.now -= 2_000_000
    kit.log.append(redecided(kit.decision("person-1"), release=kit.entry_id()))
    kit.clock.now += 3_000_000
    expected = {
        row.seq: "unreleased"
        for row in rows(kit)
        if row.header["kind"] == "decision" and row.header.get("release", "none") == "none"
    }
    assert len(expected) == 3
    expected[opened.seq] = "incident"
    expected[twice.seq] = "replaced_twice"
    (stepped,) = kit.log.entries(kinds=(EntryKind.CLOCK_STEPPED,))
    expected[stepped.seq] = "clock"
    for limit in (1, 2, 100):
        found = found_in(kit, Scope(), limit)
        assert [(item.seq, item.what) for item in found] == sorted(expected.items())
    by_what = {item.what: item for item in found_in(kit, Scope(), 100)}
    assert by_what["incident"].about == made[13].entry_id
    assert by_what["replaced_twice"].about == made[1].entry_id
    assert count_irregularities(kit.log, Scope()) == {
        "clock": 1,
        "incident": 1,
        "replaced_twice": 1,
        "unreleased": 3,
    }


def test_a_function_and_a_window_narrow_it(memory_kit: LogKit) -> None:
    made = decisions(memory_kit, 40)
    of_other = [item.function for item in found_in(memory_kit, Scope(function=OTHER), 9)]
    of_own = [item.function for item in found_in(memory_kit, Scope(function=FUNCTION), 9)]
    assert (len(of_other), set(of_other)) == (1, {OTHER})
    assert (len(of_own), set(of_own)) == (3, {FUNCTION})
    assert found_in(memory_kit, Scope(since=made[14].ts, until=made[26].ts), 9) == []


def test_a_failure_of_logging_itself_is_irregular(memory_kit: LogKit) -> None:
    record = LoggingFailed(since=1, until=2, cause="unavailable", attempts=3, refused=2, spooled=0)
    told = entry(memory_kit, EntryKind.LOGGING_FAILED, record)
    (found,) = found_in(memory_kit, Scope(), 5)
    assert (found.what, found.entry_id) == ("logging", told.entry_id)


def test_a_clean_log_has_none(memory_kit: LogKit) -> None:
    memory_kit.log.append(redecided(memory_kit.decision("anna"), release=memory_kit.entry_id()))
    assert found_in(memory_kit, Scope(), 5) == []
    assert count_irregularities(memory_kit.log, Scope()) == {}

"""Adverse decisions and affected persons, against a plain reading of every header."""

from __future__ import annotations

from dataclasses import replace

import pytest

from answerable.audit.codes import Automation, Outcome
from answerable.audit.entries import Entry
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import (
    Affected,
    Page,
    Scope,
    adverse_codes,
    adverse_decisions,
    affected_persons,
    count_affected,
)
from answerable.audit.queries.scope import glance, page_of
from answerable.audit.records import DecisionFunction, HardRule
from tests.golden.examples import RECORDS
from tests.log_kit import FUNCTION, LogKit
from tests.unit.audit.queries.world import OTHER, Row, decisions, rows

ADVERSE = ("decline", "decline.margin")


def adverse(found: list[Row], since: int, until: int) -> list[int]:
    return [
        row.seq
        for row in found
        if row.header["kind"] == "decision"
        and row.header["function"] == FUNCTION
        and row.header["automation"] == "solely_automated"
        and row.header["outcome"] in ADVERSE
        and since <= row.header["ts"] < until
    ]


def all_pages(kit: LogKit, scope: Scope, limit: int) -> list[Page[Affected]]:
    pages = [affected_persons(kit.log, scope, limit=limit)]
    while (place := pages[-1].next) is not None:
        pages.append(affected_persons(kit.log, scope, after=place, limit=limit))
    return pages


def test_adverse_decisions_are_those_by_machine_alone_in_the_window(kit: LogKit) -> None:
    made = decisions(kit)
    since, until = made[10].ts, made[50].ts
    scope = Scope(function=FUNCTION, outcomes=ADVERSE, since=since, until=until)
    expected = adverse(rows(kit), since, until)
    assert len(expected) > 5
    found: list[Entry] = []
    place: int | None = -1
    while place is not None:
        page = adverse_decisions(kit.log, scope, after=place, limit=3)
        found += page.items
        place = page.next
    assert [entry.seq for entry in found] == expected


def test_the_window_begins_with_since_and_ends_before_until(memory_kit: LogKit) -> None:
    made = decisions(memory_kit, 8)
    scope = Scope(function=FUNCTION, outcomes=ADVERSE)
    hit = adverse_decisions(memory_kit.log, scope).items[0]
    ts = hit.header.ts
    assert ts in {item.ts for item in made}
    only = replace(scope, since=ts, until=ts + 1)
    assert adverse_decisions(memory_kit.log, only).items == (hit,)
    assert adverse_decisions(memory_kit.log, replace(scope, since=ts, until=ts)).items == ()


def test_every_person_is_named_once_at_the_first_decision(kit: LogKit) -> None:
    decisions(kit)
    for scope in (
        Scope(),
        Scope(function=OTHER),
        Scope(function=FUNCTION, outcomes=("decline",)),
        Scope(automation=Automation.ASSISTED),
    ):
        first: dict[str, int] = {}
        for row in rows(kit):
            header = row.header
            if header["kind"] == "decision" and scope.holds(header):  # type: ignore[arg-type]
                for ref in row.refs:
                    first.setdefault(ref, row.seq)
        for limit in (1, 4, 500):
            pages = all_pages(kit, scope, limit)
            found = [person for page in pages for person in page.items]
            assert [(person.ref, person.seq) for person in found] == list(first.items())
        assert count_affected(kit.log, scope) == len(first) > 0


def test_an_erased_person_stays_in_the_count(kit: LogKit) -> None:
    decisions(kit, 20)
    before = count_affected(kit.log, Scope())
    ref = kit.ref("person-1")
    kit.log.erase(ref, kit.erasure())
    assert count_affected(kit.log, Scope()) == before
    (page,) = all_pages(kit, Scope(), 500)
    assert ref in {person.ref for person in page.items}


def test_a_breach_window_names_whoever_was_decided_about_in_it(kit: LogKit) -> None:
    made = decisions(kit, 30)
    scope = Scope(since=made[5].ts, until=made[9].ts)
    named = {ref for row in rows(kit) if made[5].ts <= row.header["ts"] < made[9].ts
             for ref in row.refs}  # fmt: skip
    assert {person.ref for page in all_pages(kit, scope, 2) for person in page.items} == named
    assert count_affected(kit.log, scope) == len(named)


@pytest.mark.parametrize("limit", [0, 501])
def test_a_page_has_limits(memory_kit: LogKit, limit: int) -> None:
    with pytest.raises(InvalidInput, match="limit"):
        adverse_decisions(memory_kit.log, Scope(), limit=limit)


def test_adverse_is_what_the_registration_does_not_call_favourable_or_a_referral() -> None:
    function = next(record for record in RECORDS if isinstance(record, DecisionFunction))
    rule = HardRule(
        id="minor",
        feature="age",
        op="<",
        value=18,
        outcome=Outcome.REFER,
        reason_code="too_young",
    )
    registered = function.model_copy(
        update={
            "favourable": Outcome.APPROVE,
            "outcome_codes": (
                "refer", "refer.margin", "approve", "decline", "decline.minor", "too_young",
                "counter_offer", "unheard_of",
            ),
            "rules": (rule,),
        }
    )  # fmt: skip
    assert adverse_codes(registered) == (
        "counter_offer",
        "decline",
        "decline.minor",
        "unheard_of",
    )


def test_where_few_match_a_page_says_where_it_stopped(memory_kit: LogKit) -> None:
    decisions(memory_kit, 30)
    last = memory_kit.log.size() - 1
    place: int | None = -1
    found: list[int] = []
    pages = 0
    while place is not None:
        page = page_of(
            memory_kit.log,
            Scope(kinds=(EntryKind.DECISION,)),
            lambda entry, _header: entry.seq if entry.seq == last else None,
            after=place,
            limit=2,
            examine=5,
        )
        found += page.items
        place = page.next
        pages += 1
    assert found == [last]
    assert pages > 3


@pytest.mark.parametrize(
    "scope",
    [
        Scope(kinds=(EntryKind.DECISION,), outcomes=("decline",)),
        Scope(function=OTHER),
        Scope(automation=Automation.MANUAL),
        Scope(kinds=(EntryKind.LOG_OPENED,)),
    ],
)
def test_a_page_reaches_over_so_many_places_and_the_next_goes_on(
    kit: LogKit, monkeypatch: pytest.MonkeyPatch, scope: Scope
) -> None:
    decisions(kit, 60)
    monkeypatch.setattr("answerable.audit.queries.scope.MAX_PASSED", 3)
    expected = [row.seq for row in rows(kit) if scope.holds(glance(kit.log.entry_at(row.seq)))]
    found: list[int] = []
    place: int | None = -1
    pages = 0
    while place is not None:
        page = page_of(kit.log, scope, lambda entry, _: entry.seq, after=place, limit=50)
        found += page.items
        place = page.next
        pages += 1
    assert found == expected
    assert (pages == 1) == (scope.kinds == (EntryKind.LOG_OPENED,))

"""Contests, reviews and overrides: what is seen from headers alone."""

from __future__ import annotations

from dataclasses import replace

from answerable.audit.queries import OversightLine, Scope, oversight, oversight_summary
from tests.log_kit import ACTOR, FUNCTION, SECOND, LogKit
from tests.unit.audit.queries.world import OTHER, REVIEWER, contest, decisions, overturn, review

SECOND_REVIEWER = "a-" + "3" * 32


def all_lines(kit: LogKit, scope: Scope, limit: int) -> list[OversightLine]:
    found: list[OversightLine] = []
    place: int | None = -1
    while place is not None:
        page = oversight(kit.log, scope, after=place, limit=limit)
        found += page.items
        place = page.next
    return found


def test_a_review_says_whom_it_answers_what_it_did_and_how_long_it_took(kit: LogKit) -> None:
    first, second, third = decisions(kit, 3)
    filed = contest(kit, first, kit.ref("person-0"))
    kit.clock.now += 90 * SECOND
    kept = review(kit, first, filed, reviewer=SECOND_REVIEWER)
    newer = overturn(kit, first, "person-0")
    ended = review(kit, first, filed)
    unasked = review(kit, second)
    waiting = contest(kit, third, kit.ref("person-4"))
    lines = all_lines(kit, Scope(), 500)
    assert [(line.what, line.entry_id) for line in lines] == [
        ("contest", filed.entry_id),
        ("review", kept.entry_id),
        ("override", newer.entry_id),
        ("review", ended.entry_id),
        ("review", unasked.entry_id),
        ("contest", waiting.entry_id),
    ]
    contested, upheld, override, overturned, own, open_ = lines
    assert (contested.answered_by, contested.took_us) == (kept.entry_id, kept.ts - filed.ts)
    assert (upheld.actor, upheld.replaced_by, upheld.contest) == (
        SECOND_REVIEWER,
        None,
        filed.entry_id,
    )
    assert upheld.took_us == kept.ts - filed.ts > 90 * SECOND
    assert (override.decision, override.actor) == (first.entry_id, REVIEWER)
    assert (overturned.replaced_by, overturned.decision) == (newer.entry_id, first.entry_id)
    assert (own.contest, own.took_us, own.replaced_by) == (None, None, None)
    assert (open_.answered_by, open_.took_us, open_.actor) == (None, None, ACTOR)
    for limit in (1, 2, 3):
        assert all_lines(kit, Scope(), limit) == lines


def test_a_review_before_the_overturning_one_did_not_overturn(memory_kit: LogKit) -> None:
    (first,) = decisions(memory_kit, 1)
    review(memory_kit, first)
    overturn(memory_kit, first, "person-0")
    review(memory_kit, first)
    review(memory_kit, first)
    reviews = [line for line in all_lines(memory_kit, Scope(), 9) if line.what == "review"]
    assert [line.replaced_by is not None for line in reviews] == [False, True, False]


def test_the_summary_counts_what_the_lines_say(kit: LogKit) -> None:
    made = decisions(kit, 6)
    waits = [30 * SECOND, 10 * SECOND, 50 * SECOND]
    for decision, wait in zip(made, waits, strict=False):
        filed = contest(kit, decision, kit.ref("person-1"))
        kit.clock.now += wait
        if wait == 50 * SECOND:
            overturn(kit, decision, "person-1")
        review(kit, decision, filed)
    review(kit, made[4], reviewer=SECOND_REVIEWER)
    contest(kit, made[5], kit.ref("person-1"))
    found = oversight_summary(kit.log, Scope())
    assert (found.contests, found.waiting, found.reviews, found.overturned, found.overrides) == (
        4, 1, 4, 1, 1,
    )  # fmt: skip
    assert found.share_overturned == 0.25
    assert found.by_reviewer == ((REVIEWER, 3, 1), (SECOND_REVIEWER, 1, 0))
    took = sorted(line.took_us for line in all_lines(kit, Scope(), 50)
                  if line.what == "review" and line.took_us is not None)  # fmt: skip
    assert (found.median_us, found.longest_us) == (took[1], took[2])


def test_without_a_case_a_share_is_unknown_and_never_nought(memory_kit: LogKit) -> None:
    decisions(memory_kit, 3)
    found = oversight_summary(memory_kit.log, Scope())
    assert (found.share_overturned, found.median_us, found.longest_us) == (None, None, None)
    assert (found.contests, found.reviews, found.by_reviewer) == (0, 0, ())


def test_function_and_window_narrow_it(memory_kit: LogKit) -> None:
    made = decisions(memory_kit, 2)
    filed = contest(memory_kit, made[0], memory_kit.ref("person-0"))
    memory_kit.clock.now += SECOND
    done = review(memory_kit, made[0], filed)
    assert all_lines(memory_kit, Scope(function=OTHER), 9) == []
    assert len(all_lines(memory_kit, Scope(function=FUNCTION), 9)) == 2
    window = Scope(since=done.ts)
    assert [line.what for line in all_lines(memory_kit, window, 9)] == ["review"]
    assert all_lines(memory_kit, replace(window, until=done.ts), 9) == []

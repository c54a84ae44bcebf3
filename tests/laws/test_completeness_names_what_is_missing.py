"""The completeness report against plain set arithmetic over single numbers."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.completeness import SeriesReport, compare, ranges_of
from answerable.audit.records import CallerCounted

NUMBERS = st.integers(0, 40)


@st.composite
def statements(draw: st.DrawFn) -> CallerCounted:
    first = draw(NUMBERS)
    last = draw(st.integers(first, 45))
    return CallerCounted(
        series="loan",
        first_number=first,
        last_number=last,
        count=draw(st.integers(1, last - first + 1)),
        start=0,
        end=1,
    )


LOGGED = st.lists(NUMBERS, max_size=60).map(Counter)
SAID = st.lists(statements(), max_size=4)


def spread(ranges: tuple[tuple[int, int], ...]) -> list[int]:
    return [number for low, high in ranges for number in range(low, high + 1)]


def report_of(said: list[CallerCounted], logged: Counter[int]) -> SeriesReport:
    return compare("a-1", "loan", said, logged)


@given(SAID, LOGGED)
def test_each_window_is_the_difference_of_two_sets(
    said: list[CallerCounted], logged: Counter[int]
) -> None:
    for window in report_of(said, logged).windows:
        span = set(range(window.counted.first_number, window.counted.last_number + 1))
        assert set(spread(window.missing)) == span - set(logged)
        assert window.logged == len(span & set(logged))
        assert set(window.duplicates) == {number for number in span if logged[number] > 1}
        assert window.complete == (
            len(span & set(logged)) == window.counted.count and not window.duplicates
        )


@given(SAID, LOGGED)
def test_statements_that_leave_or_repeat_numbers_are_named(
    said: list[CallerCounted], logged: Counter[int]
) -> None:
    report = report_of(said, logged)
    spans = {(item.first_number, item.last_number) for item in said}
    covered = Counter(number for low, high in spans for number in range(low, high + 1))
    whole = range(min(covered, default=0), max(covered, default=-1) + 1)
    assert spread(report.unstated) == [number for number in whole if not covered[number]]
    assert set(spread(report.overlapping)) == {
        number for number, times in covered.items() if times > 1
    }


@given(st.sets(NUMBERS))
def test_ranges_spread_out_to_the_numbers_they_came_from(numbers: set[int]) -> None:
    ranges = ranges_of(sorted(numbers))
    assert spread(ranges) == sorted(numbers)
    assert all(low[1] + 1 < high[0] for low, high in itertools.pairwise(ranges))


@given(st.integers(1, 30), st.integers(0, 30))
def test_a_count_that_is_logged_once_each_is_complete(size: int, first: int) -> None:
    said = CallerCounted(
        series="loan", first_number=first, last_number=first + size - 1, count=size, start=0, end=1
    )
    logged = Counter(range(first, first + size))
    assert report_of([said], logged).complete
    logged[first + size // 2] += 1
    assert not report_of([said], logged).complete
    del logged[first + size // 2]
    assert not report_of([said], logged).complete

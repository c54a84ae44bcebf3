"""Law: a period of months ends on the same date or the month's last day, on a working day.

The second formula walks the calendar day by day and never computes a month.
"""

from datetime import date, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.errors import InvalidInput
from answerable.audit.records import Calendar
from answerable.audit.requests.deadlines import day_in, due_after, last_day
from answerable.audit.requests.rules import gdpr_rules

DAYS: Final = st.dates(min_value=date(1971, 1, 1), max_value=date(2199, 12, 31))
MONTHS: Final = st.integers(min_value=1, max_value=12)
ONE: Final = timedelta(days=1)
# Among them: half-hours, daylight saving at midnight, the other side of the date line.
ZONES: Final = [
    "UTC", "Europe/Berlin", "America/Santiago", "Asia/Kathmandu", "Pacific/Kiritimati",
    "America/Havana", "Atlantic/Azores",
]  # fmt: skip


def walked(event: date, months: int) -> date:
    """Walk until the month has changed `months` times; take the date, or the last day before it."""
    day, changed, candidate = event, 0, event
    while changed <= months:
        if changed == months and day.day <= event.day:
            candidate = day
        day += ONE
        changed += day.day == 1
    return candidate


@given(DAYS, MONTHS)
def test_the_last_day_is_the_one_found_by_walking(event: date, months: int) -> None:
    assert last_day(event, months) == walked(event, months)


@given(DAYS, MONTHS, st.sets(st.integers(min_value=0, max_value=500), max_size=40))
def test_a_rest_day_moves_the_end_to_the_next_working_day_and_never_further(
    event: date, months: int, offsets: set[int]
) -> None:
    holidays = {event + timedelta(days=offset) for offset in offsets}
    found = last_day(event, months, holidays=holidays, rest_days=(6, 7))
    plain = walked(event, months)
    assert found >= plain
    assert found.isoweekday() not in {6, 7}
    assert found not in holidays
    passed = [plain + timedelta(days=n) for n in range((found - plain).days)]
    assert all(day.isoweekday() in {6, 7} or day in holidays for day in passed)


@given(DAYS, DAYS, MONTHS)
def test_who_asks_later_is_never_answered_earlier(one: date, other: date, months: int) -> None:
    first, second = sorted((one, other))
    assert last_day(first, months) <= last_day(second, months)


@given(DAYS)
def test_two_further_months_count_from_receipt(event: date) -> None:
    rules = gdpr_rules()
    months = rules.answer_months + rules.extension_months
    assert last_day(event, months, rest_days=rules.rest_days) >= walked(event, 3)
    assert last_day(event, months) == walked(event, 3)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        # The examples of the guidelines on the right of access, and leap years.
        (date(2023, 3, 5), date(2023, 4, 5)),
        (date(2022, 8, 31), date(2022, 9, 30)),
        (date(2024, 1, 31), date(2024, 2, 29)),
        (date(2023, 1, 30), date(2023, 2, 28)),
        (date(2026, 11, 30), date(2026, 12, 30)),
    ],
)
def test_published_examples_come_out(received: date, due: date) -> None:
    assert last_day(received, 1) == due


@pytest.mark.parametrize("zone", ZONES)
@given(moment=st.integers(min_value=0, max_value=6_000_000_000_000_000))
def test_late_begins_with_the_first_moment_after_the_last_day(zone: str, moment: int) -> None:
    due = due_after(moment, 1, gdpr_rules(), Calendar(time_zone=zone))
    assert day_in(due.at - 1, zone) == due.on
    assert day_in(due.at, zone) > due.on
    assert due.on == last_day(day_in(moment, zone), 1, rest_days=(6, 7))


@pytest.mark.parametrize("zone", ["Nowhere/Town", "", "../etc/passwd", "UTC\0"])
def test_a_time_zone_nobody_knows_is_refused(zone: str) -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        day_in(0, zone)

"""When an answer is due: months counted as Union law counts them.

A period of months that begins with an event ends on the same date as the day of the event, or on
the last day of a month that has no such date. If that day is no working day, it ends with the
following working day. Days are days of the place where requests are answered.

References
----------
Regulation (EEC, Euratom) No 1182/71, Article 3(1), 3(2)(c) and 3(4); GDPR, Article 12(3).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from answerable.audit.errors import InvalidInput
from answerable.audit.records import Calendar, Micros
from answerable.audit.requests.rules import RequestRules

__all__ = ["Due", "day_in", "due_after", "last_day"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_DAY: Final = timedelta(days=1)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Due:
    """The last day on which something can be done in time, and the moment after it."""

    on: date
    at: Micros
    """Microseconds; from this moment on it is late."""


def last_day(
    event: date, months: int, *, holidays: Collection[date] = (), rest_days: Iterable[int] = ()
) -> date:
    """Return the last day of a period of months that begins with an event.

    Parameters
    ----------
    event : date
        The day of the event; it is not counted.
    months : int
        Length of the period, at least 1.
    holidays : Collection[date]
        Public holidays.
    rest_days : Iterable[int]
        Days of the week on which no period ends, Monday is 1; not all seven.

    Returns
    -------
    date
        The same date `months` later or the last day of that month, moved to the next working day.

    Examples
    --------
    >>> last_day(date(2026, 8, 31), 1).isoformat()
    '2026-09-30'
    >>> last_day(date(2026, 9, 5), 1, rest_days=(6, 7)).isoformat()
    '2026-10-05'
    >>> last_day(date(2026, 9, 3), 1, rest_days=(6, 7), holidays={date(2026, 10, 5)}).isoformat()
    '2026-10-06'
    """
    year, month = divmod(event.year * 12 + event.month - 1 + months, 12)
    _, days = monthrange(year, month + 1)
    day = date(year, month + 1, min(event.day, days))
    resting = frozenset(rest_days)
    while day.isoweekday() in resting or day in holidays:
        day += _ONE_DAY
    return day


def day_in(moment: int, time_zone: str) -> date:
    """Return the day a moment belongs to in a time zone.

    Parameters
    ----------
    moment : int
        Microseconds since 1970 UTC.
    time_zone : str
        IANA name.

    Returns
    -------
    date
        The local day.

    Raises
    ------
    InvalidInput
        If this machine knows no such time zone.

    Examples
    --------
    >>> day_in(1_795_000_000_000_000, "UTC").isoformat()
    '2026-11-18'
    """
    return (_EPOCH + timedelta(microseconds=moment)).astimezone(_zone(time_zone)).date()


def due_after(received_at: int, months: int, rules: RequestRules, calendar: Calendar) -> Due:
    """Return when something is due that was received at a moment.

    Parameters
    ----------
    received_at : int
        Microseconds since 1970 UTC.
    months : int
        Length of the period, from the rules.
    rules : RequestRules
        Say on which days of the week no period ends.
    calendar : Calendar
        Time zone and public holidays of the organisation.

    Returns
    -------
    Due
        The last day, and the midnight after it.

    Raises
    ------
    InvalidInput
        If this machine knows no such time zone.
    """
    day = last_day(
        day_in(received_at, calendar.time_zone),
        months,
        holidays=frozenset(calendar.holidays),
        rest_days=rules.rest_days,
    )
    after = day + _ONE_DAY
    midnight = datetime(after.year, after.month, after.day, tzinfo=_zone(calendar.time_zone))
    return Due(day, (midnight.astimezone(UTC) - _EPOCH) // _MICROSECOND)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidInput(
            "this machine knows no time zone of this name",
            where="time_zone",
            remedy="Use a name such as Europe/Berlin, and install the time zone data (tzdata).",
        ) from None

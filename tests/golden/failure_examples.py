"""One example of every record about failures of logging."""

from __future__ import annotations

from typing import Final

from answerable.audit.records import (
    CallerCounted,
    LoggingFailed,
    LoggingRestored,
    Record,
    SpooledAppend,
)
from tests.golden.fixed import NOON, digest, entry_id

ABOUT_FAILURES: Final[tuple[Record, ...]] = (
    LoggingFailed(
        since=NOON, until=NOON + 9, cause="unavailable", attempts=3, refused=1, spooled=2
    ),
    LoggingRestored(replayed=2, refused=1, torn=0, first_at=NOON + 1, last_at=NOON + 8),
    SpooledAppend(
        entry=entry_id(4), entries=2, at=NOON + 8, cause="perhaps-erased", became="set_aside"
    ),
    CallerCounted(
        series="loan-2026",
        first_number=1,
        last_number=1234,
        count=1233,
        start=NOON,
        end=NOON + 9,
        function=digest(9),
    ),
)

"""What the questions of GDPR and supervisors cost on a PostgreSQL log of millions of entries.

Each family is asked many times with drawn parameters (function, month, person, place to continue
after); a call is what one page of an answer takes, all its statements included. The reports at
the end read everything in scope by nature; they are timed once, beside how much they read.
"""

import argparse
import gc
import hashlib
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from ground import Figures, Ground, ground, percentile, timed_ms
from populated import FUNCTIONS, START, Made, customer, person, populated

from answerable.audit import queries
from answerable.audit.keys.derive import day_of
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.queries import Days, Draw, Scope

GOAL_MS = 50
CUSTOMERS = 200
MONTH_US = 30 * 86_400_000_000
_ADVERSE = ("decline", "decline.income")


class Chance:
    """Numbers that are the same in each run."""

    def __init__(self, seed: str) -> None:
        self._seed, self._count = seed, 0

    def below(self, limit: int) -> int:
        """Return a number from 0 to below the limit."""
        self._count += 1
        drawn = hashlib.sha256(f"{self._seed}/{self._count}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") % max(1, limit)


class Drawn:
    """Parameters to ask with, drawn from what was loaded."""

    def __init__(self, log: Log, made: Made) -> None:
        self._log, self._made = log, made

    def window(self, chance: Chance, **more: Any) -> Scope:
        """Return a month."""
        since = START + chance.below(max(1, self._made.last_ts - START - MONTH_US))
        return Scope(since=since, until=since + MONTH_US, **more)

    def function(self, chance: Chance) -> str:
        """Return a function, the first ones more often."""
        return FUNCTIONS[min(chance.below(20), chance.below(20))]

    def after(self, chance: Chance) -> int:
        """Return a place of the log."""
        return chance.below(self._made.size)

    def about(self, chance: Chance) -> str:
        """Return a person, those who came often more often."""
        return person(int(self._made.people * (chance.below(10**6) / 10**6) ** 2))

    def customer(self, chance: Chance) -> str:
        """Return a person whose records can be opened."""
        return self._log.subject_ref(customer(chance.below(CUSTOMERS))) or ""


def families(log: Log, made: Made, note: str) -> dict[str, Callable[[Chance], object]]:
    """Return one page of each family, by name."""
    drawn = Drawn(log, made)
    window, function, after = drawn.window, drawn.function, drawn.after
    growth = queries.growth_since(log, note)

    return {
        "everything about a person, opened and proven": lambda c: queries.everything_about(
            log, drawn.customer(c)
        ),
        "a person's entries": lambda c: log.subject_entries(drawn.about(c)),
        "what links to an entry": lambda c: log.related(log.entry_at(after(c)).id),
        "adverse decisions, one function, a month": lambda c: queries.adverse_decisions(
            log, window(c, function=function(c), outcomes=_ADVERSE)
        ),
        "adverse decisions, next page": lambda c: queries.adverse_decisions(
            log, Scope(function=function(c), outcomes=_ADVERSE), after=after(c)
        ),
        "affected persons, one function, a month": lambda c: queries.affected_persons(
            log, window(c, function=function(c))
        ),
        "affected persons of a breach, a month": lambda c: queries.affected_persons(log, window(c)),
        "oversight, a month": lambda c: queries.oversight(log, window(c)),
        "oversight, one function, next page": lambda c: queries.oversight(
            log, Scope(function=function(c)), after=after(c)
        ),
        "acts on data, a month": lambda c: queries.acts_on_data(log, window(c)),
        "reads, a month": lambda c: queries.reads(log, window(c)),
        "reads for one purpose, next page": lambda c: queries.reads(
            log, Scope(), purpose="audit", after=after(c)
        ),
        "irregularities, a month": lambda c: queries.irregularities(log, window(c)),
        "irregularities, one function, next page": lambda c: queries.irregularities(
            log, Scope(function=function(c)), after=after(c)
        ),
        "counts of a month": lambda c: queries.outcome_counts(log, days(window(c))),
        "changes since a checkpoint, a page": lambda c: queries.changes_since(
            log, growth, after=after(c)
        ),
        "proof that the log extends a checkpoint": lambda _: queries.growth_since(log, note),
    }


def days(scope: Scope) -> Days:
    """Return the days of a window."""
    first, last = day_of(scope.since), day_of(scope.until or 0)
    return Days(first=date.fromisoformat(first), last=date.fromisoformat(last))


def reports(log: Log, made: Made, note: str) -> dict[str, Callable[[], object]]:
    """Return what reads everything in scope, by name: a month of one function each."""
    since = START + (made.last_ts - START) // 2
    scope = Scope(function=FUNCTIONS[1], since=since, until=since + MONTH_US)
    drawn = Scope(kinds=(EntryKind.DECISION,), function=scope.function, since=scope.since)
    return {
        "count of affected persons": lambda: queries.count_affected(log, scope),
        "recount of the counts": lambda: queries.recount(log, days(scope)),
        "count of irregularities": lambda: queries.count_irregularities(log, scope),
        "oversight, counted": lambda: queries.oversight_summary(log, scope),
        "a sample of 20": lambda: queries.draw_sample(
            log, queries.require_extends(log, note), drawn, Draw(n=20, nonce="ab" * 16)
        ),
    }


def measured(log: Log, made: Made, samples: int, figures: Figures) -> None:
    """Measure every family and every report."""
    note = log.checkpoint()
    gc.collect()
    gc.freeze()  # as the service does once it has started
    for name, ask in families(log, made, note).items():
        chance = Chance(name)
        taken = sorted(timed_ms(partial(ask, chance)) for _ in range(samples))
        late = percentile(taken, 0.99)
        beside = f"p50 {percentile(taken, 0.5):.1f}; goal {GOAL_MS}"
        figures.add(f"{name}, p99", late, "ms", beside=beside)
    for name, ask_once in reports(log, made, note).items():
        begun = time.perf_counter()
        ask_once()
        taken_once = time.perf_counter() - begun
        figures.add(f"report: {name}, a month of one function", taken_once, "s")


def one(place: Ground, given: argparse.Namespace, figures: Figures) -> None:
    """Fill a log and ask it."""
    url = place.url("postgresql")
    begun = time.perf_counter()
    log, made = populated(url, given.entries, customers=CUSTOMERS)
    figures.add("entries", made.size, "")
    figures.add("loaded", made.size / (time.perf_counter() - begun), "entries/s")
    measured(log, made, given.samples, figures)
    log.close()


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--entries", type=int, default=5_000_000)
    asked.add_argument("--samples", type=int, default=300)
    given = asked.parse_args()
    figures = Figures("queries")
    with ground() as place:
        one(place, given, figures)
    figures.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())

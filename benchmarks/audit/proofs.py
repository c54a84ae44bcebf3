"""What a proof costs: inclusion and consistency from stored tiles, and the receipt as text."""

import argparse
import sys
from collections.abc import Callable
from functools import partial

from ground import Figures, Ground, ground, percentile, timed_ms
from loaded import DATABASES
from populated import populated

from answerable.audit.log import Log
from answerable.audit.tree.proofs import verify_consistency, verify_inclusion

GOAL_MS = 10
_STRIDE = 7_368_787
"""A prime: its multiples visit places all over the log."""


def timed(work: Callable[[int], object], numbers: list[int]) -> list[float]:
    """Return milliseconds of each call, sorted."""
    return sorted(timed_ms(partial(work, number)) for number in numbers)


def add(figures: Figures, what: str, taken: list[float]) -> None:
    """Add median and 99th percentile."""
    figures.add(f"{what}, p50", percentile(taken, 0.5), "ms")
    figures.add(f"{what}, p99", percentile(taken, 0.99), "ms", beside=f"goal {GOAL_MS} ms")


def measured(kind: str, log: Log, samples: int, figures: Figures) -> None:
    """Measure proofs of one log, each checked outside the time that is told."""
    size = log.size()
    root = log.root_at(size)
    places = [1 + n * _STRIDE % (size - 1) for n in range(samples)]
    figures.add(f"{kind}: leaves", size, "")
    add(figures, f"{kind}: inclusion proof", timed(lambda seq: log.inclusion(seq, size), places))
    for seq in places[:50]:
        leaf = log.entry_at(seq).leaf
        verify_inclusion(leaf, seq, size, log.inclusion(seq, size), root)
        verify_consistency(seq, log.root_at(seq), size, root, log.consistency(seq, size))
    add(
        figures,
        f"{kind}: consistency proof",
        timed(lambda old: log.consistency(old, size), places),
    )
    ids = {seq: log.entry_at(seq).id for seq in places}
    log.proof(ids[places[0]])  # signs a checkpoint once
    add(figures, f"{kind}: receipt as text", timed(lambda seq: log.proof(ids[seq]), places))


def one(place: Ground, kind: str, given: argparse.Namespace, figures: Figures) -> None:
    """Fill and measure a log of one database."""
    log, _ = populated(place.url(kind), given.entries)
    measured(kind, log, given.samples, figures)
    log.close()


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--entries", type=int, default=1_000_000)
    asked.add_argument("--samples", type=int, default=2000)
    asked.add_argument("--database", choices=DATABASES, action="append")
    given = asked.parse_args()
    figures = Figures("proofs")
    with ground() as place:
        for kind in given.database or DATABASES:
            one(place, kind, given, figures)
    figures.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Every decision is equally likely to be drawn, whatever the checkpoint, and at every rank.

The seeds are fixed, so the outcome is the same in each run; the thresholds are those of a
one-in-ten-thousand chance for seeds nobody chose.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import pairwise

from scipy.stats import chi2, kstest

from answerable.audit.queries.sampling import Candidate, Draw, draw, place_rank, sample_seed

PEOPLE, DRAWN, ROUNDS = 40, 10, 2000
CHANCE = 1e-4
CANDIDATES = [Candidate(seq, f"e{seq}", "decline") for seq in range(100, 100 + 7 * PEOPLE, 7)]


@cache
def drawn_by(number: int) -> list[int]:
    seed = sample_seed(f"example.org/log\n{number}\nroot\n")
    return [item.seq for item in draw(CANDIDATES, Draw(n=DRAWN), seed=seed)[1]]


def test_each_decision_is_drawn_equally_often() -> None:
    counts = Counter(seq for number in range(ROUNDS) for seq in drawn_by(number))
    share = DRAWN / PEOPLE
    spread = sum((counts[item.seq] - ROUNDS * share) ** 2 for item in CANDIDATES)
    # Drawn without putting back: the counts of one round vary together, hence the factor.
    statistic = spread / (ROUNDS * share * (1 - share)) * (PEOPLE - 1) / PEOPLE
    assert chi2.sf(statistic, PEOPLE - 1) > CHANCE
    assert chi2.cdf(statistic, PEOPLE - 1) > CHANCE


def test_each_decision_is_drawn_first_equally_often() -> None:
    counts = Counter(drawn_by(number)[0] for number in range(ROUNDS))
    expected = ROUNDS / PEOPLE
    statistic = sum((counts[item.seq] - expected) ** 2 / expected for item in CANDIDATES)
    assert chi2.sf(statistic, PEOPLE - 1) > CHANCE


def test_neighbouring_places_are_drawn_together_no_more_often_than_others() -> None:
    pairs = sum(
        sum(second - first == 7 for first, second in pairwise(drawn))
        for drawn in (sorted(drawn_by(number)) for number in range(ROUNDS))
    )
    together = DRAWN / PEOPLE * (DRAWN - 1) / (PEOPLE - 1)
    expected = ROUNDS * (PEOPLE - 1) * together
    assert abs(pairs - expected) < 5 * expected**0.5


def test_ranks_are_uniform() -> None:
    seed = sample_seed("example.org/log\n9\nroot\n", bytes(16))
    ranks = [int.from_bytes(place_rank(seed, seq), "big") / 2**256 for seq in range(5000)]
    assert kstest(ranks, "uniform").pvalue > CHANCE

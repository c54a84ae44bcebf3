"""Intervals cover the truth about as often as they say: exact sums over all outcomes."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binom

from answerable.audit.errors import UndefinedMetric
from answerable.governance.uncertainty import (
    critical_value,
    katz,
    newcombe,
    ratio_interval,
    wilson,
)

Z = critical_value(0.05)
Side = tuple[int, int]


@pytest.mark.parametrize("n", [20, 50, 100, 400])
def test_wilson_covers_on_average_over_rates(n: int) -> None:
    rates = [place / 50 for place in range(1, 50)]
    covered = []
    for truth in rates:
        hits = [k for k in range(n + 1) if wilson(k, n, Z)[0] <= truth <= wilson(k, n, Z)[1]]
        covered.append(float(binom.pmf(hits, n, truth).sum()))
    assert 0.94 <= sum(covered) / len(covered) <= 0.965
    assert min(covered) >= 0.90


Method = Callable[[Side, Side, float], tuple[float, float]]


def misses(method: Method, left: float, right: float, truth: float) -> tuple[float, float]:
    """Return how often the lower limit lies above the truth, and the upper one below it."""
    n, m = 41, 100
    too_high = too_low = 0.0
    chances = np.outer(binom.pmf(range(n + 1), n, left), binom.pmf(range(m + 1), m, right))
    for a, b in np.argwhere(chances > 1e-8).tolist():
        try:
            low, high = method((a, n), (b, m), Z)
        except UndefinedMetric:
            continue
        too_high += float(chances[a, b]) * (low > truth)
        too_low += float(chances[a, b]) * (high < truth)
    return too_high, too_low


@pytest.mark.parametrize(("left", "right"), [(0.744, 0.93), (0.93, 0.93), (0.3, 0.3), (0.4, 0.5)])
def test_ratio_and_difference_cover_near_the_edge_too(left: float, right: float) -> None:
    ratio = misses(ratio_interval, left, right, left / right)
    difference = misses(newcombe, left, right, left - right)
    for missed in (ratio, difference):
        assert sum(missed) <= 0.06
        assert max(missed) <= 0.042


def test_katz_alone_would_pass_too_often_near_a_rate_of_one() -> None:
    too_high, _ = misses(katz, 0.744, 0.93, 0.8)
    assert too_high > 0.045

"""The arithmetic of chance against scipy, and what it must and must not believe."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from answerable.audit.errors import UndefinedMetric
from answerable.privacy.chance import (
    contamination_posterior,
    log_binomial_cdf,
    null_acceptance,
    surrogates,
    type_posterior,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("k", "n", "p"),
    [(0, 1, 0.5), (3, 10, 0.2), (9, 10, 0.2), (10, 10, 0.9), (45, 1000, 0.045), (500, 1000, 0.5),
     (90_000, 1_000_000, 0.1), (101_000, 1_000_000, 0.1), (2, 1_000_000, 1e-6)],
)  # fmt: skip
def test_binomial_tails_agree_with_scipy(k: int, n: int, p: float) -> None:
    assert log_binomial_cdf(k, n, p) == pytest.approx(
        float(stats.binom.logcdf(k, n, p)), rel=1e-7, abs=1e-12
    )


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (37, 1989)])
def test_wilson_intervals_agree_with_scipy(hits: int, n: int) -> None:
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson_interval(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_share_of_nothing_has_no_interval() -> None:
    with pytest.raises(UndefinedMetric):
        wilson_interval(0, 0)
    with pytest.raises(UndefinedMetric):
        null_acceptance(0, 0)


@pytest.mark.parametrize(
    ("k", "n", "alpha"), [(1, 1, 0.1), (3, 20, 0.1), (50, 300, 0.1), (7, 9, 0.4)]
)
def test_the_contamination_posterior_is_bayes_rule_over_all_pass_rates(
    k: int, n: int, alpha: float
) -> None:
    likelihood, _ = integrate.quad(lambda q: stats.binom.pmf(k, n, q), alpha, 1)
    factor = likelihood / (1 - alpha) / stats.binom.pmf(k, n, alpha)
    odds = factor * 0.3 / 0.7
    assert contamination_posterior(k, n, alpha=alpha, prior=0.3) == pytest.approx(
        min(max(odds / (1 + odds), 0.001), 0.999), rel=1e-6
    )


def test_one_valid_email_among_a_million_values_is_believed_and_chance_hits_are_not() -> None:
    assert contamination_posterior(1, 1, alpha=1e-6, prior=0.5) > 0.9
    assert contamination_posterior(0, 10, alpha=0.1, prior=0.5) == 0.001
    assert contamination_posterior(100_000, 1_000_000, alpha=0.1, prior=0.5) < 0.01
    assert contamination_posterior(103_000, 1_000_000, alpha=0.1, prior=0.5) > 0.9


def test_a_type_needs_more_passes_than_chance_gives() -> None:
    def believed(passed: int, distinct: int, alpha: float, *, header: bool = False) -> float:
        return type_posterior(passed, distinct, alpha=alpha, prior=0.01, header_agrees=header)

    assert believed(1000, 1000, 0.1) > 0.9
    assert believed(100, 1000, 0.1) < 0.01
    assert believed(860, 1000, 0.86) < 0.01
    assert believed(10, 1000, 0.99) < 0.01
    assert believed(0, 1000, 0.1, header=True) < 0.01
    assert believed(2, 2, 0.1, header=True) > believed(2, 2, 0.1)
    assert believed(0, 0, 0.1) < 0.01


def test_surrogates_of_running_numbers_keep_their_prefix_and_free_ones_do_not() -> None:
    running = [str(4_000_000_000_000_000 + i) for i in range(1000)]
    kept = surrogates(running, null="checksum", draws=500, label="t")
    free = surrogates(running, null="digits", draws=500, label="t")
    assert sum(one.startswith("4000") for one in kept) > 400
    assert sum(one.startswith("4000") for one in free) < 10


def test_surrogates_are_the_same_for_the_same_label_and_uniform() -> None:
    first = surrogates(["1234567"], null="digits", draws=4000, label="a")
    assert first == surrogates(["1234567"], null="digits", draws=4000, label="a")
    assert first != surrogates(["1234567"], null="digits", draws=4000, label="b")
    counts = np.bincount([int(digit) for one in first for digit in one], minlength=10)
    assert stats.chisquare(counts).pvalue > 1e-4
    assert surrogates([], null="digits", draws=10, label="a") == []


def test_the_null_acceptance_rate_is_never_zero_and_not_below_the_estimate() -> None:
    for hits, draws in ((0, 400), (5, 400), (400, 400)):
        alpha = null_acceptance(hits, draws)
        assert 0 < alpha < 1
        assert alpha >= hits / draws or math.isclose(alpha, hits / draws, rel_tol=0.01)

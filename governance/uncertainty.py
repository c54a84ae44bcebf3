"""Intervals for proportions and what can be compared between two of them.

Promises: intervals stay usable at the edges (no successes, no failures), where the textbook
forms collapse to a point or divide by zero; what has no value raises. All take the critical
value, so that one formula serves a single interval and a simultaneous family.

References
----------
Wilson (1927), JASA 22:209. Newcombe (1998), Statistics in Medicine 17:873, method 10.
Katz et al. (1978), Biometrics 34:469. Donner and Zou (2012), Statistical Methods in Medical
Research 21:347 (recovering the variance of a ratio from single limits). Holm (1979),
Scandinavian Journal of Statistics 6:65.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, isfinite, log, sqrt
from statistics import NormalDist
from typing import Final

from answerable.audit.errors import InvalidInput, UndefinedMetric

__all__ = [
    "Interval",
    "critical_value",
    "holm",
    "katz",
    "needed_n",
    "newcombe",
    "ratio_interval",
    "score_test",
    "wilson",
]

Interval = tuple[float, float]
_NORMAL: Final = NormalDist()
_POWER: Final = 0.8
_LARGEST_NEEDED: Final = 10**9
_KATZ_FLOOR: Final = 50
"""Katz needs this many successes and failures on both sides; below, limits are recovered.

With 41 against 300 rows and rates of .74 and .93, Katz's lower limit lies above the truth in
6.0 % of samples instead of 2.5 % (exact sum over all outcomes), the recovered one in 2.0 %.
"""


def critical_value(alpha: float, *, comparisons: int = 1) -> float:
    """Return the two-sided normal critical value, Bonferroni-adjusted for several comparisons.

    Returns
    -------
    float
        Positive for any `alpha` below one half.

    Raises
    ------
    InvalidInput
        If `alpha` is not in (0, 1) or there is no comparison.

    Examples
    --------
    >>> round(critical_value(0.05), 6)
    1.959964
    """
    if not 0 < alpha < 1 or comparisons < 1:
        raise InvalidInput("alpha lies between 0 and 1", where="alpha", remedy="0.05 is usual.")
    return _NORMAL.inv_cdf(1 - alpha / (2 * comparisons))


def wilson(successes: int, trials: int, z: float) -> Interval:
    """Return the Wilson score interval of a proportion.

    Parameters
    ----------
    successes, trials : int
        Counts, ``0 <= successes <= trials``.
    z : float
        Two-sided critical value.

    Returns
    -------
    (float, float)
        Limits in [0, 1]; exactly 0 or 1 where no success or no failure was seen.

    Raises
    ------
    UndefinedMetric
        If there are no trials.
    InvalidInput
        If the counts are impossible.

    Examples
    --------
    >>> low, high = wilson(805, 1795, critical_value(0.05))
    >>> round(low, 6), round(high, 6)
    (0.425595, 0.471561)
    """
    _require_counts(successes, trials)
    share, unit = successes / trials, z * z / trials
    centre = (share + unit / 2) / (1 + unit)
    half = z * sqrt(share * (1 - share) / trials + unit / (4 * trials)) / (1 + unit)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


def newcombe(left: tuple[int, int], right: tuple[int, int], z: float) -> Interval:
    """Return Newcombe's interval of the difference of two independent proportions.

    Parameters
    ----------
    left, right : (int, int)
        Successes and trials.
    z : float
        Two-sided critical value.

    Returns
    -------
    (float, float)
        Limits of ``left - right`` in [-1, 1].
    """
    (low_l, high_l), (low_r, high_r) = wilson(*left, z), wilson(*right, z)
    share_l, share_r = left[0] / left[1], right[0] / right[1]
    gap = share_l - share_r
    low = gap - sqrt((share_l - low_l) ** 2 + (high_r - share_r) ** 2)
    high = gap + sqrt((high_l - share_l) ** 2 + (share_r - low_r) ** 2)
    return low, high


def katz(left: tuple[int, int], right: tuple[int, int], z: float) -> Interval:
    """Return Katz's log interval of the ratio of two independent proportions.

    Parameters
    ----------
    left, right : (int, int)
        Successes and trials.
    z : float
        Two-sided critical value.

    Returns
    -------
    (float, float)
        Limits of ``left / right``, positive.

    Raises
    ------
    UndefinedMetric
        If a side has no success: the logarithm does not exist.
    """
    _require_counts(*left)
    _require_counts(*right)
    if not (left[0] and right[0]):
        raise UndefinedMetric("the log interval of a ratio needs a success on both sides")
    centre = log(left[0] / left[1]) - log(right[0] / right[1])
    spread = 1 / left[0] - 1 / left[1] + 1 / right[0] - 1 / right[1]
    half = z * sqrt(max(0.0, spread))
    return exp(centre - half), exp(centre + half)


def ratio_interval(left: tuple[int, int], right: tuple[int, int], z: float) -> Interval:
    """Return an interval of the ratio of two independent proportions that holds at the edges.

    Katz's with at least 50 successes and failures on both sides; otherwise the limits are
    recovered from the two Wilson intervals: near rates of 1 Katz's lower limit is too high,
    it has width 0 when both rates are 1 and does not exist when one is 0.

    Parameters
    ----------
    left, right : (int, int)
        Successes and trials.
    z : float
        Two-sided critical value.

    Returns
    -------
    (float, float)
        Limits of ``left / right``, not negative.

    Raises
    ------
    UndefinedMetric
        If the right side has no success: the ratio has no value.
    """
    _require_counts(*left)
    _require_counts(*right)
    if not right[0]:
        raise UndefinedMetric("a ratio to a rate of 0 has no value")
    if all(min(hits, n - hits) >= _KATZ_FLOOR for hits, n in (left, right)):
        return katz(left, right, z)
    (low_l, high_l), (low_r, high_r) = wilson(*left, z), wilson(*right, z)
    share_l, share_r = left[0] / left[1], right[0] / right[1]
    product = share_l * share_r
    below = low_l * (2 * share_l - low_l)
    above = high_l * (2 * share_l - high_l)
    root_low = sqrt(max(0.0, product**2 - below * high_r * (2 * share_r - high_r)))
    base_high = low_r * (2 * share_r - low_r)
    root_high = sqrt(max(0.0, product**2 - above * base_high))
    # The conjugate form of Donner and Zou's lower limit: no division by 2p - u, which may be 0.
    low = 0.0 if not left[0] else below / (product + root_low)
    return low, (product + root_high) / base_high


def score_test(left: tuple[int, int], right: tuple[int, int]) -> float:
    """Return the two-sided p-value of the pooled score test that two proportions are equal.

    Parameters
    ----------
    left, right : (int, int)
        Successes and trials.

    Returns
    -------
    float
        In [0, 1]; 1 when both sides hold only successes or only failures.
    """
    _require_counts(*left)
    _require_counts(*right)
    pooled = (left[0] + right[0]) / (left[1] + right[1])
    spread = pooled * (1 - pooled) * (1 / left[1] + 1 / right[1])
    if spread <= 0:
        return 1.0
    gap = abs(left[0] / left[1] - right[0] / right[1])
    return 2 * (1 - _NORMAL.cdf(gap / sqrt(spread)))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return Holm-adjusted p-values in the order given.

    Returns
    -------
    tuple of float
        In [0, 1], never below the p-values given.

    Examples
    --------
    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, place in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = running
    return tuple(adjusted)


def needed_n(n: int, *, distance: float, standard_error: float, z: float) -> int | None:
    """Return how many rows would settle the question with 80 % power if the rates stayed.

    Parameters
    ----------
    n : int
        Rows the standard error comes from.
    distance : float
        From the observed value to the threshold, on the scale of the standard error.
    standard_error : float
        At `n` rows; it shrinks with the square root of the rows.
    z : float
        Critical value of the interval that is to clear the threshold.

    Returns
    -------
    int or None
        At least `n`; None when the observed value lies on the threshold, or more than 10^9
        rows would be needed: no number of rows settles it.

    Examples
    --------
    >>> needed_n(100, distance=0.1, standard_error=0.1, z=1.96)
    785
    """
    if not distance:
        return None
    factor = ((z + _NORMAL.inv_cdf(_POWER)) * standard_error / distance) ** 2
    wanted = factor * n
    if not isfinite(wanted) or wanted > _LARGEST_NEEDED:
        return None
    return max(n, ceil(wanted))


def _require_counts(successes: int, trials: int) -> None:
    if trials == 0:
        raise UndefinedMetric("a proportion of no rows has no value")
    if not 0 <= successes <= trials:
        raise InvalidInput("successes lie between 0 and the trials", where="counts")

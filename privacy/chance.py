"""How much a passed check proves: null acceptance, posteriors and intervals.

A check that nine in ten random numbers pass says nothing about a column of numbers that
pass it. So every recogniser is also run on *surrogates*: the column's own values with
their digits redrawn, layout and letters kept. The share of surrogates that pass is the
null acceptance rate alpha, and only what exceeds it counts as evidence.

Two ways of redrawing, chosen by the recogniser:

* ``digits``: every digit uniform. For numbering plans (phones, dates, IPv4), where the
  valid prefixes are the evidence.
* ``checksum``: every digit from the values that share the layout at the same position,
  smoothed towards uniform when few do. For check digits: running numbers that share a
  valid prefix must not look like cards.

Nothing here is calibrated on labelled columns: a posterior orders columns by evidence
under the stated priors. Surrogates come from a SHAKE-256 stream, so equal input gives
equal output on every machine.

References
----------
Wilson, E. B. (1927), J. Am. Stat. Assoc. 22, 209-212.
FIPS 202 (SHAKE-256).
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

import numpy as np

from answerable.audit.errors import UndefinedMetric

__all__ = [
    "RARE_ALPHA",
    "NullModel",
    "contamination_posterior",
    "header_posterior",
    "log_binomial_cdf",
    "null_acceptance",
    "surrogates",
    "type_posterior",
    "wilson_interval",
]

NullModel = Literal["digits", "checksum"]

RARE_ALPHA: Final = 1e-6
"""Null acceptance of a layout that ordinary values do not have, such as an e-mail's."""

_SMOOTHING: Final = 10
_MAX_CHARACTERS: Final = 2_000_000
_DIGITS: Final = "0123456789"
_TO_ZERO: Final = str.maketrans(_DIGITS, "0" * 10)
_Z95: Final = 1.959963984540054
_Z_NULL: Final = 3.0
_HEADER_FACTOR: Final = 100.0
_LEAST, _MOST = 0.001, 0.999


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share.

    Parameters
    ----------
    hits, n : int
        ``0 <= hits <= n``, ``n >= 1``.

    Returns
    -------
    tuple[float, float]
        Lower and upper limit within [0, 1]; exactly 0 or 1 at the ends where `hits` is.

    Raises
    ------
    UndefinedMetric
        If `n` is 0.

    References
    ----------
    Wilson (1927), equation for the score interval.

    Examples
    --------
    >>> [round(limit, 4) for limit in wilson_interval(0, 1000)]
    [0.0, 0.0038]
    """
    return _wilson(hits, n, _Z95)


def _wilson(hits: int, n: int, z: float) -> tuple[float, float]:
    if n < 1:
        raise UndefinedMetric("an interval of a share of no rows", remedy="Examine rows first.")
    share, z2 = hits / n, z * z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == n else min(1.0, centre + half)
    return low, high


def surrogates(values: Sequence[str], *, null: NullModel, draws: int, label: str) -> list[str]:
    """Return `draws` random values that share the layout of `values`.

    Parameters
    ----------
    values : Sequence[str], shape (n,)
        At least one value.
    null : {"digits", "checksum"}
        How digits are redrawn: see the module's docstring.
    draws : int
        How many to make; fewer (at least 20) when the values are very long.
    label : str
        Names the stream of random numbers, for example column and entity.

    Returns
    -------
    list[str]
        ASCII digits are redrawn, every other character is kept.

    Examples
    --------
    >>> first, second = surrogates(["AB 12-3"], null="digits", draws=20, label="x")[:2]
    >>> first[:3], first[5], first != second
    ('AB ', '-', True)
    """
    if not values:
        return []
    longest = max(len(value) for value in values)
    draws = max(20, min(draws, _MAX_CHARACTERS // max(1, longest)))
    groups: dict[str, list[str]] = defaultdict(list)
    for value in values:
        groups[value.translate(_TO_ZERO)].append(value)
    stream = _stream(label)
    return [_redraw(values, groups, null, stream) for _ in range(draws)]


def _redraw(
    values: Sequence[str], groups: dict[str, list[str]], null: NullModel, stream: Iterator[int]
) -> str:
    layout = values[next(stream) % len(values)].translate(_TO_ZERO)
    group = groups[layout]
    remembered = len(group) if null == "checksum" else 0
    pieces = []
    for position, character in enumerate(layout):
        if character != "0":
            pieces.append(character)
        elif next(stream) % (remembered + _SMOOTHING) < remembered:
            pieces.append(group[next(stream) % len(group)][position])
        else:
            pieces.append(_DIGITS[next(stream) % 10])
    return "".join(pieces)


def _stream(label: str) -> Iterator[int]:
    block = 0
    while True:
        seed = f"answerable/surrogates/1\0{label}\0{block}".encode("utf-8", "surrogatepass")
        yield from np.frombuffer(hashlib.shake_256(seed).digest(65_536), dtype="<u4").tolist()
        block += 1


def null_acceptance(passed: int, draws: int) -> float:
    """Return an upper limit of the null acceptance rate, from surrogates.

    Dozens of recognisers are tried on each column; taking the estimate itself would
    believe the one whose surrogates happened to fail.

    Returns
    -------
    float
        Upper Wilson limit at three standard errors, in (0, 1).

    Raises
    ------
    UndefinedMetric
        If `draws` is 0.

    Examples
    --------
    >>> round(null_acceptance(0, 1000), 4)
    0.0089
    """
    return min(_wilson(passed, draws, _Z_NULL)[1], 1 - 0.5 / (draws + 1))


def log_binomial_cdf(k: int, n: int, p: float) -> float:
    """Return log P(X <= k) for X binomial(n, p).

    Parameters
    ----------
    k, n : int
        ``0 <= k <= n``.
    p : float
        In (0, 1).

    Returns
    -------
    float
        At most 0. Summed from `k` away from the mean until terms no longer matter.

    Examples
    --------
    >>> round(math.exp(log_binomial_cdf(1, 2, 0.5)), 6)
    0.75
    """
    if k >= n:
        return 0.0
    odds = p / (1 - p)
    if k <= n * p:
        below = ((k - i) / ((n - k + i + 1) * odds) for i in range(k))
        return _log_pmf(k, n, p) + math.log(_sum_of_products(below))
    above = ((n - k - 1 - i) * odds / (k + 2 + i) for i in range(n - k - 1))
    upper = _log_pmf(k + 1, n, p) + math.log(_sum_of_products(above))
    return math.log1p(-min(math.exp(upper), 1 - 1e-16))


def _sum_of_products(ratios: Iterable[float]) -> float:
    total = term = 1.0
    for ratio in ratios:
        term *= ratio
        total += term
        if term < total * 1e-17:
            break
    return total


def _log_pmf(k: int, n: int, p: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways + k * math.log(p) + (n - k) * math.log1p(-p)


def contamination_posterior(passed: int, candidates: int, *, alpha: float, prior: float) -> float:
    """Return the probability that some of the candidates are genuine.

    Under the null, each candidate passes with probability `alpha`. Under the alternative
    the pass rate is anywhere between `alpha` and 1 with equal density, so a handful of
    genuine values among many is found once they exceed what chance explains.

    Parameters
    ----------
    passed, candidates : int
        Distinct values that pass, and that have the layout to be tried at all.
    alpha : float
        Null acceptance rate, in (0, 1).
    prior : float
        Probability of the alternative before looking, in (0, 1).

    Returns
    -------
    float
        In [0.001, 0.999]; 0.001 when nothing passed.

    Examples
    --------
    >>> contamination_posterior(1, 1, alpha=1e-6, prior=0.5)
    0.999
    >>> contamination_posterior(100, 1000, alpha=0.1, prior=0.5) < 0.05
    True
    """
    if passed == 0:
        return _LEAST
    log_factor = (
        log_binomial_cdf(passed, candidates + 1, alpha)
        - math.log((candidates + 1) * (1 - alpha))
        - _log_pmf(passed, candidates, alpha)
    )
    return _posterior(_logit(prior) + log_factor)


def type_posterior(
    passed: int, distinct: int, *, alpha: float, prior: float, header_agrees: bool
) -> float:
    """Return the probability that the column as a whole is of the recogniser's type.

    The likelihood ratio sets a column whose values pass at the rate seen (at least 60 %,
    so that some dirt is allowed, and never below chance) against one whose values pass by
    chance; half the logarithm of `distinct` pays for fitting that rate. A header that names
    the type multiplies the odds by 100: it raises, and alone it never decides.

    Parameters
    ----------
    passed, distinct : int
        Distinct values that pass as a whole, and distinct values there are.
    alpha : float
        Null acceptance rate, in (0, 1).
    prior : float
        Probability before looking, in (0, 1).
    header_agrees : bool
        Whether the column's header names the type.

    Returns
    -------
    float
        In [0.001, 0.999].

    Examples
    --------
    >>> type_posterior(500, 500, alpha=0.05, prior=0.02, header_agrees=False)
    0.999
    >>> type_posterior(860, 1000, alpha=0.86, prior=0.02, header_agrees=False) < 0.01
    True
    """
    if distinct == 0 or passed == 0:
        return _LEAST
    rate = min(max(passed / distinct, 0.6, alpha), 1 - 0.5 / (distinct + 1))
    alpha = min(alpha, rate)
    log_ratio = passed * math.log(rate / alpha)
    log_ratio += (distinct - passed) * math.log((1 - rate) / (1 - alpha))
    log_ratio -= 0.5 * math.log(distinct)
    header = math.log(_HEADER_FACTOR) if header_agrees else 0.0
    return _posterior(_logit(prior) + header + log_ratio)


def header_posterior(prior: float) -> float:
    """Return the probability of a type whose header and layout agree and whose check fails.

    Such values are synthetic, masked or mistyped; the check then says nothing for or
    against, and only the header raises the odds.

    Returns
    -------
    float
        In [0.001, 0.999].

    Examples
    --------
    >>> round(header_posterior(0.02), 3)
    0.671
    """
    return _posterior(_logit(prior) + math.log(_HEADER_FACTOR))


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _posterior(log_odds: float) -> float:
    bounded = min(max(log_odds, -30.0), 30.0)
    return min(max(1 / (1 + math.exp(-bounded)), _LEAST), _MOST)

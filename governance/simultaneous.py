"""One critical value for a whole family of comparisons (max-T).

Promises: all intervals of a family cover together with probability 1 - alpha, so a verdict
over twelve groups errs no more often than one over two. The bootstrap resamples counts, not
rows: drawing n rows with replacement within a group and counting them is one multinomial
draw over that group's states. Each replicate's largest studentised deviation is taken; its
(1 - alpha) quantile replaces the normal critical value and is never below it. Deviations are
divided by the standard error at the truth they are drawn from, as Wilson's interval does:
the intervals, those of :mod:`answerable.governance.uncertainty`, already follow the skewness
of rates near 0 and 1, and dividing by the estimated error would pay for it twice.

Resampling starts from proportions drawn one observation towards the whole table, and
deviations are measured from that same point: a group of three with no refusal would
otherwise never vary.

References
----------
Westfall and Young (1993), Resampling-Based Multiple Testing. Efron and Tibshirani (1993),
An Introduction to the Bootstrap, chapter 12 (studentised intervals).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from answerable.governance.metrics import CountMetric, metric
from answerable.governance.uncertainty import critical_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Contrast", "Resamples", "Scale", "pairs", "standard_error"]

Scale = Literal["difference", "ratio", "value"]

_BATCH: Final = 2_000_000
"""Numbers held at once: comparisons times replicates of one batch."""
_MOST_COMPARISONS: Final = 20_000
"""Larger families take Bonferroni's critical value, which is only more careful."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """One comparison: the pooled groups `left` against the pooled groups `right`.

    Parameters
    ----------
    metric : str
        A count metric's name.
    scale : {"difference", "ratio", "value"}
        A ratio is compared on the log scale; a value has no right side.
    left, right : tuple of int
        Row numbers of the groups in the table of counts.
    """

    metric: str
    scale: Scale
    left: tuple[int, ...]
    right: tuple[int, ...] = ()


def pairs(metric_name: str, scale: Scale, groups: Sequence[int]) -> tuple[Contrast, ...]:
    """Return every comparison of two single groups, each once."""
    return tuple(
        Contrast(metric_name, scale, (a,), (b,))
        for place, a in enumerate(groups)
        for b in groups[place + 1 :]
    )


class Resamples:
    """Bootstrap draws of one table of counts, drawn once and shared by all its families.

    Parameters
    ----------
    counts : int array, shape (groups, states)
        Counts per group.
    replicates : int
        Number of draws.
    seed : int
        The same seed gives the same draws.
    """

    def __init__(self, counts: NDArray[np.int64], *, replicates: int, seed: int) -> None:
        self._counts = counts
        self._draws: NDArray[np.int64] | None = None
        self._replicates = replicates
        self._seed = seed
        totals = counts.sum(axis=1, keepdims=True)
        pooled = counts.sum(axis=0, keepdims=True) / max(1, int(counts.sum()))
        self._centre = (counts + pooled) / (totals + 1) * totals

    def critical_value(self, contrasts: Sequence[Contrast], alpha: float) -> float:
        """Find the critical value at which all intervals of a family cover together.

        Parameters
        ----------
        contrasts : Sequence[Contrast]
            The family; comparisons without a value have been left out.
        alpha : float
            Family-wise error.

        Returns
        -------
        float
            At least the normal critical value of a single comparison.
        """
        normal = critical_value(alpha)
        distinct = {
            (item.metric, item.scale, frozenset((item.left, item.right))) for item in contrasts
        }
        if len(distinct) <= 1:
            return normal
        if len(distinct) > _MOST_COMPARISONS:
            return critical_value(alpha, comparisons=len(distinct))
        draws = self._drawn()
        largest = np.zeros(self._replicates)
        by_kind: dict[tuple[str, Scale], list[Contrast]] = {}
        for item in contrasts:
            by_kind.setdefault((item.metric, item.scale), []).append(item)
        for (name, scale), members in by_kind.items():
            step = max(1, _BATCH // len(members))
            for start in range(0, self._replicates, step):
                part = slice(start, start + step)
                deviation = self._deviations(draws[part], metric(name), scale, members)
                largest[part] = np.maximum(largest[part], deviation)
        return max(normal, float(np.quantile(largest, 1 - alpha, method="higher")))

    def _drawn(self) -> NDArray[np.int64]:
        if self._draws is None:
            generator = np.random.default_rng(self._seed)
            totals = self._counts.sum(axis=1)
            chances = self._centre / np.maximum(totals, 1)[:, None]
            # A group without rows still needs probabilities that add up to 1.
            chances[totals == 0] = 1 / chances.shape[1]
            self._draws = generator.multinomial(
                totals, chances, size=(self._replicates, len(totals))
            )
        return self._draws

    def _deviations(
        self,
        draws: NDArray[np.int64],
        wanted: CountMetric,
        scale: Scale,
        members: Sequence[Contrast],
    ) -> NDArray[np.float64]:
        """Return each draw's largest deviation from the truth it was drawn from."""
        sides = sorted({side for item in members for side in (item.left, item.right)})
        number = {side: place for place, side in enumerate(sides)}
        pooled = np.zeros((draws.shape[1], len(sides)))
        for side, place in number.items():
            pooled[list(side), place] = 1
        rows = wanted.trials(draws) @ pooled
        truth = _shares(
            wanted.successes(self._centre) @ pooled, wanted.trials(self._centre) @ pooled
        )
        seen = _shares(wanted.successes(draws) @ pooled, rows)
        # A draw without rows on a side says nothing: no deviation.
        deviation = np.where(rows > 0, seen - truth, 0.0)
        variance = truth * (1 - truth) / np.maximum(rows, 1)
        left = [number[item.left] for item in members]
        right = [number[item.right] for item in members]
        gap, spread = deviation[:, left], variance[:, left]
        if scale != "value":
            # A ratio r of left to right is the difference left - r right, which is linear.
            factor = _shares(truth[left], truth[right]) if scale == "ratio" else np.ones(len(left))
            gap = gap - factor * deviation[:, right]
            spread = spread + factor**2 * variance[:, right]
        squares = np.divide(gap**2, spread, out=np.zeros_like(gap), where=spread > 0)
        largest: NDArray[np.float64] = np.sqrt(squares.max(axis=-1))
        return largest


def _shares(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def standard_error(
    scale: Scale, left: tuple[int, int], right: tuple[int, int] | None = None
) -> float:
    """Estimate the standard error of one comparison, on the log scale for a ratio.

    Half a success and half a failure are added to each side, so that it is never zero.

    Parameters
    ----------
    scale : {"difference", "ratio", "value"}
        How the two are compared.
    left, right : (int, int)
        Successes and trials; a value has no right side.

    Returns
    -------
    float
        Positive.
    """
    total = 0.0
    for hits, of in (left,) if right is None else (left, right):
        share = (hits + 0.5) / (of + 1)
        odds = (1 - share) / share if scale == "ratio" else share * (1 - share)
        total += odds / (of + 1)
    return float(np.sqrt(total))

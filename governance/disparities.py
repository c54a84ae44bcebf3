"""Comparisons between groups with intervals that hold for the whole family at once.

Promises: the interval of a gap between the best and the worst group comes from the
simultaneous intervals of all pairs (a percentile interval of a largest gap never contains
0); a comparison with an undefined rate or a rate of 0 below the line has no value and says
why; the sign is always group minus reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from answerable.governance.metrics import CountMetric
from answerable.governance.simultaneous import Contrast, Scale, pairs
from answerable.governance.uncertainty import Interval, newcombe, ratio_interval, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Comparison", "Counts", "Reference", "compare", "contrasts_of", "gap"]

Reference = str
"""``rest``, ``highest`` or the row number of a named group, as text."""

Side = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One group against its reference.

    Parameters
    ----------
    group : int
        Row number of the group.
    reference_group : int or None
        Row number of the reference where it is one group.
    left, right : (int, int)
        Successes and trials of both sides; a value has no right side.
    value : float or None
        None when undefined.
    interval : (float, float) or None
        Simultaneous over the family; None when undefined.
    undefined : str or None
        Why there is no value.
    """

    group: int
    reference_group: int | None
    left: Side
    right: Side | None
    value: float | None
    interval: Interval | None
    undefined: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Successes and trials of one metric for the groups that are compared."""

    metric: CountMetric
    sides: tuple[Side, ...]

    @classmethod
    def of(cls, metric: CountMetric, matrix: NDArray[np.int64]) -> Counts:
        """Return the counts of a metric from a matrix of shape (groups, states)."""
        successes, trials = metric.successes(matrix), metric.trials(matrix)
        return cls(metric, tuple((int(a), int(b)) for a, b in zip(successes, trials, strict=True)))

    def defined(self) -> list[int]:
        """Return the groups whose rate has a value."""
        return [place for place, (_, trials) in enumerate(self.sides) if trials]

    def share(self, place: int) -> float:
        """Return the rate of a group that is defined."""
        successes, trials = self.sides[place]
        return successes / trials

    def pooled(self, places: Sequence[int]) -> Side:
        """Return successes and trials of several groups together."""
        return (
            sum(self.sides[place][0] for place in places),
            sum(self.sides[place][1] for place in places),
        )


def contrasts_of(counts: Counts, scale: Scale, reference: Reference) -> tuple[Contrast, ...]:
    """Return the comparisons a rule's family consists of.

    The group with the highest rate is chosen by the data, so a comparison with it answers
    for all pairs.

    Parameters
    ----------
    counts : Counts
        Of one metric, for the groups that are compared.
    scale : {"difference", "ratio", "value"}
        How they are compared.
    reference : str
        ``rest``, ``highest`` or the row number of a group as text.

    Returns
    -------
    tuple of Contrast
        Comparisons that have a value; the others are not part of the family.
    """
    name, places = counts.metric.name, counts.defined()
    if scale == "value":
        return tuple(Contrast(name, scale, (place,)) for place in places)
    if reference == "highest":
        return tuple(
            item
            for item in pairs(name, scale, places)
            if scale == "difference" or _usable(counts, item)
        )
    result = []
    for place in places:
        others = _others(places, place, reference)
        if others and (scale == "difference" or counts.pooled(others)[0]):
            result.append(Contrast(name, scale, (place,), tuple(others)))
    return tuple(result)


def _usable(counts: Counts, item: Contrast) -> bool:
    return counts.sides[item.left[0]][0] > 0 or counts.sides[item.right[0]][0] > 0


def _others(places: Sequence[int], place: int, reference: Reference) -> list[int]:
    if reference == "rest":
        return [other for other in places if other != place]
    named = int(reference)
    return [named] if named in places and named != place else []


def compare(counts: Counts, scale: Scale, reference: Reference, z: float) -> list[Comparison]:
    """Compare every group with the reference.

    Parameters
    ----------
    counts : Counts
        Of one metric, for the groups that are compared.
    scale : {"difference", "ratio", "value"}
        How they are compared.
    reference : str
        ``rest``, ``highest`` or the row number of a group as text.
    z : float
        Critical value of the family.

    Returns
    -------
    list of Comparison
        One per group but a named or highest reference itself, in the order of the groups.
    """
    places = counts.defined()
    top = max(places, key=counts.share, default=None)
    result = []
    for place, side in enumerate(counts.sides):
        if place not in places:
            result.append(_undefined(place, side, counts.metric.empty))
        elif scale == "value":
            shares = wilson(*side, z)
            result.append(Comparison(place, None, side, None, counts.share(place), shares))
        elif reference == "highest":
            if place != top and top is not None:
                result.append(_against_highest(counts, scale, place, top, z))
        elif str(place) != reference:
            result.append(_against(counts, scale, place, _others(places, place, reference), z))
    return result


def _undefined(place: int, side: Side, reason: str) -> Comparison:
    return Comparison(place, None, side, None, None, None, reason)


def _against(
    counts: Counts, scale: Scale, place: int, others: Sequence[int], z: float
) -> Comparison:
    side = counts.sides[place]
    if not others:
        return _undefined(place, side, "the reference has no value")
    reference = counts.pooled(others)
    single = others[0] if len(others) == 1 else None
    if scale == "difference":
        value = side[0] / side[1] - reference[0] / reference[1]
        return Comparison(place, single, side, reference, value, newcombe(side, reference, z))
    if not reference[0]:
        return _undefined(place, side, "the rate of the reference is 0")
    value = (side[0] / side[1]) / (reference[0] / reference[1])
    return Comparison(place, single, side, reference, value, ratio_interval(side, reference, z))


def _against_highest(counts: Counts, scale: Scale, place: int, top: int, z: float) -> Comparison:
    """Compare with the highest true rate, which need not be the highest one seen."""
    direct = _against(counts, scale, place, [top], z)
    if direct.interval is None:
        return direct
    lows, highs = [], []
    for other in counts.defined():
        if other == place:
            continue
        pair = _against(counts, scale, place, [other], z)
        if pair.interval is not None:
            lows.append(pair.interval[0])
            highs.append(pair.interval[1])
    equal = 1.0 if scale == "ratio" else 0.0
    interval = (min([equal, *lows]), min([equal, *highs]))
    return Comparison(place, top, direct.left, direct.right, direct.value, interval)


def gap(counts: Counts, scale: Literal["difference", "ratio"], z: float) -> Comparison | None:
    """Compare the highest rate with the lowest.

    Parameters
    ----------
    counts : Counts
        Of one metric, for the groups that are compared.
    scale : {"difference", "ratio"}
        ``difference`` is highest minus lowest; ``ratio`` is lowest over highest.
    z : float
        Critical value at which the intervals of all pairs hold together.

    Returns
    -------
    Comparison or None
        None with fewer than two defined groups. The interval contains "no gap" unless some
        pair differs.
    """
    places = counts.defined()
    if not places[1:]:
        return None
    top, bottom = max(places, key=counts.share), min(places, key=counts.share)
    if scale == "ratio":
        lowest = [_against_highest(counts, scale, place, top, z) for place in places]
        known = [item.interval for item in lowest if item.interval is not None]
        direct = _against(counts, scale, bottom, [top], z)
        if direct.value is None or not known:
            return direct
        interval = (min(low for low, _ in known), min([1.0, *(high for _, high in known)]))
        return Comparison(bottom, top, direct.left, direct.right, direct.value, interval)
    limits = [
        newcombe(counts.sides[a], counts.sides[b], z) for a in places for b in places if a != b
    ]
    value = counts.share(top) - counts.share(bottom)
    interval = (max([0.0, *(low for low, _ in limits)]), max(high for _, high in limits))
    return Comparison(top, bottom, counts.sides[top], counts.sides[bottom], value, interval)

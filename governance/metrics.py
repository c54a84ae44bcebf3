"""Rates that derive from counts, each a numerator inside a denominator.

Promises: every metric is a proportion of counted rows, so one interval method fits all; a
denominator of zero gives no value and says why, never 0 or 1. Rows without a label or a
prediction count only where they are not needed: three denominators, because labels come
late. Names follow fairlearn where it has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from answerable.audit.errors import InvalidInput
from answerable.governance.cells import STATES, Cell

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Number = TypeVar("_Number", np.int64, np.float64)

__all__ = ["METRICS", "CountMetric", "Rate", "metric", "rate"]


@dataclass(frozen=True, slots=True)
class Rate:
    """A proportion with the counts it rests on; `value` is None when undefined."""

    value: float | None
    numerator: int
    denominator: int
    undefined_reason: str | None = None


@dataclass(frozen=True, slots=True)
class CountMetric:
    """A proportion: how many rows in `numerator` states among those in `denominator` states.

    Parameters
    ----------
    name : str
        Name in policies and results.
    title : str
        Name for people.
    numerator, denominator : tuple of str
        States of :data:`answerable.governance.cells.STATES`; the numerator is a subset.
    empty : str
        What is missing when the denominator is zero.
    """

    name: str
    title: str
    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    empty: str

    @property
    def needs_label(self) -> bool:
        """Whether the metric says nothing without an observed outcome."""
        return not any(state in self.denominator for state in _UNLABELLED)

    def successes(self, counts: NDArray[_Number]) -> NDArray[_Number]:
        """Return the numerator per group from counts of shape (..., states)."""
        return _sum_states(counts, self.numerator)

    def trials(self, counts: NDArray[_Number]) -> NDArray[_Number]:
        """Return the denominator per group from counts of shape (..., states)."""
        return _sum_states(counts, self.denominator)


def _sum_states(counts: NDArray[_Number], states: tuple[str, ...]) -> NDArray[_Number]:
    places = [STATES.index(state) for state in states]
    total: NDArray[_Number] = counts[..., places].sum(axis=-1)
    return total


_UNLABELLED: Final = ("selected_unlabelled", "rejected_unlabelled")
_LABELLED: Final = ("tp", "fp", "fn", "tn")
_POSITIVES: Final = "no row with a positive label and a prediction"
_NEGATIVES: Final = "no row with a negative label and a prediction"
_SELECTED: Final = "no row with the favourable prediction and a label"
_REJECTED: Final = "no row with an unfavourable prediction and a label"
_BOTH: Final = "no row with both a label and a prediction"

_POSITIVE_ROWS: Final = ("tp", "fn")
_NEGATIVE_ROWS: Final = ("fp", "tn")
_SELECTED_ROWS: Final = ("tp", "fp")
_REJECTED_ROWS: Final = ("fn", "tn")

_ALL: Final = (
    CountMetric(
        "selection_rate",
        "Selection rate",
        ("tp", "fp", "selected_unlabelled"),
        (*_LABELLED, *_UNLABELLED),
        "no row with a prediction",
    ),
    CountMetric("true_positive_rate", "True positive rate", ("tp",), _POSITIVE_ROWS, _POSITIVES),
    CountMetric("false_negative_rate", "False negative rate", ("fn",), _POSITIVE_ROWS, _POSITIVES),
    CountMetric("false_positive_rate", "False positive rate", ("fp",), _NEGATIVE_ROWS, _NEGATIVES),
    CountMetric("true_negative_rate", "True negative rate", ("tn",), _NEGATIVE_ROWS, _NEGATIVES),
    CountMetric("precision", "Positive predictive value", ("tp",), _SELECTED_ROWS, _SELECTED),
    CountMetric("false_discovery_rate", "False discovery rate", ("fp",), _SELECTED_ROWS, _SELECTED),
    CountMetric(
        "negative_predictive_value", "Negative predictive value", ("tn",), _REJECTED_ROWS, _REJECTED
    ),
    CountMetric("false_omission_rate", "False omission rate", ("fn",), _REJECTED_ROWS, _REJECTED),
    CountMetric("accuracy", "Accuracy", ("tp", "tn"), _LABELLED, _BOTH),
    CountMetric("error_rate", "Error rate", ("fp", "fn"), _LABELLED, _BOTH),
    CountMetric(
        "base_rate",
        "Rate of positive labels",
        ("tp", "fn", "positive_unpredicted"),
        (*_LABELLED, "positive_unpredicted", "negative_unpredicted"),
        "no row with a label",
    ),
)

METRICS: Final = MappingProxyType({item.name: item for item in _ALL})
"""All count metrics by name."""

_ALIASES: Final = MappingProxyType(
    {
        "positive_predictive_value": "precision",
        "ppv": "precision",
        "npv": "negative_predictive_value",
        "tpr": "true_positive_rate",
        "recall": "true_positive_rate",
        "fpr": "false_positive_rate",
        "tnr": "true_negative_rate",
        "fnr": "false_negative_rate",
    }
)


def metric(name: str) -> CountMetric:
    """Find a count metric by its name or a usual short form.

    Returns
    -------
    CountMetric
        One of :data:`METRICS`.

    Raises
    ------
    InvalidInput
        If there is none; the message lists the names.

    Examples
    --------
    >>> metric("tpr").title
    'True positive rate'
    """
    found = METRICS.get(_ALIASES.get(name, name))
    if found is None:
        raise InvalidInput(
            f"there is no metric {name!r}", remedy=f"Use one of: {', '.join(METRICS)}."
        )
    return found


def rate(name: str, cell: Cell) -> Rate:
    """Return a metric of one cell.

    Parameters
    ----------
    name : str
        A metric's name.
    cell : Cell
        Counts of one group.

    Returns
    -------
    Rate
        Value in [0, 1], or None with the reason.

    Examples
    --------
    >>> rate("tpr", Cell(group=("a",), counts=(3, 1, 1, 5, 0, 0, 0, 0, 0)))
    Rate(value=0.75, numerator=3, denominator=4, undefined_reason=None)
    >>> rate("tpr", Cell(group=("b",), counts=(0, 1, 0, 5, 0, 0, 0, 0, 0))).undefined_reason
    'no row with a positive label and a prediction'
    """
    wanted = metric(name)
    counts = np.array(cell.counts, dtype=np.int64)
    successes, trials = int(wanted.successes(counts)), int(wanted.trials(counts))
    if not trials:
        return Rate(None, successes, trials, wanted.empty)
    return Rate(successes / trials, successes, trials)

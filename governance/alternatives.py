"""Alternatives to a model: what a search was asked for, what it found, and its evidence.

Promises: every alternative is measured by our own counts on rows it was not fitted on; what
speaks against using one for decisions about persons stands beside its figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, Literal, Protocol

from pydantic import JsonValue

from answerable.audit.errors import InvalidInput
from answerable.audit.records import Evidence
from answerable.governance.cells import MISSING, STATES, CellTable, CountDefinition
from answerable.governance.disparities import Counts, compare
from answerable.governance.metrics import metric
from answerable.governance.uncertainty import critical_value

__all__ = [
    "RESULT_TYPE",
    "Alternative",
    "Constraint",
    "Method",
    "Predictor",
    "Sample",
    "SearchSettings",
    "measured",
    "mitigation_evidence",
    "preferred",
    "require_aligned",
]

RESULT_TYPE: Final = "answerable.mitigation.v1"

Constraint = Literal["demographic_parity", "equalized_odds", "true_positive_rate_parity"]
Method = Literal["unconstrained", "grid_search", "exponentiated_gradient", "threshold_optimizer"]


class Predictor(Protocol):
    """An estimator that was fitted."""

    def predict(self, X: object) -> object:
        """Return 0 or 1 per row."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows to fit or to measure on.

    Parameters
    ----------
    X : array or frame, shape (n, d)
        Features, as the estimator takes them.
    y : Sequence[int], shape (n,)
        1 for the positive label.
    protected : Mapping[str, Sequence[str | None]]
        Group of each row per protected attribute; None is refused with a clear error.
    """

    X: Any
    y: Sequence[int]
    protected: Mapping[str, Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """What is searched.

    Parameters
    ----------
    constraint : str
        Which rates are to come closer.
    grid_size : int
        Number of predictors GridSearch fits.
    seed : int
        Of the randomised methods.
    compared : bool
        Whether to fit ExponentiatedGradient and ThresholdOptimizer too, for comparison.
    """

    constraint: Constraint = "demographic_parity"
    grid_size: int = 15
    seed: int = 0
    compared: bool = True


@dataclass(frozen=True, slots=True)
class Alternative:
    """One predictor with what it costs and what it brings on the validation split.

    Parameters
    ----------
    name : str
        ``<method>-<number>``.
    method : str
        How it was found.
    predictor : Predictor
        The fitted estimator; from GridSearch the caller's own kind of estimator.
    accuracy : float
        Share of rows decided as labelled.
    cells : CellTable
        Counts over all protected attributes; ``1`` is the favourable prediction.
    lowest_ratio : dict of str to (float or None)
        Per attribute, the lowest selection rate ratio of a group to the rest.
    needs_protected_at_decision, randomised : bool
        Reasons not to use it for decisions about persons.
    """

    name: str
    method: Method
    predictor: Predictor
    accuracy: float
    cells: CellTable
    lowest_ratio: dict[str, float | None]
    needs_protected_at_decision: bool
    randomised: bool

    @property
    def usable(self) -> bool:
        """Whether it decides alike for alike, without knowing the protected attribute."""
        return not (self.needs_protected_at_decision or self.randomised)

    def to_result(self) -> dict[str, JsonValue]:
        """Return its figures as JSON; the predictor stays with the caller."""
        ratios: dict[str, JsonValue] = {name: self.lowest_ratio[name] for name in self.lowest_ratio}
        return {
            "name": self.name,
            "method": self.method,
            "accuracy": self.accuracy,
            "lowest_ratio": ratios,
            "needs_protected_at_decision": self.needs_protected_at_decision,
            "randomised": self.randomised,
            "cells": self.cells.digest,
        }


def require_aligned(sample: Sample, where: str) -> None:
    """Refuse a sample whose rows, labels and groups do not fit together.

    Parameters
    ----------
    sample : Sample
        What the caller passed.
    where : str
        Which one, for the message.

    Raises
    ------
    InvalidInput
        If a group is missing or their number differs from that of the rows.
    """
    rows = len(sample.y)
    if not sample.protected or not rows:
        raise InvalidInput("rows and a protected attribute are needed", where=where)
    for name, values in sample.protected.items():
        if len(values) != rows:
            raise InvalidInput("one group per row is needed", where=f"{where}, attribute {name!r}")
        if not all(isinstance(value, str) and value != MISSING for value in values):
            raise InvalidInput(
                "the group of some rows is missing",
                where=f"{where}, attribute {name!r}",
                remedy="Leave these rows out of the search; the assessment counts them.",
            )


def measured(
    found: tuple[str, Method, Predictor], predicted: Sequence[int], validation: Sample
) -> Alternative:
    """Measure one predictor's decisions on the validation split.

    Parameters
    ----------
    found : (str, Method, Predictor)
        Name, method and the fitted predictor.
    predicted : Sequence[int], shape (n,)
        Its decisions, 1 favourable.
    validation : Sample
        The rows decided about.

    Returns
    -------
    Alternative
        With accuracy in [0, 1] and counts over all protected attributes.
    """
    name, method, predictor = found
    cells = _cells(validation, predicted)
    right = sum(int(a == b) for a, b in zip(predicted, validation.y, strict=True))
    return Alternative(
        name=name,
        method=method,
        predictor=predictor,
        accuracy=right / len(predicted),
        cells=cells,
        lowest_ratio={attribute: _lowest_ratio(cells, attribute) for attribute in cells.attributes},
        needs_protected_at_decision=method == "threshold_optimizer",
        randomised=method in {"threshold_optimizer", "exponentiated_gradient"},
    )


def _cells(sample: Sample, predicted: Sequence[int]) -> CellTable:
    state = {(1, 1): "tp", (0, 1): "fp", (1, 0): "fn", (0, 0): "tn"}
    counts: dict[tuple[str, ...], list[int]] = {}
    groups = zip(*sample.protected.values(), strict=True)
    for group, label, decision in zip(groups, sample.y, predicted, strict=True):
        vector = counts.setdefault(tuple(map(str, group)), [0] * len(STATES))
        vector[STATES.index(state[int(label), decision])] += 1
    definition = CountDefinition(
        prediction="prediction", favourable="1", label="label", positive="1"
    )
    return CellTable.of(tuple(sample.protected), definition, counts.items())


def _lowest_ratio(cells: CellTable, attribute: str) -> float | None:
    table = cells.roll_up([attribute])
    counts = Counts.of(metric("selection_rate"), table.matrix())
    ratios = [item.value for item in compare(counts, "ratio", "rest", critical_value(0.05))]
    known = [value for value in ratios if value is not None]
    return min(known) if len(known) == len(ratios) and known else None


def preferred(alternatives: Sequence[Alternative], *, least_ratio: float) -> Alternative | None:
    """Return the most accurate usable alternative that keeps every ratio above a limit.

    Parameters
    ----------
    alternatives : Sequence[Alternative]
        What the search found.
    least_ratio : float
        Lowest selection rate ratio accepted, for every attribute.

    Returns
    -------
    Alternative or None
        Equal accuracies are told apart by the higher lowest ratio, then by name; None when
        nothing found keeps the limit.
    """
    ranked = []
    for item in alternatives:
        ratios = [ratio for ratio in item.lowest_ratio.values() if ratio is not None]
        if item.usable and len(ratios) == len(item.lowest_ratio) and min(ratios) >= least_ratio:
            ranked.append((-item.accuracy, -min(ratios), item.name, item))
    return min(ranked, key=lambda entry: entry[:3])[3] if ranked else None


def mitigation_evidence(
    alternatives: Sequence[Alternative],
    *,
    inputs: Mapping[str, str],
    settings: SearchSettings,
    chosen: str | None,
    code: str,
) -> Evidence:
    """Return the whole search as evidence, the alternatives not taken included.

    Parameters
    ----------
    alternatives : Sequence[Alternative]
        Everything that was looked at.
    inputs : Mapping[str, str]
        Digests by role, ``dataset:training`` and ``dataset:validation`` among them.
    settings : SearchSettings
        What was searched.
    chosen : str or None
        Name of the alternative that is taken further.
    code : str
        Version of Answerable.

    Returns
    -------
    Evidence
        Of kind ``fairness.mitigated``.

    Raises
    ------
    InvalidInput
        If the chosen one is not among the alternatives.
    """
    if chosen is not None and chosen not in {item.name for item in alternatives}:
        raise InvalidInput("the chosen alternative was not searched", where="mitigation")
    figures: list[JsonValue] = [item.to_result() for item in alternatives]
    return Evidence.parse(
        {
            "kind": "fairness.mitigated",
            "inputs": dict(inputs),
            "parameters": {"constraint": settings.constraint, "grid_size": settings.grid_size},
            "seed": settings.seed,
            "engines": {"fairlearn": version("fairlearn")},
            "code": code,
            "result_type": RESULT_TYPE,
            "result": {"alternatives": figures, "looks": len(figures)}
            | ({"chosen": chosen} if chosen else {}),
        }
    )

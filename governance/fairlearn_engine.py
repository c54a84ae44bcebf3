"""fairlearn behind one door: search for alternatives, and hand counts to its MetricFrame.

Promises: an estimator the caller passes is refitted in the caller's process and returned, so
that the caller can save it; every alternative is measured on a validation split, by our own
counts; whether it needs the protected attribute at decision time, or draws lots, is said.

For decisions about persons prefer ``grid_search``: one ordinary estimator, no protected
attribute at decision time. The other two are shown for comparison.

Does not: choose, or touch a hold-out.

References
----------
Agarwal et al. (2018), A Reductions Approach to Fair Classification, ICML. Hardt, Price and
Srebro (2016), Equality of Opportunity in Supervised Learning, NeurIPS.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np
from pydantic import JsonValue

from answerable.audit.errors import EngineError, InvalidInput, MissingExtra, UndefinedMetric
from answerable.audit.records import Evidence
from answerable.governance.cells import MISSING, STATES, CellTable, CountDefinition
from answerable.governance.disparities import Counts, compare
from answerable.governance.metrics import metric
from answerable.governance.uncertainty import critical_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "RESULT_TYPE",
    "Alternative",
    "Predictor",
    "Sample",
    "SearchSettings",
    "mitigation_evidence",
    "search_alternatives",
    "to_metric_frame",
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


def search_alternatives(
    estimator_factory: Callable[[], Any],
    training: Sample,
    validation: Sample,
    settings: SearchSettings | None = None,
) -> list[Alternative]:
    """Refit an estimator under a fairness constraint and measure what comes out.

    Parameters
    ----------
    estimator_factory : Callable[[], estimator]
        Returns a new, unfitted classifier that takes ``sample_weight``.
    training : Sample
        Rows to fit on.
    validation : Sample
        Other rows, to measure on. Never the hold-out.
    settings : SearchSettings, optional
        What is searched.

    Returns
    -------
    list of Alternative
        The unconstrained estimator first, then GridSearch's predictors, then the methods
        shown for comparison. Predictors that only ever give one answer are left out.

    Raises
    ------
    InvalidInput
        If a protected attribute is missing for a row, or rows and groups differ in number.
    MissingExtra
        If fairlearn is not installed.
    EngineError
        If fairlearn or the estimator fails.
    """
    wanted = settings or SearchSettings()
    for sample, where in ((training, "training"), (validation, "validation")):
        _require_aligned(sample, where)
    _require_installed()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = list(_fit_all(estimator_factory, training, wanted))
            return [
                _measured(name, method, predictor, validation, wanted)
                for name, method, predictor in fitted
            ]
    except (InvalidInput, UndefinedMetric):
        raise
    except Exception as error:
        raise EngineError(
            f"the search failed ({type(error).__name__})",
            where="fairlearn",
            remedy="Check that the estimator takes sample_weight and the features as given.",
        ) from error


def _require_installed() -> None:
    from importlib.util import find_spec

    if find_spec("fairlearn") is None:
        raise MissingExtra("fairness", needed_for="searching for alternatives")


def _require_aligned(sample: Sample, where: str) -> None:
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


def _fit_all(
    factory: Callable[[], Any], training: Sample, settings: SearchSettings
) -> list[tuple[str, Method, Any]]:
    from fairlearn.postprocessing import ThresholdOptimizer
    from fairlearn.reductions import (
        DemographicParity,
        EqualizedOdds,
        ExponentiatedGradient,
        GridSearch,
        TruePositiveRateParity,
    )

    moments = {
        "demographic_parity": DemographicParity,
        "equalized_odds": EqualizedOdds,
        "true_positive_rate_parity": TruePositiveRateParity,
    }
    groups = _joined(training)
    y = np.asarray(training.y)
    plain = factory()
    plain.fit(training.X, y)
    found: list[tuple[str, Method, Any]] = [("unconstrained", "unconstrained", plain)]
    search = GridSearch(
        factory(), constraints=moments[settings.constraint](), grid_size=settings.grid_size
    )
    search.fit(training.X, y, sensitive_features=groups)
    kind = type(plain)
    found += [
        (f"grid_search-{number}", "grid_search", predictor)
        for number, predictor in enumerate(search.predictors_)
        if isinstance(predictor, kind)
    ]
    if settings.compared:
        gradient = ExponentiatedGradient(
            factory(), constraints=moments[settings.constraint](), max_iter=20
        )
        gradient.fit(training.X, y, sensitive_features=groups)
        found.append(("exponentiated_gradient", "exponentiated_gradient", gradient))
        threshold = ThresholdOptimizer(
            estimator=_with_float64_probabilities(plain),
            constraints=settings.constraint,
            prefit=True,
            predict_method="predict_proba",
        )
        threshold.fit(training.X, y, sensitive_features=groups)
        found.append(("threshold_optimizer", "threshold_optimizer", threshold))
    return found


def _with_float64_probabilities(fitted: Any) -> Any:
    """Wrap a classifier whose probabilities are float32, as XGBoost's are.

    fairlearn's interpolation writes float64 values into a copy of them, which pandas refuses.
    """
    from sklearn.base import BaseEstimator, ClassifierMixin

    class WithFloat64Probabilities(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        classes_ = fitted.classes_

        def __sklearn_is_fitted__(self) -> bool:
            return True

        def fit(self, X: object, y: object) -> WithFloat64Probabilities:
            return self

        def predict_proba(self, X: object) -> NDArray[np.float64]:
            return np.asarray(fitted.predict_proba(X), dtype=np.float64)

        def predict(self, X: object) -> object:
            return fitted.predict(X)

    return WithFloat64Probabilities()


def _joined(sample: Sample) -> NDArray[np.str_]:
    return np.array(
        [" / ".join(map(str, row)) for row in zip(*sample.protected.values(), strict=True)]
    )


def _measured(
    name: str, method: Method, predictor: Any, validation: Sample, settings: SearchSettings
) -> Alternative:
    if method == "threshold_optimizer":
        decided = predictor.predict(
            validation.X, sensitive_features=_joined(validation), random_state=settings.seed
        )
    elif method == "exponentiated_gradient":
        decided = predictor.predict(validation.X, random_state=settings.seed)
    else:
        decided = predictor.predict(validation.X)
    predicted = [int(value) for value in np.asarray(decided).ravel()]
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
    from importlib.metadata import version

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


def to_metric_frame(cells: CellTable, metrics: Mapping[str, Callable[..., float]]) -> Any:
    """Hand counts to fairlearn's MetricFrame, for metrics that are not counts.

    Parameters
    ----------
    cells : CellTable
        Counted with a label.
    metrics : Mapping[str, Callable]
        Functions of ``(y_true, y_pred)``.

    Returns
    -------
    fairlearn.metrics.MetricFrame
        Over the rows with label and prediction.

    Raises
    ------
    InvalidInput
        If no label was counted.
    MissingExtra
        If fairlearn is not installed.
    """
    if not cells.labelled:
        raise InvalidInput("a MetricFrame needs labels", remedy="Count with a label column.")
    _require_installed()
    from fairlearn.metrics import MetricFrame

    known = cells.matrix()[:, :4].ravel()
    groups = np.repeat([" / ".join(cell.group) for cell in cells.cells], 4)
    y_true = np.tile([1, 0, 1, 0], len(cells.cells))
    y_pred = np.tile([1, 1, 0, 0], len(cells.cells))
    return MetricFrame(
        metrics=dict(metrics),
        y_true=np.repeat(y_true, known),
        y_pred=np.repeat(y_pred, known),
        sensitive_features=np.repeat(groups, known),
    )

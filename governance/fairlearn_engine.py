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
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.audit.errors import EngineError, InvalidInput, MissingExtra
from answerable.governance.alternatives import (
    Alternative,
    Method,
    Sample,
    SearchSettings,
    measured,
    require_aligned,
)
from answerable.governance.cells import CellTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Alternative", "Sample", "SearchSettings", "search_alternatives", "to_metric_frame"]


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
        require_aligned(sample, where)
    _require_installed()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = list(_fit_all(estimator_factory, training, wanted))
            return [
                measured(item, _decide(item[1], item[2], validation, wanted), validation)
                for item in fitted
            ]
    except InvalidInput:
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
    # fairlearn's interpolation writes float64 values into a copy of the probabilities, which
    # pandas refuses where a classifier, like XGBoost's, gives float32.
    from sklearn.base import BaseEstimator, ClassifierMixin

    class WithFloat64Probabilities(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        classes_ = fitted.classes_

        def fit(self, X: object, y: object) -> object:
            # What is not fitted here must still look like an estimator to scikit-learn.
            del X, y
            return self

        def __sklearn_is_fitted__(self) -> bool:
            return True

        def predict_proba(self, X: object) -> NDArray[np.float64]:
            return np.asarray(fitted.predict_proba(X), dtype=np.float64)

        def predict(self, X: object) -> object:
            return fitted.predict(X)

    return WithFloat64Probabilities()


def _joined(sample: Sample) -> NDArray[np.str_]:
    return np.array(
        [" / ".join(map(str, row)) for row in zip(*sample.protected.values(), strict=True)]
    )


def _decide(
    method: Method, predictor: Any, validation: Sample, settings: SearchSettings
) -> list[int]:
    if method == "threshold_optimizer":
        decided = predictor.predict(
            validation.X, sensitive_features=_joined(validation), random_state=settings.seed
        )
    elif method == "exponentiated_gradient":
        decided = predictor.predict(validation.X, random_state=settings.seed)
    else:
        decided = predictor.predict(validation.X)
    return [int(value) for value in np.asarray(decided).ravel()]


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

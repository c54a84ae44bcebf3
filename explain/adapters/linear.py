"""Logistic regression from a skops file, alone or behind an imputer and a scaler.

The whole pipeline is folded into one coefficient per raw feature, so that attributions
speak of what the applicant stated, not of standardised columns. Scores still come from the
stored estimator itself: that the two agree is checked with every attribution.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, Final

import numpy as np

from answerable.audit.errors import EngineError, InvalidInput, MissingExtra
from answerable.explain.adapters.matrix import Floats, as_matrix, check_features, refuse_missing
from answerable.explain.adapters.skops_archive import TRUSTED_TYPES, check_archive

__all__ = ["LinearModel", "load_linear"]


class LinearModel:
    """A loaded logistic regression with two classes."""

    method: Final = "linear"
    game: Final = "interventional"
    exact: Final = True
    tolerance: Final = 1e-9

    def __init__(self, estimator: Any, features: tuple[str, ...]) -> None:
        self._estimator = estimator
        self.features = features
        imputer, scaler, final = _steps(estimator)
        self._fill = _fill_values(imputer, len(features))
        self._coefficients, self._intercept = _folded(scaler, final, len(features))

    @property
    def takes_missing(self) -> bool:
        """Whether an imputation step replaces missing values."""
        return self._fill is not None

    @property
    def engines(self) -> dict[str, str]:
        """Name and version of the engine that scores."""
        import sklearn

        return {"scikit-learn": sklearn.__version__}

    def raw_margin(self, X: Floats) -> Floats:
        """Return the log-odds of the favourable outcome; shape (n,)."""
        values = self._estimator.decision_function(self._checked(X))
        return np.asarray(values, dtype=np.float64)

    def probability(self, X: Floats) -> Floats:
        """Return the model's probability of the favourable outcome; shape (n,)."""
        values = self._estimator.predict_proba(self._checked(X))
        return np.asarray(values[:, 1], dtype=np.float64)

    def contributions(self, X: Floats) -> tuple[Floats, Floats]:
        """Return contributions measured from an input of zeros: (n,) and (n, d)."""
        values = self.filled(X) * self._coefficients
        return np.full(len(values), self._intercept), values

    def split_points(self, feature: str) -> tuple[float, ...]:
        """Return nothing: a linear model has no thresholds."""
        del feature
        return ()

    def filled(self, X: Floats) -> Floats:
        """Return `X` as the model sees it: missing values imputed."""
        matrix = self._checked(X)
        return matrix if self._fill is None else np.where(np.isnan(matrix), self._fill, matrix)

    def _checked(self, X: Floats) -> Floats:
        matrix = as_matrix(X, len(self.features))
        if self._fill is None:
            refuse_missing(matrix, self.features)
        return matrix


def load_linear(data: bytes, features: tuple[str, ...] | None) -> LinearModel:
    """Load a logistic regression from skops bytes.

    Parameters
    ----------
    data : bytes
        A skops archive that holds a LogisticRegression, or a Pipeline of at most one
        SimpleImputer, at most one StandardScaler and a LogisticRegression.
    features : tuple of str or None
        The registered features, in the order of training; None takes the file's own names.

    Returns
    -------
    LinearModel

    Raises
    ------
    InvalidInput
        If the archive holds anything else, or the features do not match.
    EngineError
        If skops refuses the archive all the same.
    MissingExtra
        If skops or scikit-learn is not installed.
    """
    check_archive(data)
    try:
        import skops.io
    except ImportError:
        raise MissingExtra("models", needed_for="loading skops models") from None
    try:
        with warnings.catch_warnings():
            # Another scikit-learn may have written it; what it computes is checked anyway.
            warnings.simplefilter("ignore")
            estimator = skops.io.loads(data, trusted=list(TRUSTED_TYPES))
    except Exception as error:  # allow broad-except: skops raises whatever its nodes raise
        raise EngineError(
            f"skops could not load the model ({type(error).__name__})",
            where="model",
            remedy="Save the model again with skops.io.dumps.",
        ) from None
    try:
        return _opened(estimator, features)
    except (AttributeError, TypeError, ValueError, IndexError) as error:
        raise _unsupported(f"an incomplete estimator ({type(error).__name__})") from None


def _opened(estimator: Any, registered: tuple[str, ...] | None) -> LinearModel:
    stated = tuple(str(name) for name in getattr(estimator, "feature_names_in_", ()))
    count = int(estimator.n_features_in_)
    features = stated
    if not features:
        # Trained without names: the registered ones count if their number is right.
        unnamed = tuple(f"column {number}" for number in range(count))
        features = registered if registered and len(registered) == count else unnamed
    check_features(features, registered or stated)
    parts = [step for step in _steps(estimator) if step is not None]
    for part in {id(part): part for part in [*parts, estimator]}.values():
        # The order of the columns was compared above, so the estimator need not see names.
        part.__dict__.pop("feature_names_in_", None)
    model = LinearModel(estimator, features)
    probe = np.stack([np.zeros(count), np.ones(count)])
    base, values = model.contributions(probe)
    gap = float(np.max(np.abs(base + values.sum(axis=1) - model.raw_margin(probe))))
    if not gap <= model.tolerance * max(1.0, float(np.max(np.abs(values)))):
        raise _unsupported("coefficients that do not give its own scores")
    return model


def _steps(estimator: Any) -> tuple[Any, Any, Any]:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    steps = [step for _, step in estimator.steps] if type(estimator) is Pipeline else [estimator]
    imputer = steps.pop(0) if type(steps[0]) is SimpleImputer else None
    scaler = steps.pop(0) if steps and type(steps[0]) is StandardScaler else None
    if len(steps) != 1 or type(steps[0]) is not LogisticRegression:
        raise _unsupported(f"a {type(estimator).__name__} of other steps")
    final = steps[0]
    if [int(label) for label in final.classes_] != [0, 1]:
        raise _unsupported("classes other than 0 and 1 (1 is the favourable outcome)")
    return imputer, scaler, final


def _fill_values(imputer: Any, width: int) -> Floats | None:
    if imputer is None:
        return None
    marker = imputer.missing_values
    values = np.asarray(imputer.statistics_, dtype=np.float64)
    if not (isinstance(marker, float) and math.isnan(marker)) or imputer.add_indicator:
        raise _unsupported("an imputer with another missing marker or with indicators")
    if values.shape != (width,) or not np.isfinite(values).all():
        raise _unsupported("an imputer without a value for each feature")
    return values


def _folded(scaler: Any, final: Any, width: int) -> tuple[Floats, float]:
    weights = np.asarray(final.coef_, dtype=np.float64)
    intercepts = np.asarray(final.intercept_, dtype=np.float64)
    if weights.shape != (1, width) or intercepts.shape != (1,):
        raise _unsupported("coefficients of another shape")
    coefficients, intercept = weights[0], float(intercepts[0])
    if scaler is not None and scaler.scale_ is not None:
        coefficients = coefficients / np.asarray(scaler.scale_, dtype=np.float64)
    if scaler is not None and scaler.mean_ is not None and scaler.with_mean:
        intercept -= float(coefficients @ np.asarray(scaler.mean_, dtype=np.float64))
    if not (np.isfinite(coefficients).all() and math.isfinite(intercept)):
        raise _unsupported("coefficients that are not finite")
    return coefficients, intercept


def _unsupported(what: str) -> InvalidInput:
    return InvalidInput(
        f"the skops file holds {what}",
        where="model",
        remedy="Supported: LogisticRegression, alone or in a Pipeline after SimpleImputer and "
        "StandardScaler. Save tree ensembles as XGBoost JSON or LightGBM text.",
    )

"""XGBoost models in JSON or UBJSON: margins and XGBoost's own per-feature contributions.

The contributions are XGBoost's path-dependent Shapley values on the raw margin: what a
feature changed compared with the training rows as the trees recorded them. They are exact
for that question, in single precision; a registered baseline does not change them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from answerable.audit.errors import EngineError, MissingExtra
from answerable.explain.adapters.matrix import Floats, as_matrix, check_features
from answerable.explain.adapters.xgboost_structure import BoosterFacts, check_booster

__all__ = ["XgboostModel", "load_xgboost"]

# Single-precision sums over hundreds of trees.
_TOLERANCE: Final = 1e-5


class XgboostModel:
    """A loaded XGBoost classifier with one output."""

    method: Final = "xgboost-native"
    game: Final = "path-dependent"
    exact: Final = True
    tolerance: Final = _TOLERANCE
    takes_missing: Final = True

    def __init__(self, booster: Any, facts: BoosterFacts, features: tuple[str, ...]) -> None:
        self._booster = booster
        self._facts = facts
        self.features = features

    @property
    def engines(self) -> dict[str, str]:
        """Name and version of the engine that scores and explains."""
        import xgboost

        return {"xgboost": xgboost.__version__}

    def raw_margin(self, X: Floats) -> Floats:
        """Return the log-odds of the favourable outcome; shape (n,)."""
        return self._predict(X, "margin")

    def probability(self, X: Floats) -> Floats:
        """Return the model's probability of the favourable outcome; shape (n,)."""
        return self._predict(X, "value")

    def contributions(self, X: Floats) -> tuple[Floats, Floats]:
        """Return the base margin, shape (n,), and contributions, shape (n, d)."""
        import xgboost

        matrix = as_matrix(X, len(self.features))
        names = list(self._facts.feature_names) or None
        try:
            data = xgboost.DMatrix(matrix, feature_names=names, nthread=1)
            values = self._booster.predict(data, pred_contribs=True)
        except xgboost.core.XGBoostError as error:
            raise _failed(error) from None
        wide = np.asarray(values, dtype=np.float64)
        return wide[:, -1], wide[:, :-1]

    def split_points(self, feature: str) -> tuple[float, ...]:
        """Return the thresholds the trees use for `feature`, ascending."""
        return self._facts.split_points[self.features.index(feature)]

    def filled(self, X: Floats) -> Floats:
        """Return `X` as the model sees it: missing values stay missing."""
        return as_matrix(X, len(self.features))

    def _predict(self, X: Floats, kind: str) -> Floats:
        import xgboost

        matrix = as_matrix(X, len(self.features))
        try:
            values = self._booster.inplace_predict(matrix, predict_type=kind)
        except xgboost.core.XGBoostError as error:
            raise _failed(error) from None
        return np.asarray(values, dtype=np.float64).reshape(len(matrix))


def load_xgboost(data: bytes, features: tuple[str, ...] | None, *, binary: bool) -> XgboostModel:
    """Load a checked XGBoost model.

    Parameters
    ----------
    data : bytes
        JSON, or UBJSON when `binary`.
    features : tuple of str or None
        The registered features, in the order of training; None takes the file's own names.
    binary : bool

    Returns
    -------
    XgboostModel

    Raises
    ------
    InvalidInput
        If the structure is broken or not supported, or the features do not match.
    EngineError
        If XGBoost refuses the file all the same.
    MissingExtra
        If xgboost is not installed.
    """
    facts = check_booster(data, binary=binary)
    names = facts.feature_names
    if not names:
        # Trained without names: the registered ones count if their number is right.
        unnamed = tuple(f"column {number}" for number in range(facts.feature_count))
        names = features if features and len(features) == len(unnamed) else unnamed
    check_features(names, features or facts.feature_names)
    try:
        import xgboost
    except ImportError:
        raise MissingExtra("models", needed_for="loading XGBoost models") from None
    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(data))
        booster.set_param({"nthread": 1})
    except (xgboost.core.XGBoostError, ValueError, TypeError) as error:
        raise _failed(error) from None
    return XgboostModel(booster, facts, names)


def _failed(error: Exception) -> EngineError:
    return EngineError(
        f"XGBoost failed ({type(error).__name__})",
        where="model",
        remedy="Check the model file and the installed version of xgboost.",
    )

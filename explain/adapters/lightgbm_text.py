"""LightGBM text models: margins and LightGBM's own per-feature contributions.

The contributions are path-dependent Shapley values on the raw margin, in double precision.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from answerable.audit.errors import EngineError, MissingExtra
from answerable.explain.adapters.lightgbm_structure import TextFacts, check_text
from answerable.explain.adapters.matrix import Floats, as_matrix

__all__ = ["LightgbmModel", "load_lightgbm"]


class LightgbmModel:
    """A loaded LightGBM classifier with one output."""

    method: Final = "lightgbm-native"
    game: Final = "path-dependent"
    exact: Final = True
    tolerance: Final = 1e-9
    takes_missing: Final = True

    def __init__(self, booster: Any, facts: TextFacts) -> None:
        self._booster = booster
        self._points = facts.split_points
        self.features = facts.features

    @property
    def engines(self) -> dict[str, str]:
        """Name and version of the engine that scores and explains."""
        import lightgbm

        return {"lightgbm": lightgbm.__version__}

    def raw_margin(self, X: Floats) -> Floats:
        """Return the log-odds of the favourable outcome; shape (n,)."""
        return self._predict(X, "raw_score")

    def probability(self, X: Floats) -> Floats:
        """Return the model's probability of the favourable outcome; shape (n,)."""
        return self._predict(X, "")

    def contributions(self, X: Floats) -> tuple[Floats, Floats]:
        """Return the base margin, shape (n,), and contributions, shape (n, d)."""
        wide = self._predict(X, "pred_contrib")
        return wide[:, -1], wide[:, :-1]

    def split_points(self, feature: str) -> tuple[float, ...]:
        """Return values just above the trees' thresholds, ascending.

        LightGBM goes left when the value is at most the threshold; the next number up is
        the smallest value that goes right.

        Returns
        -------
        tuple of float
        """
        return self._points.get(self.features.index(feature), ())

    def filled(self, X: Floats) -> Floats:
        """Return `X` as the model sees it: missing values stay missing."""
        return as_matrix(X, len(self.features))

    def _predict(self, X: Floats, kind: str) -> Floats:
        import lightgbm

        matrix = as_matrix(X, len(self.features))
        options = {kind: True} if kind else {}
        try:
            values = self._booster.predict(matrix, num_threads=1, **options)
        except lightgbm.basic.LightGBMError as error:
            raise _failed(error) from None
        return np.asarray(values, dtype=np.float64)


def load_lightgbm(data: bytes, features: tuple[str, ...] | None) -> LightgbmModel:
    """Load a checked LightGBM text model.

    Parameters
    ----------
    data : bytes
        What ``booster.model_to_string()`` gives, in UTF-8.
    features : tuple of str or None
        The registered features, in the order of training; None takes the file's own names.

    Returns
    -------
    LightgbmModel

    Raises
    ------
    InvalidInput
        If the structure is broken or not supported, or the features do not match.
    EngineError
        If LightGBM refuses the file all the same.
    MissingExtra
        If lightgbm is not installed.
    """
    facts = check_text(data, features)
    try:
        import lightgbm
    except ImportError:
        raise MissingExtra("models", needed_for="loading LightGBM models") from None
    try:
        booster = lightgbm.Booster(model_str=facts.text)
    except lightgbm.basic.LightGBMError as error:
        raise _failed(error) from None
    return LightgbmModel(booster, facts)


def _failed(error: Exception) -> EngineError:
    return EngineError(
        f"LightGBM failed ({type(error).__name__})",
        where="model",
        remedy="Check the model file and the installed version of lightgbm.",
    )

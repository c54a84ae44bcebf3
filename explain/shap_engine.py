"""The door to shap: global plots and an independent check of our own attributions.

No serving process imports this module: importing shap takes seconds and hundreds of
megabytes. Values are interventional over all the background rows given, and labelled exact
or approximate; approximate ones are seeded and are no evidence of a decision's reasons.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np

from answerable.audit.errors import EngineError, MissingExtra
from answerable.explain.adapters.matrix import as_matrix
from answerable.explain.models import Floats, LoadedModel

__all__ = ["ShapValues", "shap_values_for"]

# The exact algorithm asks the model about every subset of the features.
_EXACT_UP_TO: Final = 10


@dataclass(frozen=True)
class ShapValues:
    """Shapley values as shap computes them, on the raw margin.

    Attributes
    ----------
    base : float
        Mean raw margin over the background.
    values : ndarray, shape (n, d)
    exact : bool
        False for permutation sampling.
    seed : int
    engine : str
        Name and version.
    """

    base: float
    values: Floats
    exact: bool
    seed: int
    engine: str


def shap_values_for(model: LoadedModel, X: Floats, background: Floats, seed: int) -> ShapValues:
    """Return interventional Shapley values of the raw margin.

    Parameters
    ----------
    model : LoadedModel
    X : ndarray, shape (n, d)
    background : ndarray, shape (m, d)
        All of it is used; shap's own default would silently sample 100 rows.
    seed : int
        Of the permutations, when there are more than ten features.

    Returns
    -------
    ShapValues

    Raises
    ------
    MissingExtra
        If shap is not installed.
    EngineError
        If shap fails.
    """
    try:
        import shap
    except ImportError:
        raise MissingExtra("explain", needed_for="values computed by shap") from None
    width = len(model.features)
    rows, reference = as_matrix(X, width), as_matrix(background, width)
    exact = width <= _EXACT_UP_TO
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            masker = shap.maskers.Independent(reference, max_samples=len(reference))
            if exact:
                explain = shap.explainers.Exact(model.raw_margin, masker)
            else:
                explain = shap.explainers.Permutation(model.raw_margin, masker, seed=seed)
            found = explain(rows)
    except Exception as error:
        raise EngineError(
            f"shap failed ({type(error).__name__})",
            where="shap",
            remedy="Use the attributions Answerable computes itself.",
        ) from None
    return ShapValues(
        base=float(model.raw_margin(reference).mean()),
        values=np.asarray(found.values, dtype=np.float64),
        exact=exact,
        seed=seed,
        engine=f"shap {shap.__version__}",
    )

"""The one form of model input: a float64 matrix with a column per feature, NaN for missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from answerable.audit.errors import InvalidInput

__all__ = ["Floats", "as_matrix", "check_features", "refuse_missing"]

Floats: TypeAlias = npt.NDArray[np.float64]


def as_matrix(X: Floats, width: int) -> Floats:
    """Return `X` as a C-ordered float64 matrix.

    Parameters
    ----------
    X : ndarray, shape (n, width)
        NaN stands for a missing value.
    width : int
        Number of features of the model.

    Returns
    -------
    ndarray, shape (n, width)

    Raises
    ------
    InvalidInput
        If the shape differs or a value is infinite.

    Examples
    --------
    >>> as_matrix(np.array([[1, 2]]), 2).dtype
    dtype('float64')
    """
    matrix = np.ascontiguousarray(X, dtype=np.float64)
    if matrix.shape != (len(matrix), width):
        raise InvalidInput(
            f"model input of shape {matrix.shape}, expected (n, {width})", where="model"
        )
    if np.isinf(matrix).any():
        raise InvalidInput("model input holds an infinite value", where="model")
    return matrix


def refuse_missing(matrix: Floats, features: Sequence[str]) -> None:
    """Refuse missing values for a model that cannot take them.

    Raises
    ------
    InvalidInput
        Naming the features.
    """
    missing = [features[int(j)] for j in np.flatnonzero(np.isnan(matrix).any(axis=0))]
    if missing:
        raise InvalidInput(
            f"missing values in {', '.join(missing)}, and this model takes none",
            where="model",
            remedy="Send all features, or register a model with an imputation step.",
        )


def check_features(found: Sequence[str], registered: Sequence[str]) -> None:
    """Compare the feature names inside a model file with the registered ones.

    Raises
    ------
    InvalidInput
        If they differ in number, name or order.
    """
    if tuple(found) == tuple(registered):
        return
    missing = [name for name in registered if name not in found][:5]
    unknown = [name for name in found if name not in registered][:5]
    if missing or unknown:
        detail = f"not in the model: {missing or 'none'}; not registered: {unknown or 'none'}"
    else:
        detail = f"same names in another order or number ({len(found)} and {len(registered)})"
    raise InvalidInput(
        f"the model's features do not match the registered features ({detail})",
        where="model",
        remedy="Register the features exactly as the model was trained with, in that order.",
    )

"""Scorecards: a table of points per feature and bin, as JSON.

::

    {"type": "answerable.scorecard.v1",
     "offset_points": 500, "log_odds_per_point": 0.02885,
     "features": [{"feature": "age_of_account", "missing": 10,
                   "bins": [{"below": 12, "points": 5}, {"points": 20}]}]}

The bins of a feature are read in order; the first whose ``below`` is greater than the value
applies, and the last has none. Without ``missing`` the feature must be given. The raw margin
is ``(points - offset_points) * log_odds_per_point``.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from itertools import pairwise
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from answerable.audit.errors import InvalidInput
from answerable.audit.records import FrozenModel
from answerable.explain.adapters.matrix import Floats, as_matrix, check_features, refuse_missing

__all__ = ["ScorecardModel", "load_scorecard"]

_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Bin(FrozenModel):
    below: _Finite | None = None
    points: _Finite


class _Feature(FrozenModel):
    feature: str
    missing: _Finite | None = None
    bins: Annotated[tuple[_Bin, ...], Field(min_length=1)]


class _Scorecard(FrozenModel):
    type: Literal["answerable.scorecard.v1"]
    offset_points: _Finite = 0.0
    log_odds_per_point: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    features: Annotated[tuple[_Feature, ...], Field(min_length=1)]


class ScorecardModel:
    """A loaded scorecard."""

    method: Final = "scorecard"
    game: Final = "interventional"
    exact: Final = True
    tolerance: Final = 1e-9

    def __init__(self, card: _Scorecard) -> None:
        self.features = tuple(item.feature for item in card.features)
        self._factor = card.log_odds_per_point
        self._base = -card.offset_points * card.log_odds_per_point
        self._tables = [_table(item) for item in card.features]
        self._optional = np.array([item.missing is not None for item in card.features])

    @property
    def takes_missing(self) -> bool:
        """Whether every feature has points for a missing value."""
        return bool(self._optional.all())

    @property
    def engines(self) -> dict[str, str]:
        """Answerable itself scores a scorecard."""
        return {"answerable": version("answerable")}

    def raw_margin(self, X: Floats) -> Floats:
        """Return the log-odds of the favourable outcome; shape (n,)."""
        return np.asarray(self._base + self._points(X).sum(axis=1) * self._factor)

    def probability(self, X: Floats) -> Floats:
        """Return the probability of the favourable outcome; shape (n,)."""
        return np.asarray(1 / (1 + np.exp(-self.raw_margin(X))), dtype=np.float64)

    def contributions(self, X: Floats) -> tuple[Floats, Floats]:
        """Return contributions measured from zero points: (n,) and (n, d)."""
        values = self._points(X) * self._factor
        return np.full(len(values), self._base), values

    def split_points(self, feature: str) -> tuple[float, ...]:
        """Return where the points of `feature` change, ascending."""
        edges, _ = self._tables[self.features.index(feature)]
        return tuple(float(edge) for edge in edges)

    def filled(self, X: Floats) -> Floats:
        """Return `X` as the scorecard sees it: missing values stay missing."""
        return as_matrix(X, len(self.features))

    def _points(self, X: Floats) -> Floats:
        matrix = as_matrix(X, len(self.features))
        refuse_missing(np.where(self._optional, 0.0, matrix), self.features)
        points = np.empty_like(matrix)
        for column, (edges, values) in enumerate(self._tables):
            place = np.searchsorted(edges, matrix[:, column], side="right")
            place[np.isnan(matrix[:, column])] = len(values) - 1
            points[:, column] = values[place]
        return points


def _table(item: _Feature) -> tuple[Floats, Floats]:
    edges = [part.below for part in item.bins]
    bounds = [edge for edge in edges if edge is not None]
    if edges[-1] is not None or len(bounds) != len(edges) - 1:
        raise _broken(f"the bins of '{item.feature}': all but the last need 'below'")
    if any(low >= high for low, high in pairwise(bounds)):
        raise _broken(f"the bins of '{item.feature}' are not in ascending order")
    # The points of a missing value stand behind those of the bins.
    points = [part.points for part in item.bins] + [item.missing or 0.0]
    return np.array(bounds, dtype=np.float64), np.array(points, dtype=np.float64)


def _broken(what: str) -> InvalidInput:
    return InvalidInput(
        f"not a valid scorecard: {what}",
        where="model",
        remedy="The form is described in answerable.explain.adapters.scorecard.",
    )


def load_scorecard(data: bytes, features: tuple[str, ...] | None) -> ScorecardModel:
    """Load a scorecard.

    Parameters
    ----------
    data : bytes
        JSON as described in this module.
    features : tuple of str or None
        The registered features, in the order of the card; None takes the card's own.

    Returns
    -------
    ScorecardModel

    Raises
    ------
    InvalidInput
        If it is not a scorecard or the features do not match.

    Examples
    --------
    >>> card = b'''{"type": "answerable.scorecard.v1", "log_odds_per_point": 0.5,
    ...   "features": [{"feature": "age", "bins": [{"below": 30, "points": 1}, {"points": 4}]}]}'''
    >>> load_scorecard(card, ("age",)).raw_margin(np.array([[29.0], [30.0]])).tolist()
    [0.5, 2.0]
    """
    try:
        value = json.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _broken(f"not JSON ({type(error).__name__})") from None
    card = _Scorecard.parse(value)
    names = [item.feature for item in card.features]
    check_features(names, features or names)
    if len(set(names)) != len(names):
        raise _broken("a feature twice")
    return ScorecardModel(card)

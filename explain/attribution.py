"""Attributions of one output to its inputs, proven before anyone sees them.

For each player (a column, or a group of columns that the catalogue names) the attribution
says how far it moved the raw margin from the base value. Base value plus attributions is
compared with the model's own output, computed by the model itself; if they differ by more
than the stated tolerance there is no attribution but an error.

Trees answer the path-dependent question (compared with the training rows as the trees
recorded them); linear models and scorecards the interventional one, compared with the mean
applicant of a registered baseline. The value of a group is the sum over its columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from answerable.audit.errors import AdditivityBroken, InvalidInput
from answerable.audit.records import BaselineVersion, FrozenModel
from answerable.explain.baseline import reference_row
from answerable.explain.models import Floats, Game, LoadedModel, Method

__all__ = [
    "Attribution",
    "Players",
    "attribute",
    "attribution_matrix",
    "check_additivity",
    "column_players",
]

Players = Mapping[str, tuple[str, ...]]
"""Player name to the model columns it stands for."""


class Attribution(FrozenModel):
    """How the output of one case comes about, on the raw margin (log-odds).

    `base_value` plus the sum of `values` equals `output` within `tolerance`; `residual` is
    the difference that was found.
    """

    scale: Literal["raw_margin"] = "raw_margin"
    method: Method
    game: Game
    exact: bool
    base_value: float
    values: dict[str, float]
    output: float
    residual: float
    tolerance: Annotated[float, Field(gt=0)]
    inputs: dict[str, dict[str, float]]
    """Per player the case's columns and values; missing ones are left out."""
    reference: dict[str, dict[str, float]]
    """Per player the baseline's means of the same columns."""


def column_players(features: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return one player per column, named like it.

    Returns
    -------
    dict of str to tuple of str

    Examples
    --------
    >>> column_players(("income",))
    {'income': ('income',)}
    """
    return {feature: (feature,) for feature in features}


def attribute(
    model: LoadedModel, x: Floats, baseline: BaselineVersion, players: Players | None = None
) -> Attribution:
    """Attribute the model's raw margin for one case.

    Parameters
    ----------
    model : LoadedModel
    x : ndarray, shape (d,)
        The case, NaN for missing.
    baseline : BaselineVersion
        Whom the case is compared with.
    players : mapping of str to tuple of str, optional
        Groups of columns; each column must belong to exactly one. Default: each column.

    Returns
    -------
    Attribution

    Raises
    ------
    InvalidInput
        If players do not partition the columns, or the baseline has other features.
    AdditivityBroken
        If base value plus attributions is not the model's own output.
    """
    groups = column_players(model.features) if players is None else players
    _check_players(groups, model.features)
    reference = reference_row(baseline, model.features)
    row = np.asarray(x, dtype=np.float64)[np.newaxis]
    bases, matrix = attribution_matrix(model, row, reference)
    base, values = float(bases[0]), matrix[0]
    place = {feature: number for number, feature in enumerate(model.features)}
    grouped = {
        player: float(sum(values[place[column]] for column in columns))
        for player, columns in groups.items()
    }
    output = float(model.raw_margin(row)[0])
    tolerance = model.tolerance * max(1.0, abs(output))
    residual = check_additivity(base, grouped, output, tolerance)
    return Attribution(
        method=model.method,
        game=model.game,
        exact=model.exact,
        base_value=base,
        values=grouped,
        output=output,
        residual=residual,
        tolerance=tolerance,
        inputs={player: _present(row[0], place, groups[player]) for player in groups},
        reference={player: _present(reference, place, groups[player]) for player in groups},
    )


def attribution_matrix(model: LoadedModel, X: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Return base values and attributions of many cases, not yet proven.

    Parameters
    ----------
    model : LoadedModel
    X : ndarray, shape (n, d)
    reference : ndarray, shape (d,)
        The baseline's mean applicant; what interventional attributions start from.

    Returns
    -------
    tuple of ndarray, shape (n,), and ndarray, shape (n, d)
    """
    base, values = model.contributions(X)
    if model.game == "path-dependent":
        return base, values
    _, at_reference = model.contributions(reference[np.newaxis])
    return base + at_reference[0].sum(), values - at_reference[0]


def _present(row: Floats, place: Mapping[str, int], columns: tuple[str, ...]) -> dict[str, float]:
    found = {column: float(row[place[column]]) for column in columns}
    return {column: value for column, value in found.items() if not np.isnan(value)}


def _check_players(players: Players, features: tuple[str, ...]) -> None:
    columns = [column for group in players.values() for column in group]
    if sorted(columns) != sorted(features):
        missing = sorted(set(features) - set(columns))[:5]
        raise InvalidInput(
            f"the players do not cover each column of the model once (missing: {missing})",
            where="catalogue",
            remedy="Give every feature of the model exactly one player in the catalogue.",
        )


def check_additivity(
    base: float, values: Mapping[str, float], output: float, tolerance: float
) -> float:
    """Return ``base + sum(values) - output`` when it is within `tolerance`.

    Parameters
    ----------
    base : float
    values : mapping of str to float
    output : float
        The model's own output on the same scale.
    tolerance : float

    Returns
    -------
    float
        Within +-tolerance.

    Raises
    ------
    AdditivityBroken
        If it is not, or is not a number.

    Examples
    --------
    >>> check_additivity(1.0, {"a": 0.5}, 1.5, 1e-9)
    0.0
    """
    residual = base + float(np.sum(np.fromiter(values.values(), dtype=np.float64))) - output
    if not abs(residual) <= tolerance:
        raise AdditivityBroken(
            f"base value plus attributions misses the model's output by {abs(residual):.3g}, "
            f"tolerance {tolerance:.3g}",
            where="attribution",
            remedy="Do not use this explanation; check the model file and engine version.",
        )
    return float(residual)

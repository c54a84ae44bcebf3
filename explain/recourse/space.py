"""Which changes are permitted: columns, directions, steps, ranges, derived values.

A case is a row over *columns*: the model's features first, then numeric columns that only
rules look at. Candidates for one column are the values on its step grid next to where the
decision function changes: the model's split points, the limits of rules, and the same points
of values derived from it. Where a model has no split points (a linear one), an even grid.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from answerable.audit.records import DecisionFunction
from answerable.explain.catalogue import Catalogue, Derivation, Player
from answerable.explain.models import Floats, LoadedModel

__all__ = ["Lever", "Space", "make_space"]

_GRID_POINTS: Final = 48
# Values on a step grid are rounded here, so that 0.1 * 3 is written 0.3.
_GRID_DECIMALS: Final = 9
_CHANGE_COST: Final = 0.1

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Lever:
    """One column a person can change.

    Attributes
    ----------
    player : Player
    column : int
        Its number in the space.
    candidates : ndarray, shape (k,)
        Permitted values, nearest to the present one first.
    span : float
        Width of the permitted range: the unit of its cost.
    """

    player: Player
    column: int
    candidates: Floats
    span: float


@dataclass(frozen=True)
class _Derived:
    column: int
    numerator: tuple[int, ...]
    denominator: tuple[int, ...]
    bounds: tuple[float, float]


@dataclass(frozen=True)
class Space:
    """The permitted changes of one case.

    Attributes
    ----------
    columns : tuple of str
    start : ndarray, shape (m,)
        The case as it is.
    levers : tuple of Lever
    """

    columns: tuple[str, ...]
    start: Floats
    levers: tuple[Lever, ...]
    derived: tuple[_Derived, ...]

    @cached_property
    def _spans(self) -> dict[int, float]:
        return {lever.column: lever.span for lever in self.levers}

    def rows(self, choices: Sequence[Mapping[int, float]]) -> tuple[Floats, Bools]:
        """Return the cases after the chosen changes, and which of them are possible.

        Parameters
        ----------
        choices : sequence of mapping of column number to value

        Returns
        -------
        tuple of ndarray, shape (n, m), and ndarray of bool, shape (n,)
            A case is impossible when a derived value cannot be computed or leaves its range.
        """
        rows = np.tile(self.start, (len(choices), 1))
        changed = np.zeros(rows.shape, dtype=bool)
        for number, choice in enumerate(choices):
            for column, value in choice.items():
                rows[number, column] = value
                changed[number, column] = True
        possible = np.ones(len(choices), dtype=bool)
        for derived in self.derived:
            possible &= self._recompute(derived, rows, changed)
        return rows, possible

    def _recompute(self, derived: _Derived, rows: Floats, changed: Bools) -> Bools:
        sources = [*derived.numerator, *derived.denominator]
        touched = changed[:, sources].any(axis=1) & ~changed[:, derived.column]
        before = float(self.start[derived.column])
        if math.isnan(before) or not touched.any():
            return np.ones(len(rows), dtype=bool)
        with np.errstate(divide="ignore", invalid="ignore"):
            up = _ratio(rows, self.start, derived.numerator)
            down = _ratio(rows, self.start, derived.denominator)
            after = np.where(touched, before * up / down, before)
        low, high = min(derived.bounds[0], before), max(derived.bounds[1], before)
        possible: Bools = ~touched | ((after >= low) & (after <= high))
        # An impossible case is judged by nobody, but what looks at it needs numbers.
        rows[:, derived.column] = np.where(touched & possible, after, rows[:, derived.column])
        return possible

    def cost(self, choice: Mapping[int, float]) -> float:
        """Return the cost of a choice: relative shifts plus 0.1 for each change.

        Returns
        -------
        float
        """
        return sum(
            abs(value - float(self.start[column])) / self._spans[column] + _CHANGE_COST
            for column, value in sorted(choice.items())
        )


def _ratio(rows: Floats, start: Floats, columns: tuple[int, ...]) -> Floats:
    if not columns:
        return np.ones(len(rows))
    before = start[list(columns)].sum()
    ratio: Floats = rows[:, list(columns)].sum(axis=1) / before
    return ratio


def make_space(
    model: LoadedModel,
    inputs: Mapping[str, JsonValue],
    x: Floats,
    function: DecisionFunction,
    catalogue: Catalogue,
) -> Space:
    """Return the permitted changes of one case.

    Parameters
    ----------
    model : LoadedModel
    inputs : mapping of feature name to value
        Present values of columns that only rules use.
    x : ndarray, shape (d,)
        Present values of the model's features.
    function : DecisionFunction
    catalogue : Catalogue

    Returns
    -------
    Space
    """
    extra = dict.fromkeys(
        rule.feature
        for rule in function.rules
        if rule.feature not in model.features and not isinstance(rule.value, str)
    )
    columns = (*model.features, *extra)
    others = [float(value) for name in extra if isinstance(value := inputs[name], int | float)]
    start = np.concatenate([x, others])
    place = {name: number for number, name in enumerate(columns)}
    derived = tuple(_derived(catalogue.players, place))
    points = _turning_points(model, function, columns)
    levers = [
        _lever(player, place[player.columns[0]], start, points, derived)
        for player in catalogue.players
        if player.actionable and not player.protected and player.columns[0] in place
    ]
    return Space(columns, start, tuple(lever for lever in levers if len(lever.candidates)), derived)


def _derived(players: Iterable[Player], place: Mapping[str, int]) -> Iterable[_Derived]:
    for player in players:
        derivation = player.derived_from
        if derivation is None or player.columns[0] not in place:
            continue
        if all(source in place for source in derivation.sources):
            yield _Derived(
                place[player.columns[0]],
                *_numbers(derivation, place),
                player.range or (-math.inf, math.inf),
            )


def _numbers(
    derivation: Derivation, place: Mapping[str, int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    numerator = tuple(place[name] for name in derivation.numerator)
    return numerator, tuple(place[name] for name in derivation.denominator)


def _turning_points(
    model: LoadedModel, function: DecisionFunction, columns: Sequence[str]
) -> dict[int, list[float]]:
    points: dict[int, list[float]] = {}
    for number, name in enumerate(columns):
        own = list(model.split_points(name)) if name in model.features else []
        limits = [
            float(rule.value)
            for rule in function.rules
            if rule.feature == name and not isinstance(rule.value, str)
        ]
        points[number] = own + limits
    return points


def _lever(
    player: Player,
    column: int,
    start: Floats,
    points: Mapping[int, Sequence[float]],
    derived: Sequence[_Derived],
) -> Lever:
    low, high = player.range or (0.0, 0.0)
    step = player.step or 1.0
    present = float(start[column])
    wanted = list(points[column])
    for item in derived:
        wanted += [
            value for point in points[item.column] for value in _inverse(item, column, start, point)
        ]
    wanted += np.linspace(low, high, _GRID_POINTS).tolist()
    nearby = np.floor(np.array(wanted, dtype=np.float64) / step)[:, None] + np.arange(-1, 3)
    values = np.unique(np.round(nearby * step, _GRID_DECIMALS))
    values = values[(values >= low) & (values <= high)]
    if player.direction == "up":
        values = values[values > present]
    elif player.direction == "down":
        values = values[values < present]
    values = values[values != present] if not math.isnan(present) else values[:0]
    order = np.argsort(np.abs(values - present), kind="stable")
    return Lever(player, column, values[order], high - low)


def _inverse(item: _Derived, column: int, start: Floats, point: float) -> Iterable[float]:
    """Yield the value of `column` at which the derived value reaches `point`."""
    value = float(start[item.column])
    for side, inverted in ((item.numerator, False), (item.denominator, True)):
        factor = (value / point if point else math.nan) if inverted else point / (value or math.nan)
        if column in side and math.isfinite(factor):
            total = float(start[list(side)].sum())
            target = total * factor - (total - float(start[column]))
            if math.isfinite(target):
                yield target

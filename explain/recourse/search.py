"""Search the permitted changes: one change if one suffices, else greedily, then prune.

Every candidate is judged by the decision function: its rules and the registered model. The
search draws no random numbers and counts evaluated rows instead of time, so the same case
always gets the same answer. The result is minimal in this sense: taking any one change back
makes the outcome unfavourable again. It is not proven to be the cheapest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from pydantic import JsonValue

from answerable.audit.errors import EngineError
from answerable.audit.records import DecisionFunction
from answerable.explain.catalogue import Catalogue
from answerable.explain.models import Floats, LoadedModel
from answerable.explain.recourse.changes import Change, Counterfactual, RecourseStatus
from answerable.explain.recourse.space import Bools, Space, make_space
from answerable.explain.scoring import evaluate, feature_row, rule_fires

__all__ = ["SearchLimits", "find_counterfactual"]

_Choice = dict[int, float]
# A gain below this is rounding, not progress.
_LEAST_GAIN: Final = 1e-9


@dataclass(frozen=True)
class SearchLimits:
    """How far the search goes.

    Attributes
    ----------
    max_changes : int
        More changes than this are no advice.
    max_rows : int
        Budget of rows shown to the model.
    """

    max_changes: int = 5
    max_rows: int = 200_000


def find_counterfactual(
    model: LoadedModel,
    inputs: Mapping[str, JsonValue],
    function: DecisionFunction,
    catalogue: Catalogue,
    *,
    expires_at: int,
    limits: SearchLimits | None = None,
) -> Counterfactual:
    """Find permitted changes after which `function` decides favourably.

    Parameters
    ----------
    model : LoadedModel
        The function's scoring model.
    inputs : mapping of feature name to value
        The case as it was decided.
    function : DecisionFunction
    catalogue : Catalogue
        Says what may change; protected players never do.
    expires_at : int
        Until when the advice may be relied on, microseconds UTC.
    limits : SearchLimits, optional

    Returns
    -------
    Counterfactual
        ``valid`` with its changes, ``none_found`` or ``timeout``.

    Raises
    ------
    InvalidInput
        If the case cannot be evaluated.
    EngineError
        If the model contradicts itself between one row and many.
    """
    artefact = function.models[0].artefact
    models = {artefact: model}
    x = feature_row(model.features, inputs)
    space = make_space(model, inputs, x, function, catalogue)
    judge = _Judge(model, function, space, inputs, (limits or SearchLimits()).max_rows)
    best = _search(space, judge, (limits or SearchLimits()).max_changes)
    if best is None or judge.exhausted:
        status: RecourseStatus = "timeout" if judge.exhausted else "none_found"
        return Counterfactual(
            status=status, model=artefact, rows_evaluated=judge.rows, expires_at=expires_at
        )
    changed = _changed_inputs(space, best, inputs)
    checked = evaluate(function, models, changed)
    if checked.outcome != function.favourable:
        raise EngineError(
            "a counterfactual did not hold when the decision function was asked again",
            where="recourse",
            remedy="Report this: the model scores a row differently alone and among others.",
        )
    return Counterfactual(
        status="valid",
        changes=_changes(space, best, catalogue),
        cost=space.cost(best),
        score=checked.score,
        model=artefact,
        rows_evaluated=judge.rows,
        expires_at=expires_at,
    )


class _Judge:
    """Asks the decision function about many cases at once, and counts them."""

    def __init__(
        self,
        model: LoadedModel,
        function: DecisionFunction,
        space: Space,
        inputs: Mapping[str, JsonValue],
        max_rows: int,
    ) -> None:
        self._model = model
        self._function = function
        self._space = space
        self._max_rows = max_rows
        self.rows = 0
        self.exhausted = False
        numeric = [rule for rule in function.rules if not isinstance(rule.value, str)]
        self._rules = [(rule, space.columns.index(rule.feature)) for rule in numeric]
        fixed = [rule for rule in function.rules if isinstance(rule.value, str)]
        self._always_fired = sum(rule_fires(rule, inputs) for rule in fixed)

    def judge(self, choices: Sequence[_Choice]) -> tuple[Bools, Floats]:
        """Judge several choices.

        Returns
        -------
        tuple of ndarray of bool and ndarray, each of shape (n,)
            Whether each is favourable, and how far the score is from that; a fired rule
            counts for more than any score, an impossible choice is infinitely far.
        """
        self.exhausted = self.exhausted or self.rows + len(choices) > self._max_rows
        if self.exhausted or not choices:
            return np.zeros(len(choices), dtype=bool), np.full(len(choices), math.inf)
        self.rows += len(choices)
        rows, possible = self._space.rows(choices)
        fired = np.full(len(rows), self._always_fired, dtype=np.float64)
        for rule, column in self._rules:
            # One column at a time through the rule itself, so that there is one meaning of it.
            values, where = np.unique(rows[:, column], return_inverse=True)
            fires = [rule_fires(rule, {rule.feature: float(value)}) for value in values]
            fired += np.array(fires, dtype=np.float64)[where]
        short = self._shortfall(rows[:, : len(self._model.features)])
        favourable = possible & (fired == 0) & (short <= 0)
        distance = np.where(possible, np.maximum(short, 0) + 1e6 * fired, math.inf)
        return favourable, distance

    def _shortfall(self, X: Floats) -> Floats:
        function = self._function
        probability = function.scale == "probability"
        scores = self._model.probability(X) if probability else self._model.raw_margin(X)
        # The same comparison as scoring.outcome_of_score makes.
        near = np.abs(scores - function.cut_off) < function.refer_margin
        reached = (scores >= function.cut_off) & ~near
        goal = function.cut_off + function.refer_margin
        if probability:
            scores, goal = self._model.raw_margin(X), math.log(goal / (1 - goal))
        short: Floats = np.where(reached, 0.0, np.maximum(goal - scores, _LEAST_GAIN))
        return short


def _search(space: Space, judge: _Judge, max_changes: int) -> _Choice | None:
    found: list[_Choice] = []
    for per_cost in (False, True):
        choice = _greedy(space, judge, max_changes, per_cost=per_cost)
        if choice is not None:
            found.append(_refined(space, judge, choice))
    return min(found, key=space.cost) if found else None


def _options(space: Space, choice: _Choice) -> list[_Choice]:
    return [
        {**choice, lever.column: float(value)}
        for lever in space.levers
        for value in lever.candidates
    ]


def _cheapest(space: Space, choices: Sequence[_Choice], favourable: Bools) -> _Choice | None:
    kept = [choice for choice, good in zip(choices, favourable, strict=True) if good]
    return min(kept, key=space.cost) if kept else None


def _greedy(space: Space, judge: _Judge, max_changes: int, *, per_cost: bool) -> _Choice | None:
    choice: _Choice = {}
    distance = float(judge.judge([choice])[1][0])
    # A later step may replace an earlier change, hence more steps than changes.
    for _ in range(2 * max_changes):
        options = [item for item in _options(space, choice) if len(item) <= max_changes]
        favourable, distances = judge.judge(options)
        reached = _cheapest(space, options, favourable)
        if reached is not None or judge.exhausted:
            return reached
        gains = distance - distances
        if not len(gains) or not float(gains.max()) > _LEAST_GAIN:
            return None
        if per_cost:
            extra = np.array([space.cost(item) for item in options]) - space.cost(choice)
            gains = np.where(gains > _LEAST_GAIN, gains / np.maximum(extra, 0.01), -math.inf)
        best = int(np.argmax(gains))
        choice, distance = options[best], float(distances[best])
    return None


def _refined(space: Space, judge: _Judge, choice: _Choice) -> _Choice:
    """Take changes back, or move them closer to the case, as long as the outcome holds."""
    while True:
        smaller: list[_Choice] = []
        for column in sorted(choice):
            rest = {key: value for key, value in choice.items() if key != column}
            lever = next(lever for lever in space.levers if lever.column == column)
            smaller += [rest] + [{**rest, column: float(value)} for value in lever.candidates]
        cost = space.cost(choice)
        smaller = [item for item in smaller if space.cost(item) < cost - _LEAST_GAIN]
        better = _cheapest(space, smaller, judge.judge(smaller)[0])
        if better is None:
            return choice
        choice = better


def _changed_inputs(
    space: Space, choice: _Choice, inputs: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    rows, _ = space.rows([choice])
    changed = dict(inputs)
    for number, name in enumerate(space.columns):
        value = float(rows[0, number])
        if value != float(space.start[number]) and not math.isnan(value):
            changed[name] = value
    return changed


def _changes(space: Space, choice: _Choice, catalogue: Catalogue) -> tuple[Change, ...]:
    rows, _ = space.rows([choice])
    names = {player.columns[0]: player.name for player in catalogue.players}
    found = []
    for number, column in enumerate(space.columns):
        before, after = float(space.start[number]), float(rows[0, number])
        if before != after and not math.isnan(after):
            found.append(
                Change(
                    player=names[column],
                    column=column,
                    before=before,
                    after=after,
                    derived=number not in choice,
                )
            )
    return tuple(found)

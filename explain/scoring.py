"""Evaluate a decision function on one case: hard rules, then the model, then the cut-off.

A knock-out rule decides without the model being asked. A referral rule, or a score closer to
the cut-off than the referral margin, sends the case to a person; the model's score is still
computed, for that person to see. Whether an outcome counts as solely automated is the
caller's to say.

A missing input is missing: it reaches the model as NaN when the model takes it and is an
error otherwise. A rule whose input is missing cannot be evaluated, which is an error too,
never a pass.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from pydantic import JsonValue

from answerable.audit.errors import InvalidInput
from answerable.audit.records import (
    Component,
    ComponentKind,
    DecisionFunction,
    HardRule,
    ModelArtefact,
    Outcome,
)
from answerable.explain.adapters.matrix import refuse_missing
from answerable.explain.models import Floats, LoadedModel

__all__ = [
    "Evaluation",
    "Scale",
    "evaluate",
    "feature_row",
    "outcome_of_score",
    "rule_fires",
    "scoring_model",
    "threshold_margin",
]

Scale = Literal["raw_margin", "probability"]
_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a decision function says about one case.

    Attributes
    ----------
    outcome : Outcome
    outcome_code : str
        A code of the function's registered set.
    score : float or None
        On the function's scale; None when a knock-out rule decided.
    margin : float or None
        The model's raw margin for the same case.
    components : tuple of Component
        The steps in the order they ran; `fired` marks the one that determined the outcome.
    fired_rule : HardRule or None
    within_refer_margin : bool
        True when the score was too close to the cut-off to decide automatically.
    x : ndarray, shape (d,)
        The model's input, NaN for missing.
    """

    outcome: Outcome
    outcome_code: str
    score: float | None
    margin: float | None
    components: tuple[Component, ...]
    fired_rule: HardRule | None
    within_refer_margin: bool
    x: Floats


def evaluate(
    function: DecisionFunction,
    models: Mapping[str, LoadedModel],
    inputs: Mapping[str, JsonValue],
) -> Evaluation:
    """Evaluate `function` on `inputs`.

    Parameters
    ----------
    function : DecisionFunction
    models : mapping of artefact digest to LoadedModel
    inputs : mapping of feature name to value
        Numbers, booleans, or None for missing. Rules may also compare text.

    Returns
    -------
    Evaluation

    Raises
    ------
    InvalidInput
        If a feature is unknown, not a number, missing where it is needed, or the function
        cannot be evaluated. Values are never repeated in the message.
    """
    artefact, model = scoring_model(function, models)
    refuse_unknown(function, artefact, inputs)
    x = feature_row(artefact.features, inputs)
    components: list[Component] = []
    fired: HardRule | None = None
    for rule in sorted(function.rules, key=lambda rule: rule.outcome is Outcome.REFER):
        fires = rule_fires(rule, inputs)
        first = fires and fired is None
        components.append(_rule_component(rule, fires=fires, decides=first))
        fired = rule if first else fired
        if first and rule.outcome is not Outcome.REFER:
            return _knocked_out(function, rule, components, x)
    if not model.takes_missing:
        refuse_missing(x[np.newaxis], artefact.features)
    margin, score = _scores(function, model, x)
    outcome, near = outcome_of_score(function, score)
    if fired is not None:
        outcome = fired.outcome
    components.append(
        Component(
            kind=ComponentKind.MODEL,
            id=artefact.name.lower(),
            digest=artefact.artefact,
            output=score,
            fired=fired is None,
        )
    )
    return Evaluation(
        outcome=outcome,
        outcome_code=_outcome_code(function, outcome, fired, near=near),
        score=score,
        margin=margin,
        components=tuple(components),
        fired_rule=fired,
        within_refer_margin=near,
        x=x,
    )


def _knocked_out(
    function: DecisionFunction, rule: HardRule, components: Sequence[Component], x: Floats
) -> Evaluation:
    return Evaluation(
        outcome=rule.outcome,
        outcome_code=_outcome_code(function, rule.outcome, rule, near=False),
        score=None,
        margin=None,
        components=tuple(components),
        fired_rule=rule,
        within_refer_margin=False,
        x=x,
    )


def scoring_model(
    function: DecisionFunction, models: Mapping[str, LoadedModel]
) -> tuple[ModelArtefact, LoadedModel]:
    """Return the function's one scoring model and its registered artefact.

    Returns
    -------
    tuple of ModelArtefact and LoadedModel

    Raises
    ------
    InvalidInput
        If the function has no model, more than one, preprocessing outside its model, or
        the model is not among `models`.
    """
    where = f"function {function.name}@{function.version}"
    if len(function.models) != 1:
        raise InvalidInput(
            f"{len(function.models)} models; exactly one scoring model can be evaluated",
            where=where,
            remedy="Decide in your own service and record the decision with its components.",
        )
    if function.preprocessing:
        raise InvalidInput(
            "preprocessing outside the model cannot be evaluated",
            where=where,
            remedy="Put imputation and scaling into the model's pipeline.",
        )
    artefact = function.models[0]
    model = models.get(artefact.artefact)
    if model is None or model.features != artefact.features:
        raise InvalidInput("its model is not loaded, or has other features", where=where)
    return artefact, model


def refuse_unknown(
    function: DecisionFunction, artefact: ModelArtefact, inputs: Mapping[str, JsonValue]
) -> None:
    """Refuse inputs that are neither features of the model nor of a rule.

    Raises
    ------
    InvalidInput
        With their number; the names the function knows are in its registration.
    """
    known = {*artefact.features, *(rule.feature for rule in function.rules)}
    unknown = [name for name in inputs if name not in known]
    if unknown:
        # A caller's unknown key may itself hold personal data, so it is not repeated.
        noun = "input" if len(unknown) == 1 else "inputs"
        raise InvalidInput(
            f"{len(unknown)} {noun} that the decision function does not use",
            where="inputs",
            remedy="Send the registered features only; personal data belongs to the subject.",
        )


def feature_row(features: Sequence[str], inputs: Mapping[str, JsonValue]) -> Floats:
    """Return the model's input row; absent and null become NaN.

    Parameters
    ----------
    features : sequence of str
    inputs : mapping of feature name to value

    Returns
    -------
    ndarray, shape (len(features),)

    Raises
    ------
    InvalidInput
        If a value is neither a finite number, a boolean nor null.

    Examples
    --------
    >>> feature_row(["income", "debt"], {"income": 4000}).tolist()
    [4000.0, nan]
    """
    return np.array([_number(name, inputs.get(name)) for name in features], dtype=np.float64)


def _number(name: str, value: JsonValue) -> float:
    if value is None:
        return math.nan
    if not isinstance(value, int | float):
        raise InvalidInput(
            "not a number", where=f"inputs.{name}", remedy="Send a number, or null if missing."
        )
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise InvalidInput("not a finite number", where=f"inputs.{name}")
    return number


def rule_fires(rule: HardRule, inputs: Mapping[str, JsonValue]) -> bool:
    """Return whether ``feature <op> value`` holds.

    Returns
    -------
    bool

    Raises
    ------
    InvalidInput
        If the feature is missing or cannot be compared with the rule's value.

    Examples
    --------
    >>> rule = HardRule(
    ...     id="limit", feature="debt", op=">", value=60, outcome=Outcome.DECLINE,
    ...     reason_code="debt_above_limit",
    ... )
    >>> rule_fires(rule, {"debt": 61}), rule_fires(rule, {"debt": 60})
    (True, False)
    """
    value, where = inputs.get(rule.feature), f"inputs.{rule.feature}"
    if value is None or (isinstance(value, float) and math.isnan(value)):
        raise InvalidInput(
            f"missing, and the rule '{rule.id}' needs it",
            where=where,
            remedy="Send the value, or decide the case by hand.",
        )
    if isinstance(rule.value, str):
        if not isinstance(value, str) or rule.op not in {"==", "!="}:
            raise InvalidInput(f"cannot be compared by the rule '{rule.id}'", where=where)
        return (value == rule.value) is (rule.op == "==")
    return _COMPARE[rule.op](_number(rule.feature, value), float(rule.value))


def _rule_component(rule: HardRule, *, fires: bool, decides: bool) -> Component:
    return Component(
        kind=ComponentKind.RULE,
        id=rule.id,
        digest=rule.digest,
        output="fired" if fires else "passed",
        fired=decides,
    )


def _scores(function: DecisionFunction, model: LoadedModel, x: Floats) -> tuple[float, float]:
    row = x[np.newaxis]
    margin = float(model.raw_margin(row)[0])
    score = margin if function.scale == "raw_margin" else float(model.probability(row)[0])
    return margin, score


def outcome_of_score(function: DecisionFunction, score: float) -> tuple[Outcome, bool]:
    """Return the outcome of a score, and whether the referral margin gave it.

    Parameters
    ----------
    function : DecisionFunction
    score : float
        On the function's scale.

    Returns
    -------
    tuple of Outcome and bool
    """
    if abs(score - function.cut_off) < function.refer_margin:
        return Outcome.REFER, True
    reached = score >= function.cut_off
    return (function.favourable if reached else function.unfavourable), False


def _outcome_code(
    function: DecisionFunction, outcome: Outcome, fired: HardRule | None, *, near: bool
) -> str:
    if fired is not None:
        wanted = [f"{outcome}.{fired.id}", fired.reason_code]
    else:
        wanted = [f"{outcome}.margin"] if near else []
    for code in [*wanted, str(outcome)]:
        if code in function.outcome_codes:
            return code
    raise InvalidInput(
        f"no registered outcome code for '{outcome}'",
        where=f"function {function.name}@{function.version}",
        remedy=f"Add '{outcome}' to its outcome_codes.",
    )


def threshold_margin(function: DecisionFunction) -> float:
    """Return the cut-off on the raw-margin scale (log-odds).

    Returns
    -------
    float

    Raises
    ------
    InvalidInput
        If the cut-off is not a probability between 0 and 1 on that scale.

    Notes
    -----
    Only models whose probability is the logistic function of their margin can be loaded,
    so the two scales order cases alike.
    """
    if function.scale == "raw_margin":
        return function.cut_off
    if not 0 < function.cut_off < 1:
        raise InvalidInput(
            "a probability cut-off outside (0, 1)",
            where=f"function {function.name}@{function.version}",
        )
    return math.log(function.cut_off / (1 - function.cut_off))

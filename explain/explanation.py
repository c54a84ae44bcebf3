"""The explanation of one decision, computed while the decision is made.

It is a record with canonical bytes: stored with the decision, served as stored, never
silently recomputed. Everything it rests on is named by digest, so that a replay from the
stored inputs must reproduce the same bytes (:mod:`answerable.explain.replay`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, Literal, Self, cast

import numpy as np
from pydantic import JsonValue

from answerable.audit.errors import AdditivityBroken, InvalidInput
from answerable.audit.records import (
    BaselineVersion,
    DecisionFunction,
    Digest,
    EntryId,
    Outcome,
    Record,
    Token,
)
from answerable.audit.records.base import Micros, Name
from answerable.explain.attribution import Attribution, attribute
from answerable.explain.catalogue import Catalogue
from answerable.explain.models import Floats, LoadedModel
from answerable.explain.reasons import (
    REASON_LIMIT,
    Reason,
    blocking_findings,
    principal_reasons,
    rule_reason,
)
from answerable.explain.recourse.changes import Counterfactual
from answerable.explain.recourse.search import find_counterfactual
from answerable.explain.scoring import Evaluation, Scale, scoring_model, threshold_margin

__all__ = ["DecisionExplainer", "Explanation", "explain_decision", "explain_row"]

# Two reasons closer than this share of the distance to the cut-off are a near tie.
_TIE_SHARE: Final = 0.01


class Explanation(Record):
    """Why one case got its outcome.

    A knock-out rule decides without the model, so such an explanation has no attribution.
    """

    type: Literal["answerable.explanation.v1"] = "answerable.explanation.v1"
    function: Digest
    decision: EntryId | None = None
    outcome: Outcome
    outcome_code: Token
    determined_by: Literal["model", "rule", "refer_margin"]
    rule: Token | None = None
    model: Digest
    catalogue: Digest
    """Digest of the catalogue's file."""
    baseline: Digest
    baseline_name: Name
    baseline_kind: Literal["all_applicants", "just_approved", "approved", "custom"]
    score: float | None = None
    score_scale: Scale
    cut_off: float
    threshold: float
    """The cut-off on the raw margin."""
    margin_to_threshold: float | None = None
    """Output minus threshold: negative below the cut-off."""
    attribution: Attribution | None = None
    reasons: tuple[Reason, ...] = ()
    near_tie: bool = False
    counterfactuals: tuple[Counterfactual, ...] = ()
    findings: tuple[str, ...] = ()
    """What a reader must know, for example a protected feature that was scored."""
    engines: dict[str, str]
    code: str
    """Version of Answerable that computed it."""
    valid_until: Micros
    """Until when a counterfactual may be relied on, microseconds UTC."""

    def to_result(self) -> dict[str, JsonValue]:
        """Return the whole explanation as JSON, with null for what is absent.

        Returns
        -------
        dict
            At least ``base_value, output, scale, exact, attributions, reasons,
            counterfactuals``.
        """
        whole = cast("dict[str, JsonValue]", self.model_dump(mode="json"))
        return {**whole, **_flat(self.attribution)}

    @classmethod
    def from_result(cls, result: Mapping[str, JsonValue]) -> Self:
        """Return the explanation that :meth:`to_result` gave.

        Returns
        -------
        Explanation

        Raises
        ------
        InvalidInput
            If it is not one.
        """
        own = {name: value for name, value in result.items() if name not in _flat(None)}
        return cls.parse(own)


def _flat(attribution: Attribution | None) -> dict[str, JsonValue]:
    """Return the keys that scripts rely on, whatever the record's own shape."""
    if attribution is None:
        return {
            "base_value": None, "output": None, "scale": "raw_margin", "exact": None,
            "attributions": {},
        }  # fmt: skip
    return {
        "base_value": attribution.base_value,
        "output": attribution.output,
        "scale": attribution.scale,
        "exact": attribution.exact,
        "attributions": {**attribution.values},
    }


@dataclass(frozen=True)
class DecisionExplainer:
    """Everything that explaining the decisions of one function needs, loaded once.

    Attributes
    ----------
    function : DecisionFunction
    models : mapping of artefact digest to LoadedModel
    catalogue : Catalogue
    baseline : BaselineVersion

    Raises
    ------
    InvalidInput
        If catalogue or baseline are not the registered ones.
    """

    function: DecisionFunction
    models: Mapping[str, LoadedModel]
    catalogue: Catalogue
    baseline: BaselineVersion

    def __post_init__(self) -> None:
        """Compare catalogue and baseline with the registered function."""
        known = {self.catalogue.digest, self.catalogue.version_record().digest}
        where = f"function {self.function.name}@{self.function.version}"
        if self.function.catalogue not in known:
            raise InvalidInput(
                "the reason catalogue is not the registered one",
                where=where,
                remedy="Load the catalogue the function names.",
            )
        if self.baseline.digest not in self.function.baselines:
            raise InvalidInput(
                "the baseline is not a registered one",
                where=where,
                remedy="Use a baseline the function names.",
            )


def explain_decision(
    explainer: DecisionExplainer,
    inputs: Mapping[str, JsonValue],
    evaluation: Evaluation,
    *,
    decision_id: str | None,
    valid_until: int,
    with_recourse: bool = True,
) -> Explanation:
    """Explain an evaluation of the same inputs.

    Parameters
    ----------
    explainer : DecisionExplainer
    inputs : mapping of feature name to value
    evaluation : Evaluation
        What :func:`answerable.explain.scoring.evaluate` gave for `inputs`.
    decision_id : str or None
        The decision's entry.
    valid_until : int
        Microseconds UTC; stands in the counterfactual and the letter.
    with_recourse : bool
        Whether to search for changes when the outcome is unfavourable.

    Returns
    -------
    Explanation

    Raises
    ------
    InvalidInput
        If the function cannot be explained with this catalogue and baseline.
    AdditivityBroken
        If attributions do not add up to the model's output and to the logged score.
    EngineError
        If an engine fails or contradicts itself.
    """
    function, catalogue = explainer.function, explainer.catalogue
    artefact, model = scoring_model(function, explainer.models)
    threshold = threshold_margin(function)
    attribution = None
    if evaluation.margin is not None:
        players = catalogue.groups_for(model.features)
        attribution = attribute(model, evaluation.x, explainer.baseline, players)
        _check_logged(attribution, evaluation, function)
    reasons = _reasons(explainer, inputs, evaluation, attribution, threshold)
    counterfactuals: tuple[Counterfactual, ...] = ()
    if with_recourse and evaluation.outcome == function.unfavourable:
        found = find_counterfactual(model, inputs, function, catalogue, expires_at=valid_until)
        counterfactuals = (found,)
    return Explanation(
        function=function.digest,
        decision=decision_id,
        outcome=evaluation.outcome,
        outcome_code=evaluation.outcome_code,
        determined_by=_determined_by(evaluation),
        rule=evaluation.fired_rule.id if evaluation.fired_rule else None,
        model=artefact.artefact,
        catalogue=catalogue.digest,
        baseline=explainer.baseline.digest,
        baseline_name=explainer.baseline.name,
        baseline_kind=explainer.baseline.kind,
        score=evaluation.score,
        score_scale=function.scale,
        cut_off=function.cut_off,
        threshold=threshold,
        margin_to_threshold=None if attribution is None else attribution.output - threshold,
        attribution=attribution,
        reasons=reasons,
        near_tie=any(reason.near_tie for reason in reasons),
        counterfactuals=counterfactuals,
        findings=blocking_findings(catalogue, model.features),
        engines=model.engines,
        code=version("answerable"),
        valid_until=valid_until,
    )


def _determined_by(evaluation: Evaluation) -> Literal["model", "rule", "refer_margin"]:
    if evaluation.fired_rule is not None:
        return "rule"
    return "refer_margin" if evaluation.within_refer_margin else "model"


def _check_logged(
    attribution: Attribution, evaluation: Evaluation, function: DecisionFunction
) -> None:
    """Compare what was explained with what will be logged."""
    explained = attribution.output
    if function.scale == "probability":
        explained = 1 / (1 + math.exp(-explained))
    if evaluation.score is None or not abs(explained - evaluation.score) <= attribution.tolerance:
        raise AdditivityBroken(
            "the explained output is not the score that was logged",
            where="explanation",
            remedy="Explain with the model and inputs that decided.",
        )


def _reasons(
    explainer: DecisionExplainer,
    inputs: Mapping[str, JsonValue],
    evaluation: Evaluation,
    attribution: Attribution | None,
    threshold: float,
) -> tuple[Reason, ...]:
    rule, catalogue = evaluation.fired_rule, explainer.catalogue
    if rule is not None:
        value = inputs.get(rule.feature)
        players = [player for player in catalogue.players if rule.feature in player.columns]
        stated = value if isinstance(value, str) else None
        number = float(value) if isinstance(value, int | float) else None
        return (
            rule_reason(
                rule,
                stated if number is None else number,
                actionable=any(player.actionable for player in players),
            ),
        )
    if attribution is None or evaluation.outcome == explainer.function.favourable:
        return ()
    width = _TIE_SHARE * abs(attribution.output - threshold)
    return principal_reasons(attribution, catalogue, tie_width=width)


def explain_row(
    model: LoadedModel,
    x: Floats,
    baseline: BaselineVersion,
    catalogue: Catalogue | None = None,
) -> dict[str, JsonValue]:
    """Explain a model's output for one row, outside any decision function.

    Parameters
    ----------
    model : LoadedModel
    x : ndarray, shape (d,)
    baseline : BaselineVersion
    catalogue : Catalogue, optional
        Groups columns and gives reason codes; without it each column is its own code.

    Returns
    -------
    dict
        ``base_value, output, scale, exact, attributions, reasons, counterfactuals``, and
        the method, the question it answers (``game``), residual and tolerance. There is no
        counterfactual: without a decision function there is no outcome to change.

    Raises
    ------
    InvalidInput
        If row, baseline and catalogue do not fit the model.
    AdditivityBroken
        If the attributions do not add up to the model's output.
    """
    players = None if catalogue is None else catalogue.groups_for(model.features)
    attribution = attribute(model, np.asarray(x, dtype=np.float64), baseline, players)
    if catalogue is None:
        reasons: tuple[Reason, ...] = _plain_reasons(attribution)
    else:
        reasons = principal_reasons(attribution, catalogue)
    listed = [cast("JsonValue", reason.model_dump(mode="json")) for reason in reasons]
    return {
        **_flat(attribution),
        "reasons": listed,
        "counterfactuals": [],
        "method": attribution.method,
        "game": attribution.game,
        "residual": attribution.residual,
        "tolerance": attribution.tolerance,
        "baseline": baseline.digest,
    }


def _column_code(name: str) -> str:
    return "column:" + re.sub(r"[^a-z0-9_.-]", "_", name.lower())[:100]


def _plain_reasons(attribution: Attribution) -> tuple[Reason, ...]:
    adverse = sorted((value, name) for name, value in attribution.values.items() if value < 0)
    return tuple(
        Reason(
            code=_column_code(name),
            rank=rank,
            source="model",
            player=name,
            contribution=value,
            value=attribution.inputs[name].get(name),
            reference=attribution.reference[name].get(name),
        )
        for rank, (value, name) in enumerate(adverse[:REASON_LIMIT], start=1)
    )

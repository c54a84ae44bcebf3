"""The results of explanations and of global profiles."""

from __future__ import annotations

from answerable.model_cards.results.document import ResultDocument

__all__ = [
    "ChangeResult",
    "CounterfactualResult",
    "ExplanationResult",
    "ImportanceResult",
    "ProfileResult",
    "ReasonResult",
]


class ReasonResult(ResultDocument):
    """One principal reason."""

    code: str
    rank: int | None = None
    player: str = ""
    source: str = "model"
    contribution: float | None = None
    value: float | str | None = None
    reference: float | str | None = None
    actionable: bool | None = None
    protected: bool = False
    near_tie: bool = False


class ChangeResult(ResultDocument):
    """One input that would have to differ."""

    column: str
    before: float | str | None = None
    after: float | str | None = None
    derived: bool = False


class CounterfactualResult(ResultDocument):
    """Changes after which the outcome would have been another."""

    status: str
    changes: tuple[ChangeResult, ...] = ()
    score: float | None = None


class ExplanationResult(ResultDocument):
    """Why one case came out as it did; without a model's part, attributions are empty."""

    base_value: float | None
    output: float | None
    scale: str
    exact: bool | None
    attributions: dict[str, float]
    reasons: tuple[ReasonResult, ...] = ()
    counterfactuals: tuple[CounterfactualResult, ...] = ()
    outcome: str = ""
    outcome_code: str = ""
    determined_by: str = ""
    rule: str | None = None
    method: str | None = None
    game: str | None = None
    residual: float | None = None
    tolerance: float | None = None
    threshold: float | None = None
    margin_to_threshold: float | None = None
    baseline_name: str = ""
    findings: tuple[str, ...] = ()
    row: int | None = None


class ImportanceResult(ResultDocument):
    """How far one input moves the score, over many cases."""

    player: str
    mean_abs: float
    share: float | None = None


class ProfileResult(ResultDocument):
    """Global importance of inputs, the largest first."""

    importances: tuple[ImportanceResult, ...]
    rows: int | None = None
    method: str = ""
    exact: bool | None = None

"""The results of fairness assessments and of searches for alternatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from answerable.model_cards.results.document import Ends, ResultDocument

__all__ = [
    "VerdictState",
    "AlternativeResult",
    "AssessmentResult",
    "CountedResult",
    "DisparityResult",
    "FindingResult",
    "GroupResult",
    "MitigationResult",
    "RateResult",
    "UndefinedResult",
    "VerdictResult",
    "group_label",
]

VerdictState = Literal["PASS", "FAIL", "INSUFFICIENT", "UNDEFINED"]


class AlternativeResult(ResultDocument):
    """One alternative to a model, with what it costs and brings."""

    name: str
    method: str
    accuracy: float
    lowest_ratio: dict[str, float | None] = Field(default_factory=dict)
    needs_protected_at_decision: bool
    randomised: bool


class MitigationResult(ResultDocument):
    """A search for alternatives, those not taken included."""

    alternatives: tuple[AlternativeResult, ...]
    chosen: str | None = None


_READING_ORDER: Final = (
    "accuracy",
    "error_rate",
    "selection_rate",
    "base_rate",
    "true_positive_rate",
    "false_negative_rate",
    "false_positive_rate",
    "true_negative_rate",
    "precision",
    "false_discovery_rate",
)


class RateResult(ResultDocument):
    """A rate of one group; `value` None is undefined, with a reason."""

    value: float | None
    interval: Ends | None = None
    n: int | None = None
    reason: str | None = None


class GroupResult(ResultDocument):
    """One group and its rates; `n` None means that its numbers are withheld."""

    group: dict[str, str]
    n: int | None = None
    attributes: tuple[str, ...] = ()
    compared: bool = True
    rates: dict[str, RateResult]

    @property
    def label(self) -> str:
        """The group in words."""
        return group_label(self.group)


class DisparityResult(ResultDocument):
    """How far apart groups are."""

    metric: str
    compare: Literal["difference", "ratio"]
    reference: str
    value: float | None
    interval: Ends | None = None
    scope: Literal["range", "group"] = "group"
    attributes: tuple[str, ...] = ()
    group: dict[str, str] | None = None
    reference_group: dict[str, str] | None = None
    reason: str | None = None


class FindingResult(ResultDocument):
    """One group under one rule."""

    group: dict[str, str]
    state: VerdictState
    n: int | None = None
    value: float | None = None
    interval: Ends | None = None
    needed_n: int | None = None
    reason: str | None = None


class VerdictResult(ResultDocument):
    """What a rule of the policy came to, for one set of attributes."""

    rule: str
    state: VerdictState
    needed_n: int | None = None
    attributes: tuple[str, ...] = ()
    metric: str = ""
    compare: str = ""
    reference: str = ""
    min: float | None = None
    max: float | None = None
    on_fail: str = "block"
    on_insufficient: str = "block"
    waivable: bool = False
    findings: tuple[FindingResult, ...] = ()


class UndefinedResult(ResultDocument):
    """A rate without a value, and why."""

    metric: str
    group: dict[str, str] = Field(default_factory=dict)
    reason: str = ""


class CountedResult(ResultDocument):
    """Which columns and values were counted."""

    prediction: str
    favourable: str
    label: str | None = None
    positive: str | None = None


class AssessmentResult(ResultDocument):
    """A fairness assessment."""

    groups: tuple[GroupResult, ...]
    disparities: tuple[DisparityResult, ...] = ()
    verdicts: tuple[VerdictResult, ...] = ()
    undefined: tuple[UndefinedResult, ...] = ()
    rows: int | None = None
    overall: dict[str, RateResult] = Field(default_factory=dict)
    definition: CountedResult | None = None
    alpha: float | None = None
    suppressed_below: int = 0

    def overall_in_order(self) -> tuple[tuple[str, RateResult], ...]:
        """Return the rates over all rows, those that readers ask for first."""
        places = {name: place for place, name in enumerate(_READING_ORDER)}
        last = len(places)
        return tuple(
            sorted(self.overall.items(), key=lambda item: (places.get(item[0], last), item[0]))
        )

    def attribute_sets(self) -> tuple[tuple[str, ...], ...]:
        """Return the sets of attributes that groups are formed by, as first seen."""
        return tuple(dict.fromkeys(_attributes(group) for group in self.groups))

    def of(self, attributes: tuple[str, ...]) -> tuple[GroupResult, ...]:
        """Return the groups formed by these attributes."""
        return tuple(group for group in self.groups if _attributes(group) == attributes)


def _attributes(group: GroupResult) -> tuple[str, ...]:
    return group.attributes or tuple(group.group)


def group_label(group: Mapping[str, str]) -> str:
    """Return a group in words.

    Returns
    -------
    str
        ``everyone`` for no attribute.

    Examples
    --------
    >>> group_label({"race": "black", "sex": "female"})
    'race = black, sex = female'
    """
    return ", ".join(f"{name} = {value}" for name, value in group.items()) or "everyone"

"""The result documents of scans, assessments and explanations, as their JSON is published.

The reports and the card read results through these, so they work on a result file as well
as on evidence in the log. Keys may be added to a result at any time: unknown ones are
passed over, missing ones are an error that names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from answerable.audit.errors import InvalidInput

__all__ = [
    "AlternativeResult",
    "AssessmentResult",
    "BalanceResult",
    "ChangeResult",
    "ColumnQualityResult",
    "ColumnResult",
    "ContainsResult",
    "CountedResult",
    "CounterfactualResult",
    "DetectorResult",
    "DisparityResult",
    "ExplanationResult",
    "FindingResult",
    "GroupResult",
    "ImportanceResult",
    "NotExaminedResult",
    "MitigationResult",
    "ProfileResult",
    "QualityResult",
    "RateResult",
    "ReasonResult",
    "ScanResult",
    "ScanVerdictResult",
    "UndefinedResult",
    "VerdictResult",
    "ViolationResult",
    "group_label",
]

Ends = tuple[float | None, float | None]
VerdictState = Literal["PASS", "FAIL", "INSUFFICIENT", "UNDEFINED"]


class ResultDocument(BaseModel):
    """Base of all readers: frozen, tolerant of added keys."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def read(cls, result: Mapping[str, JsonValue]) -> Self:
        """Read a result document.

        Parameters
        ----------
        result : Mapping[str, JsonValue]
            The parsed JSON.

        Returns
        -------
        ResultDocument
            Its typed view.

        Raises
        ------
        InvalidInput
            If it is not such a result; the message names the fields, never their values.
        """
        try:
            return cls.model_validate(result)
        except ValidationError as error:
            places = [
                f"{'.'.join(str(part) for part in item['loc'])}: {item['type']}"
                for item in error.errors(
                    include_input=False, include_url=False, include_context=False
                )
            ]
            raise InvalidInput(
                f"not a result of this kind: {'; '.join(places[:6])}",
                where=cls.__name__,
                remedy="Give the file that the command wrote with --json.",
            ) from None


# --------------------------------------------------------------------------- privacy


class ContainsResult(ResultDocument):
    """One kind of personal data found in a column."""

    entity: str
    rows: int
    rate: float
    interval: Ends | None = None
    distinct: int | None = None
    masked_examples: tuple[str, ...] = ()


class NotExaminedResult(ResultDocument):
    """Why some detectors did not run on a column."""

    reason: str
    entities: tuple[str, ...] = ()


class ColumnResult(ResultDocument):
    """What the scan says about one column."""

    name: str
    dtype: str = ""
    type: str
    posterior: float | None = None
    role: str | None = None
    contains: tuple[ContainsResult, ...] = ()
    not_examined: tuple[str, ...] = ()
    not_examined_reasons: tuple[NotExaminedResult, ...] = ()
    action: str | None = None

    @property
    def is_personal(self) -> bool:
        """Whether personal data was recognised, by its values or by its heading."""
        marked = self.role in {"direct_identifier", "special_category"}
        return self.type != "NONE" or bool(self.contains) or marked


class DetectorResult(ResultDocument):
    """A detector that ran, and on how many columns."""

    entity: str
    engine: str
    columns: int


class ViolationResult(ResultDocument):
    """Something the policy forbids in a column."""

    column: str
    what: str


class ScanVerdictResult(ResultDocument):
    """The scan against its policy."""

    state: Literal["HOLDS", "VIOLATED", "NOT_EXAMINED"]
    violations: tuple[ViolationResult, ...] = ()


def _engine_names(value: object) -> object:
    """Accept engines as a mapping name -> version, or as a list of names or objects."""
    if isinstance(value, list):
        pairs = [_engine_pair(item) for item in value]
        return dict(pairs)
    return value


def _engine_pair(item: object) -> tuple[str, str]:
    if isinstance(item, dict):
        return str(item.get("name", "")), str(item.get("version", ""))
    return str(item), ""


class ScanResult(ResultDocument):
    """Personal data in a table, column by column."""

    rows: int
    engines: Annotated[dict[str, str | None], BeforeValidator(_engine_names)] = Field(
        default_factory=dict
    )
    columns: tuple[ColumnResult, ...]
    examined_rows: int | None = None
    detectors: tuple[DetectorResult, ...] = ()
    verdict: ScanVerdictResult | None = None

    def with_findings(self) -> tuple[ColumnResult, ...]:
        """Return the columns in which something was found."""
        return tuple(column for column in self.columns if column.is_personal)

    def not_examined(self) -> tuple[ColumnResult, ...]:
        """Return the columns on which some detector did not run."""
        return tuple(column for column in self.columns if column.not_examined)


# --------------------------------------------------------------------------- data quality


class ColumnQualityResult(ResultDocument):
    """How many values of a column are missing."""

    name: str
    missing: int


class BalanceResult(ResultDocument):
    """How many rows have each value of a column."""

    column: str
    rows: dict[str, int]


class QualityResult(ResultDocument):
    """Quality of a data set."""

    rows: int
    columns: tuple[ColumnQualityResult, ...] = ()
    duplicate_rows: int
    overlap_rows: int | None = None
    label: BalanceResult | None = None
    groups: tuple[BalanceResult, ...] = ()


# --------------------------------------------------------------------------- fairness


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

    Examples
    --------
    >>> group_label({"race": "black", "sex": "female"})
    'race = black, sex = female'
    """
    return ", ".join(f"{name} = {value}" for name, value in group.items()) or "everyone"


# --------------------------------------------------------------------------- explanation


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

"""The parts of an assessment: rates of groups, disparities, verdicts.

Their JSON keys are a published format: keys are added, never renamed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from answerable.audit.records import FrozenModel

__all__ = [
    "Disparity",
    "Finding",
    "GroupRates",
    "RateEstimate",
    "State",
    "UndefinedRate",
    "Verdict",
]

State = Literal["PASS", "FAIL", "INSUFFICIENT", "UNDEFINED"]
Limits = tuple[float, float]
_Count = Annotated[int, Field(ge=0)]


class RateEstimate(FrozenModel):
    """A rate of one group: its value, Wilson interval and denominator.

    `value` and `interval` are None when undefined or suppressed; `reason` says which.
    """

    value: float | None = None
    interval: Limits | None = None
    n: _Count | None = None
    reason: str | None = None


class GroupRates(FrozenModel):
    """All rates of one group; `n` is None when suppressed."""

    attributes: tuple[str, ...]
    group: dict[str, str]
    n: _Count | None = None
    missing_label: _Count | None = None
    missing_prediction: _Count | None = None
    compared: bool = True
    """False for rows whose group is not known: they are shown and never compared."""
    rates: dict[str, RateEstimate]


class Disparity(FrozenModel):
    """How far apart groups are: one against a reference, or the whole range.

    `scope` ``range`` is highest against lowest: ``difference`` from the lowest rate,
    ``ratio`` to the highest. The interval holds together with those of its family.
    """

    metric: str
    compare: Literal["difference", "ratio"]
    reference: str
    value: float | None = None
    interval: Limits | None = None
    scope: Literal["range", "group"]
    attributes: tuple[str, ...]
    group: dict[str, str] | None = None
    reference_group: dict[str, str] | None = None
    reason: str | None = None
    p_adjusted: float | None = None
    """Holm-adjusted score test against the rest, differences only."""


class Finding(FrozenModel):
    """One group under one rule."""

    group: dict[str, str]
    state: State
    n: _Count | None = None
    value: float | None = None
    interval: Limits | None = None
    reference_group: dict[str, str] | None = None
    needed_n: _Count | None = None
    reason: str | None = None


class Verdict(FrozenModel):
    """One rule over one set of attributes, with what the policy makes of it."""

    rule: str
    state: State
    needed_n: _Count | None = None
    """Rows the group in most need would have to have, the others growing alike."""
    attributes: tuple[str, ...]
    metric: str
    compare: Literal["difference", "ratio", "value"]
    reference: str
    min: float | None = None
    max: float | None = None
    on_fail: Literal["block", "warn"]
    on_insufficient: Literal["block", "warn"]
    waivable: bool
    findings: tuple[Finding, ...]

    @property
    def action(self) -> Literal["none", "block", "warn"]:
        """What the policy asks for in this state."""
        if self.state == "PASS":
            return "none"
        return self.on_fail if self.state == "FAIL" else self.on_insufficient


class UndefinedRate(FrozenModel):
    """A rate that has no value, and why."""

    metric: str
    attributes: tuple[str, ...]
    group: dict[str, str]
    reason: str

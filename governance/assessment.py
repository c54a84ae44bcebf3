"""Assess counts: rates of every group, disparities with intervals, verdicts of a policy.

Promises: everything derives from one :class:`CellTable`; the same table, policy and seed
give the same result, byte for byte; an undefined value is null with a reason.

Does not: say whether a decision is right, or what follows from a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, cast

from pydantic import Field, JsonValue

from answerable.audit.errors import InvalidInput
from answerable.audit.records import Evidence, FrozenModel
from answerable.audit.records.base import Digest
from answerable.governance.cells import CellTable, CountDefinition
from answerable.governance.findings import (
    Disparity,
    GroupRates,
    RateEstimate,
    State,
    UndefinedRate,
    Verdict,
)
from answerable.governance.measures import (
    disparities_of,
    rates_of,
    rates_of_groups,
    undefined_rates,
)
from answerable.governance.policy import EvidenceRules, Policy, Rule
from answerable.governance.suppression import Shown, suppress_small_groups
from answerable.governance.tables import group_table
from answerable.governance.verdicts import judge

__all__ = ["RESULT_TYPE", "Assessment", "assess"]

RESULT_TYPE: Final = "answerable.fairness-assessment.v1"
_ENGINE: Final = "answerable.max-t-1"
AttributeSet = tuple[str, ...]


class Assessment(FrozenModel):
    """What was measured, on which counts, under which policy."""

    groups: tuple[GroupRates, ...]
    disparities: tuple[Disparity, ...]
    verdicts: tuple[Verdict, ...]
    undefined: tuple[UndefinedRate, ...]
    rows: Annotated[int, Field(ge=0)]
    overall: dict[str, RateEstimate]
    definition: CountDefinition
    cells: Digest
    """Digest of the table of counts."""
    policy: Digest | None = None
    alpha: float
    replicates: int
    seed: int
    method: Literal["answerable.max-t-1"] = _ENGINE
    suppressed_below: int = 0

    @property
    def state(self) -> State | None:
        """The gravest verdict; None without a policy."""
        order: tuple[State, ...] = ("FAIL", "UNDEFINED", "INSUFFICIENT", "PASS")
        return next((s for s in order if any(item.state == s for item in self.verdicts)), None)

    @property
    def exit_code(self) -> int:
        """0 holds, 1 a rule is violated, 3 not enough evidence; warnings do not count."""
        blocking = {item.state for item in self.verdicts if item.action == "block"}
        if "FAIL" in blocking:
            return 1
        return 3 if blocking else 0

    def to_result(self, *, suppress_below: int = 0) -> dict[str, JsonValue]:
        """Return the JSON form.

        Parameters
        ----------
        suppress_below : int
            Groups with fewer rows are shown without numbers, and with them the next
            smallest where one alone could be found by subtraction.

        Returns
        -------
        dict
            The result of `answerable assess --json`.
        """
        shown = self
        if suppress_below:
            parts = Shown(self.groups, self.disparities, self.verdicts)
            small = suppress_small_groups(parts, suppress_below)
            shown = self.model_copy(
                update={
                    "groups": small.groups,
                    "disparities": small.disparities,
                    "verdicts": small.verdicts,
                    "suppressed_below": suppress_below,
                }
            )
        return cast("dict[str, JsonValue]", shown.model_dump(mode="json"))

    @classmethod
    def from_result(cls, result: Mapping[str, JsonValue]) -> Assessment:
        """Read the JSON form back.

        Returns
        -------
        Assessment
            Equal to the one that gave the JSON.

        Raises
        ------
        InvalidInput
            If it is not one; the message names the fields.
        """
        return cls.parse(dict(result))

    def evidence(self, *, inputs: Mapping[str, str], code: str) -> Evidence:
        """Return the assessment as evidence for the log.

        Parameters
        ----------
        inputs : Mapping[str, str]
            Digests by role: ``function``, ``dataset:hold_out`` (or another role of a data
            set). ``cells`` and ``policy`` are added.
        code : str
            Version of Answerable.

        Returns
        -------
        Evidence
            Of kind ``fairness.assessed``.
        """
        own = {"cells": self.cells} | ({"policy": self.policy} if self.policy else {})
        return Evidence.parse(
            {
                "kind": "fairness.assessed",
                "inputs": {**inputs, **own},
                "parameters": {"alpha": self.alpha, "replicates": self.replicates},
                "seed": self.seed,
                "engines": {"fairness": self.method},
                "code": code,
                "result_type": RESULT_TYPE,
                "result": self.to_result(),
            }
        )


def assess(
    cells: CellTable, policy: Policy | None = None, *, intersect: bool = False, seed: int = 0
) -> Assessment:
    """Measure rates and disparities of all groups and judge the policy's rules.

    Parameters
    ----------
    cells : CellTable
        Counts at the finest groups.
    policy : Policy, optional
        Rules to judge; without one there are no verdicts.
    intersect : bool
        Whether to assess the groups of all attributes crossed, besides what the policy asks.
    seed : int
        Of the bootstrap behind the simultaneous intervals.

    Returns
    -------
    Assessment
        Groups first by attribute, then by intersection.

    Raises
    ------
    InvalidInput
        If the policy speaks of attributes or columns that were not counted.
    UndefinedMetric
        If an attribute has fewer than two known groups.

    Examples
    --------
    >>> from answerable.governance.cells import CellTable, CountDefinition
    >>> counted = CountDefinition(prediction="low", favourable="1")
    >>> counts = [(("a",), (0, 0, 0, 0, 30, 70, 0, 0, 0)), (("b",), (0, 0, 0, 0, 60, 40, 0, 0, 0))]
    >>> result = assess(CellTable.of(["race"], counted, counts))
    >>> ratio = next(d for d in result.disparities if d.compare == "ratio")
    >>> round(ratio.value, 3), [round(limit, 2) for limit in ratio.interval]
    (0.5, [0.35, 0.7])
    """
    evidence = policy.evidence if policy else EvidenceRules()
    _require_counted(cells, policy)
    groups: list[GroupRates] = []
    disparities: list[Disparity] = []
    verdicts: list[Verdict] = []
    for attributes in _attribute_sets(cells, policy, intersect=intersect):
        table = group_table(cells, attributes, replicates=evidence.replicates, seed=seed)
        rules = _rules_over(policy, attributes)
        groups += rates_of_groups(table, cells, evidence.alpha)
        asked = [rule.metric for rule in rules if rule.compare != "value"]
        disparities += disparities_of(table, cells, asked, evidence.alpha)
        if rules:
            verdicts += judge(table, rules, evidence)
    whole = cells.roll_up(()).cells
    return Assessment(
        groups=tuple(groups),
        disparities=tuple(sorted(disparities, key=lambda item: item.scope != "range")),
        verdicts=tuple(verdicts),
        undefined=tuple(undefined_rates(groups)),
        rows=cells.rows,
        overall=rates_of(whole[0], cells, evidence.alpha),
        definition=cells.definition,
        cells=cells.digest,
        policy=policy.digest if policy else None,
        alpha=evidence.alpha,
        replicates=evidence.replicates,
        seed=seed,
    )


def _require_counted(cells: CellTable, policy: Policy | None) -> None:
    if policy is None:
        return
    absent = [name for name in policy.groups if name not in cells.attributes]
    if absent:
        raise InvalidInput(
            f"the policy speaks of the attribute {absent[0]!r}, which was not counted",
            where=f"policy {policy.id}",
            remedy="Name it among the protected attributes, or use another policy.",
        )
    wanted = policy.decision
    if wanted is None:
        return
    pairs = {
        "prediction": (wanted.prediction, cells.definition.prediction),
        "favourable value": (wanted.favourable, cells.definition.favourable),
        "label": (wanted.label, cells.definition.label),
        "positive value": (wanted.positive, cells.definition.positive),
    }
    for what, (asked, counted) in pairs.items():
        if asked is not None and asked != counted:
            raise InvalidInput(
                f"the policy asks for another {what} than was counted",
                where=f"policy {policy.id}, decision",
                remedy="Count what the policy names, or correct the policy.",
            )


def _attribute_sets(
    cells: CellTable, policy: Policy | None, *, intersect: bool
) -> list[AttributeSet]:
    sets: list[AttributeSet] = [(name,) for name in cells.attributes]
    if policy:
        sets += policy.intersections
        sets += [names for rule in policy.rules for names in policy.attribute_sets(rule)]
    if intersect and len(cells.attributes) > 1:
        sets.append(cells.attributes)
    seen: dict[frozenset[str], AttributeSet] = {}
    for names in sets:
        seen.setdefault(frozenset(names), names)
    return list(seen.values())


def _rules_over(policy: Policy | None, attributes: AttributeSet) -> list[Rule]:
    if policy is None:
        return []
    wanted = frozenset(attributes)
    return [
        rule
        for rule in policy.rules
        if any(frozenset(names) == wanted for names in policy.attribute_sets(rule))
    ]

"""Verdicts that know their evidence.

A rule over a set of attributes is

* FAIL when some group's whole interval lies outside the rule's range,
* UNDEFINED when otherwise some group's value does not exist,
* INSUFFICIENT when otherwise some interval reaches over the bound or rests on too few rows,
* PASS when every interval lies inside.

The intervals of all rules over the same attributes hold together with probability
1 - alpha. INSUFFICIENT names the rows needed for an 80 % chance of a clear answer if the
observed rates are the true ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, log
from typing import Final

from answerable.audit.errors import InvalidInput
from answerable.governance.disparities import Comparison, Counts, compare, contrasts_of
from answerable.governance.findings import Finding, State, Verdict
from answerable.governance.metrics import metric
from answerable.governance.policy import EvidenceRules, Rule
from answerable.governance.simultaneous import Contrast, standard_error
from answerable.governance.tables import GroupTable
from answerable.governance.uncertainty import needed_n

__all__ = ["judge"]

_GRAVITY: Final[tuple[State, ...]] = ("FAIL", "UNDEFINED", "INSUFFICIENT", "PASS")


def judge(table: GroupTable, rules: Sequence[Rule], evidence: EvidenceRules) -> tuple[Verdict, ...]:
    """Judge every rule that speaks of a table's attributes.

    Parameters
    ----------
    table : GroupTable
        Counts of the groups of one attribute set.
    rules : Sequence[Rule]
        The rules over these attributes: one family.
    evidence : EvidenceRules
        Family-wise error and least number of rows.

    Returns
    -------
    tuple of Verdict
        One per rule, in order.

    Raises
    ------
    InvalidInput
        If a rule's reference group does not occur.
    """
    family: list[Contrast] = []
    for rule in rules:
        counts = Counts.of(metric(rule.metric), table.compared)
        family += contrasts_of(counts, rule.compare, _reference(table, rule))
    z = table.resamples.critical_value(family, evidence.alpha)
    return tuple(_judge_rule(table, rule, evidence, z) for rule in rules)


def _reference(table: GroupTable, rule: Rule) -> str:
    if rule.compare == "value" or rule.reference in {"rest", "highest"}:
        return rule.reference
    names = [" / ".join(group) for group in table.groups]
    if rule.reference not in names:
        raise InvalidInput(
            "the reference group does not occur in the data",
            where=f"rule {rule.id}, attributes {', '.join(table.attributes)}",
            remedy="Use rest, highest, or a group as it is spelled in the data.",
        )
    return str(names.index(rule.reference))


def _judge_rule(table: GroupTable, rule: Rule, evidence: EvidenceRules, z: float) -> Verdict:
    counts = Counts.of(metric(rule.metric), table.compared)
    compared = compare(counts, rule.compare, _reference(table, rule), z)
    findings = tuple(_finding(table, rule, item, evidence.min_n, z) for item in compared)
    state = next(state for state in _GRAVITY if any(item.state == state for item in findings))
    open_ones = [item.needed_n for item in findings if item.state == "INSUFFICIENT"]
    known = [rows for rows in open_ones if rows is not None]
    needed = max(known) if state == "INSUFFICIENT" and len(known) == len(open_ones) else None
    return Verdict(
        rule=rule.id,
        state=state,
        needed_n=needed,
        attributes=table.attributes,
        metric=rule.metric,
        compare=rule.compare,
        reference=rule.reference,
        min=rule.min,
        max=rule.max,
        on_fail=rule.on_fail,
        on_insufficient=rule.on_insufficient,
        waivable=rule.waivable,
        findings=findings,
    )


def _finding(table: GroupTable, rule: Rule, item: Comparison, min_n: int, z: float) -> Finding:
    state, reason, needed = _state(rule, item, min_n, z)
    reference = None if item.reference_group is None else table.named(item.reference_group)
    return Finding(
        group=table.named(item.group),
        state=state,
        n=item.left[1],
        value=item.value,
        interval=item.interval,
        reference_group=reference,
        needed_n=needed,
        reason=reason,
    )


def _state(
    rule: Rule, item: Comparison, min_n: int, z: float
) -> tuple[State, str | None, int | None]:
    if item.value is None or item.interval is None:
        return "UNDEFINED", item.undefined, None
    low, high = rule.bounds()
    needed = _needed(rule, item, z)
    fewest = min(item.left[1], item.right[1] if item.right else item.left[1])
    if fewest < min_n:
        enough = None if needed is None else max(needed, min_n)
        return "INSUFFICIENT", f"fewer than {min_n} rows", enough
    if item.interval[1] < low or item.interval[0] > high:
        return "FAIL", None, None
    if low <= item.interval[0] and item.interval[1] <= high:
        return "PASS", None, None
    if needed is None:
        return "INSUFFICIENT", "the observed value lies on the threshold", None
    return "INSUFFICIENT", "the interval reaches over the threshold", needed


def _needed(rule: Rule, item: Comparison, z: float) -> int | None:
    error = standard_error(rule.compare, item.left, item.right)
    on_log = rule.compare == "ratio"
    value = _smoothed_ratio(item) if on_log else item.value or 0.0
    marks = [bound for bound in rule.bounds() if isfinite(bound) and not (on_log and bound <= 0)]
    distances = [abs((log(value) - log(bound)) if on_log else value - bound) for bound in marks]
    if not distances:
        return None
    return needed_n(item.left[1], distance=min(distances), standard_error=error, z=z)


def _smoothed_ratio(item: Comparison) -> float:
    """Return the ratio with half a success added where one side has none, so a log exists."""
    right = item.right or (1, 1)
    if item.value:
        return item.value
    return ((item.left[0] + 0.5) / (item.left[1] + 1)) / (right[0] / right[1])

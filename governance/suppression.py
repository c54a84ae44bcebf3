"""Leave out the numbers of small groups before a result is published.

Promises: a group with fewer rows than the limit shows no count, rate, disparity or finding;
where only one group of an attribute set would be hidden, the next smallest is hidden with
it, because the total would give the one away. Verdict states stay.

Does not: protect against joining several published results over different attribute sets.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from answerable.governance.findings import Finding, GroupRates, RateEstimate

if TYPE_CHECKING:
    from answerable.governance.assessment import Assessment

__all__ = ["SUPPRESSED", "suppress_small_groups"]

SUPPRESSED: Final = "suppressed: too few rows to publish"

_Key = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]


def suppress_small_groups(assessment: Assessment, below: int) -> Assessment:
    """Hide groups with fewer than `below` rows.

    Parameters
    ----------
    assessment : Assessment
        The full result.
    below : int
        Smallest number of rows that is published.

    Returns
    -------
    Assessment
        The same result without the numbers of small groups.
    """
    hidden = _hidden(assessment.groups, below)

    def is_hidden(attributes: tuple[str, ...], group: dict[str, str] | None) -> bool:
        return group is not None and _key(attributes, group) in hidden

    groups = tuple(
        _without_numbers(item) if is_hidden(item.attributes, item.group) else item
        for item in assessment.groups
    )
    disparities = tuple(
        item.model_copy(
            update={"value": None, "interval": None, "p_adjusted": None, "reason": SUPPRESSED}
        )
        if is_hidden(item.attributes, item.group)
        or is_hidden(item.attributes, item.reference_group)
        else item
        for item in assessment.disparities
    )
    verdicts = tuple(
        item.model_copy(
            update={
                "findings": tuple(
                    _without_value(finding)
                    if is_hidden(item.attributes, finding.group)
                    or is_hidden(item.attributes, finding.reference_group)
                    else finding
                    for finding in item.findings
                )
            }
        )
        for item in assessment.verdicts
    )
    return assessment.model_copy(
        update={
            "groups": groups,
            "disparities": disparities,
            "verdicts": verdicts,
            "suppressed_below": below,
        }
    )


def _key(attributes: tuple[str, ...], group: dict[str, str]) -> _Key:
    return attributes, tuple(sorted(group.items()))


def _hidden(groups: tuple[GroupRates, ...], below: int) -> set[_Key]:
    sets: dict[tuple[str, ...], list[tuple[int, _Key]]] = defaultdict(list)
    for item in groups:
        sets[item.attributes].append((item.n or 0, _key(item.attributes, item.group)))
    hidden: set[_Key] = set()
    for members in sets.values():
        members.sort()
        small = [key for rows, key in members if rows < below]
        if len(small) == 1:
            small = [key for _, key in members[:2]]
        hidden.update(small)
    return hidden


def _without_numbers(item: GroupRates) -> GroupRates:
    rates = {name: RateEstimate(reason=SUPPRESSED) for name in item.rates}
    return item.model_copy(
        update={"n": None, "missing_label": None, "missing_prediction": None, "rates": rates}
    )


def _without_value(item: Finding) -> Finding:
    return item.model_copy(
        update={
            "n": None,
            "value": None,
            "interval": None,
            "needed_n": None,
            "reason": SUPPRESSED,
        }
    )

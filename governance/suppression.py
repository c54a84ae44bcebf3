"""Leave out the numbers of small groups before a result is published.

Promises: a group with fewer rows than the limit shows no count, rate, disparity or finding;
where only one group of an attribute set would be hidden, the next smallest is hidden with
it, because the total would give the one away. Rows whose group is not known are hidden when
they are few, and hide no other group: a subtraction would speak of persons of whom no
group is known. Verdict states stay.

Does not: protect against joining several published results over different attribute sets.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from answerable.governance.findings import (
    Disparity,
    Finding,
    GroupRates,
    RateEstimate,
    Verdict,
)

__all__ = ["SUPPRESSED", "Shown", "suppress_small_groups"]

SUPPRESSED: Final = "suppressed: too few rows to publish"

_NO_DISPARITY: Final = MappingProxyType(
    {"value": None, "interval": None, "p_adjusted": None, "reason": SUPPRESSED}
)
_NO_FINDING: Final = MappingProxyType(
    {"n": None, "value": None, "interval": None, "needed_n": None, "reason": SUPPRESSED}
)

_Key = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Shown:
    """The parts of a result that speak of groups."""

    groups: tuple[GroupRates, ...]
    disparities: tuple[Disparity, ...]
    verdicts: tuple[Verdict, ...]


def suppress_small_groups(shown: Shown, below: int) -> Shown:
    """Hide groups with fewer than `below` rows.

    Parameters
    ----------
    shown : Shown
        What is to be published.
    below : int
        Smallest number of rows that is published.

    Returns
    -------
    Shown
        The same without the numbers of small groups.
    """
    hidden = _hidden(shown.groups, below)

    def is_hidden(attributes: tuple[str, ...], *groups: dict[str, str] | None) -> bool:
        return any(group is not None and _key(attributes, group) in hidden for group in groups)

    def finding(item: Finding, attributes: tuple[str, ...]) -> Finding:
        small = is_hidden(attributes, item.group, item.reference_group)
        return item.model_copy(update=_NO_FINDING) if small else item

    return Shown(
        groups=tuple(
            _without_numbers(item) if is_hidden(item.attributes, item.group) else item
            for item in shown.groups
        ),
        disparities=tuple(
            item.model_copy(update=_NO_DISPARITY)
            if is_hidden(item.attributes, item.group, item.reference_group)
            else item
            for item in shown.disparities
        ),
        verdicts=tuple(
            verdict.model_copy(
                update={
                    "findings": tuple(
                        finding(item, verdict.attributes) for item in verdict.findings
                    )
                }
            )
            for verdict in shown.verdicts
        ),
    )


def _key(attributes: tuple[str, ...], group: dict[str, str]) -> _Key:
    return attributes, tuple(sorted(group.items()))


def _hidden(groups: tuple[GroupRates, ...], below: int) -> set[_Key]:
    sets: dict[tuple[str, ...], list[tuple[int, _Key]]] = defaultdict(list)
    hidden: set[_Key] = set()
    for item in groups:
        rows, key = item.n or 0, _key(item.attributes, item.group)
        if item.compared:
            sets[item.attributes].append((rows, key))
        elif rows < below:
            hidden.add(key)
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

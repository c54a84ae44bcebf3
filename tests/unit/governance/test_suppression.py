"""What is withheld before a result is published, and what is not."""

from __future__ import annotations

from answerable.governance.findings import GroupRates, RateEstimate
from answerable.governance.suppression import Shown, suppress_small_groups


def _group(name: str, rows: int, *, compared: bool = True) -> GroupRates:
    rate = RateEstimate(value=0.5, interval=(0.4, 0.6), n=rows)
    return GroupRates(
        attributes=("sex",),
        group={"sex": name},
        n=rows,
        compared=compared,
        rates={"selection_rate": rate},
    )


def _numbers(*groups: GroupRates) -> dict[str, int | None]:
    shown = suppress_small_groups(Shown(groups=groups, disparities=(), verdicts=()), 10)
    return {item.group["sex"]: item.n for item in shown.groups}


def test_one_small_group_takes_the_next_smallest_with_it() -> None:
    assert _numbers(_group("a", 4), _group("b", 20), _group("c", 30)) == {
        "a": None,
        "b": None,
        "c": 30,
    }


def test_few_rows_without_a_group_are_withheld_and_hide_no_other_group() -> None:
    assert _numbers(
        _group("female", 119), _group("male", 575), _group("(missing)", 3, compared=False)
    ) == {"female": 119, "male": 575, "(missing)": None}


def test_many_rows_without_a_group_are_shown() -> None:
    assert _numbers(_group("female", 119), _group("(missing)", 30, compared=False)) == {
        "female": 119,
        "(missing)": 30,
    }

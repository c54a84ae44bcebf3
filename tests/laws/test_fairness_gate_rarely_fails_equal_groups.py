"""Groups that are truly equal are rarely called unequal, however many there are."""

import numpy as np
import pytest

from answerable.governance.cells import CellTable, CountDefinition
from answerable.governance.disparities import Counts, contrasts_of, gap
from answerable.governance.metrics import metric
from answerable.governance.policy import EvidenceRules, Rule
from answerable.governance.tables import GroupTable, group_table
from answerable.governance.verdicts import judge

TABLES = 100
EVIDENCE = EvidenceRules(replicates=400)
COUNTED = CountDefinition(prediction="d", favourable="1")


def drawn(sizes: list[int], rates: list[float], seed: int) -> GroupTable:
    selected = np.random.default_rng(seed).binomial(sizes, rates)
    cells = [
        ((f"{place:02d}",), (0, 0, 0, 0, int(hits), int(rows - hits), 0, 0, 0))
        for place, (hits, rows) in enumerate(zip(selected, sizes, strict=True))
    ]
    return group_table(CellTable.of(["g"], COUNTED, cells), ["g"], replicates=400, seed=seed)


def share_of(state: str, sizes: list[int], rates: list[float], reference: str = "rest") -> float:
    rule = Rule(id="di", metric="selection_rate", compare="ratio", reference=reference, min=0.8)
    judged = (judge(drawn(sizes, rates, seed), [rule], EVIDENCE)[0] for seed in range(TABLES))
    return sum(item.state == state for item in judged) / TABLES


def fails_on_point_estimates(sizes: list[int], rate: float) -> float:
    drawn_rates = (
        np.random.default_rng(seed).binomial(sizes, rate) / np.array(sizes)
        for seed in range(TABLES)
    )
    return sum(bool(rates.min() / rates.max() < 0.8) for rates in drawn_rates) / TABLES


@pytest.mark.parametrize("reference", ["rest", "highest"])
@pytest.mark.parametrize("sizes", [[50] * 2, [100] * 5, [100] * 12, [7, 11, 60, 40, 300]])
def test_equal_groups_do_not_fail_where_point_estimates_do(
    sizes: list[int], reference: str
) -> None:
    assert fails_on_point_estimates(sizes, 0.3) > 0.35
    assert share_of("FAIL", sizes, [0.3] * len(sizes), reference) <= 0.03


def test_equal_groups_pass_and_unequal_ones_fail_once_there_are_rows_enough() -> None:
    assert share_of("PASS", [3_000] * 5, [0.3] * 5) >= 0.97
    assert share_of("FAIL", [2_000] * 5, [0.18, *[0.3] * 4]) >= 0.97


def test_a_ratio_on_the_threshold_neither_passes_nor_fails() -> None:
    # Group 0 against the rest is exactly .8: either clear answer would be an error.
    rates = [0.24, 0.3, 0.3]
    sizes = [800, 800, 800]
    wrong = share_of("PASS", sizes, rates) + share_of("FAIL", sizes, rates)
    assert wrong <= 0.09


def test_the_gap_of_equal_groups_contains_no_gap() -> None:
    contained = 0
    for seed in range(TABLES):
        table = drawn([100] * 6, [0.4] * 6, seed)
        counts = Counts.of(metric("selection_rate"), table.compared)
        family = contrasts_of(counts, "difference", "highest")
        widest = gap(counts, "difference", table.resamples.critical_value(family, 0.05))
        assert widest is not None
        assert widest.interval is not None
        contained += widest.interval[0] <= 0 <= widest.interval[1]
    assert contained / TABLES >= 0.9

import numpy as np
import pytest
from scipy import stats

from answerable.governance.cells import STATES
from answerable.governance.disparities import Counts, compare, contrasts_of, gap
from answerable.governance.metrics import metric
from answerable.governance.simultaneous import Contrast, Resamples, pairs, standard_error
from answerable.governance.uncertainty import critical_value, katz, newcombe

RATE = "selection_rate"


def matrix(*groups: tuple[int, int]) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    result = np.zeros((len(groups), len(STATES)), dtype=np.int64)
    for place, (selected, rows) in enumerate(groups):
        result[place, STATES.index("selected_unlabelled")] = selected
        result[place, STATES.index("rejected_unlabelled")] = rows - selected
    return result


def test_a_single_comparison_takes_the_normal_value() -> None:
    draws = Resamples(matrix((30, 100), (40, 100)), replicates=500, seed=1)
    both_ways = (Contrast(RATE, "ratio", (0,), (1,)), Contrast(RATE, "ratio", (1,), (0,)))
    assert draws.critical_value(both_ways, 0.05) == critical_value(0.05)


def test_all_pairs_of_large_equal_groups_take_tukeys_value() -> None:
    counts = matrix(*[(3_000, 10_000)] * 5)
    draws = Resamples(counts, replicates=20_000, seed=2)
    found = draws.critical_value(pairs(RATE, "difference", range(5)), 0.05)
    tukey = stats.studentized_range.ppf(0.95, 5, np.inf) / np.sqrt(2)
    assert found == pytest.approx(tukey, abs=0.05)


def test_independent_values_take_sidaks_value() -> None:
    draws = Resamples(matrix(*[(3_000, 10_000)] * 8), replicates=20_000, seed=3)
    found = draws.critical_value([Contrast(RATE, "value", (i,)) for i in range(8)], 0.05)
    sidak = critical_value(1 - 0.95 ** (1 / 8))
    assert found == pytest.approx(sidak, abs=0.05)


def test_the_same_seed_gives_the_same_value() -> None:
    family = pairs(RATE, "ratio", range(4))
    counts = matrix((3, 10), (30, 90), (12, 40), (7, 30))
    values = {
        Resamples(counts, replicates=400, seed=seed).critical_value(family, 0.05)
        for seed in (4, 4, 5)
    }
    assert len(values) == 2


def test_groups_at_the_edge_or_without_rows_do_not_break_the_draws() -> None:
    counts = matrix((10, 10), (0, 12), (5, 9), (0, 0))
    draws = Resamples(counts, replicates=400, seed=6)
    found = Counts.of(metric(RATE), counts)
    assert found.defined() == [0, 1, 2]
    for scale in ("difference", "ratio"):
        for reference in ("rest", "highest"):
            family = contrasts_of(found, scale, reference)
            assert np.isfinite(draws.critical_value(family, 0.05))


def test_a_huge_family_takes_bonferronis_value() -> None:
    counts = matrix(*[(30, 100)] * 210)
    family = pairs(RATE, "difference", range(210))
    draws = Resamples(counts, replicates=400, seed=7)
    assert draws.critical_value(family, 0.05) == critical_value(0.05, comparisons=len(family))


def test_two_groups_are_compared_with_newcombe_and_katz() -> None:
    found = Counts.of(metric(RATE), matrix((805, 1795), (349, 1488)))
    z = critical_value(0.05)
    difference = compare(found, "difference", "rest", z)[0]
    ratio = compare(found, "ratio", "rest", z)[0]
    assert difference.interval == newcombe((805, 1795), (349, 1488), z)
    assert ratio.interval == katz((805, 1795), (349, 1488), z)
    widest = gap(found, "difference", z)
    assert widest is not None
    assert widest.interval == pytest.approx(difference.interval)


def test_the_highest_seen_need_not_be_the_highest() -> None:
    # Two groups share the lead; the third is compared with whichever may be higher.
    found = Counts.of(metric(RATE), matrix((60, 100), (59, 100), (40, 100)))
    third = compare(found, "ratio", "highest", 2.0)[-1]
    lows = [
        item.interval[0]
        for top in (0, 1)
        for item in compare(found, "ratio", str(top), 2.0)
        if item.group == 2 and item.interval is not None
    ]
    assert third.interval is not None
    assert third.interval[0] == min(lows)
    assert third.interval[1] <= 1.0


def test_one_defined_group_has_no_gap() -> None:
    assert gap(Counts.of(metric(RATE), matrix((1, 2), (0, 0))), "difference", 2.0) is None


def test_a_standard_error_is_never_zero() -> None:
    for scale in ("difference", "ratio", "value"):
        assert standard_error(scale, (10, 10), (0, 5)) > 0
        assert standard_error(scale, (0, 10)) > 0

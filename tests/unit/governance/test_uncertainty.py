import math

import pytest
from scipy import stats

from answerable.audit.errors import InvalidInput, UndefinedMetric
from answerable.governance.uncertainty import (
    critical_value,
    holm,
    katz,
    needed_n,
    newcombe,
    ratio_interval,
    score_test,
    wilson,
)

Z = critical_value(0.05)


@pytest.mark.parametrize(("hits", "n"), [(1, 20), (805, 1795), (19, 20), (0, 7), (7, 7)])
def test_wilson_equals_scipys(hits: int, n: int) -> None:
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits, n, Z) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("hits", "n"), [(3, 20), (150, 400)])
def test_wilson_limits_are_where_the_score_test_turns(hits: int, n: int) -> None:
    for limit in wilson(hits, n, Z):
        score = abs(hits / n - limit) / math.sqrt(limit * (1 - limit) / n)
        assert score == pytest.approx(Z)


def test_newcombe_gives_the_published_examples() -> None:
    # Newcombe (1998), table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 10/10 - 0/10.
    assert newcombe((56, 70), (48, 80), Z) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe((9, 10), (3, 10), Z) == pytest.approx((0.1705, 0.8090), abs=5e-5)
    assert newcombe((10, 10), (0, 10), Z) == pytest.approx((0.6075, 1.0), abs=5e-5)


def test_katz_is_the_interval_of_scipys_relative_risk() -> None:
    expected = stats.contingency.relative_risk(349, 1488, 805, 1795).confidence_interval(0.95)
    assert katz((349, 1488), (805, 1795), Z) == pytest.approx((expected.low, expected.high))


def test_a_ratio_with_many_rows_on_both_sides_is_katzs() -> None:
    assert ratio_interval((805, 1795), (349, 1488), Z) == katz((805, 1795), (349, 1488), Z)


def test_a_ratio_turned_round_has_the_reciprocal_interval() -> None:
    for left, right in [((12, 40), (60, 150)), ((805, 1795), (349, 1488))]:
        low, high = ratio_interval(left, right, Z)
        assert ratio_interval(right, left, Z) == pytest.approx((1 / high, 1 / low))


def test_a_ratio_of_two_perfect_rates_is_not_known_exactly() -> None:
    low, high = ratio_interval((12, 12), (30, 30), Z)
    assert katz((12, 12), (30, 30), Z) == (1.0, 1.0)
    assert low < 0.85
    assert high > 1.05


def test_a_ratio_of_no_success_has_a_positive_upper_limit() -> None:
    low, high = ratio_interval((0, 15), (20, 40), Z)
    assert low == 0
    assert 0 < high < 1


def test_what_has_no_value_raises() -> None:
    with pytest.raises(UndefinedMetric):
        wilson(0, 0, Z)
    with pytest.raises(UndefinedMetric):
        ratio_interval((3, 10), (0, 10), Z)
    with pytest.raises(UndefinedMetric):
        katz((0, 10), (3, 10), Z)
    with pytest.raises(InvalidInput):
        wilson(5, 3, Z)
    with pytest.raises(InvalidInput):
        critical_value(1.5)


def test_the_score_test_is_chi_square_without_correction() -> None:
    table = [[30, 70], [45, 55]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert score_test((30, 100), (45, 100)) == pytest.approx(expected)
    assert score_test((10, 10), (20, 20)) == 1.0


def test_holm_rejects_step_by_step() -> None:
    # Holm (1979): the smallest of m is multiplied by m, the next by m - 1, never falling.
    assert holm([0.01, 0.02, 0.03, 0.9]) == pytest.approx((0.04, 0.06, 0.06, 0.9))
    assert holm([]) == ()


def test_the_rows_needed_give_the_stated_power() -> None:
    # True ratio .9 against a bound of .8: at the rows named, four in five samples clear it.
    share_l, share_r, n = 0.54, 0.6, 400
    error = math.sqrt((1 - share_l) / (n * share_l) + (1 - share_r) / (n * share_r))
    rows = needed_n(n, distance=math.log(0.9 / 0.8), standard_error=error, z=Z)
    assert rows is not None
    left = stats.binom(rows, share_l)
    right = stats.binom(rows, share_r)
    power = 0.0
    for a in range(int(left.ppf(1e-4)), int(left.ppf(1 - 1e-4)), 4):
        for b in range(int(right.ppf(1e-4)), int(right.ppf(1 - 1e-4)), 4):
            clears = ratio_interval((a, rows), (b, rows), Z)[0] > 0.8
            power += 16 * left.pmf(a) * right.pmf(b) * clears
    assert power == pytest.approx(0.8, abs=0.05)


def test_no_number_of_rows_settles_a_value_on_the_threshold() -> None:
    assert needed_n(100, distance=0.0, standard_error=0.1, z=Z) is None
    assert needed_n(100, distance=1e-9, standard_error=0.1, z=Z) is None

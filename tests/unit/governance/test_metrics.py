import pytest
from sklearn import metrics as sk

from answerable.audit.errors import InvalidInput
from answerable.governance.cells import Cell
from answerable.governance.metrics import METRICS, metric, rate

#           tp fp fn tn su ru py ny unknown
CELL = Cell(group=("a",), counts=(7, 3, 5, 11, 2, 4, 1, 6, 9))
Y_TRUE = [1] * 7 + [0] * 3 + [1] * 5 + [0] * 11
Y_PRED = [1] * 10 + [0] * 16


def test_rates_with_a_label_equal_scikit_learns() -> None:
    expected = {
        "true_positive_rate": sk.recall_score(Y_TRUE, Y_PRED),
        "true_negative_rate": sk.recall_score(Y_TRUE, Y_PRED, pos_label=0),
        "precision": sk.precision_score(Y_TRUE, Y_PRED),
        "negative_predictive_value": sk.precision_score(Y_TRUE, Y_PRED, pos_label=0),
        "accuracy": sk.accuracy_score(Y_TRUE, Y_PRED),
    }
    for name, value in expected.items():
        assert rate(name, CELL).value == pytest.approx(value, abs=1e-12)


def test_complementary_rates_add_up_to_one() -> None:
    pairs = [
        ("true_positive_rate", "false_negative_rate"),
        ("false_positive_rate", "true_negative_rate"),
        ("precision", "false_discovery_rate"),
        ("negative_predictive_value", "false_omission_rate"),
        ("accuracy", "error_rate"),
    ]
    for one, other in pairs:
        first, second = rate(one, CELL).value, rate(other, CELL).value
        assert first is not None
        assert second is not None
        assert first + second == pytest.approx(1)


def test_each_rate_has_the_denominator_of_what_is_known() -> None:
    assert rate("selection_rate", CELL).denominator == 26 + 2 + 4
    assert rate("base_rate", CELL).denominator == 26 + 1 + 6
    assert rate("accuracy", CELL).denominator == 26


@pytest.mark.parametrize("name", METRICS)
def test_a_rate_of_no_rows_is_undefined_and_says_why(name: str) -> None:
    nothing = rate(name, Cell(group=("a",), counts=(0, 0, 0, 0, 0, 0, 0, 0, 3)))
    assert nothing.value is None
    assert nothing.undefined_reason is not None
    assert nothing.undefined_reason.startswith("no row")


def test_numerators_lie_inside_denominators() -> None:
    assert all(set(item.numerator) <= set(item.denominator) for item in METRICS.values())


def test_only_the_selection_rate_says_something_without_a_label() -> None:
    assert [item.name for item in METRICS.values() if not item.needs_label] == ["selection_rate"]


def test_an_unknown_metric_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="selection_rate"):
        metric("fairness")

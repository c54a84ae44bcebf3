"""Baselines: who is in them, and what is kept of them."""

import numpy as np
import pytest

from answerable.audit.errors import InvalidInput, UndefinedMetric
from answerable.explain.baseline import BaselineKind, BaselineRows, make_baseline, reference_row
from tests.unit.explain import loan

MODEL = loan.model("skops")
X = loan.matrix()[:400]
ROWS = BaselineRows(X, [f"r{number}" for number in range(400)], loan.NIL)


def test_all_applicants_keep_the_means_and_the_mean_output() -> None:
    found = make_baseline(MODEL, ROWS, name="all", kind="all_applicants")
    assert found.rows == 400
    assert found.means["price"] == pytest.approx(float(X[:, 5].mean()))
    assert found.expected_output == pytest.approx(float(MODEL.raw_margin(X).mean()))


def test_approved_are_the_rows_at_or_above_the_cut_off() -> None:
    margins = MODEL.raw_margin(X)
    cut_off = float(margins[7])
    found = make_baseline(MODEL, ROWS, name="a", kind="approved", cut_off_margin=cut_off)
    assert found.rows == int((margins >= cut_off).sum())
    assert found.means["obrat"] == pytest.approx(float(X[margins >= cut_off, 6].mean()))


def test_just_approved_are_the_tenth_of_the_approved_with_the_lowest_scores() -> None:
    margins = np.sort(MODEL.raw_margin(X))
    approved = margins[margins >= 1.0]
    found = make_baseline(MODEL, ROWS, name="j", kind="just_approved", cut_off_margin=1.0)
    assert found.rows == -(-len(approved) // 10)
    assert found.expected_output == pytest.approx(float(approved[: found.rows].mean()))


def test_the_order_of_rows_does_not_change_a_baseline_but_its_members_do() -> None:
    turned = BaselineRows(X[::-1], list(ROWS.row_ids)[::-1], loan.NIL)
    one = make_baseline(MODEL, ROWS, name="all", kind="all_applicants")
    assert make_baseline(MODEL, turned, name="all", kind="all_applicants").row_ids == one.row_ids
    fewer = BaselineRows(X[:-1], list(ROWS.row_ids)[:-1], loan.NIL)
    assert make_baseline(MODEL, fewer, name="all", kind="all_applicants").row_ids != one.row_ids


def test_missing_values_count_as_the_model_sees_them() -> None:
    holed = X.copy()
    holed[:200, 5] = np.nan
    rows = BaselineRows(holed, ROWS.row_ids, loan.NIL)
    imputed = float(loan.pipeline().named_steps["impute"].statistics_[5])
    linear = make_baseline(MODEL, rows, name="all", kind="all_applicants")
    assert linear.means["price"] == pytest.approx((imputed + float(X[200:, 5].mean())) / 2)
    trees = make_baseline(loan.model("xgboost-json"), rows, name="all", kind="all_applicants")
    assert trees.means["price"] == pytest.approx(float(X[200:, 5].mean()))


@pytest.mark.parametrize("kind", ["approved", "just_approved"])
def test_a_baseline_of_approved_needs_a_cut_off_and_somebody_approved(kind: BaselineKind) -> None:
    with pytest.raises(InvalidInput, match="cut-off"):
        make_baseline(MODEL, ROWS, name="a", kind=kind)
    with pytest.raises(UndefinedMetric, match="no row"):
        make_baseline(MODEL, ROWS, name="a", kind=kind, cut_off_margin=1e9)


def test_nobody_a_column_without_values_and_odd_ids_are_refused() -> None:
    with pytest.raises(UndefinedMetric, match="no row"):
        make_baseline(MODEL, BaselineRows(X[:0], [], loan.NIL), name="a", kind="all_applicants")
    holed = X.copy()
    holed[:, 5] = np.nan
    rows = BaselineRows(holed, ROWS.row_ids, loan.NIL)
    with pytest.raises(UndefinedMetric, match="price"):
        make_baseline(loan.model("xgboost-json"), rows, name="a", kind="all_applicants")
    with pytest.raises(InvalidInput, match="row ids"):
        make_baseline(MODEL, BaselineRows(X, ["one"], loan.NIL), name="a", kind="custom")


def test_a_baseline_of_other_features_is_refused() -> None:
    found = make_baseline(MODEL, ROWS, name="all", kind="all_applicants")
    with pytest.raises(InvalidInput, match="other features"):
        reference_row(found, ("loanamt",))

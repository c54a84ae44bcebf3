"""Law: a feature that cannot move the output is attributed exactly nothing."""

from functools import cache

import numpy as np
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from answerable.audit.records import BaselineVersion
from answerable.explain.attribution import attribute
from answerable.explain.baseline import BaselineRows, make_baseline
from answerable.explain.models import LoadedModel
from tests.unit.explain import loan

NAMES = ("a", "b", "c")
NUMBERS = st.lists(st.floats(-100, 100), min_size=3, max_size=3)


def linear(weights: list[float]) -> bytes:
    model = LogisticRegression().fit(np.array([[0.0] * 3, [1.0] * 3]), [0, 1])
    model.coef_ = np.array([weights])
    return bytes(skops.io.dumps(model))


@settings(max_examples=40, deadline=None)
@given(weights=NUMBERS, dummy=st.integers(0, 2), x=NUMBERS, rows=st.lists(NUMBERS, min_size=1))
def test_a_coefficient_of_zero_gives_zero(
    weights: list[float], dummy: int, x: list[float], rows: list[list[float]]
) -> None:
    weights[dummy] = 0.0
    model = loan.loaded(linear(weights), "skops", NAMES)
    background = BaselineRows(np.array(rows), [str(n) for n in range(len(rows))], loan.NIL)
    baseline = make_baseline(model, background, name="b", kind="custom")
    found = attribute(model, np.array(x), baseline)
    assert found.values[NAMES[dummy]] == 0.0


@cache
def trees_that_never_split_on_the_last_column() -> tuple[LoadedModel, BaselineVersion]:
    import xgboost

    _, y = loan.applications()
    X = np.column_stack([loan.matrix()[:400, 6], loan.matrix()[:400, 10], np.ones(400)])
    data = xgboost.DMatrix(X, y[:400], feature_names=list(NAMES))
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 5)
    model = loan.loaded(bytes(booster.save_raw("json")), "xgboost-json", NAMES)
    rows = BaselineRows(X, [str(number) for number in range(400)], loan.NIL)
    return model, make_baseline(model, rows, name="b", kind="custom")


@settings(max_examples=40, deadline=None)
@given(x=NUMBERS)
def test_a_feature_no_tree_splits_on_gives_zero(x: list[float]) -> None:
    model, baseline = trees_that_never_split_on_the_last_column()
    assert attribute(model, np.array(x), baseline).values["c"] == 0.0

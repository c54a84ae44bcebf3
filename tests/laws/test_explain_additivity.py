"""Law: base value plus attributions is the model's own output, for any input it accepts."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.explain.attribution import attribute
from tests.unit.explain import loan

VALUE = st.one_of(
    st.floats(-1e4, 1e5, allow_nan=False, width=32),
    st.integers(-3, 400).map(float),
    st.just(math.nan),
)
ROW = st.lists(VALUE, min_size=len(loan.FEATURES), max_size=len(loan.FEATURES))


@pytest.mark.parametrize("form", ["xgboost-json", "lightgbm-text", "skops", "scorecard"])
@settings(max_examples=60, deadline=None)
@given(row=ROW)
def test_base_value_and_attributions_add_up_to_the_output(form: str, row: list[float]) -> None:
    model = loan.model(form)
    x = np.array(row)
    found = attribute(model, x, loan.baseline(form))
    own = float(model.raw_margin(x[np.newaxis])[0])
    total = found.base_value + math.fsum(found.values.values())
    assert abs(total - own) <= model.tolerance * max(1.0, abs(own)) * (1 + 1e-9)


@settings(max_examples=30, deadline=None)
@given(row=ROW, cut=st.integers(1, len(loan.FEATURES) - 1))
def test_grouping_columns_keeps_the_sum(row: list[float], cut: int) -> None:
    model, x = loan.model("xgboost-json"), np.array(row)
    groups = {"front": loan.FEATURES[:cut], "back": loan.FEATURES[cut:]}
    single = attribute(model, x, loan.baseline("xgboost-json"))
    grouped = attribute(model, x, loan.baseline("xgboost-json"), groups)
    front = math.fsum(single.values[name] for name in groups["front"])
    assert math.isclose(grouped.values["front"], front, abs_tol=1e-9)
    assert grouped.output == single.output

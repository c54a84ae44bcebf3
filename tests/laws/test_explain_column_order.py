"""Law: the order of columns changes neither a linear score nor its attributions."""

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from answerable.explain.attribution import attribute
from answerable.explain.baseline import BaselineRows, make_baseline
from answerable.explain.models import LoadedModel
from tests.unit.explain import loan

COUNT = 6
NAMES = loan.FEATURES[:COUNT]


def ordered(weights: list[float], order: list[int]) -> LoadedModel:
    model = LogisticRegression().fit(np.array([[0.0] * COUNT, [1.0] * COUNT]), [0, 1])
    model.coef_ = np.array([[weights[place] for place in order]])
    names = tuple(NAMES[place] for place in order)
    return loan.loaded(skops.io.dumps(model), "skops", names)


@settings(max_examples=40, deadline=None)
@given(
    weights=st.lists(st.floats(-0.01, 0.01), min_size=COUNT, max_size=COUNT),
    order=st.permutations(range(COUNT)),
    case=st.integers(0, 1900),
)
def test_permuted_columns_give_the_same_attributions(
    weights: list[float], order: list[int], case: int
) -> None:
    rows = loan.matrix()[:50, :COUNT]
    x = loan.matrix()[case, :COUNT]
    found = []
    for chosen in (list(range(COUNT)), order):
        model = ordered(weights, chosen)
        background = BaselineRows(rows[:, chosen], [str(n) for n in range(50)], loan.NIL)
        baseline = make_baseline(model, background, name="b", kind="custom")
        found.append(attribute(model, x[chosen], baseline))
    one, other = found
    assert other.values == pytest.approx(one.values, abs=1e-9)
    assert other.output == pytest.approx(one.output, abs=1e-9)
    assert other.base_value == pytest.approx(one.base_value, abs=1e-9)

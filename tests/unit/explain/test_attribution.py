"""Attributions against independent ways to compute them."""

import json
import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from answerable.audit.errors import AdditivityBroken, InvalidInput
from answerable.explain.attribution import attribute, check_additivity
from tests.unit.explain import loan

FORMS = ("xgboost-json", "lightgbm-text", "skops", "scorecard")


@pytest.mark.parametrize("form", FORMS)
def test_base_value_and_attributions_give_the_output_within_tolerance(form: str) -> None:
    found = loan.model(form)
    for number in range(0, 1900, 100):
        one = attribute(found, loan.matrix()[number], loan.baseline(form))
        total = one.base_value + math.fsum(one.values.values())
        own = float(found.raw_margin(loan.matrix()[number : number + 1])[0])
        assert one.output == own
        assert abs(total - own) <= found.tolerance * max(1, abs(own))
        assert one.exact


def test_a_linear_attribution_is_the_coefficient_times_the_distance_to_the_mean() -> None:
    steps = loan.pipeline().named_steps
    weights = steps["classify"].coef_[0] / steps["scale"].scale_
    means = loan.matrix()[:1200].mean(axis=0)
    x = loan.matrix()[1500]
    found = attribute(loan.model("skops"), x, loan.baseline("skops"))
    np.testing.assert_allclose(list(found.values.values()), weights * (x - means), atol=1e-10)
    expected = loan.pipeline().decision_function(loan.applications()[0][:1200]).mean()
    assert found.base_value == pytest.approx(float(expected), abs=1e-9)


def test_a_missing_value_of_a_linear_model_is_attributed_as_imputed() -> None:
    x = loan.matrix()[1500].copy()
    x[5] = np.nan
    filled = x.copy()
    filled[5] = loan.pipeline().named_steps["impute"].statistics_[5]
    one = attribute(loan.model("skops"), x, loan.baseline("skops"))
    other = attribute(loan.model("skops"), filled, loan.baseline("skops"))
    assert one.values == other.values
    assert one.inputs["price"] == {}


def _expectation(tree: dict[str, Any], x: Any, known: set[int], node: int = 0) -> float:
    """Expected output of one tree when only `known` features are; weights are the hessians."""
    left, right = tree["left_children"][node], tree["right_children"][node]
    if left == -1:
        return float(np.float32(tree["split_conditions"][node]))
    feature = tree["split_indices"][node]
    if feature in known:
        goes_left = np.float32(x[feature]) < np.float32(tree["split_conditions"][node])
        return _expectation(tree, x, known, left if goes_left else right)
    weights = [float(np.float32(tree["sum_hessian"][child])) for child in (left, right)]
    values = [_expectation(tree, x, known, child) for child in (left, right)]
    return float(np.dot(weights, values) / sum(weights))


def test_tree_attributions_are_the_path_dependent_shapley_values_by_enumeration() -> None:
    import xgboost

    X, y = loan.applications()
    names = ["loanprc", "gdlin", "obrat", "unver"]
    data = xgboost.DMatrix(X[names][:1200], y[:1200])
    parameters = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1}
    saved = bytes(xgboost.train(parameters, data, 5).save_raw("json"))
    found = loan.loaded(saved, "xgboost-json", tuple(names))
    trees = json.loads(saved)["learner"]["gradient_booster"]["model"]["trees"]
    for x in X[names].to_numpy()[1300:1306]:
        _, values = found.contributions(x[np.newaxis])
        for j in range(4):
            others = [i for i in range(4) if i != j]
            expected = 0.0
            for size in range(4):
                for chosen in combinations(others, size):
                    weight = math.factorial(size) * math.factorial(3 - size) / math.factorial(4)
                    for tree in trees:
                        gain = _expectation(tree, x, {*chosen, j})
                        expected += weight * (gain - _expectation(tree, x, set(chosen)))
            assert values[0, j] == pytest.approx(expected, abs=2e-6)


def test_a_group_of_columns_gets_the_sum_of_its_members() -> None:
    form = "xgboost-json"
    single = attribute(loan.model(form), loan.matrix()[3], loan.baseline(form))
    groups: dict[str, tuple[str, ...]] = {
        name: (name,) for name in loan.FEATURES if name not in {"atotinc", "cototinc"}
    }
    groups["income"] = ("atotinc", "cototinc")
    grouped = attribute(loan.model(form), loan.matrix()[3], loan.baseline(form), groups)
    expected = single.values["atotinc"] + single.values["cototinc"]
    assert grouped.values["income"] == pytest.approx(expected, abs=1e-12)
    assert set(grouped.inputs["income"]) == {"atotinc", "cototinc"}


@pytest.mark.parametrize(
    "groups",
    [
        {"one": loan.FEATURES[:-1]},
        {"one": loan.FEATURES, "two": ("dep",)},
        {"one": (*loan.FEATURES[:-1], "race")},
    ],
)
def test_players_that_do_not_cover_each_column_once_are_refused(
    groups: dict[str, tuple[str, ...]],
) -> None:
    form = "xgboost-json"
    with pytest.raises(InvalidInput, match="cover"):
        attribute(loan.model(form), loan.matrix()[0], loan.baseline(form), groups)


class Drifting:
    """A model whose contributions miss its output by a set amount."""

    def __init__(self, drift: float) -> None:
        self._inner = loan.model("skops")
        self._drift = drift

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def contributions(self, X: Any) -> Any:
        base, values = self._inner.contributions(X)
        return base + self._drift, values


def test_attributions_that_miss_the_output_are_an_error_and_not_shown() -> None:
    baseline = loan.baseline("skops")
    x = loan.matrix()[0]
    attribute(Drifting(1e-11), x, baseline)
    with pytest.raises(AdditivityBroken, match="misses"):
        attribute(Drifting(1e-6), x, baseline)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_attribution_that_is_no_number_is_an_error(value: float) -> None:
    with pytest.raises(AdditivityBroken):
        check_additivity(0.0, {"a": value}, 0.0, 1e-9)

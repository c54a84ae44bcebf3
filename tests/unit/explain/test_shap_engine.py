"""shap as an oracle where it is right, and kept out of what serves."""

import subprocess
import sys

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from answerable.audit.errors import EngineError, MissingExtra
from answerable.explain.attribution import attribute
from answerable.explain.baseline import BaselineRows, make_baseline
from answerable.explain.explanation import explain_decision
from answerable.explain.scoring import evaluate
from answerable.explain.shap_engine import shap_values_for
from tests.unit.explain import loan

NAMES = ("obrat", "loanprc", "gdlin", "unver", "pubrec")


def test_linear_attributions_are_what_shap_finds_by_enumeration() -> None:
    X, y = loan.applications()
    found = LogisticRegression(max_iter=5000).fit(X[list(NAMES)], y)
    model = loan.loaded(skops.io.dumps(found), "skops", NAMES)
    rows = X[list(NAMES)].to_numpy()
    background, cases = rows[:60], rows[100:110]
    baseline = make_baseline(
        model,
        BaselineRows(background, [str(n) for n in range(60)], loan.NIL),
        name="b",
        kind="custom",
    )
    oracle = shap_values_for(model, cases, background, seed=0)
    assert oracle.exact
    assert oracle.base == pytest.approx(baseline.expected_output)
    for case, expected in zip(cases, oracle.values, strict=True):
        ours = attribute(model, case, baseline)
        np.testing.assert_allclose(list(ours.values.values()), expected, atol=1e-9)


def test_values_of_many_features_are_labelled_approximate_and_repeat_with_their_seed() -> None:
    model = loan.model("skops")
    background, cases = loan.matrix()[:5], loan.matrix()[30:31]
    one = shap_values_for(model, cases, background, seed=3)
    assert not one.exact
    np.testing.assert_array_equal(
        one.values, shap_values_for(model, cases, background, seed=3).values
    )
    np.testing.assert_allclose(
        one.base + one.values.sum(axis=1), model.raw_margin(cases), atol=1e-6
    )


def test_a_failure_of_shap_is_an_error_of_ours() -> None:
    class Broken:
        features = NAMES

        def raw_margin(self, X: object) -> object:
            raise ZeroDivisionError

    with pytest.raises(EngineError, match="ZeroDivisionError"):
        shap_values_for(Broken(), np.zeros((1, 5)), np.zeros((2, 5)), seed=0)  # type: ignore[arg-type]


def test_what_a_serving_process_imports_brings_in_no_heavy_library() -> None:
    code = (
        "import sys\n"
        "import answerable.explain.explanation, answerable.explain.letters\n"
        "import answerable.explain.replay, answerable.explain.profile\n"
        "heavy = {'shap', 'numba', 'sklearn', 'xgboost', 'lightgbm', 'pandas', 'skops', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("form", ["xgboost-json", "lightgbm-text", "skops", "scorecard"])
def test_a_decision_is_scored_and_explained_where_shap_cannot_be_imported(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shap", None)
    place = loan.setting(form)
    inputs = loan.row(loan.declined(form)[0])
    found = evaluate(place.function, place.models, {**inputs})
    explained = explain_decision(
        place.explainer, {**inputs}, found, decision_id=None, valid_until=1
    )
    assert explained.attribution is not None
    with pytest.raises(MissingExtra, match="explain"):
        shap_values_for(place.model, loan.matrix()[:1], loan.matrix()[:2], seed=0)

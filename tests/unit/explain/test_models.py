"""What a loaded model scores is what the library that trained it scores."""

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from answerable.audit.errors import InvalidInput, RecordTampered
from answerable.explain.models import load_model, open_model
from tests.unit.explain import loan

FORMS = ("xgboost-json", "xgboost-ubj", "lightgbm-text", "skops", "scorecard")


def test_xgboost_scores_are_those_of_the_booster_that_was_saved() -> None:
    import xgboost

    data = xgboost.DMatrix(loan.matrix()[1200:], feature_names=list(loan.FEATURES))
    expected = loan.booster().predict(data, output_margin=True)
    for form in ("xgboost-json", "xgboost-ubj"):
        found = loan.model(form)
        assert found.raw_margin(loan.matrix()[1200:]).tolist() == expected.tolist()
        probabilities = loan.booster().predict(data)
        assert found.probability(loan.matrix()[1200:]).tolist() == probabilities.tolist()


def test_logistic_scores_are_those_of_the_pipeline_that_was_saved() -> None:
    X, _ = loan.applications()
    found = loan.model("skops")
    # A data frame and a matrix differ in memory order, hence in the last digit of a sum.
    np.testing.assert_allclose(
        found.raw_margin(loan.matrix()), loan.pipeline().decision_function(X), atol=1e-12
    )
    np.testing.assert_allclose(
        found.probability(loan.matrix()), loan.pipeline().predict_proba(X)[:, 1], atol=1e-12
    )


def test_lightgbm_scores_are_those_of_the_booster_that_was_saved() -> None:
    found = loan.model("lightgbm-text")
    expected = loan.light_booster().predict(loan.matrix(), num_threads=1)
    np.testing.assert_array_equal(found.probability(loan.matrix()), expected)


def test_a_scorecard_adds_the_points_of_its_bins() -> None:
    x = dict.fromkeys(loan.FEATURES, 0.0) | {"obrat": 30.5, "loanprc": 0.8, "gdlin": 1.0}
    row = np.array([list(x.values())])
    # 25 + 10 + 60 points and one for each of the 24 other features, less the offset of 60.
    assert loan.model("scorecard").raw_margin(row)[0] == pytest.approx(
        (25 + 10 + 60 + 24 - 60) / 20
    )


def test_a_scorecard_gives_a_missing_value_its_own_points() -> None:
    missing = np.full((1, len(loan.FEATURES)), np.nan)
    assert loan.model("scorecard").raw_margin(missing)[0] == pytest.approx((27 * 5 - 60) / 20)


@pytest.mark.parametrize("form", FORMS)
def test_scores_do_not_depend_on_the_other_rows(form: str) -> None:
    found = loan.model(form)
    together = found.raw_margin(loan.matrix()[:50])
    alone = [float(found.raw_margin(loan.matrix()[i : i + 1])[0]) for i in range(50)]
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_features_in_another_order_are_refused(form: str) -> None:
    with pytest.raises(InvalidInput, match="another order"):
        loan.loaded(loan.model_bytes(form), form, loan.FEATURES[::-1])


@pytest.mark.parametrize("form", FORMS)
def test_features_of_another_name_or_number_are_refused(form: str) -> None:
    with pytest.raises(InvalidInput, match="do not match"):
        loan.loaded(loan.model_bytes(form), form, (*loan.FEATURES[:-1], "race"))
    with pytest.raises(InvalidInput, match="do not match"):
        loan.loaded(loan.model_bytes(form), form, loan.FEATURES[:-1])


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_is_not_registered_states_its_own_features(form: str) -> None:
    recognised, found = open_model(loan.model_bytes(form))
    assert (recognised, found.features) == (form, loan.FEATURES)


@pytest.mark.parametrize("form", FORMS)
def test_input_of_another_width_or_infinite_is_refused(form: str) -> None:
    with pytest.raises(InvalidInput, match="shape"):
        loan.model(form).raw_margin(np.zeros((2, 3)))
    with pytest.raises(InvalidInput, match="infinite"):
        loan.model(form).raw_margin(np.full((1, len(loan.FEATURES)), np.inf))


def test_bytes_with_another_digest_are_refused() -> None:
    with pytest.raises(RecordTampered):
        load_model(
            loan.model_bytes("scorecard"),
            format="scorecard",
            features=loan.FEATURES,
            artefact_digest=loan.NIL,
        )


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not supported"):
        loan.loaded(b"cbm1", "catboost")


@pytest.mark.parametrize("repeated", [(), ("a", "a")])
def test_missing_or_repeated_feature_names_are_refused(repeated: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="registered features"):
        loan.loaded(loan.model_bytes("scorecard"), "scorecard", repeated)


def test_a_model_trained_without_names_takes_the_registered_ones() -> None:
    import xgboost

    X, y = loan.applications()
    data = xgboost.DMatrix(X.to_numpy(), y)
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 3)
    saved = bytes(booster.save_raw("json"))
    found = loan.loaded(saved, "xgboost-json")
    assert found.contributions(loan.matrix()[:2])[1].shape == (2, 27)
    with pytest.raises(InvalidInput, match="do not match"):
        loan.loaded(saved, "xgboost-json", loan.FEATURES[:5])
    with pytest.raises(InvalidInput, match="do not match"):
        open_model(saved)


def test_a_logistic_regression_alone_takes_no_missing_values() -> None:
    X, y = loan.applications()
    alone = LogisticRegression(C=0.01, max_iter=5000).fit(X.to_numpy() / 1000, y)
    found = loan.loaded(skops.io.dumps(alone), "skops")
    assert not found.takes_missing
    x = loan.matrix()[:1].copy()
    x[0, loan.FEATURES.index("netw")] = np.nan
    with pytest.raises(InvalidInput, match="missing values in netw"):
        found.raw_margin(x)


def test_a_forest_is_refused_when_it_is_loaded() -> None:
    X, y = loan.applications()
    forest = RandomForestClassifier(n_estimators=2, max_depth=2, random_state=0).fit(X, y)
    with pytest.raises(InvalidInput, match="trusted types"):
        loan.loaded(skops.io.dumps(forest), "skops")


def test_a_pipeline_of_other_steps_is_refused() -> None:
    X, y = loan.applications()
    twice = Pipeline(
        [("a", StandardScaler()), ("b", StandardScaler()), ("c", LogisticRegression())]
    ).fit(X, y)
    with pytest.raises(InvalidInput, match="other steps"):
        loan.loaded(skops.io.dumps(twice), "skops")


def test_an_unfitted_estimator_is_refused() -> None:
    with pytest.raises(InvalidInput, match="incomplete"):
        loan.loaded(skops.io.dumps(LogisticRegression()), "skops")


def test_classes_other_than_zero_and_one_are_refused() -> None:
    X, y = loan.applications()
    found = LogisticRegression(max_iter=5000).fit(X.to_numpy() / 1000, y + 1)
    with pytest.raises(InvalidInput, match="classes"):
        loan.loaded(skops.io.dumps(found), "skops")


@pytest.mark.parametrize(
    ("parameters", "what"),
    [
        ({"objective": "reg:squarederror"}, "objective"),
        ({"objective": "multi:softprob", "num_class": 2}, "objective"),
        ({"objective": "binary:logistic", "booster": "gblinear"}, "gblinear"),
        ({"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.5}, "dart"),
    ],
)
def test_an_xgboost_model_that_cannot_be_explained_exactly_is_refused(
    parameters: dict[str, object], what: str
) -> None:
    import xgboost

    X, y = loan.applications()
    booster = xgboost.train({**parameters, "nthread": 1}, xgboost.DMatrix(X, y), 2)
    with pytest.raises(InvalidInput, match=what):
        loan.loaded(bytes(booster.save_raw("json")), "xgboost-json")


def test_trees_after_the_best_iteration_are_refused_because_they_give_two_scores() -> None:
    from xgboost import XGBClassifier

    X, y = loan.applications()
    stopped = XGBClassifier(n_estimators=60, early_stopping_rounds=3, n_jobs=1)
    stopped.fit(X[:1200], y[:1200], eval_set=[(X[1200:], y[1200:])], verbose=False)
    whole = stopped.get_booster()
    with pytest.raises(InvalidInput, match="early stopping"):
        loan.loaded(bytes(whole.save_raw("json")), "xgboost-json")
    best = whole[: stopped.best_iteration + 1]
    found = loan.loaded(bytes(best.save_raw("json")), "xgboost-json")
    np.testing.assert_allclose(
        found.probability(loan.matrix()[:20]), stopped.predict_proba(X[:20])[:, 1], atol=1e-7
    )


def test_categorical_splits_are_refused() -> None:
    import pandas as pd
    import xgboost

    frame = pd.DataFrame({"c": pd.Categorical([0, 1, 2, 0, 1, 2] * 20), "x": np.arange(120.0)})
    label = (frame["c"].cat.codes == 1).astype(int)
    data = xgboost.DMatrix(frame, label, enable_categorical=True)
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 2)
    with pytest.raises(InvalidInput, match="categor"):
        loan.loaded(bytes(booster.save_raw("json")), "xgboost-json", ("c", "x"))

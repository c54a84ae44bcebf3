"""Rules first, then the model, then the cut-off."""

import math

import pytest

from answerable.audit.errors import InvalidInput
from answerable.audit.records import ComponentKind, HardRule, Outcome
from answerable.explain.scoring import evaluate, rule_fires, threshold_margin
from tests.unit.explain import loan

PLACE = loan.setting()


def test_the_cut_off_decides_when_no_rule_fires() -> None:
    scores = loan.model("xgboost-json").probability(loan.matrix()[1200:1300])
    for number, score in enumerate(scores.tolist(), start=1200):
        inputs = loan.row(number)
        if inputs["obrat"] > 60 or inputs["loanprc"] > 1:
            continue
        found = evaluate(PLACE.function, PLACE.models, inputs)
        assert found.score == pytest.approx(score, abs=1e-7)
        assert found.outcome is (Outcome.APPROVE if score >= 0.7 else Outcome.DECLINE)
        assert [part.fired for part in found.components] == [False, False, True]


def test_a_knock_out_rule_decides_without_the_model() -> None:
    found = evaluate(PLACE.function, PLACE.models, loan.row(0) | {"obrat": 60.5})
    assert (found.outcome, found.outcome_code) == (
        Outcome.DECLINE,
        "decline.knock_out_obligations",
    )
    assert (found.score, found.margin, found.fired_rule) == (None, None, loan.KNOCK_OUT)
    assert [(part.kind, part.fired) for part in found.components] == [(ComponentKind.RULE, True)]
    assert found.components[0].digest == loan.KNOCK_OUT.digest


def test_a_knock_out_rule_prevails_over_a_referral_whatever_their_order() -> None:
    function = PLACE.function.model_copy(update={"rules": (loan.REFERRAL, loan.KNOCK_OUT)})
    inputs = loan.row(0) | {"obrat": 61, "loanprc": 1.2}
    assert evaluate(function, PLACE.models, inputs).outcome is Outcome.DECLINE


def test_a_referral_rule_sends_the_case_to_a_person_with_the_score() -> None:
    found = evaluate(PLACE.function, PLACE.models, loan.row(0) | {"loanprc": 1.2})
    assert (found.outcome, found.outcome_code) == (Outcome.REFER, "refer")
    assert found.score is not None
    assert [part.fired for part in found.components] == [False, True, False]


def test_a_score_close_to_the_cut_off_is_referred() -> None:
    place = loan.setting(refer_margin=0.25)
    close, far = 0, 0
    for number in range(1200, 1400):
        found = evaluate(place.function, place.models, loan.row(number))
        if found.fired_rule is None and found.score is not None:
            near = abs(found.score - 0.7) < 0.25
            assert (found.outcome is Outcome.REFER) is near
            assert found.within_refer_margin is near
            close, far = close + near, far + (not near)
    assert close > 5
    assert far > 5


def test_an_absent_input_is_missing_for_the_model() -> None:
    inputs = loan.row(0)
    del inputs["dep"]
    found = evaluate(PLACE.function, PLACE.models, inputs)
    assert math.isnan(found.x[loan.FEATURES.index("dep")])
    same = evaluate(PLACE.function, PLACE.models, inputs | {"dep": None})
    assert same.score == found.score


def test_a_missing_input_of_a_rule_is_an_error_and_no_pass() -> None:
    with pytest.raises(InvalidInput, match="knock_out_obligations"):
        evaluate(PLACE.function, PLACE.models, loan.row(0) | {"obrat": None})


@pytest.mark.parametrize("value", ["12", [1], {}, math.inf, 10**400])
def test_an_input_that_is_no_finite_number_is_refused_without_repeating_it(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"inputs\.netw") as caught:
        evaluate(PLACE.function, PLACE.models, {**loan.row(0), "netw": value})  # type: ignore[dict-item]
    assert "12" not in str(caught.value)


def test_an_unknown_input_is_refused_without_repeating_its_name() -> None:
    with pytest.raises(InvalidInput, match="1 input") as caught:
        evaluate(PLACE.function, PLACE.models, loan.row(0) | {"Jane Doe": 1})
    assert "Jane" not in str(caught.value)


def test_a_function_with_several_models_or_preprocessing_is_refused() -> None:
    artefact = PLACE.function.models[0]
    two = PLACE.function.model_copy(update={"models": (artefact, artefact)})
    with pytest.raises(InvalidInput, match="2 models"):
        evaluate(two, PLACE.models, loan.row(0))
    prepared = PLACE.function.model_copy(update={"preprocessing": {"scale": "yes"}})
    with pytest.raises(InvalidInput, match="preprocessing"):
        evaluate(prepared, PLACE.models, loan.row(0))
    with pytest.raises(InvalidInput, match="not loaded"):
        evaluate(PLACE.function, {}, loan.row(0))


def test_an_outcome_without_a_registered_code_is_refused() -> None:
    function = PLACE.function.model_copy(update={"outcome_codes": ("decline",)})
    with pytest.raises(InvalidInput, match="outcome code"):
        evaluate(function, PLACE.models, loan.row(0))


@pytest.mark.parametrize(
    ("op", "fires"),
    [("<", False), ("<=", True), ("==", True), ("!=", False), (">=", True), (">", False)],
)
def test_a_rule_compares_at_its_very_limit_as_written(op: str, *, fires: bool) -> None:
    rule = HardRule.parse(loan.KNOCK_OUT.model_dump(mode="json") | {"op": op})
    assert rule_fires(rule, {"obrat": 60.0}) is fires


def test_a_rule_may_compare_text_for_equality_only() -> None:
    base = loan.KNOCK_OUT.model_dump(mode="json") | {"feature": "region", "value": "north"}
    equal = HardRule.parse(base | {"op": "=="})
    assert rule_fires(equal, {"region": "north"})
    assert not rule_fires(equal, {"region": "south"})
    assert rule_fires(HardRule.parse(base | {"op": "!="}), {"region": "south"})
    with pytest.raises(InvalidInput, match="compared"):
        rule_fires(HardRule.parse(base | {"op": "<"}), {"region": "north"})
    with pytest.raises(InvalidInput, match="compared"):
        rule_fires(equal, {"region": 3})


def test_the_cut_off_is_carried_to_the_raw_margin() -> None:
    assert threshold_margin(PLACE.function) == pytest.approx(0.8472978603872034)
    raw = PLACE.function.model_copy(update={"scale": "raw_margin", "cut_off": -0.25})
    assert threshold_margin(raw) == -0.25
    with pytest.raises(InvalidInput, match="outside"):
        threshold_margin(PLACE.function.model_copy(update={"cut_off": 1.0}))

"""One decision explained: what decided, why, what would have changed it, and replayed."""

import json
from typing import cast

import pytest

from answerable.audit.errors import AdditivityBroken, InvalidInput
from answerable.audit.records import Outcome
from answerable.explain.explanation import (
    DecisionExplainer,
    Explanation,
    explain_decision,
    explain_row,
)
from answerable.explain.replay import replay_explanation
from answerable.explain.scoring import Evaluation, evaluate
from tests.unit.explain import loan

DECISION = "01a0c5f2-1c00-7000-8000-000000000001"
FORMS = ("xgboost-json", "lightgbm-text", "skops", "scorecard")


def evaluated(form: str, inputs: dict[str, float]) -> Evaluation:
    place = loan.setting(form)
    return evaluate(place.function, place.models, {**inputs})


def explained(form: str, inputs: dict[str, float], **changes: bool) -> Explanation:
    return explain_decision(
        loan.setting(form).explainer,
        {**inputs},
        evaluated(form, inputs),
        decision_id=DECISION,
        valid_until=loan.EXPIRES,
        **changes,
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_decline_by_the_model_has_reasons_and_recourse(form: str) -> None:
    found = explained(form, loan.row(loan.declined(form)[0]))
    assert (found.outcome, found.determined_by) == (Outcome.DECLINE, "model")
    assert 1 <= len(found.reasons) <= 4
    assert [item.rank for item in found.reasons] == list(range(1, len(found.reasons) + 1))
    assert found.attribution is not None
    assert found.margin_to_threshold is not None
    assert found.margin_to_threshold < 0
    assert len(found.counterfactuals) == 1
    assert found.counterfactuals[0].model == found.model


def test_an_approval_has_an_attribution_and_neither_reasons_nor_recourse() -> None:
    number = next(n for n in range(1200, 1969) if n not in loan.declined())
    found = explained("xgboost-json", loan.row(number))
    assert found.outcome is Outcome.APPROVE
    assert (found.reasons, found.counterfactuals) == ((), ())
    assert found.attribution is not None


def test_a_knock_out_names_its_rule_and_claims_nothing_about_the_model() -> None:
    found = explained("xgboost-json", loan.row(0) | {"obrat": 75.0})
    assert (found.determined_by, found.rule) == ("rule", "knock_out_obligations")
    assert found.attribution is None
    assert found.score is None
    reason = found.reasons[0]
    assert (reason.code, reason.value, reason.reference, reason.actionable) == (
        "obligations_above_limit",
        75.0,
        60,
        True,
    )
    result = found.to_result()
    assert (result["base_value"], result["attributions"], result["exact"]) == (None, {}, None)


def test_a_referral_names_its_rule_and_keeps_the_attribution_for_the_person_who_decides() -> None:
    found = explained("xgboost-json", loan.row(0) | {"loanprc": 1.2})
    assert (found.outcome, found.determined_by) == (Outcome.REFER, "rule")
    assert [item.code for item in found.reasons] == ["loan_exceeds_price"]
    assert found.attribution is not None
    assert found.counterfactuals == ()


def test_a_case_close_to_the_cut_off_says_that_closeness_decided() -> None:
    place = loan.setting(refer_margin=0.25)
    cases = [
        (inputs, evaluate(place.function, place.models, {**inputs}))
        for inputs in map(loan.row, range(1200, 1300))
    ]
    inputs, evaluation = next(
        (inputs, found)
        for inputs, found in cases
        if found.within_refer_margin and found.fired_rule is None
    )
    found = explain_decision(
        place.explainer, {**inputs}, evaluation, decision_id=None, valid_until=1
    )
    assert found.determined_by == "refer_margin"
    assert found.reasons


@pytest.mark.parametrize("form", FORMS)
def test_bytes_and_results_give_the_same_explanation_back(form: str) -> None:
    found = explained(form, loan.row(loan.declined(form)[0]))
    assert Explanation.from_json(found.to_json()) == found
    through = json.loads(json.dumps(found.to_result()))
    assert Explanation.from_result(through).to_json() == found.to_json()
    assert Explanation.from_result(through).digest == found.digest


def test_the_result_has_the_keys_scripts_rely_on() -> None:
    found = explained("xgboost-json", loan.row(loan.declined()[0]))
    result = found.to_result()
    assert found.attribution is not None
    assert result["base_value"] == found.attribution.base_value
    assert result["output"] == found.attribution.output
    assert (result["scale"], result["exact"]) == ("raw_margin", True)
    assert result["attributions"] == found.attribution.values
    assert {"reasons", "counterfactuals"} <= set(result)


@pytest.mark.parametrize("form", FORMS)
def test_a_replay_reproduces_the_bytes(form: str) -> None:
    for inputs in (
        loan.row(loan.declined(form)[0]),
        loan.row(loan.declined(form)[1]) | {"obrat": 75.0},
        loan.row(1300),
    ):
        stored = explained(form, inputs)
        found = replay_explanation(stored, loan.setting(form).explainer, {**inputs})
        assert found.identical
        assert found.stored_digest == found.replayed_digest == stored.digest
        assert found.differing == ()


def test_a_replay_without_recourse_searches_for_none() -> None:
    inputs = loan.row(loan.declined()[0])
    stored = explained("xgboost-json", inputs, with_recourse=False)
    assert stored.counterfactuals == ()
    assert replay_explanation(stored, loan.setting().explainer, {**inputs}).identical


def test_a_replay_names_the_fields_that_differ() -> None:
    inputs = loan.row(loan.declined()[0])
    stored = explained("xgboost-json", inputs)
    altered = stored.model_copy(update={"outcome": Outcome.APPROVE, "reasons": ()})
    found = replay_explanation(altered, loan.setting().explainer, {**inputs})
    assert not found.identical
    assert found.stored_digest != found.replayed_digest
    assert found.differing == ("outcome", "reasons")


def test_an_explanation_of_another_case_than_the_logged_one_is_refused() -> None:
    one, other = loan.declined()[:2]
    evaluation = evaluated("xgboost-json", loan.row(one))
    swapped = Evaluation(**{**vars(evaluation), "x": evaluated("xgboost-json", loan.row(other)).x})
    with pytest.raises(AdditivityBroken, match="logged"):
        explain_decision(
            loan.setting().explainer,
            {**loan.row(one)},
            swapped,
            decision_id=None,
            valid_until=1,
        )


def test_a_catalogue_or_baseline_the_function_does_not_name_is_refused() -> None:
    place = loan.setting()
    other = place.function.model_copy(update={"catalogue": loan.NIL})
    with pytest.raises(InvalidInput, match="catalogue"):
        DecisionExplainer(other, place.models, loan.catalogue(), loan.baseline("xgboost-json"))
    with pytest.raises(InvalidInput, match="baseline"):
        DecisionExplainer(
            place.function, place.models, loan.catalogue(), loan.baseline("scorecard")
        )


def test_the_catalogue_may_be_named_by_its_file_or_by_its_record() -> None:
    place = loan.setting()
    record = loan.catalogue().version_record().digest
    named = place.function.model_copy(update={"catalogue": record})
    DecisionExplainer(named, place.models, loan.catalogue(), loan.baseline("xgboost-json"))


@pytest.mark.parametrize("form", FORMS)
def test_a_row_is_explained_without_a_decision_function(form: str) -> None:
    number = loan.declined(form)[0]
    result = explain_row(loan.model(form), loan.matrix()[number], loan.baseline(form))
    attributions = result["attributions"]
    assert isinstance(attributions, dict)
    assert set(attributions) == set(loan.FEATURES)
    assert result["counterfactuals"] == []
    numbers = cast("dict[str, float]", attributions)
    worst = min(numbers, key=lambda name: numbers[name])
    assert cast("list[dict[str, str]]", result["reasons"])[0]["player"] == worst
    named = explain_row(
        loan.model(form), loan.matrix()[number], loan.baseline(form), loan.catalogue()
    )
    first = cast("list[dict[str, str]]", named["reasons"])[0]
    assert first["code"] == loan.catalogue().player(worst).code

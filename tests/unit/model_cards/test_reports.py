import copy

import pytest
from pydantic import JsonValue

from answerable.audit.errors import InvalidInput
from answerable.model_cards.report import assessment_report, explanation_report, scan_report
from tests.unit.model_cards import loan
from tests.unit.model_cards.pages import assert_self_contained

HOSTILE = "</style><script>alert(1)</script>\u202e\x00{{7*7}}"
SHOWN = "</style><script>alert(1)</script>\\u202e\\u0000{{7*7}}"


def explanation() -> dict[str, JsonValue]:
    return {
        "base_value": 1.5,
        "output": -0.25,
        "scale": "raw_margin",
        "exact": True,
        "outcome": "decline",
        "determined_by": "model",
        "method": "xgboost-native",
        "threshold": 0.4,
        "margin_to_threshold": -0.65,
        "residual": 1e-9,
        "tolerance": 1e-6,
        "attributions": {"obligations": -1.25, "credit_history": -0.75, "assets": 0.25},
        "reasons": [
            {
                "code": "obligations_high",
                "rank": 1,
                "player": "obligations",
                "contribution": -1.25,
                "value": 48.0,
                "reference": 33.5,
                "actionable": True,
            }
        ],
        "counterfactuals": [
            {
                "status": "valid",
                "changes": [{"column": "obrat", "before": 48.0, "after": 36.0, "player": "x"}],
            }
        ],
        "findings": [],
    }


def test_the_scan_report_says_what_was_found_and_what_was_not_examined() -> None:
    page = assert_self_contained(scan_report(loan.scan_result(), source="loanapp.csv"))
    assert "This table holds personal data" in page.words
    assert "EMAIL_ADDRESS in 1,193 rows" in page.words
    assert "over 99.9% sure" in page.words
    assert "no name detector is configured" in page.words
    assert "not examined" in page.words


def test_a_scan_that_found_nothing_but_left_something_out_is_not_called_clean() -> None:
    result = loan.scan_result()
    columns = result["columns"]
    assert isinstance(columns, list)
    page = assert_self_contained(scan_report({**result, "columns": columns[1:]}))
    assert "Nothing was found, but not every detector ran" in page.words
    assert "Nothing was found by the detectors that ran" not in page.words


def test_a_scan_that_examined_everything_and_found_nothing_says_so() -> None:
    result = loan.scan_result()
    columns = result["columns"]
    assert isinstance(columns, list)
    page = assert_self_contained(scan_report({**result, "columns": columns[2:]}))
    assert "Nothing was found by the detectors that ran" in page.words


def test_violations_of_the_policy_are_named() -> None:
    verdict: JsonValue = {
        "state": "VIOLATED",
        "violations": [
            {"column": "email", "rule": "forbidden_roles", "what": "a direct identifier"}
        ],
    }
    page = assert_self_contained(scan_report({**loan.scan_result(), "verdict": verdict}))
    assert "The policy forbids some of this" in page.words
    assert "email : a direct identifier" in page.words


def test_a_hostile_column_name_stays_a_name() -> None:
    result = copy.deepcopy(loan.scan_result())
    columns = result["columns"]
    assert isinstance(columns, list)
    first = columns[0]
    assert isinstance(first, dict)
    first["name"] = HOSTILE
    page = assert_self_contained(scan_report(result, source=HOSTILE))
    assert SHOWN in page.words


def test_the_assessment_report_shows_verdicts_with_the_rows_they_would_need() -> None:
    page = assert_self_contained(assessment_report(loan.assessment().to_result()))
    assert "The data cannot answer every rule" in page.words
    assert "four fifths" in page.words
    assert "at least 0.80" in page.words
    assert "at most 0.10 in either direction" in page.words
    assert "blocks release" in page.words
    assert "warns" in page.words


def test_the_assessment_report_gives_the_rates_that_the_counts_give() -> None:
    page = assert_self_contained(assessment_report(loan.assessment().to_result()))
    approved = 5 + 1 + 22 + 6
    black = 11 + 41
    assert f"{approved / black:.1%}" in page.words


def test_groups_without_rows_are_undefined_and_never_zero() -> None:
    page = assert_self_contained(assessment_report(loan.assessment().to_result()))
    assert "no row with a prediction" in page.words


def test_withheld_groups_are_called_withheld() -> None:
    result = loan.assessment().to_result(suppress_below=10)
    page = assert_self_contained(assessment_report(result))
    assert "withheld" in page.words
    assert "Groups with fewer than" in page.words


def test_an_assessment_without_a_policy_has_no_verdict() -> None:
    result = loan.assessment().to_result()
    page = assert_self_contained(assessment_report({**result, "verdicts": [], "alpha": None}))
    assert "No policy was given" in page.words
    assert "Rules of the policy" not in page.words


def test_a_hostile_group_stays_a_group() -> None:
    result = copy.deepcopy(loan.assessment().to_result())
    groups = result["groups"]
    assert isinstance(groups, list)
    first = groups[0]
    assert isinstance(first, dict)
    first["group"] = {"race": HOSTILE}
    page = assert_self_contained(assessment_report(result))
    assert f"race = {SHOWN}" in page.words


def test_the_explanation_report_adds_up_before_the_readers_eyes() -> None:
    page = assert_self_contained(explanation_report(explanation()))
    assert "1.5000" in page.words
    assert "−0.2500" in page.words
    assert "obligations high" in page.words
    assert "can be changed" in page.words
    assert "obrat 48 36" in page.words


def test_a_decision_by_a_rule_has_no_score_to_explain() -> None:
    result = {
        **explanation(),
        "base_value": None,
        "output": None,
        "exact": None,
        "attributions": {},
        "determined_by": "rule",
        "rule": "knock_out_obligations",
    }
    page = assert_self_contained(explanation_report(result))
    assert "No model took part" in page.words
    assert "knock_out_obligations" in page.words


def test_a_search_that_found_nothing_is_not_called_proof() -> None:
    none: JsonValue = [{"status": "none_found", "changes": []}]
    page = assert_self_contained(explanation_report({**explanation(), "counterfactuals": none}))
    assert "That does not prove that there is none" in page.words


def test_many_explanations_make_one_page_that_says_how_many_it_leaves_out() -> None:
    page = assert_self_contained(explanation_report([explanation()] * 27))
    assert "2 more are in the result file" in page.words


@pytest.mark.parametrize("report", [scan_report, assessment_report])
def test_a_result_of_another_kind_is_refused_without_showing_it(report: object) -> None:
    assert callable(report)
    with pytest.raises(InvalidInput, match="not a result of this kind") as caught:
        report({"rows": "Erika Mustermann"})
    assert "Erika" not in str(caught.value)


def test_a_report_of_no_explanation_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no explanation"):
        explanation_report([])


def test_equal_results_give_equal_pages() -> None:
    first = assessment_report(loan.assessment().to_result())
    assert first == assessment_report(loan.assessment().to_result())

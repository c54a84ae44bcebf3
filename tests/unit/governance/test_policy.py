from datetime import date
from pathlib import Path

import pytest

from answerable.audit.canonical import sha256_digest
from answerable.audit.errors import InvalidInput
from answerable.governance.counts import Attribute
from answerable.governance.policy import load_policy
from tests.unit.governance.world import POLICY


def load(text: str) -> object:
    return load_policy(text.encode(), "policy.yaml")


def test_a_policy_is_hashed_whole_comments_included() -> None:
    commented = POLICY + "# a remark\n"
    assert load_policy(POLICY.encode(), "p").digest == sha256_digest(POLICY.encode())
    assert load_policy(commented.encode(), "p").digest != load_policy(POLICY.encode(), "p").digest


def test_a_rule_names_single_attributes_and_intersections() -> None:
    policy = load_policy(POLICY.encode(), "policy.yaml")
    single, cross = policy.rules
    assert policy.attribute_sets(single) == (("race",), ("sex",))
    assert policy.attribute_sets(cross) == (("race", "sex"),)


def test_a_rule_without_attributes_speaks_of_all_of_them() -> None:
    text = POLICY.replace(", attributes: [race, sex],", ",").replace(
        "groups: {race: {}, sex: {}}", "groups: {race: {}, sex: {}}\nintersections: [[race, sex]]"
    )
    policy = load_policy(text.encode(), "policy.yaml")
    assert policy.attribute_sets(policy.rules[0]) == (("race",), ("sex",), ("race", "sex"))


def test_cut_points_reach_the_counting() -> None:
    text = POLICY.replace("sex: {}}", "sex: {}, age: {bins: [25, 40], right: true}}")
    assert load_policy(text.encode(), "p").protected()[2] == Attribute("age", (25.0, 40.0), True)


def test_a_policy_applies_from_its_first_to_its_last_day() -> None:
    text = POLICY.replace("{from: 2026-01-01}", "{from: 2026-01-01, to: 2026-12-31}")
    policy = load_policy(text.encode(), "p")
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [policy.in_force(day) for day in days] == [False, True, True, False]


def test_favourable_values_may_be_written_as_text_number_or_truth() -> None:
    text = POLICY + "decision: {prediction: d, favourable: 1, label: y, positive: true}\n"
    policy = load_policy(text.encode(), "p")
    assert policy.decision is not None
    assert (policy.decision.favourable, policy.decision.positive) == ("1", "true")


WRONG = {
    "unknown key": ("schema: 1", "schema: 1\ncolour: red", "policy.yaml:3"),
    "unknown metric": ("metric: selection_rate", "metric: fairness", "policy.yaml:12"),
    "no bound": ("min: 0.8, attributes: [race, sex]", "attributes: [race]", "min or max"),
    "two-sided difference": ("compare: ratio, min: 0.8", "compare: difference, min: 0.8", "max"),
    "unknown attribute": ("attributes: [[race, sex]]", "attributes: [[race, age]]", "age"),
    "unknown law": ("law: [seen-law, recalled-law]", "law: [no-law]", "no-law"),
    "rule twice": ("id: di-cross", "id: di", "stands twice"),
    "role twice": ("role: compliance", "role: model_owner", "stands twice"),
    "alpha out of range": ("alpha: 0.05", "alpha: 1.5", "alpha"),
    "cut points descend": ("race: {}", "race: {bins: [40, 25]}", "ascend"),
    "label alone": ("law:", "decision: {prediction: d, favourable: y, label: z}\nlaw:", "together"),
    "min above max": ("compare: ratio, min: 0.8", "compare: ratio, max: 0.5, min: 0.8", "above"),
    "key twice": ("version: 1", "version: 1\nversion: 2", "policy.yaml:5"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_policy_is_refused_with_its_place(case: str) -> None:
    right, wrong, message = WRONG[case]
    assert right in POLICY
    with pytest.raises(InvalidInput, match=message) as caught:
        load(POLICY.replace(right, wrong, 1))
    assert "policy.yaml" in str(caught.value)


def test_the_loan_example_blocks_on_race_and_sex_and_warns_on_their_intersection(
    repository: Path,
) -> None:
    path = repository / "examples" / "loan" / "policy.yaml"
    policy = load_policy(path.read_bytes(), "policy.yaml")
    actions = {
        names: (rule.on_fail, rule.on_insufficient, rule.waivable, rule.min)
        for rule in policy.rules
        for names in policy.attribute_sets(rule)
    }
    assert actions == {
        ("race",): ("block", "block", False, 0.8),
        ("sex",): ("block", "block", False, 0.8),
        ("race", "sex"): ("warn", "warn", True, 0.8),
    }
    assert policy.unanswered_warnings == "block"
    assert {rule.role.value: rule.n for rule in policy.sign_off} == {
        "model_owner": 1,
        "compliance": 1,
    }

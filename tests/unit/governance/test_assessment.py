import json
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fl
from pydantic import BaseModel

from answerable.audit.errors import InvalidInput, UndefinedMetric
from answerable.audit.records import Evidence
from answerable.governance.assessment import Assessment, assess
from answerable.governance.cells import CellTable, CountDefinition
from answerable.governance.counts import count_cells
from answerable.governance.findings import Disparity
from answerable.governance.policy import Policy, load_policy
from tests.unit.governance.world import (
    COUNTED,
    FAILING,
    PASSING,
    POLICY,
    THIN_CROSS,
    cells_of,
    digest_of,
)

POLICY_READ = load_policy(POLICY.encode(), "policy.yaml")


def applications(seed: int = 3, rows: int = 4_000) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "race": generator.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1]),
            "sex": generator.choice(["f", "m"], rows),
            "d": generator.integers(0, 2, rows),
            "y": generator.integers(0, 2, rows),
        }
    )


def counted(frame: pd.DataFrame) -> CellTable:
    return count_cells(
        frame, protected=["race", "sex"], prediction="d", favourable=1, label="y", positive=1
    )


def of_range(
    found: Assessment, metric: str, compare: str, attributes: tuple[str, ...]
) -> Disparity:
    return next(
        item
        for item in found.disparities
        if (item.metric, item.compare, item.attributes, item.scope)
        == (metric, compare, attributes, "range")
    )


def test_rates_of_every_group_equal_fairlearns_metric_frame() -> None:
    frame = applications()
    found = assess(counted(frame), intersect=True)
    functions = {
        "selection_rate": fl.selection_rate,
        "true_positive_rate": fl.true_positive_rate,
        "false_positive_rate": fl.false_positive_rate,
        "false_negative_rate": fl.false_negative_rate,
        "true_negative_rate": fl.true_negative_rate,
    }
    for attributes in (("race",), ("sex",), ("race", "sex")):
        reference = fl.MetricFrame(
            metrics=functions,
            y_true=frame.y,
            y_pred=frame.d,
            sensitive_features=frame[list(attributes)],
        ).by_group
        for group in (item for item in found.groups if item.attributes == attributes):
            key = tuple(group.group.values())
            row = reference.loc[key if len(key) > 1 else key[0]]
            for name in functions:
                assert group.rates[name].value == pytest.approx(row[name], abs=1e-12)


def test_the_range_is_fairlearns_difference_and_ratio() -> None:
    frame = applications()
    found = assess(counted(frame))
    arguments = {"y_true": frame.y, "y_pred": frame.d, "sensitive_features": frame.race}
    difference = of_range(found, "selection_rate", "difference", ("race",)).value
    ratio = of_range(found, "selection_rate", "ratio", ("race",)).value
    assert difference == pytest.approx(fl.demographic_parity_difference(**arguments), abs=1e-12)
    assert ratio == pytest.approx(fl.demographic_parity_ratio(**arguments), abs=1e-12)


def test_the_interval_of_a_gap_between_equal_groups_contains_no_gap() -> None:
    equal = cells_of({("a", "f"): (300, 1000), ("b", "f"): (310, 1000), ("c", "m"): (290, 1000)})
    gap = of_range(assess(equal), "selection_rate", "difference", ("race",))
    assert gap.interval is not None
    assert gap.interval[0] == 0.0
    assert gap.value is not None
    assert gap.value < gap.interval[1]


class ContractRate(BaseModel):
    value: float | None
    interval: tuple[float, float] | None
    n: int | None


class ContractGroup(BaseModel):
    group: dict[str, str]
    n: int | None
    rates: dict[str, ContractRate]


class ContractDisparity(BaseModel):
    metric: str
    compare: Literal["difference", "ratio"]
    reference: str
    value: float | None
    interval: tuple[float, float] | None


class ContractVerdict(BaseModel):
    rule: str
    state: Literal["PASS", "FAIL", "INSUFFICIENT", "UNDEFINED"]
    needed_n: int | None


class Contract(BaseModel):
    groups: list[ContractGroup]
    disparities: list[ContractDisparity]
    verdicts: list[ContractVerdict]
    undefined: list[dict[str, object]]


def test_the_json_follows_the_contract() -> None:
    text = json.dumps(assess(THIN_CROSS, POLICY_READ).to_result())
    read = Contract.model_validate_json(text, strict=True)
    assert read.groups
    assert read.disparities
    assert len(read.verdicts) == 3
    named = {
        "selection_rate",
        "false_positive_rate",
        "false_negative_rate",
        "true_positive_rate",
    }
    assert all(named <= set(group.rates) for group in read.groups)


def test_an_undefined_rate_is_null_with_a_reason_and_never_a_number() -> None:
    counts = [
        (("a",), (30, 5, 10, 15, 0, 0, 0, 0, 0)),
        (("b",), (0, 8, 0, 12, 0, 0, 0, 0, 0)),
        (("c",), (20, 6, 9, 15, 0, 0, 0, 0, 0)),
    ]
    found = assess(CellTable.of(["race"], COUNTED, counts))
    b = next(item for item in found.groups if item.group == {"race": "b"})
    assert b.rates["true_positive_rate"].value is None
    assert b.rates["true_positive_rate"].interval is None
    named = {(item.metric, item.group["race"]) for item in found.undefined}
    assert named == {("true_positive_rate", "b"), ("false_negative_rate", "b")}
    against = [
        item
        for item in found.disparities
        if item.metric == "true_positive_rate" and item.group == {"race": "b"}
    ]
    assert against
    assert all(item.value is None and item.reason for item in against)


def test_a_reference_without_a_single_success_makes_the_ratio_undefined() -> None:
    nothing = cells_of({("a", "f"): (0, 100), ("b", "m"): (40, 100)})
    found = assess(nothing, POLICY_READ.model_copy(update={"rules": POLICY_READ.rules[:1]}))
    verdict = next(item for item in found.verdicts if item.attributes == ("race",))
    states = {item.group["race"]: item.state for item in verdict.findings}
    # a is surely below four fifths of b; b has nothing to be compared with.
    assert states == {"a": "FAIL", "b": "UNDEFINED"}
    assert verdict.state == "FAIL"


def test_states_are_pass_fail_and_insufficient_as_the_evidence_says() -> None:
    def states(cells: CellTable) -> dict[tuple[str, ...], str]:
        return {item.attributes: item.state for item in assess(cells, POLICY_READ).verdicts}

    assert set(states(PASSING).values()) == {"PASS"}
    assert states(FAILING)[("race",)] == "FAIL"
    assert states(FAILING)[("sex",)] == "PASS"
    assert states(THIN_CROSS)[("race", "sex")] == "INSUFFICIENT"


def test_too_few_rows_are_insufficient_and_name_the_rows_needed() -> None:
    cross = next(i for i in assess(THIN_CROSS, POLICY_READ).verdicts if i.rule == "di-cross")
    thin = next(item for item in cross.findings if item.group == {"race": "b", "sex": "f"})
    assert thin.reason == "fewer than 10 rows"
    assert cross.needed_n is not None
    assert cross.needed_n >= 10
    assert cross.action == "warn"


def test_blocking_verdicts_decide_the_exit_code_and_warnings_do_not() -> None:
    assert assess(PASSING, POLICY_READ).exit_code == 0
    assert assess(FAILING, POLICY_READ).exit_code == 1
    assert assess(THIN_CROSS, POLICY_READ).exit_code == 0
    small = cells_of({("a", "f"): (30, 50), ("b", "m"): (25, 50)})
    assert assess(small, POLICY_READ).exit_code == 3


def test_rows_with_a_missing_group_are_shown_and_not_compared() -> None:
    with_missing = cells_of(
        {("a", "f"): (90, 100), ("b", "m"): (80, 100), ("(missing)", "f"): (1, 30)}
    )
    found = assess(with_missing)
    missing = next(item for item in found.groups if item.group == {"race": "(missing)"})
    assert not missing.compared
    assert missing.n == 30
    assert all(item.group != {"race": "(missing)"} for item in found.disparities)


def test_an_attribute_with_one_group_cannot_be_assessed() -> None:
    with pytest.raises(UndefinedMetric, match="fewer than two groups") as caught:
        assess(cells_of({("a", "f"): (1, 2), ("a", "m"): (1, 2)}))
    assert caught.value.where == "attribute race"


def test_a_policy_about_attributes_not_counted_is_refused() -> None:
    only_race = CellTable.of(["race"], COUNTED, [(("a",), (1,) * 9), (("b",), (1,) * 9)])
    with pytest.raises(InvalidInput, match="'sex', which was not counted"):
        assess(only_race, POLICY_READ)


def test_a_policy_about_another_decision_is_refused() -> None:
    text = POLICY + "decision: {prediction: decision, favourable: decline}\n"
    with pytest.raises(InvalidInput, match="another favourable value"):
        assess(PASSING, load_policy(text.encode(), "p"))


def test_a_named_reference_group_is_compared_with_and_must_exist() -> None:
    def policy(reference: str) -> Policy:
        text = POLICY.replace(
            "min: 0.8, attributes: [race, sex]",
            f"reference: {reference}, min: 0.8, attributes: [race]",
        )
        return load_policy(text.encode(), "p")

    verdict = assess(FAILING, policy("a")).verdicts[0]
    assert [(item.group, item.reference_group) for item in verdict.findings] == [
        ({"race": "b"}, {"race": "a"})
    ]
    assert verdict.findings[0].value == pytest.approx(0.305 / 0.9)
    with pytest.raises(InvalidInput, match="reference group does not occur"):
        assess(FAILING, policy("z"))


def test_a_bounded_value_and_a_bounded_difference_are_judged_too() -> None:
    text = POLICY.replace(
        "unanswered_warnings",
        """  - {id: accuracy, metric: accuracy, compare: value, min: 0.95, attributes: [sex]}
  - {id: gap, metric: selection_rate, compare: difference, reference: highest, max: 0.1,
     attributes: [race]}
unanswered_warnings""",
    )
    verdicts = {
        item.rule: item for item in assess(PASSING, load_policy(text.encode(), "p")).verdicts
    }
    assert verdicts["accuracy"].state == "FAIL"
    assert verdicts["gap"].state == "PASS"


def test_the_same_cells_policy_and_seed_give_the_same_evidence() -> None:
    inputs = {"function": digest_of("f"), "dataset:hold_out": digest_of("h")}
    first, second = (
        assess(PASSING, POLICY_READ, seed=5).evidence(inputs=inputs, code="1") for _ in range(2)
    )
    assert first.digest == second.digest
    assert first.inputs["policy"] == POLICY_READ.digest
    assert first.inputs["cells"] == PASSING.digest


def test_an_assessment_survives_the_log() -> None:
    found = assess(THIN_CROSS, POLICY_READ, intersect=True)
    stored = Evidence.from_json(found.evidence(inputs={}, code="1").to_json())
    assert Assessment.from_result(stored.result) == found
    with pytest.raises(InvalidInput):
        Assessment.from_result({"groups": []})


def test_small_groups_are_published_without_numbers_and_not_alone() -> None:
    found = assess(THIN_CROSS, POLICY_READ)
    shown = Assessment.from_result(found.to_result(suppress_below=10))
    hidden = {
        tuple(item.group.values())
        for item in shown.groups
        if item.n is None and item.attributes == ("race", "sex")
    }
    # One hidden group could be found by subtraction, so the next smallest goes with it.
    assert len(hidden) == 2
    assert ("b", "f") in hidden
    text = json.dumps(shown.to_result())
    assert '"n": 6' not in text
    cross = next(item for item in shown.verdicts if item.rule == "di-cross")
    assert cross.state == "INSUFFICIENT"
    values = [(item.group, item.value) for item in cross.findings]
    values += [(item.group or {}, item.value) for item in shown.disparities]
    assert all(value is None for group, value in values if tuple(group.values()) in hidden)


def test_without_a_label_only_selection_rates_are_shown() -> None:
    definition = CountDefinition(prediction="d", favourable="1")
    counts = [
        (("a",), (0, 0, 0, 0, 30, 70, 0, 0, 0)),
        (("b",), (0, 0, 0, 0, 60, 40, 0, 0, 0)),
    ]
    found = assess(CellTable.of(["race"], definition, counts))
    assert list(found.overall) == ["selection_rate"]
    assert not found.undefined
    assert {item.metric for item in found.disparities} == {"selection_rate"}

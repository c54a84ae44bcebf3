"""Global profiles: what moves the model, over all cases and per group."""

import json

import numpy as np
import pytest

from answerable.audit.errors import AdditivityBroken, InvalidInput, UndefinedMetric
from answerable.audit.records import Evidence
from answerable.explain.attribution import attribute
from answerable.explain.profile import Profile, profile_model
from tests.unit.explain import loan
from tests.unit.explain.test_attribution import Drifting

X = loan.matrix()[1200:1400]
GROUPS = {"sex": ["female"] * 60 + ["male"] * 135 + ["other"] * 5}


@pytest.mark.parametrize("form", ["xgboost-json", "skops"])
def test_a_profile_is_the_mean_over_single_attributions(form: str) -> None:
    found = profile_model(loan.model(form), X, loan.baseline(form), groups=GROUPS)
    single = [attribute(loan.model(form), x, loan.baseline(form)).values for x in X]
    for item in found.importances:
        values = np.array([one[item.player] for one in single])
        assert item.mean_abs == pytest.approx(float(np.abs(values).mean()), abs=1e-9)
        assert item.mean == pytest.approx(float(values.mean()), abs=1e-9)
    women = {item.player: item.mean for item in found.groups["sex=female"]}
    expected = float(np.mean([one["obrat"] for one in single[:60]]))
    assert women["obrat"] == pytest.approx(expected, abs=1e-9)


def test_the_largest_comes_first_and_shares_add_up_to_one() -> None:
    found = profile_model(loan.model("skops"), X, loan.baseline("skops"))
    sizes = [item.mean_abs for item in found.importances]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(item.share or 0 for item in found.importances) == pytest.approx(1)


def test_a_group_of_fewer_than_ten_is_named_and_left_out() -> None:
    found = profile_model(loan.model("skops"), X, loan.baseline("skops"), groups=GROUPS)
    assert found.suppressed == ("sex=other",)
    assert found.group_rows == {"sex=female": 60, "sex=male": 135}


def test_players_may_be_groups_of_columns() -> None:
    players: dict[str, tuple[str, ...]] = {
        name: (name,) for name in loan.FEATURES if name not in {"atotinc", "cototinc"}
    }
    players["income"] = ("atotinc", "cototinc")
    found = profile_model(loan.model("skops"), X, loan.baseline("skops"), players=players)
    assert "income" in {item.player for item in found.importances}


def test_a_profile_becomes_evidence_and_comes_back() -> None:
    found = profile_model(loan.model("skops"), X, loan.baseline("skops"), groups=GROUPS)
    evidence = found.evidence(function=loan.NIL, dataset=loan.NIL)
    assert evidence.kind == "explanation.profiled"
    assert evidence.inputs["baseline"] == loan.baseline("skops").digest
    again = Evidence.from_json(evidence.to_json())
    assert Profile.from_result(json.loads(json.dumps(again.result))) == found


def test_a_profile_of_nobody_or_of_mismatched_groups_is_refused() -> None:
    with pytest.raises(UndefinedMetric, match="no rows"):
        profile_model(loan.model("skops"), X[:0], loan.baseline("skops"))
    with pytest.raises(InvalidInput, match="2 levels for 200 rows"):
        profile_model(
            loan.model("skops"), X, loan.baseline("skops"), groups={"sex": ["female", "male"]}
        )


def test_one_row_that_does_not_add_up_stops_the_profile() -> None:
    with pytest.raises(AdditivityBroken):
        profile_model(Drifting(1e-6), X, loan.baseline("skops"))

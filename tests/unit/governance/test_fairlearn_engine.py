from typing import Any

import numpy as np
import pytest
from fairlearn.metrics import selection_rate
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from answerable.audit.errors import EngineError, InvalidInput
from answerable.audit.records import Evidence
from answerable.governance.alternatives import (
    Alternative,
    Sample,
    SearchSettings,
    mitigation_evidence,
    preferred,
)
from answerable.governance.cells import CellTable, CountDefinition
from answerable.governance.fairlearn_engine import search_alternatives, to_metric_frame
from answerable.governance.metrics import rate
from tests.unit.governance.world import PASSING, digest_of

SETTINGS = SearchSettings(grid_size=7)


def unequal(seed: int, rows: int = 600) -> Sample:
    """Return rows where one group's feature, and so its approval, is lower."""
    generator = np.random.default_rng(seed)
    group = generator.choice(["a", "b"], rows)
    income = generator.normal(size=rows) - 0.6 * (group == "b")
    other = generator.normal(size=rows)
    y = (income + 0.5 * other + generator.normal(scale=0.7, size=rows) > 0).astype(int)
    return Sample(np.column_stack([income, other]), y.tolist(), {"g": group.tolist()})


def boosted() -> Any:
    return XGBClassifier(n_estimators=15, max_depth=2, n_jobs=1, random_state=0)


@pytest.fixture(scope="module")
def found() -> list[Alternative]:
    return search_alternatives(boosted, unequal(1), unequal(2), SETTINGS)


def test_a_search_brings_groups_closer_on_rows_it_was_not_fitted_on(
    found: list[Alternative],
) -> None:
    plain = found[0]
    assert plain.method == "unconstrained"
    before = plain.lowest_ratio["g"]
    best = preferred(found, least_ratio=0.8)
    assert best is not None
    after = best.lowest_ratio["g"]
    assert before is not None
    assert after is not None
    assert before < 0.7
    assert after >= 0.8
    assert best.accuracy <= plain.accuracy


def test_grid_search_returns_the_callers_own_estimator_which_saves_as_json(
    found: list[Alternative],
) -> None:
    candidate = next(item for item in found if item.method == "grid_search")
    assert isinstance(candidate.predictor, XGBClassifier)
    saved = XGBClassifier()
    saved.load_model(candidate.predictor.get_booster().save_raw("json"))
    rows = unequal(2).X
    assert (saved.predict(rows) == candidate.predictor.predict(rows)).all()


def test_what_needs_the_protected_attribute_or_draws_lots_is_flagged(
    found: list[Alternative],
) -> None:
    flags = {item.method: (item.needs_protected_at_decision, item.randomised) for item in found}
    assert flags == {
        "unconstrained": (False, False),
        "grid_search": (False, False),
        "exponentiated_gradient": (False, True),
        "threshold_optimizer": (True, True),
    }
    assert all(item.usable for item in found if item.method == "grid_search")
    assert not any(item.usable for item in found if item.method == "threshold_optimizer")


def test_figures_are_those_of_the_predictors_decisions(found: list[Alternative]) -> None:
    rows = unequal(2)
    for item in (item for item in found if item.usable):
        decided = np.asarray(item.predictor.predict(rows.X))
        assert item.accuracy == pytest.approx(float((decided == np.array(rows.y)).mean()))
        shares = [decided[np.array(rows.protected["g"]) == name].mean() for name in ("a", "b")]
        if max(shares) > 0:
            assert item.lowest_ratio["g"] == pytest.approx(min(shares) / max(shares))


def test_the_evidence_lists_every_alternative_that_was_looked_at(
    found: list[Alternative],
) -> None:
    inputs = {"dataset:training": digest_of("t"), "dataset:validation": digest_of("v")}
    evidence = mitigation_evidence(
        found, inputs=inputs, settings=SETTINGS, chosen=found[1].name, code="0.1.0"
    )
    stored = Evidence.from_json(evidence.to_json())
    assert stored.result["looks"] == len(found)
    assert stored.result["chosen"] == found[1].name
    with pytest.raises(InvalidInput, match="not searched"):
        mitigation_evidence(found, inputs=inputs, settings=SETTINGS, chosen="x", code="1")


def test_nothing_is_preferred_when_nothing_keeps_the_limit(found: list[Alternative]) -> None:
    assert preferred(found, least_ratio=1.01) is None


def test_a_missing_group_is_refused_before_anything_is_fitted() -> None:
    sample = unequal(1, rows=20)
    unknown = Sample(sample.X, sample.y, {"g": [None, *sample.protected["g"][1:]]})
    with pytest.raises(InvalidInput, match="group of some rows is missing"):
        search_alternatives(boosted, unknown, sample)
    short = Sample(sample.X, sample.y, {"g": ["a"]})
    with pytest.raises(InvalidInput, match="one group per row"):
        search_alternatives(boosted, sample, short)


def test_an_estimator_that_fails_is_an_engine_error() -> None:
    sample = unequal(1, rows=40)
    broken = Sample(np.full_like(sample.X, np.nan), sample.y, sample.protected)
    with pytest.raises(EngineError, match="the search failed"):
        search_alternatives(LogisticRegression, broken, sample)


def test_counts_become_a_metric_frame() -> None:
    frame = to_metric_frame(PASSING, {"selection_rate": selection_rate})
    for cell in PASSING.cells:
        expected = rate("selection_rate", cell).value
        assert frame.by_group.loc[" / ".join(cell.group), "selection_rate"] == expected
    unlabelled = CellTable.of(
        ["g"], CountDefinition(prediction="d", favourable="1"), [(("a",), (0,) * 9)]
    )
    with pytest.raises(InvalidInput, match="labels"):
        to_metric_frame(unlabelled, {"selection_rate": selection_rate})

"""Recourse on real declined applications: it flips the decision, and keeps the constraints."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from answerable.audit.records import Outcome
from answerable.explain.catalogue import load_catalogue
from answerable.explain.recourse.changes import Counterfactual
from answerable.explain.recourse.search import SearchLimits, find_counterfactual
from answerable.explain.scoring import evaluate
from tests.unit.explain import loan

PLACE = loan.setting()
DECLINED = loan.declined()
DIRECTIONS = {
    "loanamt": -1, "atotinc": 1, "cototinc": 1, "hexp": -1, "price": -1, "obrat": -1, "liq": 1,
    "netw": 1, "cosign": 1, "gift": 1, "unver": -1, "term": 0, "fixadj": 0,
}  # fmt: skip
DERIVED = {"loanprc", "hrat", "appinc", "obrat"}
WHOLE = {"loanamt", "price", "liq", "netw", "cosign", "gift", "unver", "term", "fixadj"}


@cache
def recourse(number: int) -> Counterfactual:
    return find_counterfactual(
        PLACE.model, loan.row(number), PLACE.function, loan.catalogue(), expires_at=loan.EXPIRES
    )


def changed(number: int, found: Counterfactual, *, without: str = "") -> dict[str, float]:
    """The inputs after the changes, with derived values recomputed by their own formulas."""
    before = loan.row(number)
    asked = {item.column: item.after for item in found.asked if item.column != without}
    after = before | asked
    price = (after["loanamt"] / before["loanamt"]) / (after["price"] / before["price"])
    income = sum(after[name] for name in ("atotinc", "cototinc"))
    income /= sum(before[name] for name in ("atotinc", "cototinc"))
    derived = {
        "loanprc": before["loanprc"] * price,
        "hrat": before["hrat"] * (after["hexp"] / before["hexp"]) / income,
        "appinc": before["appinc"] * income,
        "obrat": before["obrat"] / income,
    }
    return after | {name: value for name, value in derived.items() if name not in asked}


def outcome(inputs: dict[str, float]) -> Outcome:
    return evaluate(PLACE.function, PLACE.models, {**inputs}).outcome


def valid() -> list[int]:
    return [number for number in DECLINED if recourse(number).status == "valid"]


def test_there_are_enough_declined_applications_to_say_something() -> None:
    assert len(DECLINED) >= 40
    assert len(valid()) >= 0.9 * len(DECLINED)


def test_after_the_changes_the_function_approves() -> None:
    for number in valid():
        assert outcome(changed(number, recourse(number))) is Outcome.APPROVE


def test_taking_any_one_change_back_leaves_the_application_declined_or_referred() -> None:
    for number in valid():
        found = recourse(number)
        for item in found.asked:
            after = changed(number, found, without=item.column)
            assert outcome(after) is not Outcome.APPROVE, (number, item)


def test_only_what_the_catalogue_calls_actionable_changes_and_in_its_direction() -> None:
    for number in valid():
        for item in recourse(number).asked:
            direction = DIRECTIONS[item.column]
            assert direction * (item.after - item.before) >= 0
            assert item.after != item.before
            assert item.before == loan.row(number)[item.column]
        for item in recourse(number).changes:
            assert not item.derived or item.column in DERIVED


def test_changed_values_stand_on_their_grid_and_inside_the_observed_range() -> None:
    lows, highs = loan.matrix().min(axis=0), loan.matrix().max(axis=0)
    for number in valid():
        for item in recourse(number).asked:
            place = loan.FEATURES.index(item.column)
            assert lows[place] <= item.after <= highs[place]
            if item.column in WHOLE:
                assert item.after == int(item.after)
            if item.column in {"atotinc", "cototinc"}:
                assert item.after % 50 == 0


def test_derived_values_are_stated_as_they_follow() -> None:
    for number in valid():
        after = changed(number, recourse(number))
        for item in recourse(number).changes:
            assert item.after == pytest.approx(after[item.column], rel=1e-9)


def test_the_stated_score_is_the_score_after_the_changes() -> None:
    for number in valid()[:10]:
        found = recourse(number)
        inputs = changed(number, found)
        score = evaluate(PLACE.function, PLACE.models, {**inputs}).score
        assert found.score == pytest.approx(score, abs=1e-6)
        assert found.score is not None
        assert found.score >= PLACE.function.cut_off


def test_a_single_change_is_given_only_when_nothing_cheaper_alone_suffices() -> None:
    spans = {
        player.columns[0]: player.range[1] - player.range[0]
        for player in loan.catalogue().players
        if player.range
    }
    for number in valid():
        found = recourse(number)
        if len(found.asked) != 1:
            continue
        item = found.asked[0]
        nearer = np.linspace(item.before, item.after, 7)[1:-1]
        for value in nearer if item.column in {"liq", "netw", "loanamt"} else ():
            whole = math.ceil(value) if item.after < item.before else math.floor(value)
            if whole in {item.before, item.after}:
                continue
            trial = found.model_copy(
                update={"changes": (item.model_copy(update={"after": float(whole)}),)}
            )
            assert outcome(changed(number, trial)) is not Outcome.APPROVE
        assert found.cost == pytest.approx(abs(item.after - item.before) / spans[item.column] + 0.1)


def test_the_same_case_gets_the_same_answer() -> None:
    for number in DECLINED[:8]:
        again = find_counterfactual(
            PLACE.model, loan.row(number), PLACE.function, loan.catalogue(), expires_at=loan.EXPIRES
        )
        assert again.to_json() == recourse(number).to_json()


def test_a_knocked_out_application_is_helped_past_the_rule_and_the_cut_off() -> None:
    number = next(n for n in range(1200, 1969) if outcome(loan.row(n)) is Outcome.APPROVE)
    inputs = loan.row(number) | {"obrat": 75.0}
    found = find_counterfactual(
        PLACE.model, inputs, PLACE.function, loan.catalogue(), expires_at=loan.EXPIRES
    )
    assert found.status == "valid"
    assert any(item.column == "obrat" and item.after <= 60 for item in found.changes)


def test_when_nothing_may_change_none_is_found_and_said_so() -> None:
    frozen = load_catalogue(
        loan.CATALOGUE.read_bytes().replace(b"actionable: true\n    direction", b"direction")
    )
    found = find_counterfactual(
        PLACE.model, loan.row(DECLINED[0]), PLACE.function, frozen, expires_at=loan.EXPIRES
    )
    assert (found.status, found.changes, found.score) == ("none_found", (), None)


def test_a_search_that_uses_up_its_budget_says_so_and_advises_nothing() -> None:
    found = find_counterfactual(
        PLACE.model,
        loan.row(DECLINED[0]),
        PLACE.function,
        loan.catalogue(),
        expires_at=loan.EXPIRES,
        limits=SearchLimits(max_rows=50),
    )
    assert (found.status, found.changes) == ("timeout", ())
    assert found.rows_evaluated <= 50


def test_a_protected_feature_is_never_advice() -> None:
    # Without its protection the catalogue would advise on the loan's amount.
    text = loan.CATALOGUE.read_text("utf-8")
    head, rest = text.split("  - columns: [loanamt]\n", 1)
    body, tail = rest.split("  - columns:", 1)
    kept = body.replace("    actionable: true\n", "    protected: true\n")
    protected = load_catalogue(f"{head}  - columns: [loanamt]\n{kept}  - columns:{tail}".encode())
    advised = [n for n in valid() if any(c.column == "loanamt" for c in recourse(n).asked)]
    assert advised
    for number in advised[:10]:
        found = find_counterfactual(
            PLACE.model, loan.row(number), PLACE.function, protected, expires_at=loan.EXPIRES
        )
        assert all(item.column != "loanamt" for item in found.changes)


def test_a_missing_value_is_never_changed() -> None:
    inputs: dict[str, float | None] = {**loan.row(DECLINED[0]), "liq": None, "price": None}
    found = find_counterfactual(
        PLACE.model, inputs, PLACE.function, loan.catalogue(), expires_at=loan.EXPIRES
    )
    assert not {item.column for item in found.changes} & {"liq", "price"}


def test_a_referral_margin_must_be_cleared_too() -> None:
    place = loan.setting(refer_margin=0.1)
    for number in DECLINED[:10]:
        if evaluate(place.function, place.models, loan.row(number)).outcome is Outcome.DECLINE:
            found = find_counterfactual(
                place.model, loan.row(number), place.function, loan.catalogue(), expires_at=1
            )
            assert found.score is None or found.score >= 0.8


def test_a_linear_model_gets_recourse_as_well() -> None:
    place = loan.setting("skops")
    for number in loan.declined("skops")[:15]:
        found = find_counterfactual(
            place.model, loan.row(number), place.function, loan.catalogue(), expires_at=loan.EXPIRES
        )
        assert found.status == "valid"
        after = changed(number, found)
        assert evaluate(place.function, place.models, {**after}).outcome is Outcome.APPROVE

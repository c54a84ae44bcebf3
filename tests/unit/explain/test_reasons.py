"""Principal reasons: what counted most against a person, in order, at most four."""

import pytest

from answerable.audit.errors import InvalidInput
from answerable.explain.attribution import Attribution
from answerable.explain.reasons import principal_reasons, reason_text, rule_reason
from tests.unit.explain import loan


def attribution(**values: float) -> Attribution:
    defaults = {"obrat": 50.0, "price": 100.0, "gdlin": 0.0, "liq": 5.0, "term": 360.0}
    means = {"obrat": 33.0, "price": 196.0, "gdlin": 0.9, "liq": 46.0, "term": 340.0}
    return Attribution(
        method="linear",
        game="interventional",
        exact=True,
        base_value=0.0,
        values=values,
        output=sum(values.values()),
        residual=0.0,
        tolerance=1e-9,
        inputs={name: {name: defaults[name]} for name in values},
        reference={name: {name: means[name]} for name in values},
    )


def test_only_what_lowered_the_score_is_a_reason_and_the_worst_comes_first() -> None:
    found = principal_reasons(
        attribution(obrat=-0.2, price=0.9, gdlin=-3.0, liq=0.0), loan.catalogue()
    )
    assert [(item.rank, item.player) for item in found] == [(1, "gdlin"), (2, "obrat")]
    assert (found[0].code, found[0].contribution, found[0].value, found[0].reference) == (
        "credit_guidelines",
        -3.0,
        0.0,
        0.9,
    )


def test_there_are_at_most_four() -> None:
    found = principal_reasons(
        attribution(obrat=-5, price=-4, gdlin=-3, liq=-2, term=-1), loan.catalogue()
    )
    assert [item.player for item in found] == ["obrat", "price", "gdlin", "liq"]


def test_equal_contributions_are_ordered_by_name_and_marked_as_a_tie() -> None:
    found = principal_reasons(
        attribution(price=-1, obrat=-1, liq=-3), loan.catalogue(), tie_width=0.1
    )
    assert [item.player for item in found] == ["liq", "obrat", "price"]
    assert [item.near_tie for item in found] == [False, True, False]


def test_a_tie_with_the_first_factor_left_out_is_marked() -> None:
    values = {"obrat": -5.0, "price": -4.0, "gdlin": -3.0, "liq": -1.001, "term": -1.0}
    found = principal_reasons(attribution(**values), loan.catalogue(), tie_width=0.01)
    assert [item.near_tie for item in found] == [False, False, False, True]


def test_a_value_on_the_other_side_than_the_catalogue_expects_is_marked() -> None:
    found = principal_reasons(attribution(obrat=-3, price=-2, term=-1), loan.catalogue())
    # Obligations are above the mean and count when high; the price is below it.
    assert [(item.player, item.adverse_side) for item in found] == [
        ("obrat", True),
        ("price", False),
        ("term", True),
    ]


def test_nothing_untrue_is_said_of_a_value_on_the_other_side() -> None:
    found = principal_reasons(attribution(obrat=-3, price=-2), loan.catalogue())
    said = [reason_text(item, loan.catalogue(), "en") for item in found]
    # The price is far below the baseline's: "is high" would be untrue.
    assert said == [
        loan.catalogue().text("obligations_ratio", "en").reason,
        loan.catalogue().text("purchase_price", "en").title,
    ]


def test_a_player_the_catalogue_does_not_know_is_an_error() -> None:
    base = attribution(obrat=-1)
    other = base.model_copy(update={"values": {"race": -1.0}})
    with pytest.raises(InvalidInput, match="no player"):
        principal_reasons(other, loan.catalogue())


def test_a_rule_names_itself_its_value_and_its_limit() -> None:
    found = rule_reason(loan.KNOCK_OUT, 72.5, actionable=True)
    assert (found.code, found.source, found.value, found.reference, found.contribution) == (
        "obligations_above_limit",
        "rule",
        72.5,
        60,
        None,
    )

"""The catalogue: complete for the loan example, and refused when it contradicts itself."""

import numpy as np
import pytest

from answerable.audit.errors import InvalidInput
from answerable.explain.catalogue import catalogue_findings, check_catalogue, load_catalogue
from answerable.explain.reasons import blocking_findings
from tests.unit.explain import loan

RULES = (loan.KNOCK_OUT, loan.REFERRAL)

SMALL = """
type: answerable.reason-catalogue.v1
name: small
version: 3
languages: [en]
players:
  - columns: [income]
    code: income
    adverse_when: low
    actionable: true
    direction: up
    step: 10
    range: [0, 100]
    text: {en: {title: Income, reason: Low income., advice: Earn more.}}
  - columns: [debt, cards]
    player: debts
    code: debts
    text: {en: {title: Debts, reason: Many debts.}}
rules:
  - code: limit
    text: {en: {title: Limit, reason: Over the limit.}}
"""


def small(old: str = "", new: str = "") -> bytes:
    assert old in SMALL
    return SMALL.replace(old, new, 1).encode()


def test_the_catalogue_of_the_loan_example_is_complete_in_both_languages() -> None:
    assert catalogue_findings(loan.catalogue(), loan.FEATURES, RULES, ("en", "de")) == ()


def test_advice_of_the_loan_example_stays_inside_observed_values() -> None:
    lows, highs = loan.matrix().min(axis=0), loan.matrix().max(axis=0)
    for player in loan.catalogue().players:
        if player.range is not None:
            place = loan.FEATURES.index(player.columns[0])
            assert lows[place] <= player.range[0] < player.range[1] <= highs[place], player.name


def test_derived_values_of_the_loan_example_follow_from_what_they_are_derived_from() -> None:
    column = dict(zip(loan.FEATURES, loan.matrix().T, strict=True))
    np.testing.assert_allclose(column["loanprc"], column["loanamt"] / column["price"], atol=1e-6)
    income = column["atotinc"] + column["cototinc"]
    # These two are recorded, not computed: they agree for most applications, not for all.
    assert np.mean(abs(column["hrat"] - 100 * column["hexp"] / income) < 1) > 0.7
    assert np.mean(abs(column["appinc"] - 12 * income / 1000) < 1.5) > 0.65


def test_a_catalogue_is_named_by_its_bytes() -> None:
    one, other = load_catalogue(small()), load_catalogue(small() + b"\n")
    assert one.document == other.document
    assert one.digest != other.digest
    record = one.version_record()
    assert (record.name, record.version, record.artefact) == ("small", 3, one.digest)


def test_players_are_named_by_themselves_or_their_first_column() -> None:
    found = load_catalogue(small())
    assert found.groups == {"income": ("income",), "debts": ("debt", "cards")}
    assert found.groups_for(["cards"]) == {"debts": ("cards",)}
    with pytest.raises(InvalidInput, match="no player"):
        found.player("debt")
    with pytest.raises(InvalidInput, match="no text"):
        found.text("income", "fr")
    with pytest.raises(InvalidInput, match="no text"):
        found.text("unknown", "en")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("    direction: up\n", "", "direction"),
        ("    step: 10\n", "", "step"),
        ("range: [0, 100]", "range: [100, 0]", "empty"),
        ("adverse_when: low", "protected: true", "protected"),
        ("columns: [income]", "columns: [income, bonus]", "one column"),
        ("code: debts", "code: income", "twice"),
        ("player: debts", "player: income", "twice"),
        ("columns: [debt, cards]", "columns: [debt, income]", "twice"),
        ("adverse_when: low", "adverse_when: lower", "adverse_when"),
        ("adverse_when: low", "colour: red", "colour"),
        ("version: 3", "version: 0", "version"),
        ("step: 10", "step: 0", "step"),
        ("title: Income", "title: ''", "title"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(old: str, new: str, what: str) -> None:
    with pytest.raises(InvalidInput, match=what):
        load_catalogue(small(old, new))


def test_everything_missing_or_left_over_is_found() -> None:
    found = catalogue_findings(
        load_catalogue(small("advice: Earn more.", "advice: ''")),
        ["income", "debt", "age"],
        [loan.KNOCK_OUT],
        ["en", "de"],
    )
    text = "\n".join(found)
    for part in (
        "feature 'age' has no player",
        "column 'cards' is not used",
        "rule code 'obligations_above_limit' has no text",
        "rule code 'limit' is not used",
        "'income' has no text in 'de'",
        "'income' is actionable and has no advice in 'en'",
    ):
        assert part in text


@pytest.mark.parametrize("source", ["nowhere", "debt", "derived"])
def test_a_value_derived_from_nothing_known_is_found(source: str) -> None:
    more = f"""
  - columns: [debt]
    code: debt
    derived_from: {{numerator: [{source}]}}
    text: {{en: {{title: Debt, reason: Debt.}}}}
  - columns: [derived]
    code: derived
    derived_from: {{denominator: [income]}}
    text: {{en: {{title: D, reason: D.}}}}
rules:
"""
    changed = small("[debt, cards]", "[loans, cards]").replace(b"\nrules:\n", more.encode())
    found = catalogue_findings(load_catalogue(changed), [], [], ["en"])
    assert any(f"'debt' is derived from '{source}'" in line for line in found)


def test_checking_refuses_and_names_the_first_findings() -> None:
    names = [f"f{number}" for number in range(9)]
    with pytest.raises(InvalidInput, match=r"feature 'f0' has no player.*more"):
        check_catalogue(load_catalogue(small()), names, [], ["en"])


def test_a_protected_feature_that_is_scored_blocks_release_and_is_named() -> None:
    found = load_catalogue(small("player: debts", "protected: true"))
    assert blocking_findings(found, ["income", "cards"]) == (
        "the protected feature 'debt' is scored",
    )
    assert blocking_findings(found, ["income"]) == ()

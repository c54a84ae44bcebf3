from dataclasses import replace

import pytest

from answerable.audit.canonical import canonical_json
from answerable.audit.errors import InvalidInput, NotFound
from answerable.audit.records import DatasetRole, Role
from answerable.model_cards.build import build_core, card_evidence, core_of
from answerable.model_cards.card import CardField, Computed, FromLog, Stated
from answerable.model_cards.facts import CardFacts, Statement
from answerable.model_cards.sections.outcomes import SHOWN_RATES
from tests.unit.model_cards import loan


def built(facts: CardFacts | None = None) -> dict[str, CardField]:
    core = build_core(facts or loan.facts(), code="0.1.0")
    return {field.id: field for field in core.fields()}


def test_the_same_facts_give_the_same_bytes() -> None:
    first = build_core(loan.facts(), code="0.1.0")
    assert first.to_json() == build_core(loan.facts(), code="0.1.0").to_json()


def test_field_ids_are_unique() -> None:
    core = build_core(loan.facts(), code="0.1.0")
    assert len(list(core.fields())) == len(built())


def test_every_field_has_an_origin_or_somebody_who_owes_it() -> None:
    for field in built().values():
        assert (field.value is None) == (field.origin is None) == (field.owed_by is not None)


def test_no_number_is_stated_by_a_person() -> None:
    for field in built().values():
        if isinstance(field.origin, Stated):
            assert isinstance(field.value, str | list)
            assert not isinstance(field.value, list) or all(
                isinstance(item, str) for item in field.value
            )


def test_rates_are_those_of_the_counts() -> None:
    rows = built()["performance.overall"].value
    assert isinstance(rows, list)
    by_name = {row["rate"]: row for row in rows if isinstance(row, dict)}
    correct = sum(c[0] + c[3] for _, c in loan._COUNTS)
    labelled = sum(sum(c[:4]) for _, c in loan._COUNTS)
    assert by_name["accuracy"]["value"] == correct / labelled
    assert by_name["accuracy"]["n"] == labelled


def test_the_rates_readers_ask_for_come_first() -> None:
    rows = built()["performance.overall"].value
    assert isinstance(rows, list)
    names = [row["rate"] for row in rows if isinstance(row, dict)]
    assert names[:3] == ["accuracy", "error rate", "selection rate"]
    assert len(names) == 12


def test_a_group_below_the_limit_appears_without_its_numbers() -> None:
    rows = built()["fairness.rates"].value
    assert isinstance(rows, list)
    small = [
        row
        for row in rows
        if isinstance(row, dict) and row["group"] == "race = hispanic, sex = female"
    ]
    assert len(small) == len(SHOWN_RATES)
    assert all(row["value"] is None and row["n"] is None for row in small)
    findings = built()["fairness.findings"].value
    assert isinstance(findings, list)
    assert not [
        row
        for row in findings
        if isinstance(row, dict) and "hispanic, sex = female" in str(row["group"]) and row["n"]
    ]


def test_without_a_limit_the_numbers_of_small_groups_are_there() -> None:
    rows = built(loan.facts(suppress_below=0))["fairness.rates"].value
    assert isinstance(rows, list)
    assert {
        row["group"]: row["n"]
        for row in rows
        if isinstance(row, dict)
        and row["rate"] == "selection rate"
        and row["group"] == "race = hispanic, sex = female"
    } == {"race = hispanic, sex = female": 9}


def test_computed_fields_name_evidence_and_registered_ones_their_entry() -> None:
    facts = loan.facts()
    fields = built(facts)
    assert fields["fairness.verdicts"].origin == Computed(evidence=facts.evidence[1].record.digest)
    assert fields["data.training.rows"].origin == FromLog(entry=loan.entry_id(2))
    assert fields["purpose.intended_purpose"].origin == Stated(
        actor=loan.COMPLIANCE, role=Role.COMPLIANCE, entry=loan.entry_id(1)
    )


def test_the_evidence_list_holds_exactly_what_fields_cite() -> None:
    core = build_core(loan.facts(), code="0.1.0")
    cited = {f.origin.evidence for f in core.fields() if isinstance(f.origin, Computed)}
    assert {line.digest for line in core.evidence} == cited


def test_an_assessment_of_another_function_is_left_out() -> None:
    other = loan.evidence("fairness.assessed", {}, function=loan.digest("8"))
    facts = loan.facts()
    more = replace(facts, evidence=(*facts.evidence, loan.place(other, 20)))
    assert built(more) == built(facts)


def test_the_newest_assessment_counts() -> None:
    facts = loan.facts()
    newer = loan.place(loan.assessed(extra=50), 20)
    fields = built(replace(facts, evidence=(*facts.evidence, newer)))
    assert fields["performance.overall"].origin == Computed(evidence=newer.record.digest)


def test_looking_again_with_the_same_result_changes_nothing() -> None:
    facts = loan.facts()
    again = replace(facts, evidence=(*facts.evidence, loan.place(facts.evidence[1].record, 21)))
    assert build_core(again, code="0.1.0") == build_core(facts, code="0.1.0")


def test_without_evidence_figures_are_owed_and_not_made_up() -> None:
    fields = built(loan.facts(evidence=(), policy=None, catalogue=None, baselines=()))
    for name in (
        "performance.overall",
        "fairness.rates",
        "fairness.verdicts",
        "explanation.importance",
        "data.training.personal_data",
    ):
        assert fields[name].value is None
        assert fields[name].owed_by is Role.SCIENTIST
    assert fields["fairness.policy"].owed_by is Role.COMPLIANCE
    assert not [f for f in fields.values() if isinstance(f.origin, Computed)]


def test_a_missing_hold_out_is_owed() -> None:
    facts = loan.facts()
    fields = built(replace(facts, datasets=facts.datasets[:1]))
    assert fields["data.hold_out.rows"].owed_by is Role.SCIENTIST
    assert fields["fairness.rates"].value is None


def test_two_data_sets_of_one_role_stand_side_by_side() -> None:
    facts = loan.facts()
    second = loan.place(loan.dataset(DatasetRole.TRAINING, "7", 55), 22)
    fields = built(replace(facts, datasets=(*facts.datasets, second)))
    assert fields["data.training.rows"].value == 1193
    assert fields["data.training.2.rows"].value == 55


def test_a_statement_fills_the_field_that_was_asked_for() -> None:
    field = built()["conformity.monitoring_plan"]
    assert field.value == "Rates by group are looked at every month."
    assert field.origin == Stated(actor=loan.COMPLIANCE, role=Role.COMPLIANCE)


@pytest.mark.parametrize(
    ("field", "text"),
    [("performance.overall", "99 %"), ("no.such.field", "x"), ("risks.register", "  ")],
)
def test_a_statement_elsewhere_is_refused(field: str, text: str) -> None:
    statement = Statement(text, loan.OWNER, Role.MODEL_OWNER)
    with pytest.raises(InvalidInput, match="not for a person to fill"):
        build_core(loan.facts(statements={field: statement}), code="0.1.0")


def test_a_later_version_lists_what_changed() -> None:
    before = loan.function()
    after = loan.function(version="2", cut_off=0.7, parent=before.digest)
    facts = loan.facts(
        function=loan.place(after, 30, loan.OWNER), parent=loan.place(before, 6, loan.OWNER)
    )
    rows = built(facts)["changes.differences"].value
    assert rows == [
        {"what": "version", "before": "1", "after": "2"},
        {"what": "cut-off", "before": "0.4", "after": "0.7"},
    ]


def test_a_card_in_the_log_is_read_back_as_it_was_built() -> None:
    core = build_core(loan.facts(), code="0.1.0")
    evidence = card_evidence(core)
    assert core_of(evidence) == core
    assert evidence.kind == "card.built"
    assert evidence.inputs["function"] == core.function
    assert canonical_json(evidence.result) == core.to_json()


def test_other_evidence_is_not_taken_for_a_card() -> None:
    with pytest.raises(InvalidInput, match="holds no card"):
        core_of(loan.assessed())


def test_asking_for_a_section_that_is_not_there_is_an_error() -> None:
    core = build_core(loan.facts(), code="0.1.0")
    assert core.section("data").title == "Data"
    with pytest.raises(NotFound):
        core.section("astrology")

from dataclasses import replace

import pytest
from pydantic import JsonValue

from answerable.audit.records import DatasetVersion
from answerable.model_cards.build import build_core
from answerable.model_cards.card import CardCore, CardField, Computed, FromLog
from answerable.model_cards.check import CardCheck, check_card
from tests.unit.model_cards import loan

FACTS = loan.facts()
CORE = build_core(FACTS, code="0.1.0")
FIELDS = [field for field in CORE.fields() if field.value is not None]


def with_field(core: CardCore, changed: CardField) -> CardCore:
    sections = tuple(
        section.model_copy(
            update={"fields": tuple(changed if f.id == changed.id else f for f in section.fields)}
        )
        for section in core.sections
    )
    return core.model_copy(update={"sections": sections})


def altered(value: JsonValue) -> JsonValue:
    """The same value with its first figure or word changed a little."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 1.0001 + 1e-6
    if isinstance(value, str):
        return value + " "
    if isinstance(value, list):
        return [altered(value[0]), *value[1:]] if value else ["more"]
    if isinstance(value, dict):
        name = next((k for k, v in value.items() if isinstance(v, float)), next(iter(value)))
        return {**value, name: altered(value[name])}
    return "was empty"


def kinds(check: CardCheck) -> set[str]:
    return {finding.kind for finding in check.findings}


def test_an_unchanged_card_agrees_with_the_log() -> None:
    check = check_card(CORE, FACTS, stated_digest=CORE.digest)
    assert check.ok
    assert check.exit_code == 0
    assert check.recomputed == sum(isinstance(f.origin, Computed) for f in CORE.fields())
    assert check.to_result()["basis"] == "evidence"


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.id)
def test_an_edited_value_is_found_whichever_it_is(field: CardField) -> None:
    value = altered(field.value)
    assert value != field.value
    edited = with_field(CORE, field.model_copy(update={"value": value}))
    check = check_card(edited, FACTS, stated_digest=CORE.digest)
    assert check.exit_code == 4
    assert "digest" in kinds(check)
    stated_by_person = field.id == "conformity.monitoring_plan"
    if not stated_by_person:
        # Without the digest, too: the records alone contradict the card.
        found = check_card(edited, FACTS).findings
        assert [(item.kind, item.field) for item in found] == [("edited", field.id)]
        assert found[0].card_value == value
        assert found[0].evidence_value == field.value


def test_another_origin_is_found() -> None:
    field = next(f for f in FIELDS if f.id == "data.training.rows")
    moved = field.model_copy(update={"origin": FromLog(entry=loan.entry_id(99))})
    check = check_card(with_field(CORE, moved), FACTS)
    assert kinds(check) == {"origin"}


def test_other_evidence_is_found() -> None:
    check = check_card(CORE, replace(FACTS, evidence=FACTS.evidence[:1]))
    assert "evidence_missing" in kinds(check)
    assert check.exit_code == 4


def test_a_card_that_cites_evidence_nobody_recorded_is_found() -> None:
    forged = build_core(loan.facts(test=loan.assessed(extra=400)), code="0.1.0")
    check = check_card(forged, FACTS)
    assert "evidence_missing" in kinds(check)
    assert check.exit_code == 4


def test_newer_evidence_makes_the_card_stale() -> None:
    newer = loan.place(loan.assessed(extra=50), 20)
    later = replace(FACTS, evidence=(*FACTS.evidence, newer))
    check = check_card(CORE, later, stated_digest=CORE.digest)
    assert kinds(check) == {"stale"}
    assert check.exit_code == 5
    assert "performance.overall" in {finding.field for finding in check.findings}


def test_rows_erased_after_the_card_make_it_stale() -> None:
    before: DatasetVersion = FACTS.datasets[0].record
    after = before.model_copy(update={"tombstones": (3, 8)})
    datasets = (loan.place(after, 31), FACTS.datasets[1])
    later = replace(FACTS, datasets=datasets)
    check = check_card(CORE, later, stated_digest=CORE.digest)
    stale = {finding.field for finding in check.findings if finding.kind == "stale"}
    assert "data.training.erased_rows" in stale
    assert check.exit_code in {4, 5}


def test_a_removed_field_and_an_added_one_are_found() -> None:
    section = CORE.sections[0]
    shorter = section.model_copy(update={"fields": section.fields[1:]})
    core = CORE.model_copy(update={"sections": (shorter, *CORE.sections[1:])})
    assert kinds(check_card(core, FACTS)) == {"removed_field"}
    extra = section.fields[0].model_copy(update={"id": "identity.award", "value": "best"})
    longer = section.model_copy(update={"fields": (*section.fields, extra)})
    core = CORE.model_copy(update={"sections": (longer, *CORE.sections[1:])})
    assert kinds(check_card(core, FACTS)) == {"unknown_field"}


def test_another_order_of_sections_is_found() -> None:
    core = CORE.model_copy(update={"sections": CORE.sections[::-1]})
    assert kinds(check_card(core, FACTS)) == {"edited"}


def test_a_card_of_another_function_is_found() -> None:
    other = loan.facts(function=loan.place(loan.function(cut_off=0.9), 6, loan.OWNER))
    check = check_card(CORE, other)
    assert [finding.field for finding in check.findings] == ["function"]


def test_a_person_cannot_state_a_computed_field() -> None:
    field = next(f for f in FIELDS if f.id == "conformity.monitoring_plan")
    moved = field.model_copy(update={"id": "purpose.purpose"})
    check = check_card(with_field(CORE, moved.model_copy(update={"id": field.id})), FACTS)
    assert check.ok
    sections = tuple(
        s.model_copy(update={"fields": (*s.fields, moved)}) if s.id == "conformity" else s
        for s in CORE.sections
    )
    forged = CORE.model_copy(update={"sections": sections})
    assert check_card(forged, FACTS).exit_code == 4


def test_long_values_are_cut_in_the_result() -> None:
    field = next(f for f in FIELDS if f.id == "purpose.intended_purpose")
    edited = with_field(CORE, field.model_copy(update={"value": "x" * 5000}))
    findings = check_card(edited, FACTS).to_result()["findings"]
    assert len(str(findings)) < 2000

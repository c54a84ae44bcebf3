from dataclasses import replace

import pytest

from answerable.audit.errors import NotFound
from answerable.audit.records import Role
from answerable.model_cards.annex import completeness, law_map
from answerable.model_cards.build import build_core
from answerable.model_cards.facts import Statement
from tests.unit.model_cards import loan

LAW = law_map()
CORE = build_core(loan.facts(), code="0.1.0")

# Annex IV of Regulation (EU) 2024/1689: point 1 has letters (a) to (h), point 2 too.
POINTS = [f"{n}({letter})" for n in (1, 2) for letter in "abcdefgh"] + list("3456789")


def test_all_points_of_annex_iv_are_mapped_in_their_order() -> None:
    assert [point.point for point in LAW.points] == POINTS


def test_every_point_says_where_its_text_is_known_from() -> None:
    assert {point.source for point in LAW.points} <= {"seen", "from-memory"}
    assert LAW.dated.isoformat() == "2026-11-21"


def test_every_mapped_field_is_a_field_a_card_can_have() -> None:
    mapped = {name for point in LAW.points for name in point.fields}
    known = {field.id for field in CORE.fields()}
    assert mapped - known <= {"overlay.sign_offs", "overlay.counts"}


def test_a_point_without_fields_says_when_it_applies() -> None:
    assert all(point.fields or point.applies for point in LAW.points)


def test_gaps_and_provided_fields_add_up() -> None:
    scored = completeness(CORE, LAW)
    assert scored.provided + len(scored.gaps) == scored.total
    assert scored.total == sum(len(point.fields) for point in LAW.points)


def test_a_gap_names_the_role_that_owes_it() -> None:
    scored = completeness(CORE, LAW)
    owed = {gap.field: gap.owed_by for gap in scored.gaps}
    assert owed["risks.register"] is Role.COMPLIANCE
    assert owed["performance.metric_choice"] is Role.SCIENTIST
    assert "purpose.intended_purpose" not in owed


def test_signed_reports_are_missing_until_somebody_signed() -> None:
    def state(point: str, **changes: object) -> str:
        shown = loan.overlay().model_copy(update=changes)
        scores = completeness(CORE, LAW, overlay=shown).scores
        return next(score.state for score in scores if score.point.point == point)

    assert state("2(g)") == "complete"
    assert state("2(g)", sign_offs=()) == "partial"
    expired = tuple(
        line.model_copy(update={"state": "expired"}) for line in loan.overlay().sign_offs
    )
    assert state("2(g)", sign_offs=expired) == "partial"
    assert state("1(f)") == "no_field"
    assert state("5") == "missing"


def test_a_statement_closes_its_gap() -> None:
    statement = Statement("Kept in the risk file.", loan.COMPLIANCE, Role.COMPLIANCE)
    facts = replace(loan.facts(), statements={"risks.register": statement})
    scored = completeness(build_core(facts, code="0.1.0"), LAW)
    assert "risks.register" not in {gap.field for gap in scored.gaps}


@pytest.mark.parametrize("name", ["nothing", "../card", "/etc/passwd"])
def test_an_unknown_map_is_refused(name: str) -> None:
    with pytest.raises(NotFound):
        law_map(name)

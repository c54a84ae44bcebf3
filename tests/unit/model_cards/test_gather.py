from dataclasses import dataclass

import pytest

from answerable.audit.errors import NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import DatasetRole, DecisionFunction, Evidence, Role
from answerable.model_cards.build import build_core, card_evidence, core_of
from answerable.model_cards.card import CardOverlay, LiveCounts
from answerable.model_cards.check import check_card
from answerable.model_cards.facts import CardFacts, Statement, logged
from answerable.model_cards.gather import LogState, card_facts, card_overlay
from tests.unit.governance.world import PASSING, THIN_CROSS, World
from tests.unit.model_cards import loan


@dataclass
class Scene:
    world: World
    function: DecisionFunction
    assessment: Evidence
    owner: str
    officer: str

    def read(self, entry_id: str) -> Evidence:
        for entry in self.world.log.entries(limit=500):
            if entry.id == entry_id:
                record = self.world.log.open_body(entry).record
                assert isinstance(record, Evidence)
                return record
        raise AssertionError(entry_id)

    def facts(self) -> CardFacts:
        registry = self.world.registry()
        return card_facts(registry, "loan@1", self.read, suppress_below=0)

    def overlay(self, *, checked: bool = True, counts: LiveCounts | None = None) -> CardOverlay:
        registry = self.world.registry()
        state = LogState(as_of=self.world.now, log="test.example/log", size=registry.next_seq)
        gate = self.world.gate(self.function) if checked else None
        policy = self.world.policy if checked else None
        return card_overlay(registry, "loan@1", state, gate=gate, policy=policy, counts=counts)


@pytest.fixture
def scene() -> Scene:
    world = World()
    scientist = world.person("scientist", Role.SCIENTIST)
    requester = world.person("requester", Role.MODEL_OWNER)
    owner = world.person("owner", Role.MODEL_OWNER)
    officer = world.person("officer", Role.COMPLIANCE)
    training = world.dataset(DatasetRole.TRAINING)
    hold_out = world.dataset(DatasetRole.HOLD_OUT)
    world.register_policy()
    world.append(EntryKind.USE_CASE_REGISTERED, loan.use_case(), role=Role.COMPLIANCE)
    record = loan.function(catalogue=loan.digest("d"))
    model = record.models[0].model_copy(
        update={"trained_on": (training.digest,), "trainer": scientist}
    )
    record = record.model_copy(update={"models": (model,)})
    world.append(EntryKind.FUNCTION_REGISTERED, record, actor=requester, role=Role.MODEL_OWNER)
    world.scan(training)
    assessment = world.assess(record, hold_out, THIN_CROSS)
    return Scene(world, record, assessment, owner, officer)


def test_a_card_gathers_what_the_log_holds_about_its_function(scene: Scene) -> None:
    facts = scene.facts()
    assert facts.function.record == scene.function
    assert facts.use_case.record == loan.use_case()
    assert [item.record.role for item in facts.datasets] == [
        DatasetRole.TRAINING,
        DatasetRole.HOLD_OUT,
    ]
    assert [item.record.kind for item in facts.evidence] == ["privacy.scanned", "fairness.assessed"]
    assert facts.policy is not None
    assert facts.policy.record.id == "test-policy"


def test_evidence_about_other_functions_and_cards_is_left_out(scene: Scene) -> None:
    before = scene.facts()
    other = loan.function(version="9")
    scene.world.append(EntryKind.FUNCTION_REGISTERED, other)
    scene.world.assess(other, scene.world.dataset(DatasetRole.VALIDATION), PASSING)
    scene.world.card(scene.function)
    assert scene.facts().evidence == before.evidence


def test_a_card_built_from_the_log_agrees_with_the_log(scene: Scene) -> None:
    core = build_core(scene.facts(), code="0.1.0")
    scene.world.append(EntryKind.CARD_BUILT, card_evidence(core), function=core.function)
    card = scene.world.registry().evidence_of(core.function, EntryKind.CARD_BUILT)[-1]
    stored = core_of(scene.read(card.at.entry))
    assert check_card(stored, scene.facts(), stated_digest=core.digest).ok


def test_a_second_assessment_makes_the_card_stale_and_nothing_else(scene: Scene) -> None:
    core = build_core(scene.facts(), code="0.1.0")
    hold_out = scene.facts().datasets[1].record
    scene.world.assess(scene.function, hold_out, PASSING)
    check = check_card(core, scene.facts(), stated_digest=core.digest)
    assert {finding.kind for finding in check.findings} == {"stale"}


def test_rows_erased_from_training_make_the_card_stale_and_nothing_else(scene: Scene) -> None:
    core = build_core(scene.facts(), code="0.1.0")
    scene.world.dataset(DatasetRole.TRAINING, tombstones=(3, 4))
    check = check_card(core, scene.facts(), stated_digest=core.digest)
    assert {finding.kind for finding in check.findings} == {"stale"}
    assert "data.training.erased_rows" in {finding.field for finding in check.findings}


def test_a_function_without_its_use_case_has_no_card(scene: Scene) -> None:
    scene.world.append(
        EntryKind.FUNCTION_REGISTERED, loan.function(version="2", use_case=loan.digest("8"))
    )
    with pytest.raises(NotFound, match="use case"):
        card_facts(scene.world.registry(), "loan@2", scene.read)
    with pytest.raises(NotFound):
        card_facts(scene.world.registry(), "loan@3", scene.read)


def test_statements_come_with_the_person_who_made_them(scene: Scene) -> None:
    statement = Statement("Monthly.", scene.officer, Role.COMPLIANCE)
    facts = card_facts(
        scene.world.registry(),
        "loan@1",
        scene.read,
        statements={"conformity.monitoring_plan": statement},
    )
    field = build_core(facts, code="0.1.0").find("conformity.monitoring_plan")
    assert field is not None
    assert field.value == "Monthly."


def test_the_overlay_follows_a_function_to_its_release(scene: Scene) -> None:
    assert scene.overlay().status == "assessed"
    assert scene.overlay().sign_offs_missing == (Role.MODEL_OWNER, Role.COMPLIANCE)
    waiver = scene.world.waive(scene.function, scene.assessment, scene.officer)
    scene.world.card(scene.function)
    scene.world.sign(scene.function, scene.owner, Role.MODEL_OWNER)
    first = scene.overlay()
    assert [(line.role, line.state) for line in first.sign_offs] == [(Role.MODEL_OWNER, "valid")]
    assert first.sign_offs_missing == (Role.COMPLIANCE,)
    scene.world.sign(scene.function, scene.officer, Role.COMPLIANCE)
    scene.world.release(scene.function)
    last = scene.overlay(counts=LiveCounts(decisions=3, outcomes={"approve": 3}))
    assert last.status == "released"
    assert last.release is not None
    assert last.sign_offs_missing == ()
    assert [(line.entry, line.state) for line in last.waivers] == [(waiver, "in_force")]
    assert last.counts is not None
    assert last.counts.decisions == 3


def test_another_card_voids_the_signatures_and_the_overlay_says_why(scene: Scene) -> None:
    scene.world.waive(scene.function, scene.assessment, scene.officer)
    scene.world.sign(scene.function, scene.owner, Role.MODEL_OWNER)
    scene.world.card(scene.function)
    assert [line.state for line in scene.overlay().sign_offs] == ["bundle_changed"]


def test_without_the_gates_answer_signatures_are_not_called_valid(scene: Scene) -> None:
    scene.world.waive(scene.function, scene.assessment, scene.officer)
    scene.world.sign(scene.function, scene.owner, Role.MODEL_OWNER)
    overlay = scene.overlay(checked=False)
    assert [line.state for line in overlay.sign_offs] == ["not_checked"]
    assert [line.state for line in overlay.waivers] == ["not_checked"]


def test_building_a_card_does_not_change_with_what_is_signed(scene: Scene) -> None:
    before = build_core(scene.facts(), code="0.1.0")
    scene.world.waive(scene.function, scene.assessment, scene.officer)
    scene.world.sign(scene.function, scene.owner, Role.MODEL_OWNER)
    assert build_core(scene.facts(), code="0.1.0") == before


def test_a_record_is_placed_by_the_header_of_its_entry(scene: Scene) -> None:
    entry = scene.world.log.entries(kinds=(EntryKind.USE_CASE_REGISTERED,), limit=1)[0]
    placed = logged(entry, loan.use_case())
    assert (placed.entry, placed.role, placed.at) == (entry.id, Role.COMPLIANCE, entry.header.ts)

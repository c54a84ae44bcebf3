from collections.abc import Callable

import pytest

from answerable.audit.records import Role
from answerable.governance.bundle import bundle_digest
from answerable.governance.gate import GateResult
from answerable.governance.policy import load_policy
from tests.unit.governance.world import (
    FAILING,
    PASSING,
    POLICY,
    THIN_CROSS,
    Cast,
    World,
    cast_in,
    digest_of,
    reasons,
    sign_both,
)


def test_the_gate_gives_each_exit_code_for_its_own_reason(cast: Cast) -> None:
    world, function = cast.world, cast.function
    assert world.gate(function).exit_code == 3
    world.assess(function, cast.hold_out, FAILING)
    assert world.gate(function).exit_code == 1
    world.assess(function, cast.hold_out, PASSING)
    assert world.gate(function).exit_code == 5
    sign_both(cast)
    assert world.gate(function).exit_code == 0


def test_another_policy_voids_the_signatures_and_makes_the_assessment_stale(play: Cast) -> None:
    world, function = play.world, play.function
    assessment = world.assess(function, play.hold_out)
    sign_both(play)
    world.policy = load_policy((POLICY + "# version two\n").encode(), "policy.yaml")
    world.register_policy()
    after = world.gate(function)
    assert after.exit_code == 3
    assert after.stale == (assessment.digest,)
    assert set(reasons(after)) == {"bundle_changed"}


CHANGES: dict[str, Callable[[Cast], object]] = {
    "a new assessment": lambda cast: cast.world.assess(cast.function, cast.hold_out, seed=9),
    "an erased training row": lambda cast: cast.world.dataset(cast.training.role, tombstones=(7,)),
    "an erased hold-out row": lambda cast: cast.world.dataset(cast.hold_out.role, tombstones=(7,)),
    "another scan": lambda cast: cast.world.scan(cast.training, rows=3),
    "a card": lambda cast: cast.world.card(cast.function),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_voids_the_signatures(cast: Cast, change: str) -> None:
    world, function = cast.world, cast.function
    world.assess(function, cast.hold_out)
    sign_both(cast)
    assert world.gate(function).exit_code == 0
    CHANGES[change](cast)
    after = world.gate(function)
    assert after.exit_code == 5
    assert set(reasons(after)) == {"bundle_changed"}


def test_thresholds_registered_after_the_assessment_block(play: Cast) -> None:
    world = World()
    people = [world.person(name, Role.MODEL_OWNER) for name in ("trainer", "requester")]
    training = world.dataset(play.training.role)
    hold_out = world.dataset(play.hold_out.role)
    world.scan(training)
    function = world.function(training, trainer=people[0], requester=people[1])
    world.assess(function, hold_out)
    unregistered = world.gate(function)
    world.register_policy()
    late = world.gate(function)
    for result, what in ((unregistered, "not registered"), (late, "after the assessment")):
        assert result.exit_code == 1
        assert what in next(i.what for i in result.blocking if i.rule == "policy.registered")


def test_a_policy_not_in_force_blocks(play: Cast) -> None:
    world = play.world
    text = POLICY.replace("{from: 2026-01-01}", "{from: 2030-01-01}")
    world.policy = load_policy(text.encode(), "policy.yaml")
    world.register_policy()
    world.assess(play.function, play.hold_out)
    assert [item.rule for item in world.gate(play.function).blocking] == ["policy.in-force"]


def test_required_evidence_must_exist_and_must_not_object() -> None:
    world = World()
    play = cast_in(world)
    world.assess(play.function, play.hold_out)
    assert not world.gate(play.function).blocking
    world.scan(play.training, blocking=("IBAN_CODE in column note",))
    objected = world.gate(play.function)
    assert objected.exit_code == 1
    assert objected.blocking[0].what == "IBAN_CODE in column note"
    elsewhere = world.dataset(play.training.role.__class__("validation"))
    other = world.function(elsewhere, trainer=play.scientist, requester=play.requester, version="9")
    world.assess(other, play.hold_out)
    missing = world.gate(other)
    assert missing.exit_code == 3
    assert [item.rule for item in missing.blocking] == ["requires.privacy.scanned"]


def test_an_assessment_on_other_data_than_a_hold_out_is_no_ground_for_release(play: Cast) -> None:
    play.world.assess(play.function, play.training)
    assert [item.rule for item in play.world.gate(play.function).blocking] == ["assessment.current"]


def test_nothing_is_claimed_about_a_law_whose_text_was_not_seen(play: Cast) -> None:
    world = play.world
    world.assess(play.function, play.hold_out)
    claims = {item.id: item.thresholds_met for item in world.gate(play.function).law}
    assert claims == {"seen-law": True, "recalled-law": None}
    world.assess(play.function, play.hold_out, FAILING)
    claims = {item.id: item.thresholds_met for item in world.gate(play.function).law}
    assert claims == {"seen-law": False, "recalled-law": None}


def test_a_gate_result_survives_the_log(cast: Cast) -> None:
    cast.world.assess(cast.function, cast.hold_out, THIN_CROSS)
    result = cast.world.gate(cast.function)
    evidence = result.evidence(code="0.1.0")
    assert GateResult.from_result(evidence.result) == result
    assert evidence.result["holds"] is False


def test_the_order_of_a_bundles_parts_does_not_matter() -> None:
    def digest(datasets: list[str], assessments: list[str], card: str | None) -> str:
        return bundle_digest(
            function=digest_of("f"),
            datasets=datasets,
            policy=digest_of("p"),
            assessments=assessments,
            scans=[],
            card_core=card,
        )

    a, b, c = digest_of("a"), digest_of("b"), digest_of("c")
    assert digest([a, b], [c], None) == digest([b, a, a], [c], None)
    assert len({digest([a], [c], None), digest([a, b], [c], None), digest([a], [c], b)}) == 3

import pytest

from answerable.audit.errors import (
    NotAllowed,
    PolicyViolation,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink, Role
from answerable.governance.waivers import require_waivable
from tests.unit.governance.world import (
    DAY,
    FAILING,
    THIN_CROSS,
    Cast,
    reasons,
    sign_both,
)


def test_a_finding_that_warns_is_released_through_a_waiver_that_expires(cast: Cast) -> None:
    world, function = cast.world, cast.function
    assessment = world.assess(function, cast.hold_out, THIN_CROSS)
    sign_both(cast)
    before = world.gate(function)
    assert before.exit_code == 3
    assert [item.rule for item in before.blocking] == ["di-cross"]
    waiver = world.waive(function, assessment, cast.officer, days=30)
    answered = world.gate(function)
    assert answered.exit_code == 0
    assert answered.waivers_used == (waiver,)
    world.tick(31 * DAY)
    expired = world.gate(function)
    assert expired.exit_code == 3
    assert [item.reason for item in expired.waivers_refused] == ["expired"]


def test_a_waiver_by_trainer_or_requester_or_for_another_finding_answers_nothing(
    play: Cast,
) -> None:
    world, function = play.world, play.function
    assessment = world.assess(function, play.hold_out, THIN_CROSS)
    service = world.person("pipeline", Role.COMPLIANCE, service=True)
    world.waive(function, assessment, play.scientist)
    world.waive(function, assessment, play.requester)
    world.waive(function, assessment, service)
    world.waive(function, assessment, "a-" + "f" * 32)
    world.waive(function, assessment, play.officer, rule="di", attributes=("race",))
    result = world.gate(function)
    assert [item.reason for item in result.waivers_refused] == [
        "trainer",
        "requester",
        "service",
        "unknown_approver",
        "no_such_finding",
    ]
    world.assess(function, play.hold_out, THIN_CROSS, seed=2)
    renewed = world.gate(function)
    assert {item.reason for item in renewed.waivers_refused} == {"other_assessment"}


def test_a_waiver_is_refused_before_it_is_written(play: Cast) -> None:
    world, function = play.world, play.function
    assessment = world.assess(function, play.hold_out, FAILING)
    world.waive(function, assessment, play.officer, rule="di", attributes=("race",), days=10)
    registry = world.registry()
    entry = next(i for i in registry.evidence.values() if i.digest == assessment.digest)
    draft = next(iter(registry.waivers.values())).record.model_copy(update={"finding": "FAIL"})
    with pytest.raises(PolicyViolation, match="not_waivable"):
        require_waivable(registry, entry, draft, world.policy, world.now)
    too_long = draft.model_copy(update={"expires_at": world.now + 51 * DAY})
    with pytest.raises(PolicyViolation, match="too far away"):
        require_waivable(registry, entry, too_long, world.policy, world.now)
    thin = world.assess(function, play.hold_out, THIN_CROSS)
    by_trainer = draft.model_copy(
        update={
            "finding": "INSUFFICIENT",
            "rule": "di-cross",
            "attributes": ("race", "sex"),
            "assessment": thin.digest,
            "approver": play.scientist,
        }
    )
    registry = world.registry()
    entry = next(i for i in registry.evidence.values() if i.digest == thin.digest)
    with pytest.raises(NotAllowed, match="trainer"):
        require_waivable(registry, entry, by_trainer, world.policy, world.now)
    proper = by_trainer.model_copy(update={"approver": play.officer})
    require_waivable(registry, entry, proper, world.policy, world.now)


def test_a_withdrawn_waiver_and_a_withdrawn_signature_no_longer_count(play: Cast) -> None:
    world, function = play.world, play.function
    assessment = world.assess(function, play.hold_out, THIN_CROSS)
    waiver = world.waive(function, assessment, play.officer)
    sign_both(play)
    assert world.gate(function).holds
    registry = world.registry()
    signed = next(iter(registry.sign_offs))
    for kind, named, record in (
        (EntryKind.SIGN_OFF_WITHDRAWN, signed, registry.sign_offs[signed].record),
        (EntryKind.WAIVER_WITHDRAWN, waiver, registry.waivers[waiver].record),
    ):
        world.append(kind, record, links=(EntryLink(rel="withdraws", entry=named),))
    result = world.gate(function)
    assert reasons(result) == ["withdrawn"]
    assert [item.reason for item in result.waivers_refused] == ["withdrawn"]
    assert not result.holds

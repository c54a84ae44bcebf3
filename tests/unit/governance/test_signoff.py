import pytest

from answerable.audit.errors import (
    EvidenceBroken,
    NotAllowed,
    PolicyViolation,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink, Role
from answerable.audit.signing import sign_record
from answerable.governance.bundle import bundle_of
from answerable.governance.signoff import require_acceptable
from answerable.governance.status import status_of
from tests.unit.governance.world import (
    DAY,
    Cast,
    digest_of,
    reasons,
    sign_both,
)


def test_a_signer_who_was_shown_a_wrong_number_of_looks_does_not_count(play: Cast) -> None:
    world, function = play.world, play.function
    world.assess(function, play.hold_out)
    prepared = world.prepare(function, play.owner, Role.MODEL_OWNER)
    world.assess(function, play.hold_out)
    signed = sign_record(prepared, world.keys[play.owner])
    world.append(EntryKind.SIGN_OFF_GIVEN, signed, actor=play.owner, role=Role.MODEL_OWNER)
    assert reasons(world.gate(function)) == ["looks_not_shown"]


def test_a_later_look_by_another_candidate_does_not_void_a_signature(play: Cast) -> None:
    world, function = play.world, play.function
    world.assess(function, play.hold_out)
    sign_both(play)
    other = world.function(
        play.training, trainer=play.scientist, requester=play.requester, version="2"
    )
    world.assess(other, play.hold_out, seed=8)
    assert world.gate(function).exit_code == 0


def test_four_eyes_refuses_trainer_requester_service_and_the_same_person(play: Cast) -> None:
    world, function = play.world, play.function
    both = world.person("both", Role.MODEL_OWNER, Role.COMPLIANCE)
    service = world.person("pipeline", Role.COMPLIANCE, service=True)
    world.assess(function, play.hold_out)
    world.sign(function, play.scientist, Role.COMPLIANCE)
    world.sign(function, play.requester, Role.COMPLIANCE)
    world.sign(function, service, Role.COMPLIANCE)
    world.sign(function, play.owner, Role.COMPLIANCE)
    world.sign(function, both, Role.MODEL_OWNER)
    world.sign(function, both, Role.COMPLIANCE)
    world.sign(function, both, Role.AUDITOR)
    result = world.gate(function)
    assert reasons(result) == [
        "trainer",
        "requester",
        "service",
        "role_not_held",
        "same_person",
        "role_not_held",
    ]
    assert [(item.role, item.n) for item in result.sign_offs.missing] == [("compliance", 1)]
    assert result.exit_code == 5


def test_the_policy_may_let_the_requester_sign_in_one_role(play: Cast) -> None:
    world, function = play.world, play.function
    world.assess(function, play.hold_out)
    world.sign(function, play.requester, Role.MODEL_OWNER)
    world.sign(function, play.officer, Role.COMPLIANCE)
    assert world.gate(function).holds


def test_a_forged_signature_breaks_the_gate_with_code_four(play: Cast) -> None:
    world, function = play.world, play.function
    world.assess(function, play.hold_out)
    prepared = world.prepare(function, play.officer, Role.COMPLIANCE)
    forged = sign_record(prepared, world.keys[play.scientist])
    world.append(EntryKind.SIGN_OFF_GIVEN, forged, actor=play.officer, role=Role.COMPLIANCE)
    assert world.gate(function).exit_code == 4
    bundle = bundle_of(world.registry(), function.digest, world.policy.digest)
    with pytest.raises(EvidenceBroken, match="does not verify"):
        require_acceptable(world.registry(), forged, bundle, world.policy, world.now)


def test_a_signature_that_would_not_count_is_refused_before_it_is_written(play: Cast) -> None:
    world, function = play.world, play.function
    world.assess(function, play.hold_out)

    def attempt(signer: str, role: Role, **changes: object) -> None:
        draft = world.prepare(function, signer, role).model_copy(update=changes)
        signed = sign_record(draft, world.keys[signer])
        registry = world.registry()
        bundle = bundle_of(registry, function.digest, world.policy.digest)
        require_acceptable(registry, signed, bundle, world.policy, world.now)

    attempt(play.owner, Role.MODEL_OWNER)
    with pytest.raises(NotAllowed, match="trained a model"):
        attempt(play.scientist, Role.COMPLIANCE)
    with pytest.raises(PolicyViolation, match="expired"):
        attempt(play.owner, Role.MODEL_OWNER, expires_at=world.now)
    with pytest.raises(PolicyViolation, match="not what would be released"):
        attempt(play.owner, Role.MODEL_OWNER, bundle=digest_of("old"))
    with pytest.raises(PolicyViolation, match="number of assessments"):
        attempt(play.owner, Role.MODEL_OWNER, looks=99)
    world.sign(function, play.owner, Role.MODEL_OWNER)
    with pytest.raises(NotAllowed, match="already signed"):
        attempt(play.owner, Role.MODEL_OWNER)


def test_a_rejection_stands_until_it_is_withdrawn(play: Cast) -> None:
    world, function = play.world, play.function
    world.assess(function, play.hold_out)
    sign_both(play)
    second = world.person("second officer", Role.COMPLIANCE)
    draft = world.prepare(function, second, Role.COMPLIANCE)
    rejected = sign_record(draft.model_copy(update={"decision": "reject"}), world.keys[second])
    entry = world.append(EntryKind.SIGN_OFF_GIVEN, rejected, actor=second, role=Role.COMPLIANCE)
    assert world.gate(function).exit_code == 5
    assert status_of(world.registry(), "loan@1", world.now, policy=world.policy) == "rejected"
    link = EntryLink(rel="withdraws", entry=entry)
    world.append(EntryKind.SIGN_OFF_WITHDRAWN, rejected, actor=second, links=(link,))
    assert world.gate(function).holds


def test_signatures_assessments_and_releases_expire(play: Cast) -> None:
    world, function = play.world, play.function
    world.assess(function, play.hold_out)
    sign_both(play)
    world.release(function)
    world.tick(61 * DAY)
    assert set(reasons(world.gate(function))) == {"expired"}
    assert world.gate(function).exit_code == 5
    world.tick(40 * DAY)
    assert world.gate(function).exit_code == 3
    assert status_of(world.registry(), "loan@1", world.now) == "expired"

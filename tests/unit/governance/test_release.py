import pytest

from answerable.audit.errors import (
    NotAllowed,
    NotReleased,
    PolicyViolation,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Actor, EntryLink, Release, Role
from answerable.audit.signing import public_key_hex, sign_record
from answerable.governance.bundle import bundle_of
from answerable.governance.release import ends_at, release_in_force
from answerable.governance.signoff import require_acceptable
from tests.unit.governance.world import (
    DAY,
    THIN_CROSS,
    Cast,
    digest_of,
    reasons,
)


def test_a_release_needs_a_gate_that_holds(play: Cast) -> None:
    play.world.assess(play.function, play.hold_out)
    with pytest.raises(PolicyViolation, match=r"sign-off model_owner \(1\)"):
        play.world.release(play.function)


def test_an_entry_that_merely_claims_to_be_a_release_permits_nothing(play: Cast) -> None:
    world, function = play.world, play.function
    world.assess(function, play.hold_out)
    signed = world.sign(function, play.owner, Role.MODEL_OWNER)
    claimed = Release(
        function=function.digest,
        bundle=bundle_of(world.registry(), function.digest, world.policy.digest).digest,
        policy=world.policy.digest,
        gate=digest_of("no gate"),
        sign_offs=(signed,),
        valid_until=world.now + DAY,
    )
    world.append(EntryKind.RELEASE_GRANTED, claimed)
    world.append(EntryKind.RELEASE_GRANTED, claimed.model_copy(update={"sign_offs": ()}))
    with pytest.raises(NotReleased):
        release_in_force(world.registry(), function.digest, world.now)


def released_with_a_waiver(play: Cast) -> tuple[str, list[str]]:
    """Return a waiver that lasts 30 days and the signatures, under a release of 100 days."""
    world, function = play.world, play.function
    assessment = world.assess(function, play.hold_out, THIN_CROSS)
    waiver = world.waive(function, assessment, play.officer, days=30)
    signed = [
        world.sign(function, play.owner, Role.MODEL_OWNER),
        world.sign(function, play.officer, Role.COMPLIANCE),
    ]
    world.release(function)
    return waiver, signed


def test_a_release_ends_with_the_first_waiver_it_rests_on(play: Cast) -> None:
    waiver, _ = released_with_a_waiver(play)
    registry = play.world.registry()
    expiry = registry.waivers[waiver].record.expires_at
    held = release_in_force(registry, play.function.digest, expiry - 1)
    assert held.record.waivers == (waiver,)
    assert held.record.valid_until > expiry == ends_at(registry, held)
    with pytest.raises(NotReleased):
        release_in_force(registry, play.function.digest, expiry)


@pytest.mark.parametrize("what", ["waiver", "signature"])
def test_a_release_ends_when_what_it_rests_on_is_withdrawn(play: Cast, what: str) -> None:
    waiver, signed = released_with_a_waiver(play)
    world, registry = play.world, play.world.registry()
    entry, kind, record = (
        (waiver, EntryKind.WAIVER_WITHDRAWN, registry.waivers[waiver].record)
        if what == "waiver"
        else (signed[1], EntryKind.SIGN_OFF_WITHDRAWN, registry.sign_offs[signed[1]].record)
    )
    world.append(
        kind,
        record,
        function=play.function.digest,
        links=(EntryLink(rel="withdraws", entry=entry),),
    )
    with pytest.raises(NotReleased):
        release_in_force(world.registry(), play.function.digest, world.now)


def test_one_signing_key_under_two_references_is_one_person(play: Cast) -> None:
    world, function = play.world, play.function
    second = world.person("second reference of the owner", Role.COMPLIANCE)
    world.keys[second] = world.keys[play.owner]
    record = Actor(
        actor=second,
        roles=(Role.COMPLIANCE,),
        public_key=public_key_hex(world.keys[play.owner]),
    )
    world.append(EntryKind.ACTOR_REGISTERED, record, role=Role.ADMIN)
    world.assess(function, play.hold_out)
    world.sign(function, play.owner, Role.MODEL_OWNER)
    prepared = sign_record(world.prepare(function, second, Role.COMPLIANCE), world.keys[second])
    registry = world.registry()
    bundle = bundle_of(registry, function.digest, world.policy.digest)
    with pytest.raises(NotAllowed, match="already signed"):
        require_acceptable(registry, prepared, bundle, world.policy, world.now)
    world.sign(function, second, Role.COMPLIANCE)
    assert reasons(world.gate(function)) == ["same_person"]
    assert not world.gate(function).holds

import pytest

from answerable.audit.errors import (
    NotReleased,
    PolicyViolation,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Release, Role
from answerable.governance.bundle import bundle_of
from answerable.governance.release import release_in_force
from tests.unit.governance.world import (
    DAY,
    Cast,
    digest_of,
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

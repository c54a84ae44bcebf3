"""Whatever happens in whatever order: the advanced cache equals the fold from the beginning,
and nothing is released without distinct approvers."""

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.audit.errors import NotReleased, PolicyViolation
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role
from answerable.governance.lifecycle import cached_registry, replay_registry
from answerable.governance.registry import Registry
from answerable.governance.release import release_in_force
from tests.unit.governance.world import FAILING, PASSING, Cast, World, cast_in

STEPS: Final = (
    "assess", "assess badly", "owner signs", "officer signs", "trainer signs", "requester signs",
    "service signs", "erase", "scan", "release", "suspend", "cache",
)  # fmt: skip


def step(cast: Cast, name: str, service: str) -> None:
    world, function = cast.world, cast.function
    signing = {
        "owner signs": (cast.owner, Role.MODEL_OWNER),
        "officer signs": (cast.officer, Role.COMPLIANCE),
        "trainer signs": (cast.scientist, Role.COMPLIANCE),
        "requester signs": (cast.requester, Role.COMPLIANCE),
        "service signs": (service, Role.COMPLIANCE),
    }
    if name in signing:
        world.sign(function, *signing[name])
    elif name == "assess":
        world.assess(function, cast.hold_out, PASSING)
    elif name == "assess badly":
        world.assess(function, cast.hold_out, FAILING)
    elif name == "erase":
        world.dataset(cast.training.role, tombstones=(world.count,))
    elif name == "scan":
        world.scan(cast.training, rows=world.count)
    elif name == "cache":
        cached_registry(world.log)
    elif name == "suspend":
        for release in world.registry().releases:
            world.end(function, release, EntryKind.RELEASE_SUSPENDED)
    else:
        try:
            world.release(function)
        except PolicyViolation:
            return


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=14))
def test_cache_equals_replay_and_no_release_lacks_its_approvers(names: list[str]) -> None:
    cast = cast_in(World())
    service = cast.world.person("pipeline", Role.COMPLIANCE, service=True)
    for name in names:
        step(cast, name, service)
    registry = replay_registry(cast.world.log)
    assert cached_registry(cast.world.log) == registry
    assert Registry.from_json(registry.to_json()) == registry
    try:
        release = release_in_force(registry, cast.function.digest, cast.world.now)
    except NotReleased:
        return
    signers = {registry.sign_offs[name].record.signer for name in release.record.sign_offs}
    # The policy lets the requester sign as model owner, in which role nobody asked them to.
    assert signers == {cast.owner, cast.officer}


def test_the_shortest_road_to_a_release_is_taken() -> None:
    cast = cast_in(World())
    for name in ("assess", "owner signs", "officer signs", "cache", "release"):
        step(cast, name, "")
    release = release_in_force(cast.world.registry(), "loan@1", cast.world.now)
    assert len(release.record.sign_offs) == 2

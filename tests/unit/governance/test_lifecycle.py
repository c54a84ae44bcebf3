import pytest

from answerable.audit.errors import (
    InvalidInput,
    NotFound,
    NotReleased,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role
from answerable.governance.lifecycle import cached_registry, fold, replay_registry
from answerable.governance.lineage import lineage_of
from answerable.governance.registry import Registry
from answerable.governance.release import release_in_force
from answerable.governance.status import status_of
from tests.unit.governance.memory_log import MemoryLog
from tests.unit.governance.world import (
    Cast,
    digest_of,
    sign_both,
)


def test_a_function_goes_from_draft_to_released_and_can_be_suspended(cast: Cast) -> None:
    world, function = cast.world, cast.function

    def status() -> str:
        return status_of(world.registry(), function.digest, world.now, policy=world.policy)

    assert status() == "draft"
    world.assess(function, cast.hold_out)
    assert status() == "assessed"
    world.sign(function, cast.owner, Role.MODEL_OWNER)
    assert status() == "in_review"
    world.sign(function, cast.officer, Role.COMPLIANCE)
    assert status() == "approved"
    release = world.release(function)
    assert status() == "released"
    assert release_in_force(world.registry(), "loan@1", world.now).at.entry == release
    world.end(function, release, EntryKind.RELEASE_SUSPENDED)
    assert status() == "suspended"
    with pytest.raises(NotReleased, match="no valid release"):
        release_in_force(world.registry(), "loan@1", world.now)


def test_looks_at_one_hold_out_are_counted_over_all_functions(cast: Cast) -> None:
    world = cast.world
    other = world.function(
        cast.training, trainer=cast.scientist, requester=cast.requester, version="2"
    )
    world.assess(cast.function, cast.hold_out)
    world.assess(other, cast.hold_out)
    world.assess(other, cast.hold_out)
    registry = world.registry()
    assert registry.looks(cast.hold_out.digest) == 3
    assert registry.looks(cast.hold_out.fingerprint) == 3
    assert registry.looks(cast.training.digest) == 0
    assert world.gate(other).looks == 3


def test_the_cached_registry_is_the_replayed_one(cast: Cast) -> None:
    world = cast.world
    first = cached_registry(world.log)
    world.assess(cast.function, cast.hold_out)
    sign_both(cast)
    advanced = cached_registry(world.log)
    assert advanced.next_seq > first.next_seq
    assert advanced == replay_registry(world.log)
    assert cached_registry(world.log) == advanced


def test_a_cache_that_cannot_be_read_is_rebuilt(play: Cast) -> None:
    log = play.world.log
    assert isinstance(log, MemoryLog)
    log.save_projection("governance.registry.v1", 3, b"{}garbage")
    assert cached_registry(log) == replay_registry(log)


def test_entries_fold_once_and_in_order(play: Cast) -> None:
    log = play.world.log
    entry = log.entries(limit=1)[0]
    once = fold(Registry(), entry, log.open_body(entry).record)
    with pytest.raises(InvalidInput, match="folded already"):
        fold(once, entry, None)


def test_an_unreadable_or_mistaken_entry_is_listed_and_stops_nothing(play: Cast) -> None:
    world = play.world
    wrong = world.append(EntryKind.POLICY_REGISTERED, play.training)
    erased = world.append(EntryKind.POLICY_REGISTERED, play.hold_out)
    assert isinstance(world.log, MemoryLog)
    entry, _ = world.log.stored[-1]
    world.log.stored[-1] = (entry, None)
    registry = world.registry()
    assert registry.unreadable == (wrong, erased)
    world.assess(play.function, play.hold_out)
    assert world.gate(play.function).looks == 1


def test_an_unknown_function_is_not_found(play: Cast) -> None:
    with pytest.raises(NotFound, match="no decision function"):
        play.world.registry().function("loan@7")


def test_lineage_names_what_a_function_rests_on(cast: Cast) -> None:
    world, function = cast.world, cast.function
    world.assess(function, cast.hold_out)
    sign_both(cast)
    world.release(function)
    child = world.function(
        cast.training,
        trainer=cast.scientist,
        requester=cast.requester,
        version="2",
        parent=function.digest,
    )
    lineage = lineage_of(world.registry(), "loan@1")
    assert [(item.use, item.digest, item.looks) for item in lineage.datasets] == [
        ("training", cast.training.digest, 0),
        ("hold_out", cast.hold_out.digest, 1),
    ]
    assert [item.kind.value for item in lineage.evidence] == [
        "privacy.scanned",
        "fairness.assessed",
        "gate.evaluated",
    ]
    assert (len(lineage.sign_offs), len(lineage.releases), len(lineage.policies)) == (2, 1, 1)
    assert digest_of("use case") in lineage.missing
    assert [item.name for item in lineage_of(world.registry(), child.digest).ancestors] == [
        "loan@1"
    ]

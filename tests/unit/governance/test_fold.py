"""Every governance kind finds its place in the registry, and nothing else does."""

import pytest

from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Actor,
    BaselineVersion,
    CatalogueVersion,
    EntryLink,
    Evidence,
    Record,
    RecordsRead,
    Role,
    UseCase,
)
from answerable.governance.lifecycle import GOVERNANCE_KINDS
from tests.unit.governance.world import Cast, World, digest_of

USE_CASE = UseCase(
    name="loan",
    title={"en": "Loan"},
    purpose="credit-decision",
    lawful_basis="gdpr-6-1-b",
    risk_class="ai-act:annex-iii-5b",
    controller="a test",
    contact="nobody@example.org",
    legal_regimes=("gdpr",),
    affected_persons="applicants",
    intended_purpose="tests",
    oversight="a person",
)
CATALOGUE = CatalogueVersion(
    name="reasons", version=1, artefact=digest_of("catalogue file"), languages=("en", "de")
)
BASELINE = BaselineVersion(
    name="all",
    kind="all_applicants",
    dataset=digest_of("rows"),
    rows=10,
    row_ids=digest_of("ids"),
    means={"income": 1.0},
    expected_output=0.5,
)
INCIDENT = Evidence(
    kind="incident.opened",
    inputs={},
    code="0.1.0",
    result_type="answerable.incident.v1",
    result={"what": "decided without a release"},
)
OTHER = RecordsRead(purpose="test", query="none", count=0)

KINDS_OF_ANY_RECORD = {EntryKind.INCIDENT_OPENED}


@pytest.mark.parametrize("kind", sorted(GOVERNANCE_KINDS - KINDS_OF_ANY_RECORD))
def test_a_record_that_does_not_belong_to_its_kind_is_listed_as_unreadable(
    kind: EntryKind,
) -> None:
    world = World()
    entry = world.append(kind, OTHER)
    registry = world.registry()
    assert registry.unreadable == (entry,)
    assert not (registry.actors)
    assert not (registry.functions)
    assert not (registry.evidence)
    assert not (registry.releases)


@pytest.mark.parametrize(
    ("kind", "record", "place"),
    [
        (EntryKind.USE_CASE_REGISTERED, USE_CASE, "use_cases"),
        (EntryKind.CATALOGUE_REGISTERED, CATALOGUE, "catalogues"),
        (EntryKind.BASELINE_REGISTERED, BASELINE, "baselines"),
    ],
)
def test_what_is_registered_is_found_by_its_digest(
    kind: EntryKind, record: Record, place: str
) -> None:
    world = World()
    entry = world.append(kind, record)
    found = getattr(world.registry(), place)[record.digest]
    assert (found.record, found.at.entry, found.at.ts) == (record, entry, world.now)


def test_a_function_registered_again_keeps_its_first_requester(play: Cast) -> None:
    world = play.world
    world.append(EntryKind.FUNCTION_REGISTERED, play.function, actor=play.officer)
    world.register_policy()
    registry = world.registry()
    assert registry.function("loan@1").at.actor == play.requester
    assert len(registry.policies) == 1


def test_a_retired_actor_is_marked_and_not_forgotten(play: Cast) -> None:
    record = play.world.registry().actors[play.owner].record
    play.world.append(EntryKind.ACTOR_RETIRED, record)
    retired = play.world.registry().actors[play.owner]
    assert retired.retired
    assert retired.record == Actor(
        actor=play.owner, roles=(Role.MODEL_OWNER,), public_key=record.public_key
    )


def test_an_incident_is_open_until_the_entry_that_closes_it(play: Cast) -> None:
    world = play.world
    opened = world.append(EntryKind.INCIDENT_OPENED, INCIDENT, function=play.function.digest)
    incident = world.registry().incidents[opened]
    assert (incident.closed, incident.what, incident.function) == (
        False,
        "answerable.incident.v1",
        play.function.digest,
    )
    world.append(
        EntryKind.INCIDENT_CLOSED, INCIDENT, links=(EntryLink(rel="closes", entry=opened),)
    )
    assert world.registry().incidents[opened].closed


def test_a_withdrawal_that_names_nothing_is_listed(play: Cast) -> None:
    world = play.world
    world.assess(play.function, play.hold_out)
    given = world.sign(play.function, play.owner, Role.MODEL_OWNER)
    signed = world.registry().sign_offs[given].record
    entry = world.append(EntryKind.SIGN_OFF_WITHDRAWN, signed)
    assert world.registry().unreadable == (entry,)


def test_an_assessment_whose_result_cannot_be_read_is_listed(play: Cast) -> None:
    evidence = play.world.assess(play.function, play.hold_out)
    broken = evidence.model_copy(update={"result": {"groups": "gone"}})
    entry = play.world.append(EntryKind.FAIRNESS_ASSESSED, broken)
    registry = play.world.registry()
    assert registry.unreadable == (entry,)
    assert registry.looks(play.hold_out.digest) == 1


def test_kinds_that_do_not_govern_leave_the_registry_as_it_is(play: Cast) -> None:
    before = play.world.registry()
    play.world.append(EntryKind.RECORDS_READ, OTHER)
    assert play.world.registry() == before

"""People and services of the house who try more than their role allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from answerable.api.actor import ActorContext
from answerable.api.flows.access import actor_of_key
from answerable.api.flows.assess import assess
from answerable.api.flows.cases import Applicant, ApplicationRequest
from answerable.api.flows.credentials import is_bound
from answerable.api.flows.decide import evaluate_application
from answerable.api.flows.explain import letter, stored_explanation
from answerable.api.flows.govern import SignOffRequest, release, sign
from answerable.api.flows.lookup import dataset_record
from answerable.api.flows.register import register_actor, register_policy
from answerable.api.flows.review import read_contest
from answerable.api.flows.subject import RequestFacts, access_package, erase, find_subject
from answerable.api.state.credentials import ApiKey, new_secret, secret_hash
from answerable.audit.errors import Conflict, InvalidInput, NotAllowed, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role
from answerable.audit.signing import load_signer_key, public_key_hex
from tests.api.bank import POLICY, rows
from tests.api.cases import prepare
from tests.api.story import FUNCTION, Story, assess_request, decided

FACTS = RequestFacts(received_at=0, identity_check="id-card", article="gdpr-art-17")
OWN_POLICY = POLICY.replace("id: fairness", "id: mine").replace(
    "  - {role: compliance, n: 1, not: [trainer, requester]}\n", ""
)


def sign_alone(story: Story) -> None:
    """Let the model owner register a policy, assess under it and sign, all alone."""
    owner = story.actors[Role.MODEL_OWNER]
    workspace = story.workspace
    policy = register_policy(workspace, OWN_POLICY.encode(), where="mine.yaml", actor=owner)
    function = workspace.registry().function(FUNCTION).record
    request = assess_request(dataset_record(workspace, "loans-hold-out").digest)
    request = replace(request, policy=policy.record.artefact)
    assess(workspace, request, decided(rows(200, shift=1000), workspace, function), actor=owner)
    sign(
        workspace,
        SignOffRequest(function=FUNCTION, role=Role.MODEL_OWNER, statement="Mine."),
        story.folder / "signers" / "model_owner.key",
        actor=owner,
    )


@pytest.mark.parametrize("releaser", [Role.MODEL_OWNER, Role.ADMIN])
def test_nobody_releases_under_a_policy_of_their_own_on_their_own_signature(
    story: Story, releaser: Role
) -> None:
    sign_alone(story)
    before = len(story.workspace.registry().releases)
    with pytest.raises(NotAllowed, match="only person who signed"):
        release(story.workspace, FUNCTION, actor=story.actors[releaser])
    assert len(story.workspace.registry().releases) == before


def test_one_signing_key_is_never_registered_for_two_people(story: Story) -> None:
    key = public_key_hex(load_signer_key(story.folder / "signers" / "model_owner.key"))
    with pytest.raises(Conflict, match="public key"):
        register_actor(
            story.workspace,
            name="Somebody else",
            roles=[Role.COMPLIANCE],
            public_key=key,
            actor=story.operator,
        )


def test_the_key_of_who_has_left_opens_nothing(story: Story) -> None:
    officer, key = story.actors[Role.OFFICER], story.keys[Role.OFFICER]
    assert actor_of_key(story.workspace, key) == officer
    story.workspace.directory.erase(officer.actor)
    assert actor_of_key(story.workspace, key) is None


def test_a_row_slipped_into_the_state_opens_nothing(story: Story) -> None:
    workspace, officer = story.workspace, story.actors[Role.OFFICER]
    made = new_secret(workspace.entropy, kind="ank")
    forged = ApiKey(made.prefix, made.hash, officer.actor, officer.roles, False, "x", 1)
    workspace.state.add_key(forged)
    assert actor_of_key(workspace, made.text) is None


def test_a_row_of_the_state_that_was_given_another_holder_opens_nothing(story: Story) -> None:
    workspace, key = story.workspace, story.keys[Role.SERVICE]
    assert actor_of_key(workspace, key) == story.actors[Role.SERVICE]
    held = workspace.state.key_of(secret_hash(key))
    assert held is not None
    officer = story.actors[Role.OFFICER]
    for changes in ({"actor": officer.actor}, {"roles": officer.roles}, {"created_at": 1}):
        assert not is_bound(workspace, key, replace(held, **changes))


def test_a_service_reads_no_decision_of_another_service(story: Story) -> None:
    workspace = story.workspace
    made = prepare(story).ids["decision_id"]
    other = register_actor(workspace, name="Other", roles=[Role.SERVICE], actor=story.operator)
    stranger = ActorContext(actor=other.actor, roles=frozenset({Role.SERVICE}), service=True)
    own = story.actors[Role.SERVICE]
    assert stored_explanation(workspace, made, purpose="serving", actor=own).verified
    for read in (stored_explanation, letter):
        with pytest.raises(NotAllowed, match="decided itself"):
            read(workspace, made, purpose="serving", actor=stranger)


@pytest.mark.parametrize(
    "applicant",
    [
        Applicant(subject_id="dataset:loans-hold-out"),
        Applicant(subject_id="cust-1", role="dataset"),
    ],
)
def test_no_person_can_be_filed_under_the_key_of_a_data_set(
    story: Story, applicant: Applicant
) -> None:
    request = ApplicationRequest(
        function=FUNCTION, inputs={"income": 800, "debt": 2100}, subjects=(applicant,)
    )
    with pytest.raises(InvalidInput, match="stand for data sets"):
        evaluate_application(story.workspace, request, actor=story.actors[Role.SERVICE])


def test_the_evidence_on_a_data_set_is_not_erased_as_if_it_were_a_person(story: Story) -> None:
    workspace, officer = story.workspace, story.actors[Role.OFFICER]
    (assessed,) = workspace.log.entries(kinds=(EntryKind.FAIRNESS_ASSESSED,))
    ref = assessed.header.subjects[0].ref
    with pytest.raises(NotFound, match="data set's"):
        erase(workspace, ref, FACTS, actor=officer)
    with pytest.raises(NotFound, match="data set's"):
        access_package(workspace, ref, FACTS, purpose="gdpr-art-15", actor=officer)
    with pytest.raises(NotFound):
        find_subject(workspace, "dataset:loans-hold-out", purpose="gdpr-art-15", actor=officer)
    assert not workspace.log.is_erased(ref)


def test_who_read_a_contest_stands_in_the_file_of_who_wrote_it(story: Story) -> None:
    ids = prepare(story).ids
    reviewer = story.actors[Role.REVIEWER]
    read_contest(story.workspace, ids["contest_id"], purpose="human-review", actor=reviewer)
    package = access_package(
        story.workspace, ids["ref"], FACTS, purpose="gdpr-art-15", actor=story.actors[Role.OFFICER]
    )
    reads = package.to_result()["reads"]
    assert isinstance(reads, list)
    assert ("reviewer", "contest") in [
        (read["role"], read["query"]) for read in reads if isinstance(read, dict)
    ]

"""What a data subject may ask: answered whole, noted always, erased for good."""

from __future__ import annotations

import json

import pytest

from answerable.api.actor import ActorContext
from answerable.api.flows.cases import Applicant, ApplicationRequest, Decided
from answerable.api.flows.decide import evaluate_application
from answerable.api.flows.decisions import read_decision
from answerable.api.flows.explain import stored_explanation
from answerable.api.flows.subject import (
    RequestFacts,
    access_package,
    erase,
    find_subject,
    lift_hold,
    object_to,
    place_hold,
    rectify,
    restrict,
)
from answerable.api.flows.verify import verify
from answerable.audit.errors import (
    Conflict,
    Erased,
    InvalidInput,
    NotAllowed,
    NotFound,
    PolicyViolation,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.records import HeldBy, Role, SubjectRequest, SubjectStatement
from answerable.audit.tree.receipts import open_proof
from tests.api.story import APPLICANT, FUNCTION, Story

FACTS = RequestFacts(received_at=1, identity_check="id-card")


def decided(story: Story) -> Decided:
    return evaluate_application(
        story.workspace,
        ApplicationRequest(
            function=FUNCTION,
            inputs={"income": 800, "debt": 2100},
            subjects=(
                Applicant(subject_id="cust-4711", data=dict(APPLICANT)),
                Applicant(subject_id="cust-4712", role="co-applicant", data={"name": "Max P."}),
            ),
        ),
        actor=story.actors[Role.SERVICE],
    )


def officer(story: Story) -> ActorContext:
    return story.actors[Role.OFFICER]


def ref_of(story: Story, subject_id: str = "cust-4711") -> str:
    return find_subject(story.workspace, subject_id, purpose="test", actor=officer(story)).ref


def test_a_person_is_found_by_the_callers_id_and_the_search_is_noted(story: Story) -> None:
    made = decided(story)
    found = find_subject(story.workspace, "cust-4711", purpose="test", actor=officer(story))
    assert {line.kind for line in found.entries} == {"decision", "explanation"}
    assert found.entries[0].entry_id == made.decision_id
    assert not found.erased
    last = story.workspace.log.latest(kinds=(), limit=1)[0]
    assert last.kind is EntryKind.RECORDS_READ
    assert "cust-4711" not in json.dumps(found.to_result())
    with pytest.raises(NotFound):
        find_subject(story.workspace, "nobody", purpose="test", actor=officer(story))


def test_the_access_package_holds_everything_about_one_person_and_no_other(
    story: Story,
) -> None:
    made = decided(story)
    package = access_package(
        story.workspace, ref_of(story), FACTS, purpose="gdpr-art-15", actor=officer(story)
    )
    files = package.files()
    text = files["access.json"].decode()
    assert "Erika Mustermann" in text
    assert "Max P." not in text
    result = json.loads(text)
    kinds = [entry["kind"] for entry in result["entries"]]
    assert {"decision", "explanation", "subject.request"} <= set(kinds)
    assert {read["query"] for read in result["reads"]} == {"subject", "access-package"}
    proof = files[f"{made.decision_id}.tlog-proof"].decode()
    proven = open_proof(proof, result["verification_key"])
    assert made.receipt is not None
    assert proven.seq == made.receipt.seq


def test_statements_are_appended_and_the_decision_stays_what_it_was(story: Story) -> None:
    made = decided(story)
    ref, statement = ref_of(story), SubjectStatement(statement="My income is 900.")
    about = SubjectStatement(entry=made.decision_id, fields={"income": 900})
    rectify(story.workspace, ref, about, actor=officer(story))
    object_to(story.workspace, ref, statement, actor=officer(story))
    before = read_decision(story.workspace, made.decision_id, purpose="test", actor=officer(story))
    assert not before.restricted
    restrict(story.workspace, ref, statement, actor=officer(story))
    after = read_decision(story.workspace, made.decision_id, purpose="test", actor=officer(story))
    assert after.restricted
    assert after.decision == before.decision
    first = story.workspace.log.entry_at(0).id
    with pytest.raises(NotFound, match="not about this person"):
        rectify(story.workspace, ref, SubjectStatement(entry=first), actor=officer(story))


def test_an_erased_person_cannot_be_read_and_the_log_still_verifies(story: Story) -> None:
    made = decided(story)
    ref = ref_of(story)
    done = erase(story.workspace, ref, FACTS, actor=officer(story))
    partner = erase(story.workspace, ref_of(story, "cust-4712"), FACTS, actor=officer(story))
    assert (done.entries, partner.entries) == (2, 2)
    for read in (read_decision, stored_explanation):
        with pytest.raises(Erased):
            read(story.workspace, made.decision_id, purpose="test", actor=officer(story))
    with pytest.raises(Erased):
        erase(story.workspace, ref, FACTS, actor=officer(story))
    with pytest.raises(NotFound):
        ref_of(story)
    report = verify(story.workspace)
    assert report.ok, report.findings


def test_while_one_of_two_applicants_remains_the_case_stays_readable_for_them(
    story: Story,
) -> None:
    made = decided(story)
    erase(story.workspace, ref_of(story), FACTS, actor=officer(story))
    view = read_decision(story.workspace, made.decision_id, purpose="test", actor=officer(story))
    assert [item.data for item in view.subjects] == [None, {"name": "Max P."}]


def test_a_legal_hold_wins_over_an_erasure_and_the_refusal_is_logged(story: Story) -> None:
    decided(story)
    ref = ref_of(story)
    place_hold(story.workspace, ref, ground="litigation", reference="case-7", actor=officer(story))
    with pytest.raises(Conflict):
        place_hold(
            story.workspace, ref, ground="litigation", reference="case-7", actor=officer(story)
        )
    with pytest.raises(PolicyViolation) as caught:
        erase(story.workspace, ref, FACTS, actor=officer(story))
    refusal = story.workspace.log.latest(kinds=(EntryKind.SUBJECT_ERASURE_REFUSED,), limit=1)[0]
    record = story.workspace.log.read_record(refusal.id, SubjectRequest)
    assert (record.outcome, record.ground) == ("refused", "gdpr-17-3-e")
    assert record.holds == (HeldBy(ground="litigation", reference="case-7"),)
    assert f"The refusal is entry {refusal.id}, on the ground gdpr-17-3-e." in str(caught.value)
    assert "Record the refusal" not in str(caught.value)
    lift_hold(story.workspace, ref, ground="litigation", reference="case-7", actor=officer(story))
    assert erase(story.workspace, ref, FACTS, actor=officer(story)).entries == 2
    with pytest.raises(NotFound):
        lift_hold(
            story.workspace, ref, ground="litigation", reference="case-7", actor=officer(story)
        )


def test_a_malformed_code_changes_nothing(story: Story) -> None:
    decided(story)
    ref = ref_of(story)
    size = story.workspace.log.size()
    bad = RequestFacts(received_at=1, identity_check="Saw the passport of Erika")
    for flow in (erase,):
        with pytest.raises(InvalidInput) as caught:
            flow(story.workspace, ref, bad, actor=officer(story))
        assert "Erika" not in str(caught.value)
    with pytest.raises(InvalidInput):
        find_subject(story.workspace, "cust-4711", purpose="No code", actor=officer(story))
    assert story.workspace.log.size() == size
    assert not story.workspace.log.is_erased(ref)


def test_a_data_subject_sees_their_own_decision_only(story: Story) -> None:
    mine, other = decided(story), decided(story)
    person = ActorContext(
        actor=officer(story).actor, roles=frozenset({Role.SUBJECT}), scope=mine.decision_id
    )
    found = stored_explanation(story.workspace, mine.decision_id, purpose="own", actor=person)
    assert found.explanation == mine.explanation
    with pytest.raises(NotAllowed, match="another decision"):
        stored_explanation(story.workspace, other.decision_id, purpose="own", actor=person)

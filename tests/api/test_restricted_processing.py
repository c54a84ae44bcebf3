"""Nobody restricted is decided about without a ground, and the ground stands in the header."""

from __future__ import annotations

import pytest

from answerable.api.flows.cases import Applicant, DecisionRequest
from answerable.api.flows.decide import evaluate_application, record_decision
from answerable.api.flows.decisions import read_decision
from answerable.api.flows.subject import lift_restriction, restrict
from answerable.audit.errors import InvalidInput, PolicyViolation
from answerable.audit.records import (
    Automation,
    Component,
    ComponentKind,
    Evidence,
    Outcome,
    Role,
    SubjectStatement,
)
from tests.api.story import FUNCTION, Story
from tests.api.subjects_kit import application_of, decided, officer, ref_of

GROUND = "gdpr-art-18-2-legal-claims"
WANTED = SubjectStatement(statement="Do not use it.")


def restricted(story: Story) -> str:
    decided(story)
    return restrict(story.workspace, ref_of(story), WANTED, actor=officer(story)).entry_id


def made_elsewhere(ground: str | None = None, *, key: str | None = None) -> DecisionRequest:
    return DecisionRequest(
        function=FUNCTION,
        outcome=Outcome.APPROVE,
        outcome_code="approve",
        automation=Automation.ASSISTED,
        components=(Component(kind=ComponentKind.HUMAN, id="clerk", fired=True),),
        inputs={"income": 4200},
        subjects=(Applicant(subject_id="cust-4711"),),
        restriction_ground=ground,
        idempotency_key=key,
    )


def test_a_new_decision_about_a_restricted_person_is_refused_and_nothing_is_logged(
    story: Story,
) -> None:
    entry = restricted(story)
    size = story.workspace.log.size()
    with pytest.raises(PolicyViolation, match="restricted") as caught:
        evaluate_application(story.workspace, application_of(), actor=story.actors[Role.SERVICE])
    assert entry in str(caught.value)
    assert GROUND in str(caught.value)
    with pytest.raises(InvalidInput, match="no ground"):
        evaluate_application(
            story.workspace,
            application_of(ground="we-want-to"),
            actor=story.actors[Role.SERVICE],
        )
    # One of two applicants is enough.
    both = (Applicant(subject_id="cust-99"), Applicant(subject_id="cust-4711"))
    with pytest.raises(PolicyViolation):
        evaluate_application(
            story.workspace, application_of(*both), actor=story.actors[Role.SERVICE]
        )
    assert story.workspace.log.size() == size


def test_with_a_ground_it_is_decided_and_the_header_says_despite_what_and_why(
    story: Story,
) -> None:
    entry = restricted(story)
    made = evaluate_application(
        story.workspace, application_of(ground=GROUND), actor=story.actors[Role.SERVICE]
    )
    (link,) = story.workspace.log.entry(made.decision_id).header.links
    assert (link.rel, link.entry) == (f"despite:{GROUND}", entry)
    assert made.decision_id in {item.id for item in story.workspace.log.related(entry)}


def test_other_people_are_decided_about_as_before_and_the_officer_may_read(story: Story) -> None:
    made = decided(story)
    restrict(story.workspace, ref_of(story), WANTED, actor=officer(story))
    other = Applicant(subject_id="cust-4712")
    evaluate_application(story.workspace, application_of(other), actor=story.actors[Role.SERVICE])
    view = read_decision(story.workspace, made.decision_id, purpose="test", actor=officer(story))
    assert view.restricted


def test_after_it_is_lifted_the_person_is_decided_about_again(story: Story) -> None:
    restricted(story)
    lift_restriction(
        story.workspace,
        ref_of(story),
        ground="accuracy-verified",
        told_at=story.workspace.clock(),
        actor=officer(story),
    )
    evaluate_application(story.workspace, application_of(), actor=story.actors[Role.SERVICE])


def test_a_decision_made_elsewhere_is_logged_all_the_same_and_opens_an_incident(
    story: Story,
) -> None:
    entry = restricted(story)
    service = story.actors[Role.SERVICE]
    made = record_decision(story.workspace, made_elsewhere(), actor=service)
    assert made.incident is not None
    incident = story.workspace.log.read_record(made.incident.entry_id, Evidence)
    assert incident.result["reason"] == "decision-while-restricted"
    (link,) = story.workspace.log.entry(made.decision_id).header.links
    assert (link.rel, link.entry) == ("despite", entry)
    stated = record_decision(story.workspace, made_elsewhere(GROUND), actor=service)
    assert stated.incident is None


def test_the_same_case_sent_again_gives_the_first_answer_whatever_happened_since(
    story: Story,
) -> None:
    decided(story)
    service = story.actors[Role.SERVICE]
    before = record_decision(story.workspace, made_elsewhere(key="case-1"), actor=service)
    restrict(story.workspace, ref_of(story), WANTED, actor=officer(story))
    again = record_decision(story.workspace, made_elsewhere(key="case-1"), actor=service)
    assert again.receipt is not None
    assert again.receipt.repeated
    assert again.decision_id == before.decision_id
    during = record_decision(story.workspace, made_elsewhere(key="case-2"), actor=service)
    lift_restriction(
        story.workspace,
        ref_of(story),
        ground="verified",
        told_at=story.workspace.clock(),
        actor=officer(story),
    )
    repeated = record_decision(story.workspace, made_elsewhere(key="case-2"), actor=service)
    assert repeated.receipt is not None
    assert repeated.receipt.repeated
    assert repeated.incident is None
    assert repeated.decision_id == during.decision_id

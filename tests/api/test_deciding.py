"""Decisions recorded and made: explained at once, logged always, never twice."""

from __future__ import annotations

from typing import Any

import pytest

from answerable.api.flows.cases import Applicant, ApplicationRequest, DecisionRequest
from answerable.api.flows.decide import evaluate_application, record_decision
from answerable.api.flows.decisions import DecisionQuery, list_decisions, read_decision
from answerable.api.flows.explain import letter, replay, stored_explanation
from answerable.api.flows.govern import suspend
from answerable.api.flows.review import ReviewRequest, complete_review, contest, open_contests
from answerable.audit.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotReleased,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Automation, Component, ComponentKind, Outcome, Role
from tests.api.story import APPLICANT, FUNCTION, Story

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
PERSON = Applicant(subject_id="cust-4711", data=dict(APPLICANT))
PARTNER = Applicant(subject_id="cust-4712", role="co-applicant", data={"name": "Max Partner"})


def case(**changes: Any) -> ApplicationRequest:
    given: dict[str, Any] = {
        "function": FUNCTION,
        "inputs": {"income": 800, "debt": 2100},
        "subjects": (PERSON,),
    }
    return ApplicationRequest(**{**given, **changes})


def made_elsewhere(**changes: Any) -> DecisionRequest:
    given: dict[str, Any] = {
        "function": FUNCTION,
        "outcome": Outcome.APPROVE,
        "outcome_code": "approve",
        "automation": Automation.ASSISTED,
        "components": (Component(kind=ComponentKind.HUMAN, id="clerk", fired=True),),
        "inputs": {"income": 4200},
        "subjects": (PERSON,),
    }
    return DecisionRequest(**{**given, **changes})


def service(story: Story) -> Any:
    return story.actors[Role.SERVICE]


def test_a_declined_applicant_gets_reasons_and_a_way_out(story: Story) -> None:
    made = evaluate_application(story.workspace, case(), actor=service(story))
    assert made.decision.outcome is Outcome.DECLINE
    assert made.explanation is not None
    assert [reason.code for reason in made.explanation.reasons] == ["income", "debt"]
    assert made.explanation.counterfactuals[0].status == "valid"
    assert made.decision.explanation == made.explanation.digest


def test_what_was_explained_then_is_what_is_served_and_replayed(story: Story) -> None:
    made = evaluate_application(story.workspace, case(), actor=service(story))
    officer = story.actors[Role.OFFICER]
    found = stored_explanation(story.workspace, made.decision_id, purpose="test", actor=officer)
    assert found.explanation == made.explanation
    assert found.verified
    again = replay(story.workspace, made.decision_id, purpose="test", actor=officer)
    assert again.identical
    assert again.differing == ()


@pytest.mark.parametrize("view", ["applicant_letter", "art15_access", "art86", "auditor_full"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_each_letter_addresses_the_person_and_is_logged(
    story: Story, view: str, language: str
) -> None:
    made = evaluate_application(story.workspace, case(), actor=service(story))
    issued = letter(
        story.workspace,
        made.decision_id,
        view=view,
        language=language,
        purpose="test",
        actor=story.actors[Role.OFFICER],
    )
    assert "Erika Mustermann" in issued.letter.text
    assert made.decision_id in issued.letter.html
    assert story.workspace.log.entry(issued.receipt.entry_id).kind is EntryKind.LETTER_ISSUED


def test_a_letter_whose_facts_are_not_set_says_which(story: Story) -> None:
    made = evaluate_application(story.workspace, case(), actor=service(story))
    size = story.workspace.log.size()
    with pytest.raises(InvalidInput, match="consumer_report"):
        letter(
            story.workspace,
            made.decision_id,
            view="regb_c1",
            purpose="test",
            actor=story.actors[Role.OFFICER],
        )
    assert story.workspace.log.size() == size


def test_a_knock_out_rule_decides_without_the_model(story: Story) -> None:
    request = case(inputs={"income": 9000, "debt": 2600})
    made = evaluate_application(story.workspace, request, actor=service(story))
    assert made.decision.outcome is Outcome.DECLINE
    assert [item.id for item in made.decision.components if item.fired] == ["debt_limit"]
    assert made.decision.score is None


def test_two_applicants_stand_in_one_decision_each_with_their_own_data(story: Story) -> None:
    made = evaluate_application(
        story.workspace, case(subjects=(PERSON, PARTNER)), actor=service(story)
    )
    view = read_decision(
        story.workspace, made.decision_id, purpose="test", actor=story.actors[Role.REVIEWER]
    )
    assert [(item.role, item.data) for item in view.subjects] == [
        ("applicant", dict(APPLICANT)),
        ("co-applicant", {"name": "Max Partner"}),
    ]


@pytest.mark.parametrize("mark", [{"decision_id": ID}, {"idempotency_key": "key-0001"}])
def test_asking_twice_under_one_id_gives_the_first_answer(
    story: Story, mark: dict[str, str]
) -> None:
    first = evaluate_application(story.workspace, case(**mark), actor=service(story))
    size = story.workspace.log.size()
    second = evaluate_application(story.workspace, case(**mark), actor=service(story))
    assert second.receipt is not None
    assert second.receipt.repeated
    assert (second.decision_id, second.explanation) == (first.decision_id, first.explanation)
    assert second.explanation_id == first.explanation_id
    recorded = record_decision(
        story.workspace, made_elsewhere(idempotency_key="other-key"), actor=service(story)
    )
    again = record_decision(
        story.workspace, made_elsewhere(idempotency_key="other-key"), actor=service(story)
    )
    assert again.receipt is not None
    assert again.receipt.repeated
    assert again.decision_id == recorded.decision_id
    assert story.workspace.log.size() == size + 1


def test_asking_twice_after_a_suspension_still_gives_the_first_answer(story: Story) -> None:
    request, other = case(decision_id=ID), made_elsewhere(idempotency_key="key-0001")
    first = evaluate_application(story.workspace, request, actor=service(story))
    record_decision(story.workspace, other, actor=service(story))
    suspend(story.workspace, FUNCTION, reason="drift", actor=story.actors[Role.OFFICER])
    second = evaluate_application(story.workspace, request, actor=service(story))
    assert second.explanation == first.explanation
    assert record_decision(story.workspace, other, actor=service(story)).incident is None


@pytest.mark.parametrize(
    "changed",
    [
        {"inputs": {"income": 801, "debt": 2100}},
        {"subjects": (Applicant(subject_id="cust-9"),)},
        {"subjects": (Applicant(subject_id="cust-4711", data={"name": "Other"}),)},
        {"reference": "other"},
    ],
)
def test_the_same_id_with_other_content_is_a_conflict(
    story: Story, changed: dict[str, Any]
) -> None:
    evaluate_application(story.workspace, case(decision_id=ID), actor=service(story))
    size = story.workspace.log.size()
    with pytest.raises(Conflict):
        evaluate_application(story.workspace, case(decision_id=ID, **changed), actor=service(story))
    assert story.workspace.log.size() == size


def test_without_a_release_nothing_is_decided_but_everything_is_recorded(story: Story) -> None:
    suspend(story.workspace, FUNCTION, reason="drift", actor=story.actors[Role.MODEL_OWNER])
    size = story.workspace.log.size()
    with pytest.raises(NotReleased):
        evaluate_application(story.workspace, case(), actor=service(story))
    assert story.workspace.log.size() == size
    made = record_decision(story.workspace, made_elsewhere(), actor=service(story))
    assert made.incident is not None
    assert story.workspace.log.entry(made.decision_id).header.release == "none"
    incident = story.workspace.log.entry(made.incident.entry_id)
    assert incident.kind is EntryKind.INCIDENT_OPENED
    assert [link.entry for link in incident.header.links] == [made.decision_id]
    assert made.incident.entry_id in story.workspace.registry().incidents


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"function": "none@1"}, NotFound),
        ({"subjects": ()}, InvalidInput),
        ({"inputs": {"income": 1}}, InvalidInput),
        ({"inputs": {"income": 1, "debt": 1, "age": 1}}, InvalidInput),
        ({"groups": {"sex": "other"}}, InvalidInput),
        ({"groups": {"race": "x"}}, InvalidInput),
        ({"decision_id": "not-an-id"}, InvalidInput),
    ],
)
def test_a_bad_case_is_refused_and_changes_nothing(
    story: Story, changed: dict[str, Any], error: type[Exception]
) -> None:
    size = story.workspace.log.size()
    with pytest.raises(error):
        evaluate_application(story.workspace, case(**changed), actor=service(story))
    assert story.workspace.log.size() == size


def test_an_outcome_code_outside_the_registered_set_is_refused(story: Story) -> None:
    with pytest.raises(InvalidInput, match="outcome code"):
        record_decision(
            story.workspace, made_elsewhere(outcome_code="free-text"), actor=service(story)
        )


def test_decisions_are_listed_newest_first_without_personal_data(story: Story) -> None:
    ids = [
        evaluate_application(
            story.workspace, case(inputs={"income": income, "debt": 100}), actor=service(story)
        ).decision_id
        for income in (800, 4000, 900)
    ]
    lines = list_decisions(story.workspace, DecisionQuery(limit=2))
    assert [line.entry_id for line in lines] == ids[:0:-1]
    rest = list_decisions(story.workspace, DecisionQuery(after=lines[-1].seq))
    assert [line.entry_id for line in rest] == ids[:1]
    approved = list_decisions(story.workspace, DecisionQuery(function=FUNCTION, outcome="approve"))
    assert [line.entry_id for line in approved] == [ids[1]]


def test_a_person_overturns_a_decision_and_the_new_one_supersedes_it(story: Story) -> None:
    workspace, reviewer = story.workspace, story.actors[Role.REVIEWER]
    made = evaluate_application(workspace, case(), actor=service(story))
    filed = contest(workspace, made.decision_id, grounds="Look again.", actor=service(story))
    assert [line.contest_id for line in open_contests(workspace)] == [filed.entry_id]
    request = ReviewRequest(
        decision_id=made.decision_id,
        result="overturned",
        reason_code="new-facts",
        contest_id=filed.entry_id,
        new_outcome=Outcome.APPROVE,
    )
    done = complete_review(workspace, request, actor=reviewer)
    assert done.new_decision is not None
    assert open_contests(workspace) == []
    view = read_decision(workspace, done.new_decision.entry_id, purpose="test", actor=reviewer)
    assert view.decision.outcome is Outcome.APPROVE
    assert view.decision.automation is Automation.MANUAL
    assert view.decision.supersedes == made.decision_id
    assert [item.id for item in view.decision.components if item.fired] == ["new-facts"]
    assert view.subjects[0].data == dict(APPLICANT)
    old = read_decision(workspace, made.decision_id, purpose="test", actor=reviewer)
    assert old.superseded_by == done.new_decision.entry_id
    assert old.decision.outcome is Outcome.DECLINE
    with pytest.raises(Conflict, match="superseded"):
        complete_review(workspace, request, actor=reviewer)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"result": "overturned"}, InvalidInput),
        ({"result": "upheld", "new_outcome": Outcome.APPROVE}, InvalidInput),
        # The case is declined: declining it again overturns nothing.
        (
            {
                "result": "overturned",
                "new_outcome": Outcome.DECLINE,
                "new_outcome_code": "decline",
            },
            InvalidInput,
        ),
        ({"result": "upheld", "contest_id": ID}, NotFound),
        ({"result": "upheld", "decision_id": ID}, NotFound),
        (
            {
                "result": "overturned",
                "new_outcome": Outcome.PARTIAL,
                "new_outcome_code": "partial",
            },
            InvalidInput,
        ),
    ],
)
def test_a_review_that_makes_no_sense_is_refused(
    story: Story, changed: dict[str, Any], error: type[Exception]
) -> None:
    made = evaluate_application(story.workspace, case(), actor=service(story))
    given: dict[str, Any] = {"decision_id": made.decision_id, "reason_code": "x"}
    size = story.workspace.log.size()
    with pytest.raises(error):
        complete_review(
            story.workspace,
            ReviewRequest(**{**given, **changed}),
            actor=story.actors[Role.REVIEWER],
        )
    assert story.workspace.log.size() == size


def test_a_machine_never_reviews(story: Story) -> None:
    made = evaluate_application(story.workspace, case(), actor=service(story))
    with pytest.raises(NotAllowed, match="person"):
        complete_review(
            story.workspace,
            ReviewRequest(decision_id=made.decision_id, result="upheld", reason_code="x"),
            actor=service(story),
        )

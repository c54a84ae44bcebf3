"""Recorded and evaluated decisions, as the flows make them."""

from __future__ import annotations

from answerable.api.flows.cases import Applicant, ApplicationRequest
from answerable.api.flows.decide import evaluate_application
from answerable.audit.records import Outcome, Role
from tests.api.story import FUNCTION, Story


def test_a_declined_applicant_gets_reasons_and_a_way_out(story: Story) -> None:
    made = evaluate_application(
        story.workspace,
        ApplicationRequest(
            function=FUNCTION,
            inputs={"income": 800, "debt": 2100},
            subjects=(Applicant(subject_id="cust-1", data={"name": "A"}),),
            groups={"sex": "female"},
        ),
        actor=story.actors[Role.SERVICE],
    )
    assert made.decision.outcome is Outcome.DECLINE
    assert made.explanation is not None
    assert [reason.code for reason in made.explanation.reasons] == ["income", "debt"]
    assert made.decision.explanation == made.explanation.digest

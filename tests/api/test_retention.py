"""Retention over HTTP: planned, signed by one person elsewhere, run by another, and told."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.testclient import TestClient

from answerable.api.flows.cases import Applicant, ApplicationRequest
from answerable.api.flows.decide import evaluate_application
from answerable.api.flows.verify import verify
from answerable.audit.records import RetentionApproval, Role
from answerable.audit.signing import load_signer_key
from tests.api.cases import RETENTION, prepare
from tests.api.story import DAY, FUNCTION, Story, headers


@pytest.fixture
def old(story: Story) -> Story:
    """Two years after two decisions: of one nothing is open, the other was contested."""
    evaluate_application(
        story.workspace,
        ApplicationRequest(
            function=FUNCTION,
            inputs={"income": 800, "debt": 2100},
            subjects=(Applicant(subject_id="customer-1"),),
        ),
        actor=story.actors[Role.SERVICE],
    )
    prepare(story)
    story.clock.now += 730 * DAY
    story.workspace.log.checkpoint()
    return story


def prepared(client: TestClient, story: Story, role: Role = Role.COMPLIANCE) -> dict[str, object]:
    """The approval of who asks, signed with their own key over the bytes the service gave."""
    answer = client.post(
        "/v1/retention/approvals:prepare",
        json={"policy": RETENTION, "valid_days": 3},
        headers=headers(story, role),
    )
    assert answer.status_code == 200, answer.text
    key: Ed25519PrivateKey = load_signer_key(story.folder / "signers" / f"{role.value}.key")
    signature = key.sign(bytes.fromhex(answer.json()["signed_bytes"])).hex()
    return {**answer.json()["approval"], "signature": signature}


def run(client: TestClient, story: Story, role: Role, approval: dict[str, object]) -> int:
    answer = client.post(
        "/v1/retention/runs",
        json={"policy": RETENTION, "approval": approval},
        headers=headers(story, role),
    )
    return answer.status_code


def test_what_was_planned_is_removed_by_another_person_and_told(
    client: TestClient, old: Story
) -> None:
    officer = headers(old, Role.OFFICER)
    checkpoint = old.workspace.log.checkpoint()
    planned = client.post("/v1/retention:plan", json={"policy": RETENTION}, headers=officer).json()
    bodies = next(item for item in planned["ranges"] if item["what"] == "body")
    assert bodies["count"] > 0
    assert [item["why"] for item in planned["held"]] != []
    assert planned["held_count"] == len(planned["held"])
    approval = prepared(client, old)
    done = client.post(
        "/v1/retention/runs",
        json={"policy": RETENTION, "approval": approval},
        headers=headers(old, Role.ADMIN),
    )
    assert done.status_code == 200, done.text
    assert done.json()["bodies"] > 0
    found = client.get("/v1/retention", headers=officer).json()
    assert found["floors"]["body"] == bodies["end"]
    assert len(found["runs"]) == done.json()["slices"] > 0
    assert found["runs"][0]["approval"]["approver"] == old.actors[Role.COMPLIANCE].actor
    assert found["runs"][0]["actor"] == old.actors[Role.ADMIN].actor
    assert verify(old.workspace, checkpoint=checkpoint).findings == ()


def test_who_approved_does_not_run_it(client: TestClient, old: Story) -> None:
    approval, size = prepared(client, old), old.workspace.log.size()
    assert run(client, old, Role.COMPLIANCE, approval) == 403
    assert old.workspace.log.size() == size


def test_an_approval_that_was_changed_or_is_over_removes_nothing(
    client: TestClient, old: Story
) -> None:
    approval, size = prepared(client, old), old.workspace.log.size()
    assert RetentionApproval.parse(approval).expires_at < old.clock.now + 4 * DAY
    longer = {**approval, "expires_at": old.clock.now + 80 * DAY}
    assert run(client, old, Role.ADMIN, longer) == 500
    assert run(client, old, Role.ADMIN, {**approval, "approver": "nobody"}) == 422
    old.clock.now += 4 * DAY
    assert run(client, old, Role.ADMIN, approval) == 409
    assert old.workspace.log.size() == size


def test_only_who_holds_the_roles_of_the_policy_is_given_something_to_sign(
    client: TestClient, old: Story
) -> None:
    answer = client.post(
        "/v1/retention/approvals:prepare",
        json={"policy": RETENTION},
        headers=headers(old, Role.AUDITOR),
    )
    assert answer.status_code == 403
    assert "compliance" in answer.json()["detail"]


def test_a_policy_below_the_floor_is_refused_by_line(client: TestClient, old: Story) -> None:
    answer = client.post(
        "/v1/retention:plan",
        json={"policy": RETENTION.replace("200", "90")},
        headers=headers(old, Role.AUDITOR),
    )
    assert answer.status_code == 422
    assert "policy:6" in answer.text
    assert "183" in answer.text

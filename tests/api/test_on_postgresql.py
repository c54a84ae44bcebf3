"""The same road on PostgreSQL: release, decide, explain, contest, erase, verify."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from answerable.api.flows.verify import verify
from answerable.api.http.app import create_app
from answerable.audit.records import Role
from tests.api.story import application, build_story, headers


def test_a_decision_lives_and_is_erased_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    story = build_story(tmp_path, settings={"database_url": postgres_url})
    client = TestClient(create_app(story.workspace))
    service, officer = headers(story, Role.SERVICE), headers(story, Role.OFFICER)
    body = application(decision_id="01890a5d-ac96-774b-bcce-b302099a8057")
    made = client.post("/v1/decisions:evaluate", json=body, headers=service)
    again = client.post("/v1/decisions:evaluate", json=body, headers=service)
    assert (made.status_code, again.status_code) == (201, 200)
    assert again.json()["explanation"] == made.json()["explanation"]
    path = f"/v1/decisions/{body['decision_id']}"
    contested = client.post(f"{path}/contests", json={"grounds": "Too harsh."}, headers=officer)
    assert contested.status_code == 201
    found = client.post(
        "/v1/subjects:search", json={"subject_id": "cust-4711"}, headers=officer
    ).json()
    facts = {"received_at": 1, "identity_check": "id-card"}
    erased = client.post(f"/v1/subjects/{found['ref']}:erase", json=facts, headers=officer)
    assert erased.json()["entries"] == 3
    assert client.get(path, headers=officer).status_code == 410
    assert verify(story.workspace).ok
    story.workspace.close()

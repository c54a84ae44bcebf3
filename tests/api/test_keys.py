"""Identifiers, receipts of erasures and disclosure over HTTP."""

from __future__ import annotations

from starlette.testclient import TestClient

from answerable.api.http.app import create_app
from answerable.audit.disclosure import Disclosure, open_disclosure
from answerable.audit.erasure_receipt import ErasureReceipt
from answerable.audit.records import Role
from tests.api.story import Story, application


def client_of(story: Story) -> TestClient:
    return TestClient(create_app(story.workspace), raise_server_exceptions=False)


def headers(story: Story, role: Role) -> dict[str, str]:
    return {"Authorization": f"Bearer {story.keys[role]}", "Answerable-Purpose": "test"}


def test_a_person_is_found_by_either_identifier_and_erased_by_one(story: Story) -> None:
    client, officer = client_of(story), headers(story, Role.OFFICER)
    body = application("cust-9")
    service = headers(story, Role.SERVICE)
    assert client.post("/v1/decisions:evaluate", json=body, headers=service).status_code == 201
    ids = {"subject_id": "cust-9", "further_id": "crm-9", "source": "crm"}
    added = client.post("/v1/subjects:add-identifier", json=ids, headers=officer)
    assert added.status_code == 201
    assert "crm-9" not in added.text
    again = client.post("/v1/subjects:add-identifier", json=ids, headers=officer)
    assert again.status_code == 409
    search = client.post("/v1/subjects:search", json={"subject_id": "crm-9"}, headers=officer)
    ref = search.json()["ref"]
    assert ref == added.json()["ref"]
    erased = client.post(
        f"/v1/subjects/{ref}:erase",
        json={"received_at": story.workspace.clock(), "identity_check": "id-card"},
        headers=officer,
    )
    assert erased.status_code == 200, erased.text
    entry = erased.json()["receipt"]["entry_id"]
    answer = client.get(f"/v1/erasures/{entry}", headers=officer)
    receipt = ErasureReceipt.parse(answer.json())
    assert (receipt.ref, receipt.key_backup_days) == (ref, None)
    assert receipt.entries == 2
    gone = client.post("/v1/subjects:search", json={"subject_id": "crm-9"}, headers=officer)
    assert gone.status_code == 404


def test_a_disclosed_part_opens_with_the_logs_key_alone(story: Story) -> None:
    client, officer = client_of(story), headers(story, Role.OFFICER)
    service = headers(story, Role.SERVICE)
    made = client.post("/v1/decisions:evaluate", json=application("cust-8"), headers=service)
    decision = made.json()["decision_id"]
    given = client.post(
        f"/v1/entries/{decision}:disclose",
        json={"part": 0, "recipient": "court-vienna"},
        headers=officer,
    )
    assert given.status_code == 200, given.text
    disclosure = Disclosure.parse(given.json()["disclosure"])
    opened = open_disclosure(disclosure, story.workspace.log.vkey)
    assert opened.header.id == decision
    clear = story.workspace.log.entry_at(0).id
    refused = client.post(
        f"/v1/entries/{clear}:disclose", json={"recipient": "court"}, headers=officer
    )
    assert refused.status_code == 422

"""Questions to the log: answered by reference, in pages, and recorded before they are answered."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from answerable.api.flows.review import ReviewRequest, complete_review, contest
from answerable.api.flows.subject import place_hold
from answerable.api.flows.verify import verify
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import Draw, DrawnEntry, Sample, Scope, verify_sample
from answerable.audit.records import Outcome, QueryAsked, Role
from tests.api.story import CANARIES, FUNCTION, Story, application, headers

NONCE = "0f" * 16
QUESTIONS: dict[str, dict[str, object]] = {
    "adverse": {"function": FUNCTION},
    "affected": {"count": True},
    "oversight": {"count": True},
    "acts": {"count": True},
    "reads": {"count": True},
    "irregularities": {"count": True},
    "counts": {"recount": True},
    "lineage": {},
}


def ask(client: TestClient, story: Story, name: str, **body: object) -> Any:
    answer = client.post(f"/v1/queries/{name}", headers=headers(story, Role.AUDITOR), json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def decide(client: TestClient, story: Story, count: int, **changes: object) -> list[str]:
    ids = []
    for number in range(count):
        body = application(f"customer-{number % 4}", **changes)
        sent = headers(story, Role.SERVICE)
        answer = client.post("/v1/decisions:evaluate", headers=sent, json=body)
        assert answer.status_code == 201, answer.text
        ids.append(answer.json()["decision_id"])
    return ids


def last_question(story: Story) -> QueryAsked:
    (entry,) = story.workspace.log.latest(kinds=(EntryKind.QUERY_ASKED,), limit=1)
    return story.workspace.log.read_record(entry.id, QueryAsked)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_recorded_with_who_asked_and_why(
    name: str, client: TestClient, story: Story
) -> None:
    decide(client, story, 2)
    size = story.workspace.log.size()
    found = ask(client, story, name, **QUESTIONS[name])
    (entry,) = story.workspace.log.latest(limit=1)
    assert (entry.kind, entry.id) == (EntryKind.QUERY_ASKED, found["asked"])
    assert entry.seq == size == found["size"]
    assert (entry.header.actor, entry.header.role, entry.header.purpose) == (
        story.actors[Role.AUDITOR].actor,
        Role.AUDITOR,
        "test-purpose",
    )
    record = last_question(story)
    assert (record.query, record.count) == (name, len(found["items"]))
    assert record.model_dump(mode="json")["parameters"] == found["parameters"]
    assert not any(canary in str(found) for canary in CANARIES)
    assert verify(story.workspace).ok


def test_adverse_decisions_come_in_pages_that_a_cursor_continues(
    client: TestClient, story: Story
) -> None:
    declined = decide(client, story, 5)
    decide(client, story, 2, inputs={"income": 4200, "debt": 100})
    found, cursor = [], None
    while True:
        page = ask(client, story, "adverse", function=FUNCTION, limit=2, cursor=cursor)
        found += [item["entry_id"] for item in page["items"]]
        assert page["summary"] == {
            "adverse": ["decline"],
            "adverse_from": "function",
            "function_name": FUNCTION,
        }
        cursor = page["next"]
        if cursor is None:
            break
    assert found == declined
    given = ask(client, story, "adverse", function=FUNCTION, outcomes=["approve"])
    assert given["summary"]["adverse_from"] == "given"
    assert len(given["items"]) == 2
    first = ask(client, story, "adverse", function=FUNCTION, limit=2)
    wrong = client.post(
        "/v1/queries/adverse",
        headers=headers(story, Role.AUDITOR),
        json={"function": FUNCTION, "outcomes": ["decline"], "cursor": first["next"]},
    )
    assert wrong.status_code == 422


def test_whom_a_function_affected_is_told_by_reference_alone(
    client: TestClient, story: Story
) -> None:
    decide(client, story, 6)
    found = ask(client, story, "affected", function=FUNCTION, count=True)
    assert found["summary"] == {"persons": 4}
    assert len({item["ref"] for item in found["items"]}) == len(found["items"]) == 4
    assert all(item["ref"].startswith("s-") for item in found["items"])
    assert ask(client, story, "affected", function=FUNCTION)["summary"] == {"persons": None}


def test_oversight_names_the_override_its_reviewer_and_the_time(
    client: TestClient, story: Story
) -> None:
    first, second = decide(client, story, 2)
    officer, reviewer = story.actors[Role.OFFICER], story.actors[Role.REVIEWER]
    filed = contest(story.workspace, first, grounds="Erika says no.", actor=officer)
    request = ReviewRequest(
        decision_id=first,
        result="overturned",
        reason_code="income-corrected",
        contest_id=filed.entry_id,
        new_outcome=Outcome.APPROVE,
    )
    done = complete_review(story.workspace, request, actor=reviewer)
    upheld = ReviewRequest(decision_id=second, result="upheld", reason_code="checked")
    complete_review(story.workspace, upheld, actor=reviewer)
    found = ask(client, story, "oversight", count=True)
    assert [item["what"] for item in found["items"]] == ["contest", "override", "review", "review"]
    review = found["items"][2]
    assert done.new_decision is not None
    assert review["replaced_by"] == done.new_decision.entry_id
    assert review["actor"] == reviewer.actor
    assert review["took_us"] > 0
    totals = found["summary"]
    assert (totals["reviews"], totals["overturned"], totals["share_overturned"]) == (2, 1, 0.5)
    assert "Erika" not in str(found)
    assert ask(client, story, "irregularities", count=True)["summary"] == {"counts": {}}


def test_acts_and_reads_name_grounds_and_purposes(client: TestClient, story: Story) -> None:
    (decision,) = decide(client, story, 1)
    ref = story.workspace.log.entry(decision).header.subjects[0].ref
    officer = story.actors[Role.OFFICER]
    place_hold(story.workspace, ref, ground="litigation", reference="case-7", actor=officer)
    sent = headers(story, Role.OFFICER)
    body = {"received_at": 1780000000000000, "identity_check": "id-card"}
    assert client.post(f"/v1/subjects/{ref}:erase", headers=sent, json=body).status_code == 409
    assert client.get(f"/v1/decisions/{decision}", headers=sent).status_code == 200
    acts = ask(client, story, "acts", count=True)
    assert acts["summary"]["by_ground"] == {
        "hold.placed": {"litigation": 1},
        "subject.erasure_refused": {"gdpr-17-3-e": 1},
    }
    only = ask(client, story, "acts", kinds=["hold.placed"])
    assert [item["facts"]["reference"] for item in only["items"]] == ["case-7"]
    reads = ask(client, story, "reads", read_for="test-purpose", count=True)
    assert {item["kind"] for item in reads["items"]} == {"records.read", "query.asked"}
    assert reads["items"][0]["subjects"] == [ref]
    assert {line["role"] for line in reads["summary"]["by_purpose"]} == {"officer", "auditor"}
    assert reads["asked"] not in {item["entry_id"] for item in reads["items"]}
    nothing = ask(client, story, "reads", read_for="never")
    assert nothing["items"] == []


def test_counts_and_lineage_name_function_release_and_data(
    client: TestClient, story: Story
) -> None:
    decide(client, story, 3)
    counts = ask(client, story, "counts", recount=True)
    assert counts["summary"] == {"decisions": 3, "differences": []}
    assert [(item["function_name"], item["n"]) for item in counts["items"]] == [(FUNCTION, 3)]
    assert ask(client, story, "counts")["summary"]["differences"] is None
    (line,) = ask(client, story, "lineage", function=FUNCTION)["items"]
    assert (line["function_name"], line["decisions"]) == (FUNCTION, 3)
    assert len(line["releases"]) == 1
    registry = story.workspace.registry()
    assert line["releases"][0]["entry_id"] in registry.releases
    assert line["data"][0]["name"] == "loans-training"
    assert line["data"][0]["fingerprint"].startswith("sha256:")
    day = counts["items"][0]["day"]
    inside = ask(client, story, "counts", first_day=day, last_day=day)
    assert inside["summary"]["decisions"] == 3
    assert ask(client, story, "counts", last_day="2020-01-01")["items"] == []


def test_since_a_checkpoint_the_growth_is_proven(client: TestClient, story: Story) -> None:
    note = client.get("/v1/audit/checkpoint", headers=headers(story, Role.AUDITOR)).text
    decide(client, story, 2)
    found = ask(client, story, "changes", checkpoint=note, limit=2)
    summary = found["summary"]
    assert summary["kinds"] == {"decision": 2, "explanation": 2}
    rest, cursor = found["items"], found["next"]
    until = summary["new_size"]
    page = ask(client, story, "changes", checkpoint=note, limit=2, until_size=until)
    rest, cursor = page["items"], page["next"]
    while cursor is not None:
        page = ask(
            client, story, "changes", checkpoint=note, limit=2, until_size=until, cursor=cursor
        )
        rest += page["items"]
        cursor = page["next"]
    assert [item["seq"] for item in rest] == list(range(summary["old_size"], until))
    for wrong in ("not a note", note.replace("\n", "\n\n", 1), note[:-10]):
        sent = {"checkpoint": wrong}
        path, auditor = "/v1/queries/changes", headers(story, Role.AUDITOR)
        answer = client.post(path, headers=auditor, json=sent)
        assert answer.status_code == 422, wrong


def test_a_sample_is_recomputed_by_whoever_holds_the_headers(
    client: TestClient, story: Story
) -> None:
    decide(client, story, 12)
    note = client.get("/v1/audit/checkpoint", headers=headers(story, Role.AUDITOR)).text
    decide(client, story, 3)
    found = ask(client, story, "sample", checkpoint=note, n=4, nonce=NONCE, function=FUNCTION)
    summary = found["summary"]
    assert (summary["chosen_by"], summary["earlier_draws"]) == ("examiner", 0)
    assert summary["population"] == {"decline": 12}
    log = story.workspace.log
    held = [entry.header_bytes for entry in log.entries(limit=summary["checkpoint_size"])]
    sample = Sample(
        log=summary["log"],
        size=summary["checkpoint_size"],
        root=summary["checkpoint_root"],
        chosen_by=summary["chosen_by"],
        population=summary["population"],
        drawn=tuple(
            DrawnEntry(item["seq"], item["entry_id"], item["outcome"], item["rank"])
            for item in found["items"]
        ),
    )
    digest = found["parameters"]["function"]
    scope = Scope(kinds=(EntryKind.DECISION,), function=digest)
    how = Draw(n=4, nonce=NONCE)
    verify_sample(sample, held, note=note, vkey=log.vkey, scope=scope, how=how)
    again = ask(client, story, "sample", checkpoint=note, n=4, function=FUNCTION)
    assert (again["summary"]["chosen_by"], again["summary"]["earlier_draws"]) == ("operator", 1)
    assert last_question(story).parameters["checkpoint"] == found["parameters"]["checkpoint"]


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("adverse", {}, 422),
        ("adverse", {"function": "nobody@1"}, 404),
        ("adverse", {"function": "sha256:" + "00" * 32}, 422),
        ("adverse", {"function": FUNCTION, "limit": 501}, 422),
        ("affected", {"since": -1}, 422),
        ("affected", {"automation": "perhaps"}, 422),
        ("acts", {"kinds": ["no.kind"]}, 422),
        ("counts", {"first_day": "2026-02-30"}, 422),
        ("counts", {"first_day": "yesterday"}, 422),
        ("reads", {"read_for": "Because Erika"}, 422),
        ("reads", {"cursor": "AAAA"}, 422),
        ("sample", {"checkpoint": "x", "n": 3}, 422),
        ("sample", {"checkpoint": "x", "n": 3, "nonce": "abc"}, 422),
        ("sample", {"checkpoint": "x", "n": 0}, 422),
    ],
)
def test_a_bad_question_is_refused_and_nothing_is_recorded(
    name: str, body: dict[str, object], status: int, client: TestClient, story: Story
) -> None:
    size = story.workspace.log.size()
    answer = client.post(f"/v1/queries/{name}", headers=headers(story, Role.AUDITOR), json=body)
    assert answer.status_code == status, answer.text
    assert "Erika" not in answer.text
    assert story.workspace.log.size() == size


def test_without_a_purpose_nothing_is_answered(client: TestClient, story: Story) -> None:
    sent = headers(story, Role.AUDITOR)
    del sent["Answerable-Purpose"]
    size = story.workspace.log.size()
    for name, body in QUESTIONS.items():
        assert client.post(f"/v1/queries/{name}", headers=sent, json=body).status_code == 422
    assert story.workspace.log.size() == size

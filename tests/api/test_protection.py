"""What surrounds the routes: limits, headers, log lines, caching, a locked database."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from answerable.api.flows.access import list_api_keys, revoke_api_key
from answerable.api.http.app import create_app
from answerable.api.http.middleware import BodyLimit
from answerable.audit.records import Role
from tests.api.story import CANARIES, FUNCTION, Story, application, headers

Maker = Callable[..., Story]


def test_a_body_over_the_limit_is_refused_before_it_is_parsed(story_with: Maker) -> None:
    story = story_with(body_limit_bytes=2048)
    client = TestClient(create_app(story.workspace))
    size = story.workspace.log.size()
    sent = headers(story, Role.SERVICE)
    big = application(reference="x" * 3000)
    assert client.post("/v1/decisions:evaluate", json=big, headers=sent).status_code == 413

    def stream() -> object:
        yield b"x" * 1500
        yield b"x" * 1500

    streamed = client.post("/v1/decisions:evaluate", content=stream(), headers=sent)  # type: ignore[arg-type]
    assert streamed.status_code == 413
    assert story.workspace.log.size() == size


def test_too_many_requests_of_one_key_wait_and_others_do_not(story_with: Maker) -> None:
    story = story_with(rate_limit="3/hour")
    client = TestClient(create_app(story.workspace))
    officer, auditor = headers(story, Role.OFFICER), headers(story, Role.AUDITOR)
    statuses = [client.get("/v1/whoami", headers=officer).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = client.get("/v1/whoami", headers=officer)
    assert 1 <= int(refused.headers["Retry-After"]) <= 3600
    assert refused.json()["type"] == "urn:answerable:problem:too-busy"
    assert client.get("/v1/whoami", headers=auditor).status_code == 200
    assert client.get("/healthz/live").status_code == 200


def test_every_answer_carries_the_strict_headers(client: TestClient, story: Story) -> None:
    for path in ("/v1/whoami", "/v1/none", "/healthz/live", "/openapi.json"):
        answer = client.get(path, headers=headers(story, Role.OFFICER))
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert len(answer.headers["X-Request-Id"]) == 16


def test_html_is_served_under_a_policy_without_unsafe_sources(
    client: TestClient, story: Story
) -> None:
    made = client.post(
        "/v1/decisions:evaluate", json=application(), headers=headers(story, Role.SERVICE)
    ).json()
    for path in (f"/v1/cards/{FUNCTION}", f"/v1/decisions/{made['decision_id']}/explanation"):
        answer = client.get(path, headers=headers(story, Role.OFFICER, Accept="text/html"))
        assert answer.headers["content-type"].startswith("text/html")
        assert "style-src 'sha256-" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert "<script" not in answer.text


def test_what_never_changes_is_not_sent_twice(client: TestClient, story: Story) -> None:
    first = story.workspace.log.entry_at(0)
    path = f"/v1/audit/entries/{first.id}"
    answer = client.get(path, headers=headers(story, Role.AUDITOR))
    again = client.get(
        path, headers=headers(story, Role.AUDITOR, **{"If-None-Match": answer.headers["ETag"]})
    )
    assert (answer.status_code, again.status_code, again.content) == (200, 304, b"")
    other = headers(story, Role.AUDITOR, **{"If-None-Match": '"other"'})
    assert client.get(path, headers=other).status_code == 200


def test_a_revoked_key_opens_nothing(client: TestClient, story: Story) -> None:
    keys = list_api_keys(story.workspace, actor=story.operator)
    officer = next(key for key in keys if key.name == "Test officer")
    assert client.get("/v1/whoami", headers=headers(story, Role.OFFICER)).status_code == 200
    revoke_api_key(story.workspace, officer.prefix, actor=story.operator)
    assert client.get("/v1/whoami", headers=headers(story, Role.OFFICER)).status_code == 401


def test_reading_personal_data_needs_a_purpose_and_leaves_a_trace(
    client: TestClient, story: Story
) -> None:
    made = client.post(
        "/v1/decisions:evaluate", json=application(), headers=headers(story, Role.SERVICE)
    ).json()
    path = f"/v1/decisions/{made['decision_id']}"
    key = {"Authorization": f"Bearer {story.keys[Role.OFFICER]}"}
    size = story.workspace.log.size()
    for sent in (key, {**key, "Answerable-Purpose": "Because I want to"}):
        answer = client.get(path, headers=sent)
        assert answer.status_code == 422
        assert "Because" not in answer.text
    assert story.workspace.log.size() == size
    assert client.get(path, headers=headers(story, Role.OFFICER)).status_code == 200
    trace = story.workspace.log.latest(kinds=(), limit=1)[0]
    assert trace.kind.value == "records.read"
    assert trace.header.purpose == "test-purpose"
    assert [link.entry for link in trace.header.links] == [made["decision_id"]]


def test_a_locked_database_is_unavailable_and_nothing_is_lost(story_with: Maker) -> None:
    story = story_with(lock_seconds=0)
    client = TestClient(create_app(story.workspace))
    lock = sqlite3.connect(story.folder / "data" / "log.db", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        answer = client.post(
            "/v1/decisions:evaluate", json=application(), headers=headers(story, Role.SERVICE)
        )
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:answerable:problem:unavailable"
    again = client.post(
        "/v1/decisions:evaluate", json=application(), headers=headers(story, Role.SERVICE)
    )
    assert again.status_code == 201


def test_planted_names_reach_no_error_no_log_line_and_no_url(
    capsys: pytest.CaptureFixture[str], client: TestClient, story: Story
) -> None:
    service, officer = headers(story, Role.SERVICE), headers(story, Role.OFFICER)
    made = client.post("/v1/decisions:evaluate", json=application(), headers=service).json()
    path = f"/v1/decisions/{made['decision_id']}"
    name, iban, mail, customer = CANARIES
    refused = [
        client.post("/v1/decisions:evaluate", json=application(name=name), headers=service),
        client.post("/v1/decisions:evaluate", json=application(inputs={name: 1}), headers=service),
        client.post("/v1/decisions", json=application(outcome=iban), headers=service),
        client.get(f"/v1/decisions/{name}", headers=officer),
        client.get(f"{path}?customer={customer}&mail={mail}", headers=service),
        client.get(f"{path}/explanation?language={name}", headers=officer),
        client.get(f"{path}/explanation?{name}={iban}", headers=officer),
        client.get(f"/v1/{name}/{iban}", headers=officer),
        client.get(path, headers={**officer, "Answerable-Purpose": name}),
        client.get(path, headers={"Authorization": f"Bearer {name}"}),
        client.post(f"{path}/contests", json={"grounds": name, iban: 1}, headers=officer),
        client.post(f"{path}/reviews", json={"result": name, "reason_code": iban}, headers=officer),
        client.post("/v1/subjects:search", json={"subject_id": name}, headers=officer),
        client.post("/v1/subjects:search", json={"subject": customer}, headers=officer),
        client.get(f"/v1/audit/entries?cursor={name}", headers=officer),
        client.get(f"/v1/audit/entries?kind={mail}", headers=officer),
    ]
    # These are allowed, and their personal data belongs to the answer, not to the log lines.
    client.get(path, headers=officer)
    client.post("/v1/subjects:search", json={"subject_id": customer}, headers=officer)
    client.get(f"{path}/explanation", headers={**officer, "Accept": "text/html"})
    logged = capsys.readouterr()
    for canary in CANARIES:
        for answer in refused:
            assert 400 <= answer.status_code < 500
            assert canary not in answer.text
            assert all(canary not in value for value in answer.headers.values())
        assert canary not in logged.err + logged.out
    lines = [json.loads(line) for line in logged.err.splitlines()]
    assert len(lines) == len(refused) + 4
    assert {"/v1/decisions/{decision_id}", "/v1/subjects:search"} <= {
        line["route"] for line in lines
    }
    header_bytes = b"".join(
        entry.header_bytes for entry in story.workspace.log.latest(kinds=(), limit=100)
    )
    assert not any(canary.encode() in header_bytes for canary in CANARIES)


def test_a_body_that_breaks_off_reaches_no_route() -> None:
    reached: list[bytes] = []

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        reached.append((await receive())["body"])

    parts: list[Message] = [
        {"type": "http.request", "body": b"confirm=yes", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return parts.pop(0)

    async def send(_message: Message) -> None:
        reached.append(b"answered")

    scope: Scope = {"type": "http", "headers": [], "path": "/", "method": "POST"}
    asyncio.run(BodyLimit(app, limit_bytes=1000)(scope, receive, send))
    assert reached == []

"""The log fails while the service decides: what the caller sees, and what is recorded of it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from answerable.api.flows.verify import verify
from answerable.api.http.app import create_app
from answerable.api.http.middleware import Admission
from answerable.api.wiring import open_workspace
from answerable.audit.entries import Draft
from answerable.audit.health import HealthState
from answerable.audit.kinds import EntryKind
from answerable.audit.records import CallerCounted, LoggingFailed, Role
from answerable.audit.tree.checkpoints import open_checkpoint
from answerable.audit.writer import Writer
from tests.api.story import APPLICANT, CANARIES, FUNCTION, Story, application, headers

Maker = Callable[..., Story]
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@contextmanager
def outage(story: Story) -> Iterator[None]:
    """Another program holds the log's database while the block runs."""
    holder = sqlite3.connect(story.folder / "data" / "log.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()


def client_of(story: Story) -> TestClient:
    story.workspace.registry()
    story.workspace.restrictions().entries()
    return TestClient(create_app(story.workspace), raise_server_exceptions=False)


def evaluated(client: TestClient, story: Story, **changes: Any) -> Any:
    return client.post(
        "/v1/decisions:evaluate",
        json=application(**changes),
        headers=headers(story, Role.SERVICE),
    )


def test_no_receipt_no_decision(story_with: Maker) -> None:
    story = story_with(lock_seconds=0)
    client, size = client_of(story), story.workspace.log.size()
    with outage(story):
        refused = evaluated(client, story)
        assert refused.status_code == 503
        assert "outcome" not in refused.text
        ready = client.get("/healthz/ready")
        assert ready.status_code == 503
        detail = client.get("/v1/health", headers=headers(story, Role.ADMIN)).json()
        assert (detail["state"], detail["refused"], detail["cause"]) == (
            "failing",
            2,
            "unavailable",
        )
    assert story.workspace.log.size() == size
    # Nobody sends decisions to a service that is not ready: asking whether it is finds out.
    assert client.get("/healthz/ready").json()["status"] == "ok"
    (gap,) = story.workspace.log.latest(kinds=(EntryKind.LOGGING_FAILED,))
    said = story.workspace.log.read_record(gap.id, LoggingFailed)
    assert (said.refused, said.spooled, said.cause) == (2, 0, "unavailable")
    assert evaluated(client, story).status_code == 201
    assert verify(story.workspace).ok


def test_in_fail_open_the_caller_is_told_that_it_is_spooled(story_with: Maker) -> None:
    story = story_with(lock_seconds=0, release_modes={"loan": "fail_open"})
    client = client_of(story)
    with outage(story):
        made = evaluated(client, story, decision_id=ID)
        assert made.status_code == 200
        body = made.json()
        assert (body["recorded"], body["receipt"], body["outcome"]) == ("spooled", None, "decline")
        again = evaluated(client, story, decision_id=ID).json()
        assert again["recorded"] == "spooled"
        assert again["explanation"] == body["explanation"]
        other = evaluated(client, story, decision_id=ID, inputs={"income": 1, "debt": 1})
        assert other.status_code == 409
        assert client.get("/healthz/ready").json()["status"] == "degraded"
        metrics = client.get("/v1/metrics", headers=headers(story, Role.ADMIN)).text
        assert 'answerable_log_state{state="degraded"} 1.0' in metrics
        assert 'answerable_log_entries_total{kind="decision",result="spooled"}' in metrics
        assert "answerable_log_spool_entries 2.0" in metrics
    held = b"".join(path.read_bytes() for path in (story.folder / "spool").rglob("*.frame"))
    assert held
    assert not any(canary.encode() in held for canary in CANARIES)
    assert story.workspace.recorder.tend().replayed == 2
    logged = evaluated(client, story, decision_id=ID)
    assert (logged.status_code, logged.json()["recorded"]) == (200, "logged")
    assert logged.json()["receipt"]["repeated"]
    assert logged.json()["explanation"] == body["explanation"]
    assert client.get("/healthz/ready").json()["status"] == "ok"
    assert verify(story.workspace).ok


def recorded(**changes: object) -> dict[str, object]:
    return {
        "function": FUNCTION,
        "outcome": "approve",
        "outcome_code": "approve",
        "automation": "assisted",
        "components": [{"kind": "human", "id": "clerk", "fired": True}],
        "inputs": {"income": 4200},
        "subjects": [{"subject_id": "customer-18", "data": dict(APPLICANT)}],
        **changes,
    }


def test_a_decision_made_elsewhere_waits_too(story_with: Maker) -> None:
    story = story_with(lock_seconds=0, release_mode="fail_open")
    client, sent = client_of(story), headers(story, Role.SERVICE)
    with outage(story):
        waits = client.post("/v1/decisions", json=recorded(), headers=sent)
        assert (waits.status_code, waits.json()["recorded"]) == (200, "spooled")
    story.workspace.recorder.tend()
    entry = story.workspace.log.entry(waits.json()["decision_id"])
    assert entry.header.at is not None
    assert entry.header.at < entry.header.ts


def test_an_anchored_decision_is_covered_outside_before_it_is_handed_out(
    story_with: Maker,
) -> None:
    story = story_with(release_mode="anchored")
    client, head = client_of(story), story.workspace.settings.head_path
    made = evaluated(client, story)
    assert made.status_code == 201
    covered = open_checkpoint(head.read_text(encoding="utf-8"), story.workspace.log.vkey)
    assert covered.size > made.json()["receipt"]["seq"]
    head.unlink()
    head.mkdir()
    assert evaluated(client, story).status_code in {500, 503}
    assert story.workspace.recorder.health.state is HealthState.DEGRADED


def test_a_log_behind_its_outside_head_is_read_only_and_nothing_is_spooled(
    story_with: Maker,
) -> None:
    story = story_with(release_mode="fail_open")
    files = (story.folder / "data").glob("log.db*")
    copies = {path: path.read_bytes() for path in files}
    evaluated(client_of(story), story)
    story.workspace.log.checkpoint()
    story.workspace.close()
    for path in (story.folder / "data").glob("log.db*"):
        path.unlink()
    for path, data in copies.items():
        path.write_bytes(data)
    with open_workspace(
        story.workspace.settings, clock=story.workspace.clock, entropy=story.workspace.entropy
    ) as behind:
        client = TestClient(create_app(behind), raise_server_exceptions=False)
        assert evaluated(client, story).status_code == 503
        assert client.get("/healthz/ready").status_code == 503
        state = client.get("/v1/health", headers=headers(story, Role.ADMIN)).json()
        assert (state["state"], state["waiting"]) == ("read_only", 0)


def test_one_line_says_that_logging_fails_and_one_that_it_works_again(
    story_with: Maker, capsys: pytest.CaptureFixture[str]
) -> None:
    story = story_with(lock_seconds=0)
    client = client_of(story)
    with outage(story):
        evaluated(client, story)
        evaluated(client, story)
    evaluated(client, story)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    states = [line for line in lines if line["event"] == "log state"]
    assert [(line["state"], line["level"], line["code"]) for line in states] == [
        ("failing", "error", "unavailable"),
        ("recording", "info", "unavailable"),
    ]


def test_what_needs_no_key_says_one_word(story_with: Maker) -> None:
    story = story_with(lock_seconds=0)
    client = client_of(story)
    assert client.get("/healthz/ready").json().keys() == {"status", "size"}
    with outage(story):
        evaluated(client, story)
        body = client.get("/healthz/ready").json()
        assert body["detail"] == "log: decisions cannot be recorded."


# --------------------------------------------------------------------------- back-pressure


def test_more_requests_than_fit_are_told_to_come_again_and_do_nothing() -> None:
    reached: list[str] = []
    statuses: list[int] = []

    async def crowd() -> None:
        inside, go = asyncio.Event(), asyncio.Event()

        async def app(scope: Scope, _receive: Receive, send: Send) -> None:
            reached.append(scope["path"])
            inside.set()
            await go.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def receive() -> Message:
            return {"type": "http.request"}

        answers: list[Message] = []

        async def send(message: Message) -> None:
            answers.append(message)

        def scope(path: str) -> Scope:
            return {"type": "http", "headers": [], "path": path, "method": "POST"}

        bounded = Admission(app, limit=1)
        first = asyncio.create_task(bounded(scope("/v1/first"), receive, send))
        await inside.wait()
        await bounded(scope("/v1/second"), receive, send)
        refused = dict(answers[0]["headers"])
        assert refused[b"retry-after"] == b"1"
        go.set()
        await first
        await bounded(scope("/v1/third"), receive, send)
        statuses.extend(item["status"] for item in answers if "status" in item)

    asyncio.run(crowd())
    assert reached == ["/v1/first", "/v1/third"]
    assert statuses == [429, 200, 200]


def test_a_full_queue_of_the_log_is_429_and_nothing_is_written(story_with: Maker) -> None:
    story = story_with(release_mode="fail_open")
    client, log = client_of(story), story.workspace.log
    writer = Writer(log._database, log._scribe, queue_limit=1)
    log._writer = writer
    size = log.size()
    waits = Draft(
        kind=EntryKind.CALLER_COUNTED,
        entry_id=ID,
        record=CallerCounted.parse(count()),
        actor=story.actors[Role.SERVICE].actor,
        role=Role.SERVICE,
    )

    async def crowd() -> None:
        queued, held, done = asyncio.Event(), threading.Event(), threading.Event()

        def hold() -> None:
            held.set()
            assert done.wait(60)

        holder = threading.Thread(target=writer._group.alone, args=(hold,))
        holder.start()
        assert held.wait(60)
        first = asyncio.ensure_future(log.aappend(waits))
        asyncio.get_running_loop().call_soon(queued.set)
        await queued.wait()
        refused = evaluated(client, story)
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "1"
        assert log.size() == size
        done.set()
        holder.join(60)
        await first

    asyncio.run(crowd())
    assert log.size() == size + 1
    health = story.workspace.recorder.health
    assert (health.failures, health.waiting) == (0, 0)
    metrics = client.get("/v1/metrics", headers=headers(story, Role.ADMIN)).text
    assert 'answerable_log_entries_total{kind="decision",result="deferred"} 1.0' in metrics
    assert evaluated(client, story).status_code == 201


def test_an_entry_that_is_too_large_is_413_and_no_outage(story_with: Maker) -> None:
    story = story_with(body_limit_bytes=40_000_000)
    client, size = client_of(story), story.workspace.log.size()
    big = recorded(inputs={"text": "x" * 17_000_000})
    answer = client.post("/v1/decisions", json=big, headers=headers(story, Role.SERVICE))
    assert answer.status_code == 413
    assert story.workspace.log.size() == size
    assert story.workspace.recorder.health.failures == 0


# --------------------------------------------------------------------------- counts


def count(**changes: object) -> dict[str, object]:
    window = {"start": 1_780_000_000_000_000, "end": 1_790_000_000_000_000}
    said = {"series": "loan", "first_number": 1, "last_number": 4, "count": 4}
    return {**said, **window, **changes}


def numbered(client: TestClient, story: Story, *numbers: int) -> None:
    for number in numbers:
        made = evaluated(client, story, counter={"series": "loan", "number": number})
        assert made.status_code == 201


def test_the_report_names_the_numbers_that_are_missing(client: TestClient, story: Story) -> None:
    sent = headers(story, Role.SERVICE)
    numbered(client, story, 1, 2, 4)
    assert client.post("/v1/counts", json=count(), headers=sent).status_code == 201
    auditor = headers(story, Role.AUDITOR)
    report = client.get("/v1/completeness", headers=auditor).json()
    (window,) = report["series"][0]["windows"]
    assert not report["complete"]
    assert (window["expected"], window["logged"], window["missing"]) == (4, 3, [[3, 3]])
    numbered(client, story, 3)
    assert client.get("/v1/completeness", headers=auditor).json()["complete"]
    numbered(client, story, 2, 9)
    report = client.get("/v1/completeness?series=loan", headers=auditor).json()
    (window,) = report["series"][0]["windows"]
    assert (window["duplicates"], report["series"][0]["beyond"]) == ([2], 1)
    assert client.get("/v1/completeness?series=other", headers=auditor).json()["series"] == []


def test_a_series_belongs_to_the_service_that_counts_it(client: TestClient, story: Story) -> None:
    numbered(client, story, 1)
    entry = story.workspace.log.latest(kinds=(EntryKind.DECISION,))[0]
    (link,) = entry.header.links
    assert link.rel == "count:loan"
    assert story.actors[Role.SERVICE].actor not in str(link.digest)
    refused = client.post("/v1/counts", json=count(), headers=headers(story, Role.OFFICER))
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "changes",
    [{"count": 5}, {"count": 0}, {"last_number": 0}, {"end": 1}, {"last_number": 2_000_000}],
)
def test_a_count_that_cannot_be_is_refused(
    client: TestClient, story: Story, changes: dict[str, object]
) -> None:
    size = story.workspace.log.size()
    sent = headers(story, Role.SERVICE)
    answer = client.post("/v1/counts", json=count(**changes), headers=sent)
    assert answer.status_code == 422
    assert story.workspace.log.size() == size

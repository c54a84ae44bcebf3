"""completeness and spool: what the operator sees and does after logging failed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from starlette.testclient import TestClient

from answerable.api.flows.subject import RequestFacts, erase
from answerable.api.http.app import create_app
from answerable.api.settings import load_settings
from answerable.api.wiring import Workspace, local_actor, open_workspace
from answerable.audit.records import Role
from tests.api.story import application
from tests.command_line import Shop

WINDOW = {"start": 1_700_000_000_000_000, "end": 1_900_000_000_000_000}


@contextmanager
def served(shop: Shop) -> Iterator[tuple[TestClient, Workspace]]:
    settings = load_settings(
        database_url=f"{shop.db}?timeout=0.05",
        key_dir=shop.folder / "keys",
        artefact_dir=shop.folder / "artefacts",
        spool_dir=shop.folder / "spool",
        release_mode="fail_open",
    )
    with open_workspace(settings) as workspace:
        workspace.registry()
        yield TestClient(create_app(workspace), raise_server_exceptions=False), workspace


def decide(client: TestClient, shop: Shop, name: str, number: int) -> str:
    body = application(name, counter={"series": "loan", "number": number})
    sent = {"Authorization": f"Bearer {shop.keys[Role.SERVICE]}"}
    answer = client.post("/v1/decisions:evaluate", json=body, headers=sent)
    assert answer.status_code in {200, 201}
    return str(answer.json()["decision_id"])


def state(client: TestClient, shop: Shop, last: int) -> None:
    body = {"series": "loan", "first_number": 1, "last_number": last, "count": last, **WINDOW}
    sent = {"Authorization": f"Bearer {shop.keys[Role.SERVICE]}"}
    assert client.post("/v1/counts", json=body, headers=sent).status_code == 201


def test_without_a_count_there_is_nothing_to_compare(shop: Shop) -> None:
    assert shop.run("completeness").code == 3


def test_a_missing_number_is_named_and_the_exit_code_says_so(shop: Shop) -> None:
    with served(shop) as (client, _):
        decide(client, shop, "cust-1", 1)
        decide(client, shop, "cust-2", 3)
        state(client, shop, 3)
        ran = shop.run("completeness", "--json", "-")
        assert ran.code == 4
        assert ran.json["series"][0]["windows"][0]["missing"] == [[2, 2]]
        decide(client, shop, "cust-3", 2)
    assert shop.run("completeness", "--series", "loan").code == 0
    assert shop.run("completeness", "--series", "other").code == 3


@pytest.fixture
def aside(shop: Shop) -> str:
    """A decision about somebody who was erased before it was replayed."""
    with served(shop) as (client, workspace):
        with closing(sqlite3.connect(shop.database, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            waits = decide(client, shop, "cust-4711", 1)
            holder.execute("ROLLBACK")
        ref = workspace.log.subject_ref("cust-4711")
        assert ref is not None
        request = RequestFacts(received_at=workspace.clock(), identity_check="id-card")
        erase(workspace, ref, request, actor=local_actor(workspace))
    return waits


def test_what_was_set_aside_is_listed_and_settled(shop: Shop, aside: str) -> None:
    assert "2 entries wait" in shop.run("spool", "list").out
    replayed = shop.run("spool", "replay")
    assert replayed.code == 0
    assert "0 entries replayed, 1 appends not" in replayed.out
    assert aside in shop.run("spool", "list").out
    assert shop.run("spool", "settle", aside, "keep").code == 2
    assert shop.run("spool", "settle", aside, "drop").code == 0
    assert shop.run("spool", "settle", aside, "drop").code == 2
    assert aside not in shop.run("spool", "list").out
    assert list((shop.folder / "spool").rglob("*.frame")) == []
    assert shop.run("verify").code == 0


def test_doctor_says_what_a_mode_asks_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> dict[str, tuple[str, str]]:
        checks = shop.run("doctor", "--json", "-").json["checks"]
        return {check["name"]: (check["state"], check["advice"]) for check in checks}

    assert said()["release mode"][0] == "good"
    assert said()["clock"][0] == "warning"
    monkeypatch.setenv("ANSWERABLE_RELEASE_MODES", '{"loan": "fail_open"}')
    monkeypatch.setenv("ANSWERABLE_CLOCK_SOURCE", "ntp.example.org")
    assert said()["release mode"][0] == "warning"
    assert "ntp.example.org" in said()["clock"][1]

"""A log that cannot be used: keys, database, ids. One clear error, and nothing is changed.

Told twice where both doors exist: on the command line (exit code and message) and over HTTP
(a problem of RFC 9457).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from answerable.api.http.app import create_app
from answerable.api.settings import load_settings
from answerable.api.wiring import open_workspace
from answerable.audit.records import Role
from tests.api.story import application
from tests.command_line import Ran, Shop, answerable, built_shop, refused

UNKNOWN: Final = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
def shop(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shop:
    for name in [name for name in os.environ if name.startswith("ANSWERABLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return built_shop(tmp_path_factory.getbasetemp()).copy(tmp_path / "shop")


# --------------------------------------------------------------------------- keys


def _absent(keys: Path, _other: Path) -> None:
    shutil.rmtree(keys)


def _foreign(keys: Path, other: Path) -> None:
    shutil.rmtree(keys)
    shutil.copytree(other, keys)


def _readable_by_others(keys: Path, _other: Path) -> None:
    keys.chmod(0o755)


def _pepper_gone(keys: Path, _other: Path) -> None:
    (keys / "pepper").unlink()


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (_absent, 2, ("key",)),
        (_foreign, 6, ("key",)),
        (_readable_by_others, 6, ("chmod 700",)),
        (_pepper_gone, 2, ("key",)),
    ],
)
def test_a_wrong_or_missing_key_opens_nothing_and_makes_nothing(
    shop: Shop,
    tmp_path: Path,
    spoil: Callable[[Path, Path], None],
    code: int,
    words: tuple[str, ...],
) -> None:
    other = tmp_path / "other"
    made = answerable_with(other, "init", "--db", f"sqlite:///{other}/data/log.db")
    assert made.code == 0
    spoil(shop.folder / "keys", other / "keys")
    before, size = _files(shop.folder / "keys"), shop.size()
    for command in (("answer", shop.decision), ("log", "head"), ("gate", "loan@1")):
        refused(shop.run(*command), code, *words)
    assert _files(shop.folder / "keys") == before
    assert shop.size() == size


def answerable_with(folder: Path, *arguments: str) -> Ran:
    """Run a command with keys and artefacts in `folder`."""
    names = {"ANSWERABLE_KEY_DIR": "keys", "ANSWERABLE_ARTEFACT_DIR": "artefacts"}
    with pytest.MonkeyPatch.context() as patch:
        for name, part in names.items():
            patch.setenv(name, str(folder / part))
        patch.setenv("ANSWERABLE_ORIGIN", "test.example/log")
        return answerable(*arguments)


def _files(folder: Path) -> list[tuple[str, bytes]]:
    return sorted((str(path), path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def test_a_log_that_does_not_exist_is_not_made_by_looking(tmp_path: Path) -> None:
    nowhere = ("--db", f"sqlite:///{tmp_path}/no.db")
    refused(answerable_with(tmp_path, "gate", "loan@1", *nowhere), 2, "ANSWERABLE_KEY_DIR")
    refused(answerable_with(tmp_path, "verify", *nowhere), 2, "no.db")
    assert list(tmp_path.iterdir()) == []
    assert answerable_with(tmp_path, "init", "--db", f"sqlite:///{tmp_path}/yes.db").code == 0
    refused(answerable_with(tmp_path, "gate", "loan@1", *nowhere), 2, "no.db")
    assert not (tmp_path / "no.db").exists()


@pytest.mark.parametrize("url", ["log.db", "mysql://host/x", "sqlite:///"])
def test_an_address_that_is_none_is_refused(url: str, tmp_path: Path) -> None:
    refused(answerable_with(tmp_path, "verify", "--db", url), 2, "address")
    assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------------------------- the database


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a database, how to bring it about, and the word that says it."""

    name: str
    word: str
    pragmas: tuple[str, ...] = ()


TROUBLES: Final = (
    Trouble("locked", "locked"),
    # SQLite takes the number of pages there are when fewer are asked for.
    Trouble("full", "full", ("PRAGMA max_page_count = 1",)),
    Trouble("read-only", "only be read", ("PRAGMA query_only = ON",)),
)


@contextmanager
def in_trouble(shop: Shop, trouble: Trouble) -> Iterator[None]:
    """Bring it about for every connection that is opened inside."""

    def spoil(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in trouble.pragmas:
            connection.execute(pragma)

    event.listen(Engine, "connect", spoil)
    try:
        with closing(sqlite3.connect(shop.database, isolation_level=None)) as other:
            if trouble.name == "locked":
                other.execute("BEGIN IMMEDIATE")
            yield
    finally:
        event.remove(Engine, "connect", spoil)


@contextmanager
def served(shop: Shop) -> Iterator[TestClient]:
    """Serve a shop; a lock is waited for 50 ms."""
    settings = load_settings(
        database_url=f"{shop.db}?timeout=0.05",
        key_dir=shop.folder / "keys",
        artefact_dir=shop.folder / "artefacts",
        origin="test.example/log",
    )
    with (
        open_workspace(settings) as workspace,
        TestClient(create_app(workspace), raise_server_exceptions=False) as client,
    ):
        yield client


def post(client: TestClient, shop: Shop, path: str, body: object, role: Role = Role.SERVICE) -> Any:
    headers = {"Authorization": f"Bearer {shop.keys[role]}", "Answerable-Purpose": "test"}
    return client.post(path, json=body, headers=headers)


def is_problem(answer: Any, status: int, code: str, *words: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:answerable:problem:{code}"
    assert problem["status"] == status
    for word in words:
        assert word in problem["detail"]


EVALUATE: Final = "/v1/decisions:evaluate"


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_over_http_a_database_in_trouble_is_a_503_and_loses_nothing(
    shop: Shop, trouble: Trouble
) -> None:
    # More than the free space of the last page.
    body = application("cust-1", inputs={"income": 800, "debt": 2100})
    body["subjects"] = [{"subject_id": "cust-1", "data": {"note": "x" * 50_000}}]
    size = shop.size()
    with in_trouble(shop, trouble), served(shop) as client:
        is_problem(post(client, shop, EVALUATE, body), 503, "unavailable", trouble.word)
        assert shop.size() == size
    with served(shop) as client:
        assert post(client, shop, EVALUATE, body).status_code == 201
    # A decision, its explanation, and the entry that says that logging had failed.
    assert shop.size() == size + 3
    assert shop.run("verify").code == 0


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_on_the_command_line_a_database_in_trouble_is_code_6_and_loses_nothing(
    shop: Shop, trouble: Trouble
) -> None:
    contest = ("contest", shop.decision, "--grounds", "x" * 50_000)
    impatient = f"{shop.db}?timeout=0.05"
    size = shop.size()
    with in_trouble(shop, trouble):
        refused(answerable(*contest, "--db", impatient), 6, trouble.word)
        assert shop.size() == size
    assert shop.run(*contest).code == 0
    assert shop.size() == size + 1
    assert shop.run("verify").code == 0


def test_a_file_that_is_no_database_is_said_and_left_alone(tmp_path: Path, shop: Shop) -> None:
    text = tmp_path / "text.db"
    text.write_text("only text, long enough to look like a file header " * 40, encoding="utf-8")
    before = text.read_bytes()
    ran = answerable("verify", "--db", f"sqlite:///{text}")
    refused(ran, 6, "SQLite")
    assert text.read_bytes() == before


# --------------------------------------------------------------------------- decisions


def test_an_unknown_decision_is_a_404_for_every_question(shop: Shop) -> None:
    size = shop.size()
    with served(shop) as client:
        headers = {
            "Authorization": f"Bearer {shop.keys[Role.OFFICER]}",
            "Answerable-Purpose": "test",
        }
        for path in ("", "/answer", "/explanation"):
            answer = client.get(f"/v1/decisions/{UNKNOWN}{path}", headers=headers)
            is_problem(answer, 404, "not-found", "Check the id")
        body = {"grounds": "x"}
        answer = post(client, shop, f"/v1/decisions/{UNKNOWN}/contests", body, Role.OFFICER)
        is_problem(answer, 404, "not-found")
    assert shop.size() == size


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": {"income": 900, "debt": 2100}},
        {"subjects": [{"subject_id": "cust-2", "data": {"name": "Erika Mustermann"}}]},
        {"subjects": [{"subject_id": "cust-1", "data": {"name": "Somebody Else"}}]},
        {"reference": "another-reference"},
        {"groups": {"sex": "male"}},
        {"amounts": [{"name": "requested", "minor_units": 1, "currency": "EUR"}]},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("by", ["decision_id", "Idempotency-Key"])
def test_a_second_decision_with_the_same_id_and_other_content_is_a_conflict(
    shop: Shop, change: dict[str, object], by: str
) -> None:
    body = application("cust-1", subjects=[{"subject_id": "cust-1", "data": {"name": "Erika M."}}])
    headers = {"Authorization": f"Bearer {shop.keys[Role.SERVICE]}"}
    if by == "decision_id":
        body["decision_id"] = UNKNOWN
    else:
        headers[by] = "application-0001"
    with served(shop) as client:
        first = client.post(EVALUATE, json=body, headers=headers)
        assert first.status_code == 201
        size = shop.size()
        is_problem(client.post(EVALUATE, json={**body, **change}, headers=headers), 409, "conflict")
        assert shop.size() == size
        again = client.post(EVALUATE, json=body, headers=headers)
        assert again.status_code == 200
        assert again.json()["explanation"] == first.json()["explanation"]
    assert shop.size() == size


def test_inputs_the_function_does_not_take_are_refused_and_not_repeated(shop: Shop) -> None:
    size = shop.size()
    with served(shop) as client:
        for inputs in (
            {"income": 800},
            {"income": 800, "debt": 1, "Erika": 1},
            {"income": "Erika", "debt": 1},
            {"income": True, "debt": [1]},
        ):
            answer = post(client, shop, EVALUATE, application("cust-1", inputs=inputs))
            is_problem(answer, 422, "invalid-input")
            assert "Erika" not in answer.text
        answer = post(client, shop, EVALUATE, application("cust-1", function="loan@9"))
        is_problem(answer, 404, "not-found")
    assert shop.size() == size


def test_a_wrong_or_missing_api_key_is_a_401_whatever_is_asked(shop: Shop) -> None:
    with served(shop) as client:
        good = shop.keys[Role.SERVICE]
        for key in ("", "nonsense", good[:-1] + ("A" if good[-1] != "A" else "B")):
            answer = client.post(
                EVALUATE, json=application(), headers={"Authorization": f"Bearer {key}"}
            )
            is_problem(answer, 401, "not-authenticated")
            assert answer.headers["www-authenticate"] == "Bearer"

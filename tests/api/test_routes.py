"""Every route: anonymous is 401, a wrong role is 403, and the documented example works.

The table below names each operation once; an operation that is missing from it, or one
that is gone, fails the test. Bodies come from the interface's own examples, so each
example in the description is one that was executed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from answerable.api.http.app import create_app
from answerable.audit.records import Role
from tests.api.cases import CASES, Case, Prepared, prepare
from tests.api.story import Story, copy_story, headers

OPEN = {("GET", "/healthz/live"), ("GET", "/healthz/ready")}
ALL = tuple(role for role in Role if role is not Role.SUBJECT)


Document = dict[str, Any]


@pytest.fixture(scope="module")
def shared(told: Story, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    story = copy_story(told, tmp_path_factory.mktemp("shared") / "story", seed="shared")
    yield prepare(story)
    story.workspace.close()


@pytest.fixture(scope="module")
def visitor(shared: Prepared) -> TestClient:
    return TestClient(create_app(shared.story.workspace), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def document(shared: Prepared) -> Document:
    return create_app(shared.story.workspace).openapi()


def test_the_table_names_every_operation_once(document: Document) -> None:
    found = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert {(case.method, case.path) for case in CASES} == found - OPEN
    assert len(CASES) == len({(case.method, case.path) for case in CASES})


def test_every_operation_says_what_it_does_and_how_it_refuses(document: Document) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            assert operation["summary"]
            assert operation["responses"].keys() >= {"4XX", "5XX"}
            assert "422" not in operation["responses"]
    assert "Problem" in document["components"]["schemas"]


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.method == "POST"], ids=lambda case: case.id
)
def test_every_body_has_an_example(case: Case, document: Document) -> None:
    assert (example_of(document, case) is not None) == case.has_example


def example_of(document: Document, case: Case) -> dict[str, object] | None:
    operation = document["paths"][case.path][case.method.lower()]
    if "requestBody" not in operation:
        return None
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    examples = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]].get("examples")
    return examples[0] if examples else None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_nobody_gets_in_without_a_key(case: Case, shared: Prepared, visitor: TestClient) -> None:
    path = case.url(shared)
    for sent in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}):
        answer = visitor.request(case.method, path, headers=sent, json={})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_wrong_role_is_refused_and_changes_nothing(
    case: Case, shared: Prepared, visitor: TestClient, document: Document
) -> None:
    body = None if case.method == "GET" else case.body(shared) or example_of(document, case)
    size = shared.story.workspace.log.size()
    for role in set(ALL) - set(case.roles):
        answer = visitor.request(
            case.method, case.url(shared), headers=headers(shared.story, role), json=body
        )
        assert answer.status_code == 403, role
    assert shared.story.workspace.log.size() == size


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.method == "GET"], ids=lambda case: case.id
)
def test_every_read_answers_each_role_that_may(
    case: Case, shared: Prepared, visitor: TestClient
) -> None:
    for role in case.roles:
        answer = visitor.get(case.url(shared), headers=headers(shared.story, role))
        assert answer.status_code == case.status, answer.text
        assert answer.content


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.method == "POST"], ids=lambda case: case.id
)
def test_the_documented_example_works(
    case: Case, told: Story, tmp_path: Path, document: Document
) -> None:
    prepared = prepare(copy_story(told, tmp_path / "story", seed=case.id))
    client = TestClient(create_app(prepared.story.workspace), raise_server_exceptions=False)
    answer = client.post(
        case.url(prepared),
        headers=headers(prepared.story, case.used or case.roles[0]),
        json=case.body(prepared) or example_of(document, case),
    )
    prepared.story.workspace.close()
    assert answer.status_code == case.status, answer.text
    assert answer.content

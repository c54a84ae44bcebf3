"""Every error is a problem of RFC 9457 that says what to do and repeats nothing."""

from __future__ import annotations

import inspect

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from answerable.api.http import errors as http_errors
from answerable.api.http.app import create_app
from answerable.api.http.errors import MEDIA_TYPE, STATUS, status_of
from answerable.audit import errors
from answerable.audit.errors import AnswerableError, MissingExtra
from answerable.audit.records import Role
from tests.api.story import CANARIES, Story, application, headers

CLASSES = [
    item
    for _, item in inspect.getmembers(errors, inspect.isclass)
    if issubclass(item, AnswerableError) and item is not AnswerableError
]


@pytest.mark.parametrize("error", CLASSES, ids=lambda item: item.__name__)
def test_every_error_class_has_a_status(error: type[AnswerableError]) -> None:
    assert any(base in STATUS for base in error.__mro__)
    assert 400 <= status_of(error) < 600


def test_the_statuses_are_those_of_the_design() -> None:
    expected = {
        "InvalidInput": 422, "NotFound": 404, "Conflict": 409, "PolicyViolation": 409,
        "NotReleased": 409, "UndefinedMetric": 422, "NotAuthenticated": 401, "NotAllowed": 403,
        "TooLarge": 413, "TooBusy": 429, "Unavailable": 503, "Erased": 410, "EngineError": 502,
        "RecordTampered": 500, "ClockError": 422,
    }  # fmt: skip
    found = {item.__name__: status_of(item) for item in CLASSES if item.__name__ in expected}
    assert found == expected


@pytest.mark.parametrize("error", CLASSES, ids=lambda item: item.__name__)
def test_every_error_class_is_answered_as_a_problem(error: type[AnswerableError]) -> None:
    app = FastAPI()
    http_errors.install(app)

    @app.get("/raise")
    def fail() -> None:
        if issubclass(error, MissingExtra):
            raise MissingExtra("models", needed_for="this")
        raise error("what happened", where="here", remedy="Do that.")

    answer = TestClient(app).get("/raise")
    assert answer.status_code == status_of(error)
    assert answer.headers["content-type"] == MEDIA_TYPE
    body = answer.json()
    assert body["type"] == f"urn:answerable:problem:{error.code}"
    assert body["status"] == answer.status_code
    assert body["detail"]


def test_an_error_of_ours_that_is_a_bug_shows_no_exception_text(story: Story) -> None:
    app = create_app(story.workspace)

    @app.get("/bug")
    def fail() -> None:
        message = f"could not convert {CANARIES[0]}"
        raise RuntimeError(message)

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/bug")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:answerable:problem:internal"
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    assert CANARIES[0] not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        application(inputs="Mustermann"),
        application(decided_at="Mustermann"),
        application(Mustermann="DE89370400440532013000"),
        application(subjects=[{"subject_id": "cust-4711", "Mustermann": 1}]),
        application(subjects=[]),
        application(subjects="erika@canary.example"),
        application(inputs={"income": "Mustermann", "debt": 1}),
        application(inputs={"Mustermann": 1, "income": 1, "debt": 1}),
        application(groups={"sex": "Mustermann"}),
        application(groups={"Mustermann": "female"}),
        application(decision_id="Mustermann"),
        application(function="Mustermann@1"),
    ],
)
def test_a_refused_field_is_named_and_its_value_never_echoed(
    client: TestClient, story: Story, body: dict[str, object]
) -> None:
    answer = client.post("/v1/decisions:evaluate", json=body, headers=headers(story, Role.SERVICE))
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == MEDIA_TYPE
    for canary in CANARIES:
        assert canary not in answer.text
    assert story.workspace.log.size() == told_size(story)


def told_size(story: Story) -> int:
    """Return the size of the log when the story was opened: nothing may have been added."""
    kinds = {entry.kind.value for entry in story.workspace.log.latest(kinds=(), limit=1)}
    assert kinds == {"release.granted"}
    return story.workspace.log.size()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1", b'{"a": NaN}', b"\xff\xfe", b'{"function": "Mustermann" "x"}']
)
def test_a_body_that_is_not_json_is_refused(
    client: TestClient, story: Story, content: bytes
) -> None:
    answer = client.post(
        "/v1/decisions:evaluate",
        content=content,
        headers=headers(story, Role.SERVICE, **{"Content-Type": "application/json"}),
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "Mustermann" not in answer.text


def test_unknown_paths_and_methods_are_problems_too(client: TestClient, story: Story) -> None:
    for method, path, status in (
        ("GET", "/v1/none", 404),
        ("GET", "/nothing", 404),
        ("DELETE", "/v1/whoami", 405),
    ):
        answer = client.request(method, path, headers=headers(story, Role.OFFICER))
        assert answer.status_code == status
        assert answer.headers["content-type"] == MEDIA_TYPE


def test_unknown_ids_are_not_found(client: TestClient, story: Story) -> None:
    unknown = "01890a5d-ac96-774b-bcce-b302099a8057"
    ref = "s-" + "0" * 32
    digest = "sha256:" + "0" * 64
    facts = {"received_at": 1, "identity_check": "x"}
    for method, path, body in (
        ("GET", f"/v1/decisions/{unknown}", None),
        ("GET", f"/v1/decisions/{unknown}/explanation", None),
        ("GET", f"/v1/decisions/{unknown}/answer", None),
        ("GET", f"/v1/contests/{unknown}", None),
        ("GET", "/v1/functions/none@1", None),
        ("GET", "/v1/functions/none@1/gate", None),
        ("GET", f"/v1/cards/{digest}", None),
        ("POST", "/v1/subjects:search", {"subject_id": "nobody"}),
        ("POST", f"/v1/subjects/{ref}/access-package", facts),
        ("POST", f"/v1/subjects/{ref}:erase", facts),
        ("GET", f"/v1/evidence/{digest}", None),
        ("GET", f"/v1/audit/entries/{unknown}", None),
        ("GET", f"/v1/audit/entries/{unknown}/proof", None),
    ):
        answer = client.request(method, path, json=body, headers=headers(story, Role.OFFICER))
        assert answer.status_code == 404, path
        assert answer.json()["detail"]


def test_what_a_refused_field_may_be_is_listed_and_what_was_sent_is_not(
    client: TestClient, story: Story
) -> None:
    path = "/v1/decisions/01a0c5f2-1c00-7000-8000-000000000000/explanation"
    officer = headers(story, Role.OFFICER)
    choice = client.get(f"{path}?view=Mustermann", headers=officer)
    form = client.get(path, headers={**officer, "Answerable-Purpose": "Erika Mustermann"})
    assert (choice.status_code, form.status_code) == (422, 422)
    (view,) = choice.json()["errors"]
    assert view["code"] == "literal_error"
    assert view["expected"].startswith("'applicant_letter', 'art15_access'")
    (purpose,) = form.json()["errors"]
    assert purpose["code"] == "string_pattern_mismatch"
    assert purpose["expected"].startswith("^[a-z0-9]")
    assert "Mustermann" not in choice.text + form.text


def test_other_refusals_say_nothing_of_their_context(client: TestClient, story: Story) -> None:
    answer = client.post(
        "/v1/decisions:evaluate",
        json=application(decided_at=-1),
        headers=headers(story, Role.SERVICE),
    )
    assert answer.status_code == 422
    assert all("expected" not in refused for refused in answer.json()["errors"])

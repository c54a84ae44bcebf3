"""Every page of the console: signed out, in a wrong role, with a foreign form, and allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from httpx2 import Response
from starlette.testclient import TestClient

from answerable.api.console import mount_console
from answerable.api.flows.scan import ScanRequest, scan
from answerable.api.flows.subject import place_hold
from answerable.audit.records import Role
from tests.api.bank import rows
from tests.api.cases import prepare
from tests.api.console_kit import CASES, STAFF, Browser, PageCase, sign_in, sign_in_subject
from tests.api.story import DAY, FUNCTION, Story, copy_story

OPEN = {
    ("GET", "/"),
    ("GET", "/console"),
    ("GET", "/console/login"),
    ("POST", "/console/login"),
    ("GET", "/console/static/report.css"),
    ("GET", "/console/static/console.css"),
    ("GET", "/console/static/sign.svg"),
}
NOWHERE = ("GET", "/console/{rest:path}")
PAGES = tuple(case for case in CASES if case.method == "GET")
FORMS = tuple(case for case in CASES if case.method == "POST")
FILES = ("/letter", "/proof", "/receipt", "/check")


@pytest.fixture(scope="module")
def shared(told: Story, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    story = copy_story(told, tmp_path_factory.mktemp("console") / "story", seed="console")
    yield story
    story.workspace.close()


@pytest.fixture(scope="module")
def ids(shared: Story) -> Mapping[str, str]:
    scanned = scan(
        shared.workspace,
        ScanRequest(dataset="loans-training"),
        rows(200),
        actor=shared.actors[Role.SCIENTIST],
    )
    made = prepare(shared).ids
    place_hold(
        shared.workspace,
        made["ref"],
        ground="litigation",
        reference="case-1",
        actor=shared.actors[Role.OFFICER],
    )
    return {**made, "name": FUNCTION, "scan": scanned.digest}


@pytest.fixture(scope="module")
def browsers(shared: Story, ids: Mapping[str, str]) -> dict[Role, Browser]:
    signed: dict[Role, Browser] = {role: sign_in(shared, role) for role in STAFF}
    signed[Role.SUBJECT] = sign_in_subject(shared, ids["decision_id"])
    return signed


def ask(client: TestClient, case: PageCase, ids: Mapping[str, str], **fields: str) -> Response:
    path = case.path.format_map(dict(ids))
    if case.method == "GET":
        return client.get(path)
    return client.post(path, data={**(case.fields or {}), **fields})


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    routers = [getattr(item, "original_router", None) for item in app.router.routes]
    routes = [*app.router.routes, *(route for found in routers if found for route in found.routes)]
    return {
        (method, route.path)
        for route in routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def test_the_table_names_every_route_once() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    mount_console(app)
    assert {(case.method, case.path.replace("{scan}", "{digest}")) for case in CASES} == (
        routes_of(app) - OPEN - {NOWHERE}
    )


@pytest.mark.parametrize("case", PAGES, ids=lambda case: case.id)
def test_a_page_leads_who_is_not_signed_in_to_the_sign_in(
    shared: Story, ids: Mapping[str, str], case: PageCase
) -> None:
    answer = ask(Browser(shared).client, case, ids)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/login")


@pytest.mark.parametrize("case", FORMS, ids=lambda case: case.id)
def test_a_form_is_refused_from_who_is_not_signed_in(
    shared: Story, ids: Mapping[str, str], case: PageCase
) -> None:
    size = shared.workspace.log.size()
    answer = ask(Browser(shared).client, case, ids)
    assert answer.status_code == 401
    assert "Sign in" in answer.text
    assert shared.workspace.log.size() == size


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_wrong_role_gets_a_page_that_says_so(
    shared: Story, ids: Mapping[str, str], browsers: dict[Role, Browser], case: PageCase
) -> None:
    size = shared.workspace.log.size()
    for role in browsers.keys() - set(case.roles):
        answer = ask(browsers[role].client, case, ids, csrf=browsers[role].token())
        assert answer.status_code == 403, role
        assert "<h1>This is not yours to see</h1>" in answer.text
    assert shared.workspace.log.size() == size


@pytest.mark.parametrize("case", FORMS, ids=lambda case: case.id)
def test_a_form_without_this_sessions_token_is_refused(
    shared: Story, ids: Mapping[str, str], browsers: dict[Role, Browser], case: PageCase
) -> None:
    browser = browsers[case.roles[0]]
    foreign = sign_in(shared, Role.OFFICER).token()
    size = shared.workspace.log.size()
    for token in ({}, {"csrf": ""}, {"csrf": foreign}, {"csrf": f"{browser.token()}0"}):
        answer = ask(browser.client, case, ids, **token)
        assert answer.status_code == 403
        assert "not from your session" in answer.text
    assert shared.workspace.log.size() == size


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_right_role_gets_the_page(
    shared: Story, ids: Mapping[str, str], browsers: dict[Role, Browser], case: PageCase
) -> None:
    leaves = case.path == "/console/logout"
    browser = sign_in(shared, Role.OFFICER) if leaves else browsers[case.roles[0]]
    answer = ask(browser.client, case, ids, csrf=browser.token())
    assert answer.status_code == case.status
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    # A file to keep is opened from the own disk, under the policy written in it: nothing of it
    # runs in the console.
    kept = answer.headers.get("content-disposition", "").startswith("attachment")
    if answer.headers.get("content-type", "").startswith("text/html") and not kept:
        assert "<script" not in answer.text
        assert " style=" not in answer.text


@pytest.mark.parametrize(
    "case",
    [case for case in PAGES if not case.path.endswith(FILES)],
    ids=lambda case: case.id,
)
def test_a_page_has_a_twin_in_json_under_the_same_rules(
    shared: Story, ids: Mapping[str, str], browsers: dict[Role, Browser], case: PageCase
) -> None:
    path = f"{case.path.format_map(dict(ids))}?format=json"
    twin = browsers[case.roles[0]].get(path)
    assert twin.status_code == 200
    assert isinstance(twin.json(), dict)
    anonymous = Browser(shared).get(path)
    assert anonymous.status_code == 401
    assert anonymous.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/console/nothing", "/console/decisions/x", "/console/functions/a@b"]
)
def test_an_address_without_a_page_is_answered_without_repeating_it(
    browsers: dict[Role, Browser], path: str
) -> None:
    answer = browsers[Role.AUDITOR].get(f"{path}?q=Mustermann")
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"].startswith("text/html")
    assert "Mustermann" not in answer.text
    assert "a@b" not in answer.text


def test_requests_past_their_last_day_stand_on_the_officers_first_page(
    told: Story, tmp_path: Path
) -> None:
    story = copy_story(told, tmp_path / "story", seed="overdue")
    prepare(story)
    story.clock.now += 40 * DAY
    pages = {}
    for role in (Role.OFFICER, Role.REVIEWER):
        pages[role] = sign_in(story, role).get("/console/").text
    story.workspace.close()
    assert "Requests past their last day" in pages[Role.OFFICER]
    assert "objection" in pages[Role.OFFICER]
    assert "Requests past their last day" not in pages[Role.REVIEWER]


def test_the_front_door_leads_to_the_console(shared: Story) -> None:
    for path in ("/", "/console"):
        assert Browser(shared).get(path).headers["location"] == "/console/"


def test_styles_and_sign_are_served_without_a_sign_in(shared: Story) -> None:
    for _, path in sorted(OPEN):
        if "static" in path:
            answer = Browser(shared).get(path)
            assert answer.status_code == 200
            assert answer.headers["x-content-type-options"] == "nosniff"

"""Signing in and out: links that work once, sessions that end, subjects who see one decision."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from answerable.api.console.visitor import COOKIE
from answerable.audit.records import Role
from tests.api.cases import prepare
from tests.api.console_kit import Browser, link_of, sign_in, sign_in_subject
from tests.api.story import Story

HOUR = 3_600_000_000


def test_a_link_works_once(story: Story) -> None:
    link = link_of(story, story.actors[Role.AUDITOR])
    first, second = Browser(story), Browser(story)
    assert first.use(link).headers["location"] == "/console/"
    assert first.get("/console/").status_code == 200
    assert second.use(link).status_code == 401
    assert second.get("/console/").status_code == 303


def test_looking_at_a_link_does_not_use_it_up(story: Story) -> None:
    link = link_of(story, story.actors[Role.AUDITOR])
    browser = Browser(story)
    for _ in range(3):
        shown = browser.get(f"/console/login?link={link}")
        assert shown.status_code == 200
        assert COOKIE not in shown.headers.get("set-cookie", "")
    assert browser.use(link).status_code == 303


@pytest.mark.parametrize("wrong", ["", "anl_000000000000_x", "Mustermann"])
def test_an_unknown_link_is_refused_without_repeating_it(story: Story, wrong: str) -> None:
    answer = Browser(story).use(wrong)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert not wrong or wrong not in answer.text


def test_an_expired_link_is_refused(story: Story) -> None:
    link = link_of(story, story.actors[Role.AUDITOR], valid_seconds=60)
    story.clock.now += 61_000_000
    assert Browser(story).use(link).status_code == 401


def test_a_link_sent_by_another_site_is_not_used_up(story: Story) -> None:
    link = link_of(story, story.actors[Role.AUDITOR])
    browser = Browser(story)
    for site in ("cross-site", "same-site"):
        answer = browser.client.post(
            "/console/login", data={"link": link}, headers={"Sec-Fetch-Site": site}
        )
        assert answer.status_code == 403
    assert browser.use(link).status_code == 303


def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(story: Story) -> None:
    answer = Browser(story).use(link_of(story, story.actors[Role.AUDITOR]))
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= attributes
    assert "secure" not in attributes
    assert not any(part.startswith("domain") for part in attributes)


def test_over_https_the_cookie_is_secure(story_with: Callable[..., Story]) -> None:
    story = story_with(public_url="https://answerable.test")
    answer = Browser(story).use(link_of(story, story.actors[Role.AUDITOR]))
    assert "secure" in answer.headers["set-cookie"].lower()


def test_the_state_holds_no_secret_of_a_session(story: Story) -> None:
    browser = sign_in(story, Role.AUDITOR)
    secret = browser.client.cookies[COOKIE]
    stored = b"".join(path.read_bytes() for path in story.folder.rglob("*.db*"))
    assert secret.encode() not in stored
    assert secret.rpartition("_")[2].encode() not in stored


def test_a_session_ends_after_eight_hours(story: Story) -> None:
    browser = sign_in(story, Role.AUDITOR)
    story.clock.now += 8 * HOUR - 10_000_000
    assert browser.get("/console/").status_code == 200
    story.clock.now += 20_000_000
    assert browser.get("/console/").headers["location"] == "/console/login"


def test_signing_out_ends_the_session_and_not_only_the_cookie(story: Story) -> None:
    browser = sign_in(story, Role.AUDITOR)
    secret = browser.client.cookies[COOKIE]
    assert browser.send("/console/logout").headers["location"] == "/console/login"
    assert COOKIE not in browser.client.cookies
    other = Browser(story)
    other.client.cookies.set(COOKIE, secret)
    assert other.get("/console/").status_code == 303


def test_signing_in_again_ends_the_session_before(story: Story) -> None:
    browser = sign_in(story, Role.AUDITOR)
    earlier = browser.client.cookies[COOKIE]
    assert browser.use(link_of(story, story.actors[Role.OFFICER])).status_code == 303
    assert browser.client.cookies[COOKIE] != earlier
    other = Browser(story)
    other.client.cookies.set(COOKIE, earlier)
    assert other.get("/console/").status_code == 303


def test_a_session_gives_no_role_that_the_log_does_not_give(story: Story) -> None:
    officer = story.actors[Role.OFFICER]
    browser = Browser(story)
    browser.use(link_of(story, replace(officer, roles=frozenset({Role.OFFICER, Role.REVIEWER}))))
    assert browser.get("/console/subjects").status_code == 200
    assert browser.get("/console/reviews").status_code == 403


def test_a_made_up_cookie_opens_nothing(story: Story) -> None:
    browser = Browser(story)
    browser.client.cookies.set(COOKIE, "ans_000000000000_" + "A" * 43)
    assert browser.get("/console/").status_code == 303


def test_a_subject_reaches_one_decision_and_no_page_of_the_console(story: Story) -> None:
    prepared, other = prepare(story), prepare(story)
    mine, theirs = prepared.ids["decision_id"], other.ids["decision_id"]
    browser = sign_in_subject(story, mine)
    size = story.workspace.log.size()
    assert browser.home == f"/my/{mine}"
    assert browser.get(f"/my/{mine}").status_code == 200
    assert browser.get("/console/login").headers["location"] == f"/my/{mine}"
    for path in (
        "/console/",
        f"/console/decisions/{mine}",
        f"/my/{theirs}",
        f"/my/{theirs}/letter",
        f"/my/{theirs}/receipt",
        f"/my/{theirs}/check",
    ):
        assert browser.get(path).status_code == 403, path
    assert browser.send(f"/my/{theirs}/contest", grounds="Not mine.").status_code == 403
    assert browser.send(f"/console/decisions/{mine}", purpose="audit").status_code == 403
    assert story.workspace.log.size() == size


def test_staff_do_not_reach_the_applicants_pages(story: Story) -> None:
    mine = prepare(story).ids["decision_id"]
    assert sign_in(story, Role.OFFICER).get(f"/my/{mine}").status_code == 403


def test_a_page_shows_the_navigation_of_its_visitor(story: Story) -> None:
    def sections(role: Role) -> set[str]:
        text = sign_in(story, role).get("/console/").text
        navigation = text.partition('aria-label="Console"')[2].partition("</nav>")[0]
        return set(re.findall(r'href="([^"]+)"', navigation))

    assert "/console/subjects" in sections(Role.OFFICER)
    assert "/console/reviews" not in sections(Role.OFFICER)
    assert "/console/reviews" in sections(Role.REVIEWER)
    assert not {"/console/reviews", "/console/subjects"} & sections(Role.SCIENTIST)

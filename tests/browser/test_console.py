"""The console in a real browser: accessible, quiet on the network, usable without a mouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from answerable.api.demo.serving import free_port, serving
from answerable.api.flows.access import issue_login_link
from answerable.api.flows.scan import ScanRequest, scan
from answerable.audit.records import Role
from tests.api.bank import rows
from tests.api.cases import prepare
from tests.api.story import FUNCTION, Story, build_story

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
_RULES = """async () => (await axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
})).violations.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ")).join(", "))"""
_MOST_STOPS = 80


@dataclass(frozen=True)
class Bank:
    """A served story."""

    address: str
    story: Story
    ids: Mapping[str, str]

    def link(self, *, scope: str | None = None) -> str:
        holder = self.story.operator
        if scope is not None:
            holder = replace(holder, roles=frozenset({Role.SUBJECT}), scope=scope)
        secret = issue_login_link(self.story.workspace, holder).text
        return f"{self.address}/console/login?link={secret}"

    def sign_in(self, page: Page, *, scope: str | None = None) -> None:
        page.goto(self.link(scope=scope))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/my/**" if scope else "**/console/")

    def at(self, path: str) -> str:
        return self.address + path.format_map(dict(self.ids))


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    story = build_story(tmp_path_factory.mktemp("bank"))
    scanned = scan(
        story.workspace,
        ScanRequest(dataset="loans-training"),
        rows(200),
        actor=story.actors[Role.SCIENTIST],
    )
    ids = {**prepare(story).ids, "name": FUNCTION, "scan": scanned.digest}
    with serving(story.workspace, free_port(0)) as address:
        yield Bank(address, story, ids)
    story.workspace.close()


@pytest.fixture(scope="module")
def staff(chromium: Browser, bank: Bank) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    bank.sign_in(context.new_page())
    yield context
    context.close()


@pytest.fixture
def page(staff: BrowserContext) -> Iterator[Page]:
    opened = staff.new_page()
    yield opened
    opened.close()


def _press(name: str, purpose: str = "") -> Callable[[Page], None]:
    def act(page: Page) -> None:
        if purpose:
            page.get_by_label("Purpose").select_option(purpose)
        page.get_by_role("button", name=name).click()

    return act


def _find(page: Page) -> None:
    page.get_by_label("Identifier of the person").fill("customer-17")
    _press("Find", "complaint")(page)


def _nothing(_page: Page) -> None:
    return None


def _count(page: Page) -> None:
    page.get_by_label("Question", exact=True).select_option("counts")
    page.get_by_label("Purpose").select_option("audit")
    page.get_by_role("button", name="Ask the log").click()
    page.get_by_role("heading", name="How many decisions").wait_for()


PAGES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "today": ("/console/", _nothing),
    "decisions": ("/console/decisions", _nothing),
    "decisions, none": ("/console/decisions?outcome=refer", _nothing),
    "decision, closed": ("/console/decisions/{decision_id}", _nothing),
    "decision, open": ("/console/decisions/{decision_id}", _press("Open the file", "audit")),
    "functions": ("/console/functions", _nothing),
    "function": ("/console/functions/{name}", _nothing),
    "card": ("/console/cards/{name}", _nothing),
    "assessment": ("/console/assessments/{digest}", _nothing),
    "data": ("/console/data", _nothing),
    "scan": ("/console/scans/{scan}", _nothing),
    "reviews": ("/console/reviews", _nothing),
    "review, closed": ("/console/reviews/{contest_id}", _nothing),
    "review, open": ("/console/reviews/{contest_id}", _press("Open the case")),
    "people": ("/console/subjects", _nothing),
    "person": ("/console/subjects", _find),
    "erase": ("/console/subjects/{ref}/erase", _nothing),
    "questions": ("/console/questions", _nothing),
    "questions, counted": ("/console/questions", _count),
    "integrity": ("/console/integrity", _nothing),
    "integrity, verified": ("/console/integrity", _press("Verify every entry now")),
    "entries": ("/console/entries", _nothing),
    "entry": ("/console/entries/{entry_id}", _nothing),
    "no page": ("/console/nothing", _nothing),
}


def violations(page: Page, axe_source: str) -> list[str]:
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate(axe_source)
    found: list[str] = []
    schemes: list[Scheme] = ["light", "dark"]
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {line}" for line in page.evaluate(_RULES)]
    return found


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_accessible_narrow_enough_and_asks_nobody_else(
    page: Page, bank: Bank, axe_source: str, name: str
) -> None:
    requested: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    path, act = PAGES[name]
    page.goto(bank.at(path))
    act(page)
    page.wait_for_load_state()
    assert violations(page, axe_source) == []
    assert [url for url in requested if not url.startswith(f"{bank.address}/")] == []
    assert [text for text in complaints if "404" not in text or name != "no page"] == []
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_the_pages_without_a_session_are_accessible(
    chromium_page: Page, bank: Bank, axe_source: str
) -> None:
    for address in (bank.at("/console/decisions"), bank.link()):
        chromium_page.goto(address)
        assert chromium_page.get_by_role("heading", level=1).inner_text() == "Sign in"
        assert violations(chromium_page, axe_source) == []


def test_an_applicants_pages_are_accessible_in_both_languages(
    chromium_page: Page, bank: Bank, axe_source: str
) -> None:
    mine = bank.ids["decision_id"]
    bank.sign_in(chromium_page, scope=mine)
    for path in (f"/my/{mine}", f"/my/{mine}?lang=de", f"/my/{mine}/letter?lang=de", "/console/"):
        chromium_page.goto(bank.at(path))
        assert violations(chromium_page, axe_source) == []


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until what the selector names has the focus."""
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"{selector} cannot be reached with the keyboard")


def test_from_the_link_to_the_letter_without_a_mouse_or_a_script(
    chromium: Browser, bank: Bank
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(bank.link())
    tab_to(page, "button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/")
    tab_to(page, "a[href='/console/decisions']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/decisions")
    tab_to(page, f"a[href='/console/decisions/{bank.ids['decision_id']}']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{bank.ids['decision_id']}")
    tab_to(page, "select#purpose")
    page.keyboard.type("The person")
    tab_to(page, "button.first")
    page.keyboard.press("Enter")
    page.wait_for_selector("#letters")
    assert page.get_by_text("Erika Mustermann").count() > 0
    tab_to(page, "select#language")
    page.keyboard.type("Deu")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/letter")
    assert page.locator("html").get_attribute("lang") == "de"
    assert "Ihr Einkommen ist niedrig." in page.locator("body").inner_text()
    context.close()


def test_a_form_of_another_site_does_not_act(staff: BrowserContext, bank: Bank) -> None:
    # The same machine under another name is another site to the browser.
    other = f"{bank.address.replace('127.0.0.1', 'localhost')}/trap"
    target = bank.at("/console/decisions/{decision_id}")
    page = staff.new_page()
    page.route(
        other,
        lambda route: route.fulfill(
            content_type="text/html",
            body=f"<form method=post action='{target}'><input name=purpose value=audit>"
            "<button>Win</button></form>",
        ),
    )
    before = bank.story.workspace.log.size()
    page.goto(other)
    page.get_by_role("button", name="Win").click()
    page.wait_for_url(target)
    assert page.get_by_role("heading", level=1).inner_text() == "You are not signed in"
    assert bank.story.workspace.log.size() == before
    page.close()


def test_on_paper_there_are_no_controls(page: Page, bank: Bank) -> None:
    page.goto(bank.at("/console/decisions"))
    page.emulate_media(media="print")
    assert page.get_by_role("button").count() == 0
    assert page.get_by_role("navigation").get_by_role("link").count() == 0
    assert page.get_by_role("table").count() == 1

"""Cards and reports in a real browser: accessible in both schemes, on paper and when narrow."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page

from answerable.model_cards.build import build_core
from answerable.model_cards.formats import card_html
from answerable.model_cards.report import assessment_report, explanation_report, scan_report
from tests.unit.model_cards import loan
from tests.unit.model_cards.test_reports import explanation

pytestmark = pytest.mark.browser

PAGES: dict[str, Callable[[], str]] = {
    "card": lambda: card_html(build_core(loan.facts(), code="0.1.0"), loan.overlay()),
    "empty-card": lambda: card_html(
        build_core(loan.facts(evidence=(), datasets=(), policy=None), code="0.1.0")
    ),
    "assessment": lambda: assessment_report(loan.assessment().to_result()),
    "scan": lambda: scan_report(loan.scan_result()),
    "explanation": lambda: explanation_report(explanation()),
}

Scheme = Literal["light", "dark"]
_RULES = """async () => (await axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
})).violations.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ")).join(", "))"""


def opened(page: Page, folder: Path, name: str) -> list[str]:
    """Open a page from disk; return what it requested and what the browser complained about."""
    heard: list[str] = []
    page.on("request", lambda request: heard.append(request.url))
    page.on("console", lambda message: heard.append(message.text))
    place = folder / f"{name}.html"
    place.write_text(PAGES[name](), encoding="utf-8")
    page.goto(place.as_uri())
    return [line for line in heard if line != place.as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", sorted(PAGES))
def test_axe_finds_nothing(
    chromium_page: Page, axe_source: str, tmp_path: Path, name: str, scheme: Scheme
) -> None:
    chromium_page.emulate_media(color_scheme=scheme)
    assert opened(chromium_page, tmp_path, name) == []
    chromium_page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    chromium_page.evaluate(axe_source)
    assert chromium_page.evaluate(_RULES) == []


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_narrow_page_scrolls_in_one_direction_only(
    chromium_page: Page, tmp_path: Path, name: str
) -> None:
    chromium_page.set_viewport_size({"width": 320, "height": 800})
    opened(chromium_page, tmp_path, name)
    width = chromium_page.evaluate("document.documentElement.scrollWidth")
    assert width <= 320


def test_the_scheme_of_the_reader_is_followed(chromium_page: Page, tmp_path: Path) -> None:
    opened(chromium_page, tmp_path, "scan")
    colours = []
    schemes: list[Scheme] = ["light", "dark"]
    for scheme in schemes:
        chromium_page.emulate_media(color_scheme=scheme)
        colours.append(chromium_page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(246, 246, 243)", "rgb(20, 23, 27)"]


def test_on_paper_folded_tables_are_open(chromium_page: Page, tmp_path: Path) -> None:
    opened(chromium_page, tmp_path, "card")
    folded = chromium_page.locator("figure details table").first
    assert not folded.is_visible()
    chromium_page.emulate_media(media="print")
    assert folded.is_visible()


def test_everything_can_be_reached_with_the_keyboard(chromium_page: Page, tmp_path: Path) -> None:
    opened(chromium_page, tmp_path, "assessment")
    chromium_page.keyboard.press("Tab")
    assert chromium_page.evaluate("document.activeElement.className") == "skip"
    chromium_page.keyboard.press("Enter")
    assert chromium_page.evaluate("document.activeElement.id") == "main"


def test_links_and_controls_are_large_enough_to_hit(chromium_page: Page, tmp_path: Path) -> None:
    opened(chromium_page, tmp_path, "card")
    small = chromium_page.evaluate(
        """[...document.querySelectorAll("nav a, summary, button")]
           .filter(e => e.getBoundingClientRect().height < 24).map(e => e.textContent)"""
    )
    assert small == []

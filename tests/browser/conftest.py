"""A real Chromium for the pages, and axe-core to judge them.

Both come from outside the Python locks: ``tools/browser.sh`` gets them.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import REPOSITORY, skip_unless_ci

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_AXE = REPOSITORY / "build" / "axe" / "axe.min.js"


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Return one headless Chromium for the tests of this folder.

    It ends with them: as long as it runs, its event loop counts as running in this thread, and
    ``asyncio.run`` refuses to work in any later test.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        skip_unless_ci("Chromium is missing: sudo apt-get install chromium")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS, headless=True)
        yield browser
        browser.close()


@pytest.fixture
def chromium_page(chromium: Browser) -> Iterator[Page]:
    """Return a fresh page with no cookies and no cache; a script error on it fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    script_errors: list[str] = []
    page.on("pageerror", lambda error: script_errors.append(str(error)))
    yield page
    context.close()
    assert script_errors == []


@pytest.fixture(scope="session")
def axe_source() -> str:
    """Return the text of axe-core, to be run in a page with ``page.evaluate``."""
    if not _AXE.is_file():
        skip_unless_ci("axe-core is missing: install npm and run tools/browser.sh")
    return Path(_AXE).read_text(encoding="utf-8")

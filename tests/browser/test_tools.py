from playwright.sync_api import Page


def test_axe_finds_a_seeded_violation_and_passes_a_clean_page(
    chromium_page: Page, axe_source: str
) -> None:
    def violations(body: str) -> set[str]:
        chromium_page.set_content(
            f"<!doctype html><html lang='en'><title>Page</title><main><h1>Page</h1>{body}</main>"
        )
        chromium_page.evaluate(axe_source)
        found = chromium_page.evaluate("async () => (await axe.run()).violations.map(v => v.id)")
        return set(found)

    assert violations("<p>A paragraph.</p>") == set()
    assert "image-alt" in violations("<img src='data:,'>")
    assert "color-contrast" in violations("<p style='color:#ccc;background:#fff'>Faint.</p>")

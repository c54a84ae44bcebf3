import re

import pytest

from answerable.model_cards.report import stylesheet

Palette = dict[str, str]
TEXT_CONTRAST = 4.5
MARK_CONTRAST = 3.0


def block(selector: str) -> Palette:
    start = stylesheet().index(selector + " {")
    body = stylesheet()[start : stylesheet().index("}", start)]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", body))


SCHEMES = {
    "light": block(":root"),
    "dark": block('  :root:not([data-theme="light"])'),
    "print": block(':root, :root:not([data-theme="light"]), :root[data-theme="dark"]'),
}


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TEXT_PAIRS = [
    (ink, ground) for ink in ("ink", "soft", "accent") for ground in ("ground", "surface", "sunken")
] + [
    ("pass", "pass-ground"),
    ("fail", "fail-ground"),
    ("insufficient", "insufficient-ground"),
    ("undefined", "undefined-ground"),
    ("accent", "accent-ground"),
    ("surface", "accent"),
    ("insufficient", "surface"),
    ("fail", "surface"),
    ("pass", "surface"),
]
MARKS = ("bar", "bar-pass", "bar-fail", "bar-insufficient", "raises", "lowers", "edge")


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_keeps_its_contrast(scheme: str, ink: str, ground: str) -> None:
    palette = SCHEMES[scheme]
    assert contrast(palette[ink], palette[ground]) >= TEXT_CONTRAST


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
@pytest.mark.parametrize("mark", MARKS)
def test_marks_that_carry_meaning_keep_their_contrast(scheme: str, mark: str) -> None:
    palette = SCHEMES[scheme]
    assert contrast(palette[mark], palette["surface"]) >= MARK_CONTRAST


def test_the_contrast_formula_gives_the_standards_extremes() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") < TEXT_CONTRAST


def test_choosing_dark_gives_the_same_colours_as_preferring_dark() -> None:
    assert block(':root[data-theme="dark"]') == SCHEMES["dark"]


def test_every_scheme_defines_every_colour() -> None:
    assert set(SCHEMES["dark"]) == set(SCHEMES["light"]) == set(SCHEMES["print"])


def test_every_colour_that_is_used_is_defined() -> None:
    assert set(re.findall(r"var\(--([a-z-]+)\)", stylesheet())) <= set(SCHEMES["light"])


def test_the_stylesheet_requests_nothing_and_closes_no_tag() -> None:
    assert not re.search(r"url\(|@import|@font-face|https?:|//|</", stylesheet())

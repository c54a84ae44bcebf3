import base64
import hashlib
import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from answerable.audit.errors import InvalidInput
from answerable.model_cards.report import kit_environment, page_policy, stylesheet
from answerable.model_cards.report.words import WORDS, words_for
from tests.unit.model_cards.pages import Page, assert_self_contained


def rendered(folder: Path, body: str, **values: object) -> str:
    (folder / "own.html.j2").write_text(
        '{% extends "kit/page.html.j2" %}'
        '{% import "kit/parts.html.j2" as parts with context %}'
        "{% block main %}" + body + "{% endblock %}"
    )
    return kit_environment(folder).get_template("own.html.j2").render(title="A page", **values)


def test_a_page_of_another_folder_stands_in_the_frame(tmp_path: Path) -> None:
    page = assert_self_contained(rendered(tmp_path, "<p>{{ word }}</p>", word="hello"))
    assert "hello" in page.words
    assert page.names() >= {"header", "main", "footer", "h1"}


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "\"'><img src=x onerror=y>", "{{ 7 * 7 }}", "</style>", "a\x00b"],
)
def test_text_from_data_stays_text(tmp_path: Path, name: str) -> None:
    body = "<p title='{{ name }}'>{{ name }}</p>{{ parts.table(name, [name], [[name]]) }}"
    page = assert_self_contained(rendered(tmp_path, body, name=name))
    assert page.names().isdisjoint({"script", "img"})
    assert name.replace("\x00", "\\u0000") in page.words


def test_characters_that_turn_text_around_are_spelled_out(tmp_path: Path) -> None:
    html = rendered(tmp_path, "<p>{{ name }}</p>", name="total\u202egnp.exe")
    assert "\u202e" not in html
    assert "total\\u202egnp.exe" in html


def test_an_absent_value_is_refused_rather_than_printed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="absent value"):
        rendered(tmp_path, "{{ value }}", value=None)
    with pytest.raises(UndefinedError):
        rendered(tmp_path, "{{ value }}")


def test_the_policy_allows_exactly_the_embedded_stylesheet(tmp_path: Path) -> None:
    page = Page(rendered(tmp_path, ""))
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    policy = next(a["content"] for tag, a in page.tags if "http-equiv" in a)
    assert policy == page_policy()
    assert f"style-src 'sha256-{digest}'" in page_policy()
    assert page_policy().startswith("default-src 'none';")


def test_a_served_page_links_the_stylesheet_and_leaves_the_policy_to_the_server(
    tmp_path: Path,
) -> None:
    page = Page(rendered(tmp_path, "", stylesheet_href="/static/report.css"))
    assert page.style == ""
    assert "/static/report.css" in page.values("href")
    assert not [attrs for _, attrs in page.tags if "http-equiv" in attrs]


def test_the_theme_and_language_can_be_chosen(tmp_path: Path) -> None:
    html = rendered(tmp_path, "", lang="de", theme="dark", words=words_for("de"))
    assert '<html lang="de" data-theme="dark">' in html
    assert "Zum Inhalt springen" in html


def test_both_languages_have_the_same_words() -> None:
    assert set(WORDS["en"]) == set(WORDS["de"])
    assert all(word.strip() for words in WORDS.values() for word in words.values())


def test_classes_that_templates_use_for_states_exist_in_the_stylesheet() -> None:
    for state in ("pass", "fail", "insufficient", "undefined", "info"):
        assert re.search(rf"\.badge\.{state} \{{", stylesheet())

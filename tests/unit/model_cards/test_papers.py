"""Papers: both languages say the same things, and no value changes the text around it."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from answerable.audit.documents import read_yaml
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.model_cards.papers import (
    Heading,
    Paper,
    PaperSection,
    Points,
    Sentence,
    Table,
    access_paper,
    paper_markdown,
    paper_page,
    paper_text,
    processing_paper,
)

HOSTILE = "<script>alert(1)</script>|*x*\u202e\n# Title"


def words(language: str) -> dict[str, dict[str, str]]:
    data = (files("answerable.model_cards.papers") / "words" / f"{language}.yaml").read_bytes()
    value = read_yaml(data, f"{language}.yaml").value
    assert isinstance(value, dict)
    return value  # type: ignore[return-value]


def test_both_languages_have_the_same_words() -> None:
    english, german = words("en"), words("de")
    for section in ("words", "codes"):
        assert english[section].keys() == german[section].keys()
        assert all(german[section].values())


def test_every_kind_that_can_be_about_a_person_has_words() -> None:
    about = [kind.value for kind in EntryKind if kind.value.split(".")[0] in {
        "decision", "explanation", "letter", "contest", "review", "subject", "hold", "recipient",
    }]  # fmt: skip
    # A profile is of a whole table, not of a person.
    assert set(about) - {"explanation.profiled"} <= set(words("en")["codes"])


def paper(text: str) -> Paper:
    table = Table("Values", ("Name", "Value", "Note"), ((text, text, text),))
    blocks = (Sentence(text), Heading(text), Points((text,)), table)
    return Paper("Kind", "Title", text, "en", (PaperSection("one", "One", blocks),))


def test_nothing_that_stands_in_data_becomes_markup() -> None:
    page, markdown, text = (
        form(paper(HOSTILE)) for form in (paper_page, paper_markdown, paper_text)
    )
    assert "<script" not in page
    assert "\u202e" not in page + markdown + text
    assert "\n# Title" not in markdown + text
    assert re.findall(r"(?<!\\)[<*]", markdown.replace("**Values**", "")) == []
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}


def test_an_empty_package_is_a_whole_paper_that_says_what_is_not_there() -> None:
    text = paper_text(access_paper({}, language="en"))
    for said in ("Not stated.", "Nothing is held.", "No request is recorded."):
        assert said in text
    assert "Not stated." in paper_text(processing_paper({}, language="en"))


def test_a_language_nobody_wrote_is_refused() -> None:
    with pytest.raises(InvalidInput, match="language"):
        access_paper({}, language="fr")

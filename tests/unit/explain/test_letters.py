"""Letters: every section its law asks for, nothing invented, nothing that runs."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from answerable.audit.errors import InvalidInput
from answerable.audit.records import Automation, Outcome
from answerable.explain.letters import (
    VIEWS,
    ConsumerReport,
    Recipient,
    letter_languages,
    missing_facts,
    render_letter,
    style_source,
)
from answerable.explain.letters.texts import letter_texts
from tests.unit.explain import letters_kit, loan

LANGUAGES = ("en", "de")


class Outline(HTMLParser):
    """Collects the text of each section, the tags used, and all attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sections: dict[str, str] = {}
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "section":
            self._open = dict(attrs)["id"] or ""
            self.sections[self._open] = ""

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag == "section" else self._open

    def handle_data(self, data: str) -> None:
        if self._open:
            self.sections[self._open] += data


# What each view must say, from the fact side, not from the templates.
REQUIRED: dict[str, dict[str, tuple[str, ...]]] = {
    "applicant_letter": {
        "reasons": ("Your credit history does not meet the lender's guidelines.",),
        "change": ("105", "120", "loan@1", "20 November 2026"),
        "person": ("decisions@example.org", "30 days"),
        "contact": ("Example Bank",),
        "reference": (letters_kit.ENTRY, "ab" * 32, "log example.org/loan, entry 7"),
    },
    "art15_access": {
        "logic": ("0.250", "0.700", "average of all applicants"),
        "data": ("Purchase price of the property", "150 thousand US dollars", "not stated"),
        "complaint": ("Example Data Protection Authority",),
        "access": ("the application form", "1825 days", "6(1)(b)"),
    },
    "art86": {"role": ("Proposes a decision", "Annex III")},
    "ccd2_18": {"consequences": ("You do not receive",), "person": ("contest",)},
    "regb_c1": {
        "creditor": ("2 Example Street, Boston",),
        "report": ("Example Bureau, Boston, 555-0100", "60 days"),
        "ecoa": ("Equal Credit Opportunity Act", "Example Federal Agency, Washington"),
    },
    "auditor_full": {"technical": ("-2.5", "0.8472978603872034", "scikit-learn 1.9.1", "787")},
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_each_section_its_law_asks_for(view: str, language: str) -> None:
    letter = render_letter(letters_kit.facts(), view=view, language=language)
    found = Outline(letter.html).sections
    assert tuple(found) == VIEWS[view].sections
    for name, text in found.items():
        heading = letter_texts(language).file.sections[name].heading
        assert len(text.replace(heading, "").strip()) > 10, name
        assert heading in letter.text


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_states_the_facts_of_the_case(view: str) -> None:
    letter = render_letter(letters_kit.facts(), view=view, language="en")
    found = Outline(letter.html).sections
    for section, facts in REQUIRED[view].items():
        for fact in facts:
            assert fact in found[section], (section, fact)


def test_there_are_the_six_views_and_both_languages() -> None:
    assert set(VIEWS) == set(REQUIRED)
    assert letter_languages() == ("de", "en")
    for language in LANGUAGES:
        file = letter_texts(language).file
        assert set(file.titles) == set(VIEWS)
        assert {name for view in VIEWS.values() for name in view.sections} == set(file.sections)
    english, german = (letter_texts(language).file for language in LANGUAGES)
    assert set(english.words) == set(german.words)
    assert set(english.codes) == set(german.codes)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("automation", list(Automation))
def test_a_letter_can_be_written_for_every_outcome(
    view: str, language: str, outcome: Outcome, automation: Automation
) -> None:
    declined = outcome is Outcome.DECLINE
    explanation = letters_kit.declined(
        outcome=outcome,
        counterfactuals=(letters_kit.recourse(),) if declined else (),
        reasons=letters_kit.declined().reasons if outcome is not Outcome.APPROVE else (),
    )
    facts = letters_kit.facts(explanation, automation=automation)
    letter = render_letter(facts, view=view, language=language)
    assert "{{" not in letter.html
    assert "None" not in letter.text
    assert "  " not in re.sub(r"\n +", "\n", letter.text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", VIEWS)
def test_a_letter_names_the_rule_that_decided_and_no_score(view: str, language: str) -> None:
    letter = render_letter(
        letters_kit.facts(letters_kit.knocked_out()), view=view, language=language
    )
    sections = Outline(letter.html).sections
    rule = {"en": "than our limit allows", "de": "als unsere Grenze"}[language]
    assert rule in sections["reasons"]
    assert {"en": "72.5", "de": "72,5"}[language] in sections["reasons"]
    assert "0.250" not in letter.text


@pytest.mark.parametrize(
    ("status", "words"),
    [("none_found", "does not prove that there are none"), ("timeout", "stopped before")],
)
def test_a_search_that_found_nothing_is_reported_as_it_was(status: str, words: str) -> None:
    explanation = letters_kit.declined(counterfactuals=(letters_kit.recourse(status),))
    letter = render_letter(letters_kit.facts(explanation), view="applicant_letter", language="en")
    text = Outline(letter.html).sections["change"]
    assert words in " ".join(text.split())
    assert "<ol>" not in letter.html.split('id="change"')[1].split("</section>")[0]


def test_a_reason_whose_sentence_would_be_false_is_given_by_its_title() -> None:
    letter = render_letter(letters_kit.facts(), view="applicant_letter", language="en")
    text = Outline(letter.html).sections["reasons"]
    # The price lies below the average: "is high" would be untrue.
    assert "Purchase price of the property: together with your other information" in text
    assert "The purchase price is high" not in text


def test_numbers_dates_and_coded_values_are_written_as_the_language_does() -> None:
    english = render_letter(letters_kit.facts(), view="art15_access", language="en").text
    german = render_letter(letters_kit.facts(), view="art15_access", language="de").text
    assert "3,510 US dollars a month" in english
    assert "3.510 US-Dollar im Monat" in german
    assert "26 October 2026" in english
    assert "26. Oktober 2026" in german
    assert "Net worth: -12 thousand US dollars" in english
    assert "Zinsart" not in english
    assert "Fester oder variabler Zins: fest" in german


def test_score_and_cut_off_are_told_apart() -> None:
    explanation = letters_kit.declined(score=0.69996)
    letter = render_letter(letters_kit.facts(explanation), view="art15_access", language="en")
    assert "the score was 0.69996, the limit 0.70000" in " ".join(letter.text.split())


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "O'Brien & Söhne <b>",
    "line\nTo: somebody else\x00\u2028",
)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("view", VIEWS)
def test_hostile_names_stay_names(view: str, name: str) -> None:
    tame = letters_kit.facts(recipient=Recipient(name="Demo Applicant", address=("Boston",)))
    clean = Outline(render_letter(tame, view=view, language="en").html)
    facts = letters_kit.facts(
        recipient=Recipient(name=name, address=(name,)),
        authority=name,
        federal_agency=name,
        data_source=name,
        creditor_address=name,
        consumer_report=ConsumerReport(used=True, agency=name),
    )
    letter = render_letter(facts, view=view, language="en")
    found = Outline(letter.html)
    assert found.tags == clean.tags
    assert not [key for key, _ in found.attributes if key.startswith("on") or key == "style"]
    if "7 * 7" in name:
        assert "{{ 7 * 7 }}{% raw %}" in letter.text
    assert letter.text.count("\nTo: ") == 1


def test_a_page_needs_nothing_from_outside_and_runs_nothing() -> None:
    page = render_letter(letters_kit.facts(), view="applicant_letter", language="de").html
    found = Outline(page)
    assert not {"script", "link", "img", "iframe", "object"} & set(found.tags)
    assert not [key for key, _ in found.attributes if key in {"src", "href", "style"}]
    assert ("lang", "de") in found.attributes
    assert found.tags.count("h1") == 1
    assert found.tags.count("main") == 1
    assert "@media print" in page


def test_the_page_may_be_served_under_a_policy_that_names_its_one_style() -> None:
    page = render_letter(letters_kit.facts(), view="regb_c1", language="en").html
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert style_source() == f"'sha256-{digest}'"


@pytest.mark.parametrize(
    ("view", "missing"),
    [
        ("art15_access", {"authority": ""}),
        ("art15_access", {"data_source": ""}),
        ("regb_c1", {"creditor_address": ""}),
        ("regb_c1", {"federal_agency": ""}),
        ("regb_c1", {"consumer_report": None}),
        ("applicant_letter", {"reference": " "}),
        ("applicant_letter", {"receipt": ""}),
    ],
)
def test_a_letter_without_a_required_fact_is_not_written(
    view: str, missing: dict[str, Any]
) -> None:
    facts = letters_kit.facts(**missing)
    assert missing_facts(facts, view) == tuple(missing)
    with pytest.raises(InvalidInput, match=next(iter(missing))):
        render_letter(facts, view=view, language="en")


def test_a_used_report_needs_its_agency_and_an_unused_one_none() -> None:
    facts = letters_kit.facts(consumer_report=ConsumerReport(used=True))
    assert missing_facts(facts, "regb_c1") == ("consumer_report.agency",)
    unused = letters_kit.facts(consumer_report=ConsumerReport(used=False))
    letter = render_letter(unused, view="regb_c1", language="en")
    assert "No report of a consumer reporting agency was used." in letter.text


def test_facts_of_another_decision_are_refused() -> None:
    other = letters_kit.declined(baseline=loan.NIL, function=loan.NIL)
    with pytest.raises(InvalidInput, match="function, baseline"):
        render_letter(letters_kit.facts(other), view="applicant_letter", language="en")


def test_an_unknown_view_or_language_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no such legal view"):
        render_letter(letters_kit.facts(), view="memo", language="en")
    for language in ("fr", "../en", ""):
        with pytest.raises(InvalidInput, match="not written in this language"):
            render_letter(letters_kit.facts(), view="applicant_letter", language=language)


def test_a_use_case_without_a_title_in_the_language_is_refused() -> None:
    use_case = loan.USE_CASE.model_copy(update={"title": {"en": "Mortgage"}})
    function = letters_kit.function().model_copy(update={"use_case": use_case.digest})
    explanation = letters_kit.declined(function=function.digest)
    facts = letters_kit.facts(explanation, use_case=use_case, function=function)
    render_letter(facts, view="applicant_letter", language="en")
    with pytest.raises(InvalidInput, match="no title in 'de'"):
        render_letter(facts, view="applicant_letter", language="de")

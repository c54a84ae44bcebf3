"""Render a letter as a self-contained page and as plain text.

Letters are written from the stored explanation; nothing is computed anew. What people wrote
(names, addresses, texts of the catalogue) is escaped where it becomes HTML, and a value that
is absent is an error, never an empty space in a letter.
"""

from __future__ import annotations

import base64
import hashlib
import textwrap
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import jinja2

from answerable.explain.letters.facts import LetterFacts, Recipient
from answerable.explain.letters.sections import Section, build_sections
from answerable.explain.letters.texts import LetterTexts, letter_texts, one_line
from answerable.explain.letters.views import MEANINGFUL, check_facts

__all__ = ["Letter", "meaningful_information", "render_letter", "style_source"]

_TEMPLATES: Final = "answerable.explain.letters"
_WIDTH: Final = 78


@dataclass(frozen=True)
class Letter:
    """A rendered letter.

    Attributes
    ----------
    view, language : str
    html : str
        A whole page without outside resources, scripts or style attributes.
    text : str
        The same content for mail or reading aloud.
    """

    view: str
    language: str
    html: str
    text: str


def render_letter(facts: LetterFacts, *, view: str, language: str) -> Letter:
    """Write one legal view of an explanation in one language.

    Parameters
    ----------
    facts : LetterFacts
    view : str
        A name of :data:`answerable.explain.letters.views.VIEWS`.
    language : str
        One of :func:`answerable.explain.letters.texts.letter_languages`.

    Returns
    -------
    Letter

    Raises
    ------
    InvalidInput
        If facts that the view requires are missing or belong to another decision, or there
        is no text in this language.
    EngineError
        If a prescribed section came out empty.
    """
    chosen = check_facts(facts, view)
    texts = letter_texts(language)
    sections = build_sections(facts, chosen, texts)
    values = {
        "language": language,
        "view": view,
        "title": texts.file.titles[view],
        "sections": sections,
        "controller": one_line(facts.use_case.controller),
        "address": one_line(facts.creditor_address),
        "recipient": _lines(facts.recipient),
        "date": texts.date(facts.decided_at),
        "labels": _labels(texts),
    }
    environment = _environment()
    page = environment.get_template("letter.html.j2").render(values, style=_style())
    plain = environment.get_template("letter.txt.j2").render(values)
    return Letter(view, language, page, plain)


def meaningful_information(facts: LetterFacts, *, language: str) -> tuple[Section, ...]:
    """Return what a person must be told about the logic of a decision, without a letter around it.

    Parameters
    ----------
    facts : LetterFacts
        Of a decision with a stored explanation.
    language : str
        One of :func:`answerable.explain.letters.texts.letter_languages`.

    Returns
    -------
    tuple of Section
        Outcome, automation, logic, data used, reasons, what would have changed it, consequences.

    Raises
    ------
    InvalidInput
        If there is no text in this language.
    EngineError
        If a section came out empty.

    References
    ----------
    GDPR Art. 15(1)(h); CJEU C-203/22, paragraphs 58 to 62.
    """
    return build_sections(facts, MEANINGFUL, letter_texts(language))


def _lines(recipient: Recipient | None) -> tuple[str, ...]:
    if recipient is None:
        return ()
    return tuple(one_line(line) for line in (recipient.name, *recipient.address))


def _labels(texts: LetterTexts) -> dict[str, str]:
    return {name: texts.word(name) for name in ("to", "from", "day")}


@cache
def _style() -> str:
    return (files(_TEMPLATES) / "templates" / "letter.css").read_text("utf-8").strip()


@cache
def style_source() -> str:
    """Return the CSP source expression that permits the letter's one style element.

    Returns
    -------
    str
        For ``style-src``, as ``'sha256-...'``.
    """
    digest = hashlib.sha256(f"\n{_style()}\n".encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(_TEMPLATES, "templates"),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["wrapped"] = _wrapped
    return environment


def _wrapped(text: str, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text,
        width=_WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )

"""Letters: one explanation, six legal views, in the languages whose texts stand in ``texts/``."""

from answerable.explain.letters.facts import ConsumerReport, LetterFacts, Recipient
from answerable.explain.letters.letter import Letter, render_letter, style_source
from answerable.explain.letters.texts import letter_languages
from answerable.explain.letters.views import VIEWS, View, missing_facts

__all__ = [
    "VIEWS",
    "ConsumerReport",
    "Letter",
    "LetterFacts",
    "Recipient",
    "View",
    "letter_languages",
    "missing_facts",
    "render_letter",
    "style_source",
]

"""Papers: what is handed to a person or an authority to read, as page, plain text and Markdown.

A paper is data (titled sections of sentences, points and tables); each form is written from it, so
all forms say the same. English and German.
"""

from answerable.model_cards.papers.access import access_paper
from answerable.model_cards.papers.paper import (
    Heading,
    Paper,
    PaperSection,
    Points,
    Sentence,
    Table,
    paper_markdown,
    paper_page,
    paper_text,
)
from answerable.model_cards.papers.processing import processing_paper

__all__ = [
    "Heading",
    "Paper",
    "PaperSection",
    "Points",
    "Sentence",
    "Table",
    "access_paper",
    "paper_markdown",
    "paper_page",
    "paper_text",
    "processing_paper",
]

"""One renderer per format; all read the same core and overlay."""

from answerable.model_cards.formats.document import CardDocument, read_card, write_card
from answerable.model_cards.formats.html import card_html
from answerable.model_cards.formats.markdown import card_markdown

__all__ = ["CardDocument", "card_html", "card_markdown", "read_card", "write_card"]

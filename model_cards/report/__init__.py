"""The report kit: one page frame, one stylesheet, one set of charts for every HTML page."""

from answerable.model_cards.report.page import (
    STYLESHEET,
    kit_environment,
    page_policy,
    render_page,
    stylesheet,
)

__all__ = ["STYLESHEET", "kit_environment", "page_policy", "render_page", "stylesheet"]

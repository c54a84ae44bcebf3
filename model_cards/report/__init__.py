"""The report kit: one page frame, one stylesheet, one set of charts for every HTML page."""

from answerable.model_cards.report.assessment import assessment_report
from answerable.model_cards.report.explanation import explanation_report
from answerable.model_cards.report.page import (
    STYLESHEET,
    kit_environment,
    page_policy,
    render_page,
    stylesheet,
)
from answerable.model_cards.report.scan import scan_report

__all__ = [
    "STYLESHEET",
    "assessment_report",
    "explanation_report",
    "kit_environment",
    "page_policy",
    "render_page",
    "scan_report",
    "stylesheet",
]

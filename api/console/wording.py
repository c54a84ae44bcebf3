"""Codes of the log in the words of the console."""

from __future__ import annotations

from typing import Final

from answerable.audit.kinds import EntryKind
from answerable.model_cards.report.formatting import Language

__all__ = ["kind_words", "outcome_words", "spoken", "tone_of"]

_KINDS: Final[dict[str, str]] = {
    EntryKind.DECISION: "Decision",
    EntryKind.EXPLANATION: "Explanation, computed with the decision",
    EntryKind.EXPLANATION_REPLAYED: "Explanation computed again and compared",
    EntryKind.LETTER_ISSUED: "Letter written",
    EntryKind.CONTEST_FILED: "Contested by the person",
    EntryKind.REVIEW_COMPLETED: "Reviewed by a person",
    EntryKind.RECORDS_READ: "Personal data read",
    EntryKind.RECORD_DISCLOSED: "Part of a record disclosed",
    EntryKind.SUBJECT_ALIAS_ADDED: "Further identifier added",
    EntryKind.SUBJECT_REQUEST: "Request of the person",
    EntryKind.SUBJECT_REQUEST_EXTENDED: "Time to answer extended",
    EntryKind.SUBJECT_REQUEST_ANSWERED: "Request answered",
    EntryKind.QUERY_ASKED: "Question asked of the log",
    EntryKind.SUBJECT_RESTRICTED: "Processing restricted",
    EntryKind.SUBJECT_RESTRICTION_LIFTED: "Restriction lifted",
    EntryKind.RECIPIENT_NOTIFIED: "Recipient told",
    EntryKind.SUBJECT_OBJECTED: "Objection recorded",
    EntryKind.SUBJECT_RECTIFIED: "Rectification recorded",
    EntryKind.SUBJECT_ERASED: "Erased",
    EntryKind.SUBJECT_ERASURE_REFUSED: "Erasure refused",
    EntryKind.HOLD_PLACED: "Legal hold placed",
    EntryKind.HOLD_LIFTED: "Legal hold lifted",
    EntryKind.FAIRNESS_ASSESSED: "Fairness assessment",
    EntryKind.FAIRNESS_MITIGATED: "Mitigation search",
    EntryKind.PRIVACY_SCANNED: "Scan for personal data",
    EntryKind.EXPLANATION_PROFILED: "Profile of the model",
    EntryKind.CARD_BUILT: "Model card",
    EntryKind.GATE_EVALUATED: "Gate at release",
}

_OUTCOMES: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "approve": "Approved",
        "decline": "Declined",
        "refer": "Referred to a person",
        "partial": "Approved in part",
        "counter_offer": "Counter-offer",
    },
    "de": {
        "approve": "Bewilligt",
        "decline": "Abgelehnt",
        "refer": "An eine Person weitergegeben",
        "partial": "Teilweise bewilligt",
        "counter_offer": "Gegenangebot",
    },
}

_TONES: Final = {
    "released": "pass",
    "approved": "pass",
    "suspended": "fail",
    "rejected": "fail",
    "expired": "fail",
    "retired": "undefined",
    "draft": "undefined",
}


def spoken(code: str) -> str:
    """Return a code as words.

    Returns
    -------
    str
        With spaces.

    Examples
    --------
    >>> spoken("solely_automated")
    'solely automated'
    """
    return code.replace("_", " ")


def kind_words(kind: str) -> str:
    """Return the kind of an entry as words.

    Returns
    -------
    str
        The kind's own parts where it has no other name.

    Examples
    --------
    >>> kind_words("contest.filed"), kind_words("policy.registered")
    ('Contested by the person', 'Policy registered')
    """
    return _KINDS.get(kind) or spoken(kind.replace(".", " ")).capitalize()


def outcome_words(code: str | None, language: Language = "en") -> str:
    """Return an outcome code as words; an organisation's own codes stay as they are.

    Returns
    -------
    str
        To be escaped by the template.

    Examples
    --------
    >>> outcome_words("decline"), outcome_words("decline", "de"), outcome_words("decline.income")
    ('Declined', 'Abgelehnt', 'decline.income')
    """
    if code is None:
        return "–"
    return _OUTCOMES[language].get(code, code)


def tone_of(state: str) -> str:
    """Return the look of a state of a decision function.

    Returns
    -------
    str
        A tone of the report kit's badges.

    Examples
    --------
    >>> tone_of("released"), tone_of("in_review")
    ('pass', 'info')
    """
    return _TONES.get(state, "info")

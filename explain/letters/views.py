"""The six legal views: which sections each must contain and which facts these need.

`source` says where the content of a view was taken from: ``seen`` when the text of the law or
official comment was read, ``from-memory`` otherwise. No view is legal advice.

References
----------
GDPR Art. 13(2)(f), 15(1)(h), 22(3); CJEU C-203/22 (27 February 2025); Regulation (EU)
2024/1689 Art. 86; Directive (EU) 2023/2225 Art. 18; 12 CFR 1002.9 and form C-1.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from answerable.audit.errors import InvalidInput
from answerable.explain.letters.facts import LetterFacts

__all__ = ["MEANINGFUL", "VIEWS", "View", "check_facts", "missing_facts"]


@dataclass(frozen=True, slots=True)
class View:
    """One legal view of an explanation.

    Attributes
    ----------
    name : str
    law : str
        What it serves.
    source : {"seen", "from-memory"}
    sections : tuple of str
        In the order of the letter; each is required.
    facts : tuple of str
        Names of :class:`LetterFacts` fields that must be given.
    """

    name: str
    law: str
    source: Literal["seen", "from-memory"]
    sections: tuple[str, ...]
    facts: tuple[str, ...] = ()


_VIEWS: Final = (
    View(
        "applicant_letter",
        "GDPR Art. 22(3); plain letter to the applicant",
        "seen",
        ("action", "reasons", "change", "automation", "person", "contact", "reference"),
    ),
    View(
        "art15_access",
        "GDPR Art. 15(1)(h); CJEU C-203/22, paragraphs 58 to 62",
        "seen",
        (
            "action", "automation", "logic", "data", "reasons", "change", "consequences",
            "access", "person", "complaint", "contact", "reference",
        ),
        ("authority", "data_source"),
    ),
    View(
        "art86",
        "Regulation (EU) 2024/1689 Art. 86 and 26(11)",
        "seen",
        ("action", "role", "reasons", "change", "person", "contact", "reference"),
    ),
    View(
        "ccd2_18",
        "Directive (EU) 2023/2225 Art. 18, applies from 20 November 2026",
        "from-memory",
        (
            "action", "automation", "logic", "consequences", "reasons", "change", "person",
            "contact", "reference",
        ),
    ),
    View(
        "regb_c1",
        "12 CFR 1002.9(a)(2) and (b)(2), form C-1",
        "seen",
        ("action", "creditor", "reasons", "report", "ecoa", "contact", "reference"),
        ("creditor_address", "federal_agency", "consumer_report"),
    ),
    View(
        "auditor_full",
        "Complete record for auditors and supervisors",
        "seen",
        (
            "action", "automation", "logic", "data", "reasons", "change", "technical",
            "contact", "reference",
        ),
    ),
)  # fmt: skip

MEANINGFUL: Final = View(
    "meaningful_information",
    "GDPR Art. 15(1)(h), in an access package",
    "seen",
    ("action", "automation", "logic", "data", "reasons", "change", "consequences"),
)
"""The part of a letter that stands in an access package; no letter of its own."""

VIEWS: Final = MappingProxyType({view.name: view for view in _VIEWS})
"""View name to view."""


def missing_facts(facts: LetterFacts, view: str) -> tuple[str, ...]:
    """Return the facts that `view` requires and `facts` does not have.

    Parameters
    ----------
    facts : LetterFacts
    view : str

    Returns
    -------
    tuple of str
        Field names; empty when the letter can be written.

    Raises
    ------
    InvalidInput
        If there is no such view.
    """
    found = VIEWS.get(view)
    if found is None:
        raise InvalidInput("no such legal view", remedy=f"There are: {', '.join(VIEWS)}.")
    missing = [name for name in found.facts if not getattr(facts, name)]
    report = facts.consumer_report
    if "report" in found.sections and report is not None and report.used and not report.agency:
        missing.append("consumer_report.agency")
    always = {
        "reference": facts.reference,
        "receipt": facts.receipt,
        "use_case.contact": facts.use_case.contact,
        "use_case.controller": facts.use_case.controller,
    }
    return (*missing, *(name for name, value in always.items() if not value.strip()))


def check_facts(facts: LetterFacts, view: str) -> View:
    """Return the view when the letter can be written.

    Returns
    -------
    View

    Raises
    ------
    InvalidInput
        Naming missing facts, or facts that belong to another decision.
    """
    missing = missing_facts(facts, view)
    if missing:
        raise InvalidInput(
            f"facts missing for this letter: {', '.join(missing)}",
            where=f"view {view}",
            remedy="Give them, or choose another view.",
        )
    explanation = facts.explanation
    pairs = {
        "function": (facts.function.digest, explanation.function),
        "catalogue": (facts.catalogue.digest, explanation.catalogue),
        "baseline": (facts.baseline.digest, explanation.baseline),
        "use case": (facts.use_case.digest, facts.function.use_case),
    }
    foreign = [name for name, (given, registered) in pairs.items() if given != registered]
    if foreign:
        raise InvalidInput(
            f"not what the explanation rests on: {', '.join(foreign)}", where=f"view {view}"
        )
    return VIEWS[view]

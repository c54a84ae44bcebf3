"""What a letter is written from: the stored explanation and the facts around the decision."""

from __future__ import annotations

from dataclasses import dataclass

from answerable.audit.records import Automation, BaselineVersion, DecisionFunction, UseCase
from answerable.explain.catalogue import Catalogue
from answerable.explain.explanation import Explanation

__all__ = ["ConsumerReport", "LetterFacts", "Recipient"]


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """To whom the letter is addressed: personal data, never logged.

    Attributes
    ----------
    name : str
    address : tuple of str
        Lines below the name.
    """

    name: str
    address: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ConsumerReport:
    """Whether a credit bureau's report was used, and whose.

    Attributes
    ----------
    used : bool
    agency : str
        Name, address and telephone number of the bureau, when one was used.
    """

    used: bool
    agency: str = ""


@dataclass(frozen=True, kw_only=True)
class LetterFacts:
    """Everything the six views can need; each view names what it requires.

    Attributes
    ----------
    explanation : Explanation
        As stored, never recomputed for a letter.
    catalogue : Catalogue
        The catalogue the explanation names.
    function : DecisionFunction
    use_case : UseCase
    baseline : BaselineVersion
    automation : Automation
    decided_at : int
        Microseconds UTC.
    reference : str
        What the person quotes: the decision's entry id.
    receipt : str
        Where the decision stands in the log, in one line.
    recipient : Recipient, optional
    review_days : int
        Within how many days a person may ask for a review.
    creditor_address : str
        Postal address of who decided.
    authority : str
        Name and address of the supervisory authority for complaints.
    federal_agency : str
        Name and address of the agency named in a Regulation B notice.
    data_source : str
        Where the data about the person came from.
    consumer_report : ConsumerReport, optional
    """

    explanation: Explanation
    catalogue: Catalogue
    function: DecisionFunction
    use_case: UseCase
    baseline: BaselineVersion
    automation: Automation
    decided_at: int
    reference: str
    receipt: str
    recipient: Recipient | None = None
    review_days: int = 30
    creditor_address: str = ""
    authority: str = ""
    federal_agency: str = ""
    data_source: str = ""
    consumer_report: ConsumerReport | None = None

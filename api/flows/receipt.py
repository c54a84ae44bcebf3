"""The receipt of a decision, and the page on which anybody can check it without this service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from answerable.api.flows.stored import decision_entry
from answerable.api.wiring import Workspace
from answerable.audit.offline.receipt_page import receipt_page
from answerable.audit.tree.notes import VerifierKey

__all__ = ["DecisionReceipt", "checking_page", "decision_receipt"]


@dataclass(frozen=True)
class DecisionReceipt:
    """What proves that a decision stands in the log, without personal data."""

    text: str
    """C2SP tlog-proof that carries the decision's header."""
    vkey: str
    fingerprint: str
    """Of the key; to be given on another way than the page."""


def decision_receipt(workspace: Workspace, decision_id: str) -> DecisionReceipt:
    """Return the receipt of a decision.

    Parameters
    ----------
    workspace : Workspace
        Where it is logged.
    decision_id : str
        Its id.

    Returns
    -------
    DecisionReceipt
        Under a signed checkpoint; one is signed when there is none yet.

    Raises
    ------
    NotFound
        If there is no such decision.
    EvidenceBroken
        If the stored tree does not lead from it to the checkpoint.
    """
    entry = decision_entry(workspace, decision_id)
    vkey = workspace.log.vkey
    return DecisionReceipt(workspace.log.proof(entry.id), vkey, VerifierKey.parse(vkey).fingerprint)


def checking_page(receipt: DecisionReceipt, language: Literal["en", "de"]) -> str:
    """Return the page that checks a receipt when it is opened.

    Parameters
    ----------
    receipt : DecisionReceipt
        From :func:`decision_receipt`.
    language : {"en", "de"}
        In which it opens.

    Returns
    -------
    str
        HTML in one piece; it makes no request.
    """
    return receipt_page(receipt.text, receipt.vkey, language=language)

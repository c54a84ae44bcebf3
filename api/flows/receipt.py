"""The receipt of a decision, and the page on which anybody can check it without this service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import JsonValue

from answerable.api.flows.stored import decision_entry
from answerable.api.wiring import Workspace
from answerable.audit.entries import Header
from answerable.audit.errors import AnswerableError, CheckpointSignatureInvalid, EvidenceBroken
from answerable.audit.offline.receipt_page import receipt_page
from answerable.audit.tree.checkpoints import Checkpoint, open_checkpoint
from answerable.audit.tree.notes import VerifierKey
from answerable.audit.tree.receipts import open_proof

__all__ = [
    "DecisionReceipt",
    "ReceiptCheck",
    "checked_receipt",
    "checking_page",
    "decision_receipt",
]

_OTHER_SIZE: Final = (
    "the checkpoint you kept is of another size: only a consistency proof ties it to the receipt"
)


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


@dataclass(frozen=True, kw_only=True)
class ReceiptCheck:
    """What a receipt proves, or what is wrong with it."""

    findings: tuple[tuple[str, str], ...] = ()
    """Layer and what is wrong."""
    header: Header | None = None
    """Proven; None where the receipt does not hold."""
    seq: int = 0
    size: int = 0
    root: str = ""
    anchored: bool = False
    """Whether a checkpoint that the reader kept is the one the receipt leads to."""
    remarks: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form, the result of ``answerable verify --receipt --json``."""
        said: dict[str, JsonValue] = {
            "ok": self.ok,
            "anchored": self.anchored,
            "findings": [{"layer": layer, "what": what} for layer, what in self.findings],
            "remarks": list(self.remarks),
        }
        if self.header is not None:
            header = self.header.model_dump(mode="json", exclude_none=True)
            said |= {"seq": self.seq, "size": self.size, "root": self.root, "header": header}
        return said


def checked_receipt(text: str, vkey: str, *, checkpoint: str | None = None) -> ReceiptCheck:
    """Check the receipt of one entry; needs no log.

    Parameters
    ----------
    text : str
        The receipt, with its header.
    vkey : str
        The log's verification key, from another source than the receipt.
    checkpoint : str, optional
        A checkpoint the reader kept. One of another size can be neither confirmed nor contradicted
        by a receipt; that is said and is no finding.

    Returns
    -------
    ReceiptCheck
        What it proves; what is wrong is a finding, never an error.

    Raises
    ------
    InvalidInput
        If the key itself is malformed.

    Examples
    --------
    >>> key = VerifierKey("example.org/log", bytes(32))
    >>> checked_receipt("a letter", str(key)).findings[0][0]
    'proof'
    """
    key = VerifierKey.parse(vkey)
    try:
        proven = open_proof(text, key)
        header = Header.from_json(proven.header)
    except CheckpointSignatureInvalid as error:
        return ReceiptCheck(findings=(("checkpoint", str(error)),))
    except EvidenceBroken as error:
        return ReceiptCheck(findings=(("proof", str(error)),))
    except AnswerableError as error:
        return ReceiptCheck(findings=(("header", str(error)),))
    head = proven.checkpoint
    findings: list[tuple[str, str]] = []
    if header.log != head.origin:
        findings.append(("header", "the header is of another log than the checkpoint"))
    anchored, remark = False, None
    if checkpoint is not None:
        anchored, fault, remark = _compared(head, checkpoint, key)
        findings += [] if fault is None else [("checkpoint", fault)]
    return ReceiptCheck(
        findings=tuple(findings),
        header=header,
        seq=proven.seq,
        size=head.size,
        root=f"sha256:{head.root.hex()}",
        anchored=anchored,
        remarks=() if remark is None else (remark,),
    )


def _compared(head: Checkpoint, note: str, key: VerifierKey) -> tuple[bool, str | None, str | None]:
    """Return whether a checkpoint the reader kept is this one; else what is wrong, or unknown."""
    try:
        kept = open_checkpoint(note, key)
    except CheckpointSignatureInvalid as error:
        return False, f"the checkpoint you kept: {error}", None
    if kept == head:
        return True, None, None
    if kept.size == head.size:
        return False, f"the checkpoint you kept, of size {kept.size}, has another root", None
    return False, None, _OTHER_SIZE

"""Record evidence that was computed in the caller's own process, and read evidence back."""

from __future__ import annotations

from dataclasses import dataclass

from answerable.api.actor import ActorContext
from answerable.api.flows.append import append_evidence, dataset_subject
from answerable.api.flows.context import Recorded
from answerable.api.flows.lookup import dataset_record, function_digest
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry
from answerable.audit.errors import Erased, InvalidInput, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Evidence, Role

__all__ = ["FoundEvidence", "evidence_by_digest", "record_evidence"]

_FROM_CALLERS = frozenset(
    {
        EntryKind.FAIRNESS_MITIGATED,
        EntryKind.MODEL_VALIDATED,
        EntryKind.PRIVACY_RISK_ASSESSED,
        EntryKind.PRIVACY_PROXIES_ASSESSED,
    }
)
"""Kinds computed by libraries in the caller's process; all others have a flow of their own
that computes them here, so nobody can type in a better number."""


@dataclass(frozen=True)
class FoundEvidence:
    """Evidence as it stands in the log."""

    entry: Entry
    record: Evidence


def record_evidence(
    workspace: Workspace, evidence: Evidence, *, actor: ActorContext
) -> Recorded[Evidence]:
    """Log evidence a library computed in the caller's process, such as a mitigation.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    evidence : Evidence
        Its inputs must be registered.
    actor : ActorContext
        A scientist, model owner or compliance.

    Returns
    -------
    Recorded[Evidence]
        The evidence and its receipt.

    Raises
    ------
    NotAllowed
        If the actor may not.
    InvalidInput
        If evidence of this kind is computed here and never taken from callers.
    NotFound
        If a data set or function it names is not registered.
    """
    role = actor.acting_as(Role.SCIENTIST, Role.MODEL_OWNER, Role.COMPLIANCE)
    if evidence.kind not in {kind.value for kind in _FROM_CALLERS}:
        raise InvalidInput(
            "evidence of this kind is computed here, not taken from callers",
            where="evidence.kind",
            remedy="Use the flow that computes it.",
        )
    subject = None
    for name, digest in evidence.inputs.items():
        if name.partition(":")[0] == "dataset":
            dataset = dataset_record(workspace, digest)
            subject = subject or dataset_subject(dataset.name)
        elif name == "function":
            function_digest(workspace, digest)
    return append_evidence(workspace, evidence, acting=(actor, role), subject=subject)


def evidence_by_digest(workspace: Workspace, digest: str) -> FoundEvidence:
    """Return evidence by its digest.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    digest : str
        ``sha256:<hex>``.

    Returns
    -------
    FoundEvidence
        The newest entry that holds it.

    Raises
    ------
    NotFound
        If no evidence has this digest.
    Erased
        If it was deleted with its data set.
    """
    held = [item for item in workspace.registry().evidence.values() if item.digest == digest]
    if not held:
        raise NotFound(
            "there is no evidence of this digest", where="registry", remedy="Check the digest."
        )
    newest = max(held, key=lambda item: item.at.seq)
    entry = workspace.log.entry(newest.at.entry)
    record = workspace.log.open_body(entry).record
    if not isinstance(record, Evidence):
        raise Erased("the evidence was deleted with its data set", where=f"entry {entry.id}")
    return FoundEvidence(entry=entry, record=record)

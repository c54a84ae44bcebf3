"""Finding what is stored about a decision: its entry, its explanation, what followed.

Reads nothing from index columns alone: every entry's header is the one that was hashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue

from answerable.api.wiring import Workspace
from answerable.audit.entries import DraftSubject, Entry
from answerable.audit.errors import Erased, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Decision, Evidence
from answerable.explain.explanation import Explanation

__all__ = [
    "decision_entry",
    "explanation_entry",
    "explanation_evidence",
    "open_decision",
    "open_explanation",
    "related_of_kind",
    "same_subjects",
]


def decision_entry(workspace: Workspace, decision_id: str) -> Entry:
    """Return the entry of a decision.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    decision_id : str
        Its id.

    Returns
    -------
    Entry
        Of kind decision.

    Raises
    ------
    NotFound
        If there is no entry of this id, or it is no decision.
    """
    entry = workspace.log.entry(decision_id)
    if entry.kind is not EntryKind.DECISION:
        raise NotFound(
            "there is no decision of this id",
            where=f"entry {decision_id}",
            remedy="The id belongs to an entry of another kind.",
        )
    return entry


def open_decision(workspace: Workspace, decision_id: str) -> tuple[Entry, Decision]:
    """Return a decision's entry and its decrypted record.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    decision_id : str
        Its id.

    Returns
    -------
    tuple[Entry, Decision]
        Header and body.

    Raises
    ------
    NotFound
        If there is no such decision.
    Erased
        If it can no longer be decrypted.
    """
    entry = decision_entry(workspace, decision_id)
    return entry, workspace.log.read_record(decision_id, Decision)


def related_of_kind(workspace: Workspace, entry_id: str, kind: EntryKind) -> list[Entry]:
    """Return entries of one kind whose header links name an entry, oldest first."""
    return [entry for entry in workspace.log.related(entry_id) if entry.kind is kind]


def explanation_entry(workspace: Workspace, decision_id: str) -> Entry | None:
    """Return the entry of a decision's stored explanation, or None."""
    found = related_of_kind(workspace, decision_id, EntryKind.EXPLANATION)
    return found[0] if found else None


def explanation_evidence(explanation: Explanation) -> Evidence:
    """Return an explanation as the evidence that is stored, encrypted for its subjects."""
    return Evidence(
        kind=EntryKind.EXPLANATION.value,
        inputs={
            "function": explanation.function,
            "model": explanation.model,
            "catalogue": explanation.catalogue,
            "baseline": explanation.baseline,
        },
        engines=explanation.engines,
        code=explanation.code,
        result_type=explanation.type,
        result=cast("dict[str, JsonValue]", explanation.model_dump(mode="json", exclude_none=True)),
    )


def open_explanation(workspace: Workspace, entry: Entry) -> Explanation:
    """Return a stored explanation as it was written; nothing is recomputed.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    entry : Entry
        Of kind explanation.

    Returns
    -------
    Explanation
        The stored record.

    Raises
    ------
    Erased
        If it can no longer be decrypted.
    NotFound
        If the entry holds no explanation.
    """
    record = workspace.log.open_body(entry).record
    if record is None:
        raise Erased("the explanation was erased with its data subject", where=f"entry {entry.id}")
    if not isinstance(record, Evidence):
        raise NotFound("the entry holds no explanation", where=f"entry {entry.id}")
    return Explanation.parse(record.result)


def same_subjects(
    entry: Entry, data: Mapping[int, dict[str, JsonValue]] | None = None
) -> tuple[DraftSubject, ...]:
    """Return the data subjects of an entry, for another entry about the same people.

    Parameters
    ----------
    entry : Entry
        The first entry.
    data : Mapping[int, dict[str, JsonValue]], optional
        Data to carry over, by number of the subject.

    Returns
    -------
    tuple[DraftSubject, ...]
        Named by their random references.
    """
    return tuple(
        DraftSubject(role=item.role, ref=item.ref, data=(data or {}).get(number))
        for number, item in enumerate(entry.header.subjects)
    )

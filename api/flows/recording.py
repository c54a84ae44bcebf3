"""Recording a decision in the mode its use case has, also while the log is not available.

What must be read before deciding (is the function released, was this id used before) is read from
the log. Where the mode is ``fail_open`` and the log's database is not available, the view this
process last had stands in for it, and the spool for the entries: a release that was suspended by
another process in that time is not seen. In every other mode the decision is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from answerable.api.flows.lookup import FunctionFacts, function_facts
from answerable.api.flows.stored import explanation_entry, open_explanation
from answerable.api.wiring import Workspace
from answerable.audit.entries import Draft
from answerable.audit.errors import NotFound, Unavailable
from answerable.audit.kinds import EntryKind
from answerable.audit.recorder import ReleaseMode
from answerable.audit.records import Decision, EntryLink, Evidence
from answerable.explain.explanation import Explanation

__all__ = ["Earlier", "earlier_decision", "facts_for_deciding", "mode_of"]


@dataclass(frozen=True)
class Earlier:
    """A decision that stands, or waits, under an entry id already."""

    decision: Decision
    claimed_at: int | None
    links: tuple[EntryLink, ...]
    explanation: Explanation | None = None
    """Only of one that waits; one that stands in the log is read when it is needed."""


def mode_of(workspace: Workspace, facts: FunctionFacts) -> ReleaseMode:
    """Return what must be true before a decision of a function is handed out.

    Parameters
    ----------
    workspace : Workspace
        Its settings name the mode.
    facts : FunctionFacts
        The function and its use case.

    Returns
    -------
    ReleaseMode
        Of the use case, else of all.
    """
    settings = workspace.settings
    return ReleaseMode(settings.release_modes.get(facts.use_case.name, settings.release_mode))


def facts_for_deciding(workspace: Workspace, function: str) -> FunctionFacts:
    """Return what deciding needs to know of a function, from the log or the last view of it.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    function : str
        ``name@version`` or its digest.

    Returns
    -------
    FunctionFacts
        As of now, or as this process last saw them.

    Raises
    ------
    NotFound
        If it is not registered.
    Unavailable
        If the log cannot be read and the mode does not allow for it.
    """
    if not workspace.recorder.trying():
        # The database was tried moments ago and did not answer: not every decision waits for it.
        facts = _last_seen(workspace, function)
        if facts is not None:
            return facts
    try:
        return function_facts(workspace, function)
    except Unavailable:
        facts = _last_seen(workspace, function)
        if facts is None:
            with _refused(workspace):
                raise
        return facts


def earlier_decision(workspace: Workspace, entry_id: str, mode: ReleaseMode) -> Earlier | None:
    """Return the decision that stands under an entry id, or waits under it in the spool.

    Parameters
    ----------
    workspace : Workspace
        Where to look.
    entry_id : str
        The id.
    mode : ReleaseMode
        Whether the spool may stand in for the log.

    Returns
    -------
    Earlier or None
        None when the id is free, as far as can be seen.

    Raises
    ------
    Unavailable
        If the log cannot be read and the mode does not allow for it.
    Erased
        If the decision can no longer be read.
    """
    if mode is not ReleaseMode.FAIL_OPEN:
        with _refused(workspace):
            return _stored(workspace, entry_id)
    waiting = workspace.recorder.waiting(entry_id)
    first = waiting[0] if waiting else None
    if first is not None and isinstance(first.record, Decision):
        explanation = _explanation_in(waiting)
        return Earlier(first.record, first.claimed_at, first.links, explanation)
    try:
        return _stored(workspace, entry_id) if workspace.recorder.trying() else None
    except Unavailable:
        return None


def explanation_of(workspace: Workspace, entry_id: str) -> tuple[Explanation | None, str | None]:
    """Return the explanation stored with a decision and its entry id."""
    entry = explanation_entry(workspace, entry_id)
    return (None, None) if entry is None else (open_explanation(workspace, entry), entry.id)


@contextmanager
def _refused(workspace: Workspace) -> Iterator[None]:
    """Count a decision that is refused because the log cannot even be read."""
    with workspace.log.watch.failing((EntryKind.DECISION,)):
        yield


def _last_seen(workspace: Workspace, function: str) -> FunctionFacts | None:
    view = workspace.last_registry()
    if view is None:
        return None
    facts = function_facts(workspace, function, view=view)
    return facts if mode_of(workspace, facts) is ReleaseMode.FAIL_OPEN else None


def _stored(workspace: Workspace, entry_id: str) -> Earlier | None:
    try:
        entry = workspace.log.entry(entry_id)
    except NotFound:
        return None
    decision = workspace.log.read_record(entry_id, Decision)
    return Earlier(decision, entry.header.at, entry.header.links)


def _explanation_in(drafts: Sequence[Draft]) -> Explanation | None:
    for draft in drafts:
        if draft.kind is EntryKind.EXPLANATION and isinstance(draft.record, Evidence):
            return Explanation.parse(draft.record.result)
    return None

"""Reading decisions: one with its personal data, noted; or lists of headers without any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.append import note_read
from answerable.api.flows.lookup import function_digest, function_name
from answerable.api.flows.stored import open_decision, related_of_kind
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import reviews_of
from answerable.audit.records import Decision, Role
from answerable.audit.requests.state import restrictions_of

__all__ = [
    "DecisionLine",
    "DecisionQuery",
    "DecisionView",
    "SubjectData",
    "is_restricted",
    "list_decisions",
    "read_decision",
    "superseded_by",
]

_SCAN: Final = 500


@dataclass(frozen=True)
class SubjectData:
    """A data subject of a decision; `data` is None after an erasure."""

    ref: str
    role: str
    data: dict[str, JsonValue] | None


@dataclass(frozen=True, kw_only=True)
class DecisionView:
    """A decision with its personal data, and what followed."""

    entry: Entry
    decision: Decision
    function_name: str
    subjects: tuple[SubjectData, ...]
    superseded_by: str | None
    reviews: tuple[Entry, ...]
    """Contests and reviews, in order."""
    restricted: bool
    """Whether a data subject asked for restriction (GDPR Art. 18)."""


@dataclass(frozen=True, kw_only=True)
class DecisionLine:
    """What a header says about a decision."""

    entry_id: str
    seq: int
    ts: int
    function: str
    function_name: str
    outcome: str
    automation: str
    release: str
    supersedes: str | None
    subjects: int


@dataclass(frozen=True, kw_only=True)
class DecisionQuery:
    """Which decisions to list, newest first; `after` is the sequence number to go on from."""

    function: str | None = None
    outcome: str | None = None
    after: int | None = None
    limit: int = 50


def read_decision(
    workspace: Workspace, decision_id: str, *, purpose: str, actor: ActorContext
) -> DecisionView:
    """Return a decision with its personal data, noting who read it and why.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    decision_id : str
        Its id.
    purpose : str
        Why it is read, as a code.
    actor : ActorContext
        An officer, reviewer or auditor.

    Returns
    -------
    DecisionView
        Decrypted, as far as nothing was erased.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If there is no such decision.
    Erased
        If it can no longer be decrypted.
    InvalidInput
        If the purpose is not a code.
    """
    role = actor.acting_as(Role.OFFICER, Role.REVIEWER, Role.AUDITOR)
    entry, decision = open_decision(workspace, decision_id)
    note_read(
        workspace,
        acting=(actor, role),
        purpose=purpose,
        query="decision",
        entries=[decision_id],
        subjects=[item.ref for item in entry.header.subjects],
    )
    opened = workspace.log.open_body(entry).subjects
    return DecisionView(
        entry=entry,
        decision=decision,
        function_name=function_name(workspace, decision.function),
        subjects=tuple(
            SubjectData(item.ref, item.role, _data_of(workspace, item.ref, opened.get(number)))
            for number, item in enumerate(entry.header.subjects)
        ),
        superseded_by=superseded_by(workspace, decision_id),
        reviews=tuple(reviews_of(workspace.log, decision_id)),
        restricted=any(
            is_restricted(workspace.log.subject_entries(item.ref)) for item in entry.header.subjects
        ),
    )


def list_decisions(workspace: Workspace, query: DecisionQuery) -> list[DecisionLine]:
    """List decisions from their headers, newest first: no personal data is read.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    query : DecisionQuery
        Filters and page.

    Returns
    -------
    list[DecisionLine]
        At most `limit`.

    Raises
    ------
    NotFound
        If the function is not registered.
    """
    digest = None if query.function is None else function_digest(workspace, query.function)
    found: list[DecisionLine] = []
    before = query.after
    step = query.limit if query.outcome is None else _SCAN
    while len(found) < query.limit:
        page = workspace.log.latest(
            kinds=(EntryKind.DECISION,), function=digest, before=before, limit=step
        )
        found.extend(
            _line(workspace, entry)
            for entry in page
            if query.outcome is None or entry.header.outcome == query.outcome
        )
        if len(page) < step:
            break
        before = page[-1].seq
    return found[: query.limit]


def superseded_by(workspace: Workspace, decision_id: str) -> str | None:
    """Return the id of the decision that replaced this one, or None."""
    newer = related_of_kind(workspace, decision_id, EntryKind.DECISION)
    return newer[0].id if newer else None


def is_restricted(entries: list[Entry]) -> bool:
    """Return whether processing of a data subject's data is restricted now."""
    return bool(restrictions_of(entries))


def _data_of(
    workspace: Workspace, ref: str, data: dict[str, JsonValue] | None
) -> dict[str, JsonValue] | None:
    if data is None and not workspace.log.is_erased(ref):
        return {}
    return data


def _line(workspace: Workspace, entry: Entry) -> DecisionLine:
    header = entry.header
    return DecisionLine(
        entry_id=header.id,
        seq=entry.seq,
        ts=header.ts,
        function=header.function or "",
        function_name=function_name(workspace, header.function),
        outcome=header.outcome or "",
        automation=header.automation.value if header.automation else "",
        release=header.release or "none",
        supersedes=header.supersedes,
        subjects=len(header.subjects),
    )

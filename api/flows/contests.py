"""Contests that wait for a review, and what people wrote in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from answerable.api.actor import ActorContext
from answerable.api.flows.append import note_read
from answerable.api.flows.lookup import function_name
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Contest, Role

__all__ = ["ContestLine", "contested_decision", "open_contests", "read_contest"]

_DAY: Final = 86_400_000_000
_PAGE: Final = 500


@dataclass(frozen=True, kw_only=True)
class ContestLine:
    """A contest that waits for a review; without what the person wrote."""

    contest_id: str
    decision_id: str
    filed_at: int
    due_at: int
    function_name: str


def open_contests(workspace: Workspace) -> list[ContestLine]:
    """Return contests without a review, the one due first.

    Parameters
    ----------
    workspace : Workspace
        Where from.

    Returns
    -------
    list[ContestLine]
        From headers alone: nothing a person wrote is read.
    """
    filed = _all_of(workspace, EntryKind.CONTEST_FILED)
    answered = {
        link.entry
        for review in _all_of(workspace, EntryKind.REVIEW_COMPLETED)
        for link in review.header.links
        if link.rel == "answers"
    }
    wait = workspace.settings.review_days * _DAY
    return sorted(
        (
            ContestLine(
                contest_id=entry.id,
                decision_id=contested_decision(entry),
                filed_at=entry.header.ts,
                due_at=entry.header.ts + wait,
                function_name=function_name(workspace, entry.header.function),
            )
            for entry in filed
            if entry.id not in answered
        ),
        key=lambda line: (line.due_at, line.contest_id),
    )


def read_contest(
    workspace: Workspace, contest_id: str, *, purpose: str, actor: ActorContext
) -> Contest:
    """Return what a data subject wrote, noting who read it and why.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    contest_id : str
        The contest.
    purpose : str
        Why it is read, as a code.
    actor : ActorContext
        A reviewer, officer or auditor.

    Returns
    -------
    Contest
        Decrypted.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If there is no such contest.
    Erased
        If the person's data was erased.
    """
    role = actor.acting_as(Role.REVIEWER, Role.OFFICER, Role.AUDITOR)
    record = workspace.log.read_record(contest_id, Contest)
    note_read(
        workspace,
        acting=(actor, role),
        purpose=purpose,
        query="contest",
        entries=[contest_id],
        subjects=[item.ref for item in workspace.log.entry(contest_id).header.subjects],
    )
    return record


def contested_decision(entry: Entry) -> str:
    """Return the id of the decision that a contest is about."""
    return next(
        (link.entry for link in entry.header.links if link.rel == "contests" and link.entry), ""
    )


def _all_of(workspace: Workspace, kind: EntryKind) -> Sequence[Entry]:
    found: list[Entry] = []
    while True:
        page = workspace.log.entries(
            kinds=(kind,), after=found[-1].seq if found else -1, limit=_PAGE
        )
        found.extend(page)
        if len(page) < _PAGE:
            return found

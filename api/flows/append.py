"""Appending from a flow: clear entries, evidence, and the trace of every read.

Evidence that rests on a data set can hold small groups, which are personal data: it is
encrypted under a key of the data set, so that deleting the data set can take its counts
with it while every proof stays valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

from pydantic import JsonValue

import answerable
from answerable.api.actor import ActorContext
from answerable.api.flows.context import Recorded
from answerable.api.wiring import Workspace
from answerable.audit.entries import Draft, DraftSubject, Entry, Receipt
from answerable.audit.errors import Unavailable
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink, Evidence, Record, RecordsRead, Role

__all__ = [
    "CODE_VERSION",
    "DATASET_ROLE",
    "append_clear",
    "append_evidence",
    "dataset_subject",
    "is_dataset_id",
    "note_read",
    "receipt_of",
    "recorded_first",
]

R = TypeVar("R", bound=Record)

CODE_VERSION: Final = f"answerable {answerable.__version__}"
DATASET_ROLE: Final = "dataset"
"""Role of a data set as key holder; no person has it."""
_DATASET_ID: Final = "dataset:"
_MOST_LINKS: Final = 500
"""More links would not fit a header; the record still lists every entry."""


def append_clear(
    workspace: Workspace,
    kind: EntryKind,
    record: R,
    *,
    acting: tuple[ActorContext, Role],
    links: Sequence[EntryLink] = (),
    function: str | None = None,
) -> Recorded[R]:
    """Append a record without personal data.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    kind : EntryKind
        Kind of the entry.
    record : Record
        Its body, stored clear.
    acting : tuple[ActorContext, Role]
        Who appends, in which role.
    links : Sequence[EntryLink]
        What it refers to.
    function : str, optional
        Digest of the decision function it concerns.

    Returns
    -------
    Recorded
        The record and its receipt.

    Raises
    ------
    Unavailable
        If the log cannot be written.
    """
    actor, role = acting
    draft = Draft(
        kind=kind,
        entry_id=workspace.ids(),
        record=record,
        actor=actor.actor,
        role=role,
        links=tuple(links),
        function=function,
    )
    return Recorded(record, workspace.log.append(draft))


def append_evidence(
    workspace: Workspace,
    evidence: Evidence,
    *,
    acting: tuple[ActorContext, Role],
    subject: DraftSubject | None = None,
) -> Recorded[Evidence]:
    """Append evidence, linked to everything it was computed on.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    evidence : Evidence
        What was computed; its kind is the entry's.
    acting : tuple[ActorContext, Role]
        Who appends, in which role.
    subject : DraftSubject, optional
        The data set whose groups it counts, from :func:`dataset_subject`: the evidence is
        then encrypted under that data set's key.

    Returns
    -------
    Recorded[Evidence]
        The evidence and its receipt.

    Raises
    ------
    Unavailable
        If the log cannot be written.
    """
    actor, role = acting
    draft = Draft(
        kind=EntryKind(evidence.kind),
        entry_id=workspace.ids(),
        record=evidence,
        actor=actor.actor,
        role=role,
        subjects=() if subject is None else (subject,),
        links=tuple(
            EntryLink(rel=f"on:{name}", digest=digest)
            for name, digest in sorted(evidence.inputs.items())
        ),
        function=evidence.inputs.get("function"),
    )
    return Recorded(evidence, workspace.log.append(draft))


def dataset_subject(name: str, data: dict[str, JsonValue] | None = None) -> DraftSubject:
    """Return a data set as the key holder of an entry, with data only it may open."""
    return DraftSubject(role=DATASET_ROLE, subject_id=f"{_DATASET_ID}{name}", data=data)


def is_dataset_id(subject_id: str) -> bool:
    """Return whether an id names a data set as key holder: no person may share its key."""
    return subject_id.startswith(_DATASET_ID)


@contextmanager
def recorded_first() -> Iterator[None]:
    """Say, when the trace of a reading cannot be appended, why nothing is shown.

    Raises
    ------
    Unavailable
        With the cause, when the block could not append.

    Examples
    --------
    >>> try:
    ...     with recorded_first():
    ...         raise Unavailable("the disk is full", remedy="Free space.")
    ... except Unavailable as error:
    ...     print(error.what.partition(";")[2], error.remedy)
     the disk is full Free space.
    """
    try:
        yield
    except Unavailable as error:
        raise Unavailable(
            "reading personal data and asking the log are themselves recorded first, so nothing is"
            f" shown while the log cannot be written; {error.what}",
            where=error.where,
            remedy=error.remedy,
        ) from error


def note_read(
    workspace: Workspace,
    *,
    acting: tuple[ActorContext, Role],
    purpose: str,
    query: str,
    entries: Sequence[str],
    subjects: Sequence[str] = (),
) -> Receipt:
    """Append that somebody read personal data, before it is handed out.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    acting : tuple[ActorContext, Role]
        Who reads, in which role.
    purpose : str
        Why, as a code.
    query : str
        What was asked, as a code; never the data.
    entries : Sequence[str]
        Ids of the entries that were read.
    subjects : Sequence[str]
        References of the data subjects whose data was read.

    Returns
    -------
    Receipt
        Of the trace.

    Raises
    ------
    InvalidInput
        If the purpose is not a code.
    Unavailable
        If the log cannot be written: nothing is read then.
    """
    record = RecordsRead.parse(
        {"purpose": purpose, "query": query, "entries": list(entries), "count": len(entries)}
    )
    actor, role = acting
    trace = Draft(
        kind=EntryKind.RECORDS_READ,
        entry_id=workspace.ids(),
        record=record,
        actor=actor.actor,
        role=role,
        # Stored clear: the trace must outlive an erasure, and holds codes and ids only.
        subjects=tuple(DraftSubject(role="data-subject", ref=ref) for ref in subjects),
        links=tuple(EntryLink(rel="read", entry=entry) for entry in entries[:_MOST_LINKS]),
        purpose=purpose,
    )
    with recorded_first():
        return workspace.log.append(trace)


def receipt_of(workspace: Workspace, entry: Entry) -> Receipt:
    """Return the receipt of an entry that is in the log already."""
    header = entry.header
    return Receipt(
        log=workspace.log.origin,
        entry_id=header.id,
        kind=header.kind,
        seq=entry.seq,
        leaf=entry.leaf,
        ts=header.ts,
        repeated=True,
    )

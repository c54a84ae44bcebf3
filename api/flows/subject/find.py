"""Find a data subject by the identifier the caller's own service uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.append import DATASET_ROLE, is_dataset_id, note_read
from answerable.api.flows.lookup import function_name
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry
from answerable.audit.errors import NotFound
from answerable.audit.records import LegalHold, Role
from answerable.audit.requests.state import objections_of, restrictions_of

__all__ = ["EntryLine", "FoundSubject", "RequestFacts", "find_subject", "known_ref", "show_subject"]


@dataclass(frozen=True, kw_only=True)
class RequestFacts:
    """How a data subject's request came in: when, under which article, how they were identified.

    `identity_check` and `article` are codes, for example ``id-card`` and ``gdpr-art-15``.
    """

    received_at: int
    identity_check: str
    article: str = "gdpr-art-15"
    request_id: str | None = None
    """The open request this answers; left out, asking and answering are recorded together."""


@dataclass(frozen=True, kw_only=True)
class EntryLine:
    """One entry that names a data subject, from its header."""

    entry_id: str
    seq: int
    ts: int
    kind: str
    role: str
    """The role the subject has in the entry."""
    function_name: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class FoundSubject:
    """A data subject: their random reference, entries, holds and state."""

    ref: str
    entries: tuple[EntryLine, ...]
    holds: tuple[LegalHold, ...]
    restricted: bool
    erased: bool
    restrictions: tuple[str, ...] = ()
    """Entries of the restrictions in force."""
    restricted_since: int | None = None
    objections: tuple[str, ...] = ()
    """Entries of the objections the person made."""

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form.

        Returns
        -------
        dict[str, JsonValue]
            ``ref, entries, holds, restricted, restricted_since, restrictions, objections,
            erased``.
        """
        entries: list[JsonValue] = [
            {
                "entry_id": line.entry_id,
                "seq": line.seq,
                "ts": line.ts,
                "kind": line.kind,
                "role": line.role,
                "function": line.function_name,
                "outcome": line.outcome,
            }
            for line in self.entries
        ]
        return {
            "ref": self.ref,
            "entries": entries,
            "holds": [
                cast("JsonValue", hold.model_dump(mode="json", exclude_none=True))
                for hold in self.holds
            ],
            "restricted": self.restricted,
            "restricted_since": self.restricted_since,
            "restrictions": list(self.restrictions),
            "objections": list(self.objections),
            "erased": self.erased,
        }


def find_subject(
    workspace: Workspace, subject_id: str, *, purpose: str, actor: ActorContext
) -> FoundSubject:
    """Find a data subject by the caller's own identifier.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    subject_id : str
        As decisions named them; it is hashed with a key for the look-up, never stored.
    purpose : str
        Why, as a code.
    actor : ActorContext
        An officer.

    Returns
    -------
    FoundSubject
        With the reference the other flows take.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If nothing is held about this person, or it was erased.
    InvalidInput
        If the purpose is not a code.
    """
    role = actor.acting_as(Role.OFFICER)
    ref = workspace.log.subject_ref(subject_id)
    if ref is None or is_dataset_id(subject_id):
        raise NotFound(
            "nothing is held about this person",
            where="subject",
            remedy="Check the identifier; after an erasure it leads nowhere.",
        )
    return _found(workspace, ref, purpose=purpose, acting=(actor, role))


def show_subject(
    workspace: Workspace, ref: str, *, purpose: str, actor: ActorContext
) -> FoundSubject:
    """Return a data subject by their reference, noting the read.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    ref : str
        From :func:`find_subject`.
    purpose : str
        Why, as a code.
    actor : ActorContext
        An officer.

    Returns
    -------
    FoundSubject
        Also after an erasure: then it says so.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If the log does not know the reference.
    InvalidInput
        If the purpose is not a code.
    """
    role = actor.acting_as(Role.OFFICER)
    return _found(workspace, known_ref(workspace, ref), purpose=purpose, acting=(actor, role))


def _found(
    workspace: Workspace, ref: str, *, purpose: str, acting: tuple[ActorContext, Role]
) -> FoundSubject:
    entries = workspace.log.subject_entries(ref)
    note_read(
        workspace,
        acting=acting,
        purpose=purpose,
        query="subject",
        entries=[entry.id for entry in entries],
        subjects=[ref],
    )
    restrictions = restrictions_of(entries)
    return FoundSubject(
        ref=ref,
        entries=tuple(_line(workspace, entry, ref) for entry in entries),
        holds=tuple(workspace.log.holds(ref)),
        restricted=bool(restrictions),
        erased=workspace.log.is_erased(ref),
        restrictions=tuple(entry.id for entry in restrictions),
        restricted_since=restrictions[0].header.ts if restrictions else None,
        objections=tuple(entry.id for entry in objections_of(entries)),
    )


def known_ref(workspace: Workspace, ref: str) -> str:
    """Return a reference the log knows.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    ref : str
        From :func:`find_subject`.

    Returns
    -------
    str
        The same.

    Raises
    ------
    NotFound
        If the log does not know it, or it is a data set's.
    """
    workspace.log.is_erased(ref)
    named = (item for entry in workspace.log.subject_entries(ref) for item in entry.header.subjects)
    if any(item.ref == ref and item.role == DATASET_ROLE for item in named):
        # Whoever erased it as a person would destroy the evidence that rests on the data set.
        raise NotFound("this reference is a data set's, not a person's", where=ref)
    return ref


def _line(workspace: Workspace, entry: Entry, ref: str) -> EntryLine:
    header = entry.header
    return EntryLine(
        entry_id=header.id,
        seq=entry.seq,
        ts=header.ts,
        kind=header.kind.value,
        role=next((item.role for item in header.subjects if item.ref == ref), ""),
        function_name=function_name(workspace, header.function),
        outcome=header.outcome or "",
    )

"""Evidence packs: what an auditor, a court or the person takes along and checks elsewhere.

A pack of decisions holds each decision and what links to it: explanation, letters, contests,
reviews, decisions that replaced it. Nothing in it can be read without record keys; they are given
only to whoever may read the decisions here, for a purpose that is logged first. Each key that is
given away is an entry of its own that names the part, the recipient and the purpose. A pack for the
person holds everything the log has about them, and opens the cases and their own data alone.

Every pack is checked by the offline verifier before it is handed out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import BinaryIO, Final

from answerable.api.actor import ActorContext
from answerable.api.flows.append import note_read
from answerable.api.flows.disclosing import disclosure_draft
from answerable.api.flows.stored import decision_entry
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry, Header
from answerable.audit.errors import (
    CheckpointSignatureInvalid,
    EvidenceBroken,
    InvalidInput,
    NotFound,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.offline.verify_pack import verify_pack
from answerable.audit.pack import (
    PACK_LIMIT,
    PackedEntry,
    PackedHead,
    PackFrame,
    PackSummary,
    write_pack,
)
from answerable.audit.queries import everything_about
from answerable.audit.records import Role
from answerable.audit.watched import WatchedLog

__all__ = ["PackContents", "PackRequest", "evidence_pack"]

_ANCHORS: Final = frozenset({"cosigned", "rfc3161"})
MOST_DECISIONS: Final = 1000
"""Decisions a pack can be asked for at once."""
_THE_PERSON: Final = "data-subject"
_TRACES: Final = frozenset({EntryKind.RECORDS_READ, EntryKind.RECORD_DISCLOSED})
"""Who saw a decision is not part of its evidence; the person's own pack shows it."""
_MOST_NAMED: Final = 10
_MOST_APPENDED: Final = 1000
_AT_ONCE: Final = 100
"""Entries whose bodies are read together."""


class PackContents(StrEnum):
    """What can be read in a pack."""

    SEALED = "sealed"
    """Headers and proofs; bodies as ciphertext."""
    OPENED = "opened"
    """Every part that can still be opened, with its record key."""
    SUBJECT = "subject"
    """Everything about the applicant: the cases and their own data, of nobody else."""


@dataclass(frozen=True, kw_only=True)
class PackRequest:
    """What a pack is to hold, and why."""

    decisions: Sequence[str]
    purpose: str
    contents: PackContents = PackContents.SEALED
    recipient: str | None = None
    """Who gets an opened pack, as a code; the person's own pack is for the person."""
    subject: str | None = None
    """Whose own pack it is; needed when the decisions are about several people."""
    checkpoint: str | None = None
    """An older checkpoint that the reader keeps: the pack proves that the log grew from it."""


def evidence_pack(
    workspace: Workspace,
    request: PackRequest,
    file: BinaryIO,
    *,
    actor: ActorContext,
    limit: int = PACK_LIMIT,
) -> PackSummary:
    """Write an evidence pack and check it; that it was made is logged first.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    request : PackRequest
        Which decisions, what can be read in it, and why.
    file : BinaryIO
        Open for reading and writing, empty. What stands in it after an error is no pack.
    actor : ActorContext
        An officer or auditor; for the person's own pack an officer.
    limit : int
        Most bytes.

    Returns
    -------
    PackSummary
        How much of what.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If there is no such decision.
    InvalidInput
        If no decision or too many were asked for; if it is not said whose pack it is, or who gets
        an opened one; if purpose or recipient is not a code.
    TooLarge
        If the pack would be larger than `limit`.
    EvidenceBroken
        If what is stored does not verify; nothing may be handed out then.

    References
    ----------
    GDPR Art. 15(3), 15(4) and 20(1) for the person's own pack.
    """
    for_subject = request.contents is PackContents.SUBJECT
    role = actor.acting_as(Role.OFFICER, *(() if for_subject else (Role.AUDITOR,)))
    recipient = _recipient(request)
    decisions = _decisions(workspace, request.decisions)
    ref = _one_person(decisions, request.subject) if for_subject else None
    entries = _with_related(workspace, decisions) if ref is None else _about(workspace, ref)
    note_read(
        workspace,
        acting=(actor, role),
        purpose=request.purpose,
        query=f"evidence-pack:{request.contents.value}",
        entries=[entry.id for entry in entries],
        subjects=_subjects(decisions) if ref is None else [ref],
    )
    if recipient is not None:
        given = list(_given(workspace, entries, request.contents, ref))
        _note_given(workspace, given, recipient, request.purpose, acting=(actor, role))
    frame = _frame(workspace, request.checkpoint)
    packed = _packed(workspace, entries, workspace.log.open_checkpoint(frame.checkpoint).size)
    chosen = (_chosen(item, request.contents, ref) for item in packed)
    summary = write_pack(file, frame, chosen, limit=limit)
    found = verify_pack(file, frame.vkey)
    if not found["ok"]:
        first = found["findings"][0]
        raise EvidenceBroken(
            f"the pack does not verify ({first['layer']}): {first['what']}",
            where=f"entry {first['entry']}" if first["entry"] else "pack",
            remedy="Hand out nothing; verify the log.",
        )
    return summary


def _subjects(entries: Sequence[Entry]) -> list[str]:
    return sorted({item.ref for entry in entries for item in entry.header.subjects})


def _decisions(workspace: Workspace, ids: Sequence[str]) -> list[Entry]:
    if not 0 < len(ids) <= MOST_DECISIONS:
        raise InvalidInput(
            f"a pack is asked for with 1 to {MOST_DECISIONS} decisions", where="decisions"
        )
    return [decision_entry(workspace, decision_id) for decision_id in dict.fromkeys(ids)]


def _one_person(decisions: Sequence[Entry], wanted: str | None) -> str:
    named = [{item.ref: item.role for item in entry.header.subjects} for entry in decisions]
    shared = {ref: role for ref, role in named[0].items() if all(ref in refs for refs in named)}
    if wanted is not None:
        if wanted not in shared:
            raise NotFound(
                "these decisions are not all about this person",
                where="subject",
                remedy="Give the reference of somebody that each of them names.",
            )
        return wanted
    if len(shared) == 1 and all(len(refs) == 1 for refs in named):
        return next(iter(shared))
    people = ", ".join(f"{ref} ({role})" for ref, role in list(shared.items())[:_MOST_NAMED])
    raise InvalidInput(
        "a person's pack is about one person; these decisions are about several or none",
        where="subject",
        remedy=f"Give the reference of one of: {people}."
        if people
        else "Ask for the decisions of one person.",
    )


def _recipient(request: PackRequest) -> str | None:
    """Return who is given record keys, None when nobody is."""
    if request.contents is PackContents.SUBJECT:
        return request.recipient or _THE_PERSON
    if (request.contents is PackContents.OPENED) == (request.recipient is not None):
        return request.recipient
    raise InvalidInput(
        "a recipient belongs to an opened pack: it gives record keys away",
        where="recipient",
        remedy="Say who gets an opened pack, as a code such as that of a court; for a sealed one,"
        " leave it out.",
    )


def _given(
    workspace: Workspace, entries: Sequence[Entry], contents: PackContents, ref: str | None
) -> Iterator[tuple[Entry, int]]:
    """Yield which parts of which entries can be opened with the keys of a pack."""
    for packed in _packed(workspace, entries, workspace.log.size()):
        for number in sorted(_chosen(packed, contents, ref).keys):
            yield packed.entry, number


def _note_given(
    workspace: Workspace,
    given: Sequence[tuple[Entry, int]],
    recipient: str,
    purpose: str,
    *,
    acting: tuple[ActorContext, Role],
) -> None:
    """Append, before anything is handed out, that these keys are given away."""
    drafts = [
        disclosure_draft(workspace, item, recipient=recipient, purpose=purpose, acting=acting)
        for item in given
    ]
    for first in range(0, len(drafts), _MOST_APPENDED):
        workspace.log.append_many(drafts[first : first + _MOST_APPENDED])


def _with_related(workspace: Workspace, decisions: Sequence[Entry]) -> list[Entry]:
    found: dict[int, Entry] = {}
    waiting = list(decisions)
    while waiting:
        entry = waiting.pop()
        if entry.seq not in found and entry.kind not in _TRACES:
            found[entry.seq] = entry
            waiting += workspace.log.related(entry.id)
    return [found[seq] for seq in sorted(found)]


def _about(workspace: Workspace, ref: str) -> list[Entry]:
    everything = everything_about(workspace.log, ref)
    found = {item.entry.seq: item.entry for item in everything.items}
    found |= {entry.seq: entry for entry in everything.reads}
    return [found[seq] for seq in sorted(found)]


def _frame(workspace: Workspace, kept: str | None) -> PackFrame:
    log = workspace.log
    note = log.checkpoint()
    size = log.open_checkpoint(note).size
    heads = []
    if kept is not None:
        older = _kept_size(log, kept)
        if older > size:
            raise EvidenceBroken(
                f"the log has {size} entries, the checkpoint you keep covers {older}",
                where="checkpoint",
                remedy="Entries were removed: verify the log against that checkpoint.",
            )
        if older not in {0, size}:
            heads.append(PackedHead(kept, log.consistency(older, size)))
    said = [(kept.kind, kept.data) for kept in log.anchors(size) if kept.kind in _ANCHORS]
    return PackFrame(log.vkey, note, heads, said, log.key_rotations())


def _kept_size(log: WatchedLog, note: str) -> int:
    try:
        return log.open_checkpoint(note).size
    except CheckpointSignatureInvalid:
        raise InvalidInput(
            "the checkpoint you keep is not one that a key of this log signed in its time",
            where="checkpoint",
            remedy="Give it exactly as it was published, to the last newline.",
        ) from None


def _packed(workspace: Workspace, entries: Sequence[Entry], size: int) -> Iterator[PackedEntry]:
    for first in range(0, len(entries), _AT_ONCE):
        yield from workspace.log.evidence_of(entries[first : first + _AT_ONCE], size)


def _chosen(packed: PackedEntry, contents: PackContents, ref: str | None) -> PackedEntry:
    header = packed.entry.header
    own = {number for number in packed.parts if ref is None or _concerns(header, number, ref)}
    sealed = contents is PackContents.SEALED
    return replace(
        packed,
        parts={number: data for number, data in packed.parts.items() if number in own},
        keys={} if sealed else {n: key for n, key in packed.keys.items() if n in own},
    )


def _concerns(header: Header, number: int, ref: str) -> bool:
    part = header.parts[number]
    return part.part in {"clear", "case"} or header.subjects[part.subject or 0].ref == ref

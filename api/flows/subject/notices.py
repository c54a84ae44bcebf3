"""Telling recipients what was corrected, erased or restricted (GDPR Art. 19).

Whom to tell follows from the organisation's profile and the purposes of the person's decisions;
that they were told, or why not, is an entry of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.context import Recorded
from answerable.api.flows.organisation import organisation_of
from answerable.api.flows.subject.answers import request_draft
from answerable.api.flows.subject.find import known_ref
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry
from answerable.audit.errors import Conflict, InvalidInput, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import DataRecipient, EntryLink, RecipientNotified, Role

__all__ = ["Notice", "NoticeLine", "Notices", "notices_of", "notify_recipient"]

_ACTS: Final = (
    EntryKind.SUBJECT_RECTIFIED,
    EntryKind.SUBJECT_ERASED,
    EntryKind.SUBJECT_RESTRICTED,
)
_NOTIFIES: Final = "notifies"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """That a recipient was told, or why not."""

    act: str
    """Entry of the correction, erasure or restriction."""
    recipient: str
    result: Literal["told", "impossible", "disproportionate"] = "told"
    ground: str | None = None
    told_at: int | None = None
    channel: str | None = None


@dataclass(frozen=True, kw_only=True)
class NoticeLine:
    """One recipient to tell of one act, and whether that was done."""

    act: str
    kind: str
    acted_at: int
    recipient: str
    name: dict[str, str]
    contact: str
    result: str | None
    """None while the recipient was not told."""
    told_at: int | None


@dataclass(frozen=True)
class Notices:
    """Whom to tell about a person's data; `stated` is False when no profile names recipients."""

    ref: str
    stated: bool
    lines: tuple[NoticeLine, ...]

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form.

        Returns
        -------
        dict[str, JsonValue]
            ``ref, recipients_stated, notices``.
        """
        notices: list[JsonValue] = [
            {
                "act": line.act,
                "kind": line.kind,
                "acted_at": line.acted_at,
                "recipient": line.recipient,
                "name": {**line.name},
                "contact": line.contact,
                "result": line.result,
                "told_at": line.told_at,
            }
            for line in self.lines
        ]
        return {"ref": self.ref, "recipients_stated": self.stated, "notices": notices}


def notices_of(workspace: Workspace, ref: str, *, actor: ActorContext) -> Notices:
    """Return whom to tell of what was corrected, erased or restricted, and who was told.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    ref : str
        The person; also one who was erased.
    actor : ActorContext
        An officer or auditor.

    Returns
    -------
    Notices
        From headers, the profile and records without personal data.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If the log does not know the reference.
    """
    actor.acting_as(Role.OFFICER, Role.AUDITOR)
    known_ref(workspace, ref)
    entries = workspace.log.subject_entries(ref)
    recipients = _recipients(workspace, entries)
    told = _told(workspace, entries)
    lines = tuple(
        _line(entry, recipient, told.get((entry.id, recipient.id)))
        for entry in entries
        if entry.kind in _ACTS
        for recipient in recipients or ()
    )
    return Notices(ref, recipients is not None, lines)


def notify_recipient(
    workspace: Workspace, ref: str, notice: Notice, *, actor: ActorContext
) -> Recorded[RecipientNotified]:
    """Record that a recipient was told, or why it was not possible.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    ref : str
        The person.
    notice : Notice
        What, to whom, when, how.
    actor : ActorContext
        An officer.

    Returns
    -------
    Recorded[RecipientNotified]
        The notice and its receipt.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If the act is not about this person, or the profile names no such recipient.
    Conflict
        If this recipient was told of this act before.
    InvalidInput
        If a ground is missing or a code malformed, or the time lies ahead.
    """
    role = actor.acting_as(Role.OFFICER)
    known_ref(workspace, ref)
    entries = workspace.log.subject_entries(ref)
    if notice.act not in {entry.id for entry in entries if entry.kind in _ACTS}:
        raise NotFound(
            "no correction, erasure or restriction of this person",
            where="act",
            remedy="Name the entry of one: `answerable query acts` lists them.",
        )
    if notice.recipient not in {item.id for item in _recipients(workspace, entries) or ()}:
        raise NotFound(
            "the organisation's profile names no such recipient for this person's data",
            where="recipient",
            remedy="See: answerable subject recipients",
        )
    told = _told(workspace, entries).get((notice.act, notice.recipient))
    if told is not None and told.result == "told":
        raise Conflict("this recipient was told before", where=f"entry {notice.act}")
    now = workspace.clock()
    told_at = now if notice.told_at is None else notice.told_at
    if told_at > now:
        raise InvalidInput("a time ahead of the clock", where="told_at")
    if notice.result != "told" and notice.ground is None:
        raise InvalidInput("why a recipient is not told needs a ground", where="ground")
    record = RecipientNotified.parse(
        {
            "act": notice.act,
            "recipient": notice.recipient,
            "result": notice.result,
            "ground": notice.ground,
            "told_at": told_at,
            "channel": notice.channel,
        }
    )
    links = (EntryLink(rel=_NOTIFIES, entry=notice.act),)
    what = (EntryKind.RECIPIENT_NOTIFIED, record)
    draft = request_draft(workspace, what, ref, (actor, role), links)
    return Recorded(record, workspace.log.append(draft))


def _recipients(workspace: Workspace, entries: list[Entry]) -> tuple[DataRecipient, ...] | None:
    purposes = {
        entry.header.purpose
        for entry in entries
        if entry.kind is EntryKind.DECISION and entry.header.purpose is not None
    }
    return organisation_of(workspace).recipients(purposes)


def _told(workspace: Workspace, entries: list[Entry]) -> dict[tuple[str, str], RecipientNotified]:
    """Return the newest notice by act and recipient."""
    found: dict[tuple[str, str], RecipientNotified] = {}
    for entry in entries:
        if entry.kind is EntryKind.RECIPIENT_NOTIFIED:
            record = workspace.log.open_body(entry).record
            if isinstance(record, RecipientNotified):
                found[record.act, record.recipient] = record
    return found


def _line(entry: Entry, recipient: DataRecipient, told: RecipientNotified | None) -> NoticeLine:
    return NoticeLine(
        act=entry.id,
        kind=entry.kind.value,
        acted_at=entry.header.ts,
        recipient=recipient.id,
        name=dict(recipient.name),
        contact=recipient.contact,
        result=told.result if told else None,
        told_at=told.told_at if told else None,
    )

"""Bringing the spool back into the log, and saying there what became of each append.

Replay is by entry id, so a crash at any point appends nothing twice. An append that cannot be
replayed gets its entry first and is set aside or destroyed afterwards. Nobody's erased data comes
back by a replay: see :meth:`Replay.run`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from answerable.audit.entries import Draft, DraftSubject, Receipt
from answerable.audit.errors import (
    AnswerableError,
    Conflict,
    Erased,
    NotFound,
    RecordTampered,
    TooBusy,
    Unavailable,
)
from answerable.audit.frames import Frame, FrameName
from answerable.audit.health import Replayed
from answerable.audit.ids import uuid7
from answerable.audit.keys.derive import keyed_hash
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink, LoggingRestored, Record, Role, SpooledAppend
from answerable.audit.retention.absence import ERASING_KINDS
from answerable.audit.spool import Spool, SpoolStep
from answerable.audit.watched import WatchedLog, cause_of

__all__ = ["Notes", "Replay", "ReplayReport", "Settlement"]

_CLOCKS_DIFFER_US: Final = 5_000_000
"""An erasure this little before a decision may be after it on another host's clock."""

_TOGETHER: Final = 500
"""Entries replayed at once: one commit for many, and the queue stays open to decisions."""

Settlement = Literal["append", "drop"]


@dataclass(frozen=True, slots=True)
class Notes:
    """Makes the entries in which the log speaks of its own failures.

    Parameters
    ----------
    actor : str
        The log's own reference.
    key : bytes
        Entry ids are derived from it, so that a try after a crash finds the first one's entry.
    """

    actor: str
    key: bytes

    def draft(
        self,
        kind: EntryKind,
        record: Record,
        mark: str,
        *,
        acting: tuple[str, Role] | None = None,
        links: tuple[EntryLink, ...] = (),
    ) -> Draft:
        """Return the draft of a note; the same kind and mark give the same entry id."""
        actor, role = acting or (self.actor, Role.SERVICE)
        drawn = keyed_hash(self.key, f"answerable/{kind.value}", mark.encode())
        return Draft(
            kind=kind,
            entry_id=uuid7(int.from_bytes(drawn[:6], "big") * 1000, drawn[6:16]),
            record=record,
            actor=actor,
            role=role,
            links=links,
        )


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What one replay did; `finished` is False when the log could not be written again."""

    replayed: int
    """Entries."""
    refused: int
    """Frames."""
    torn: int
    finished: bool


class Replay:
    """Takes frames from a spool into a log, one caller at a time.

    Parameters
    ----------
    log : WatchedLog
        Where they go.
    spool : Spool
        Where they wait.
    notes : Notes
        Makes the entries about them.
    """

    def __init__(self, log: WatchedLog, spool: Spool, notes: Notes) -> None:
        self._log = log
        self._spool = spool
        self._notes = notes

    def run(self) -> ReplayReport:
        """Replay what waits, in the order of the decisions, until the log fails again.

        A person of a frame whom the log does not know may be new, or may have been erased since
        the decision; the log keeps nothing that could tell. Where any erasure falls into that
        time, the frame is set aside for somebody to decide.

        Returns
        -------
        ReplayReport
            Also appended as an entry, when there was anything.

        Raises
        ------
        Unavailable
            If the spool's folder cannot be used.
        """
        torn = self._spool.clear_torn()
        replayed: list[FrameName] = []
        refused: list[FrameName] = []
        finished = True
        try:
            for names in _batches(self._spool.waiting()):
                if self._taken_together(names):
                    replayed += names
                    continue
                for name in names:
                    (replayed if self._taken(name) else refused).append(name)
        except (Unavailable, TooBusy):
            finished = False
        entries = sum(name.entries for name in replayed)
        report = ReplayReport(entries, len(refused), torn, finished)
        if replayed or refused or torn:
            self._note(report, [*replayed, *refused])
        return report

    def settle(self, entry_id: str, how: Settlement, *, actor: str, role: Role) -> Receipt:
        """Settle a frame that was set aside.

        Parameters
        ----------
        entry_id : str
            First entry id of the frame.
        how : {'append', 'drop'}
            Append it after all, or destroy it.
        actor : str
            Who decides that.
        role : Role
            In which role.

        Returns
        -------
        Receipt
            Of the entry that says who settled it and how.

        Raises
        ------
        NotFound
            If no such frame was set aside.
        RecordTampered
            If it is damaged and can only be dropped.
        Conflict
            If its entry id stands for other content and it can only be dropped.
        """
        name = next((item for item in self._spool.aside() if item.entry_id == entry_id), None)
        if name is None:
            raise NotFound(
                "no frame of this entry was set aside",
                where=f"entry {entry_id}",
                remedy="List them first: answerable spool list.",
            )
        drafts = self._spool.read(name, aside=True).drafts if how == "append" else ()
        said = _became(name, "settled", "appended" if drafts else "destroyed")
        note = self._notes.draft(
            EntryKind.SPOOL_SETTLED,
            said,
            str(name),
            acting=(actor, role),
            links=(EntryLink(rel="concerns", entry=entry_id),),
        )
        receipt = self._log.append_many((*drafts, note))[-1]
        self._spool.destroy(name, aside=True)
        return receipt

    def _taken_together(self, names: Sequence[FrameName]) -> bool:
        """Bring frames into the log at once; return False when one of them is in the way."""
        try:
            drafts = self._known_by_reference([self._spool.read(name) for name in names])
            self._log.append_many(drafts)
        except AnswerableError as error:
            if isinstance(error, Unavailable | TooBusy):
                raise
            return False
        self._settle(names, drafts)
        return True

    def _settle(self, names: Sequence[FrameName], drafts: Sequence[Draft]) -> None:
        self._spool.reached(SpoolStep.APPENDED)
        self._spool.remove(names)
        watch = self._log.watch
        watch.notice(Replayed(watch.clock(), tuple(draft.kind for draft in drafts)))

    def _taken(self, name: FrameName) -> bool:
        """Bring one frame into the log, or say there why not; return whether it was replayed."""
        try:
            drafts = self._known_by_reference([self._spool.read(name)])
            self._append(drafts, name)
        except _MayBeErased:
            return self._refuse(name, "perhaps-erased", "set_aside")
        except Erased:
            return self._refuse(name, "erased", "destroyed")
        except RecordTampered as error:
            if error.where != _place(name):
                raise
            return self._refuse(name, "damaged", "set_aside")
        except AnswerableError as error:
            if cause_of(error) is not None or isinstance(error, TooBusy):
                raise
            return self._refuse(name, error.code, "set_aside")
        self._settle((name,), drafts)
        return True

    def _append(self, drafts: Sequence[Draft], name: FrameName) -> None:
        try:
            self._log.append_many(drafts)
        except Conflict:
            # The connection may have broken after the commit: what was stored then did not claim
            # the time that the spool filled in.
            bare = [
                replace(draft, claimed_at=None) if draft.claimed_at == name.at else draft
                for draft in drafts
            ]
            self._log.append_many(bare)

    def _known_by_reference(self, frames: Sequence[Frame]) -> list[Draft]:
        """Return frames' drafts with known persons named by reference.

        So an erasure that comes between this and the append refuses the append.

        Returns
        -------
        list of Draft
            To be appended.
        """
        refs = {
            subject.subject_id: self._log.subject_ref(subject.subject_id)
            for frame in frames
            for draft in frame.drafts
            for subject in draft.subjects
            if subject.subject_id is not None
        }
        if None in refs.values():
            self._refuse_perhaps_erased(frames, {name for name, ref in refs.items() if ref is None})

        def named(subject: DraftSubject) -> DraftSubject:
            ref = refs.get(subject.subject_id or "")
            return subject if ref is None else replace(subject, subject_id=None, ref=ref)

        return [
            replace(draft, subjects=tuple(named(subject) for subject in draft.subjects))
            for frame in frames
            for draft in frame.drafts
        ]

    def _refuse_perhaps_erased(self, frames: Sequence[Frame], unknown: set[str]) -> None:
        # Asked after the persons were looked up: an erasure before that look-up is seen here.
        last = self._log.latest(kinds=ERASING_KINDS, limit=1)
        erased_at = last[0].header.ts if last else -1
        for frame in frames:
            names = {subject.subject_id for draft in frame.drafts for subject in draft.subjects}
            if names & unknown and erased_at >= frame.name.at - _CLOCKS_DIFFER_US:
                kind = Erased if self._stands(frame.name.entry_id) else _MayBeErased
                raise kind("an erasure since may concern a person of this frame")

    def _stands(self, entry_id: str) -> bool:
        try:
            self._log.entry(entry_id)
        except NotFound:
            return False
        return True

    def _refuse(
        self, name: FrameName, cause: str, became: Literal["set_aside", "destroyed"]
    ) -> Literal[False]:
        """Append why a frame is not replayed, then set it aside or destroy it."""
        draft = self._notes.draft(
            EntryKind.SPOOL_REFUSED,
            _became(name, cause, became),
            str(name),
            links=(EntryLink(rel="concerns", entry=name.entry_id),),
        )
        # An earlier try, cut short, may have found another cause: then that entry stands.
        with contextlib.suppress(Conflict):
            self._log.append(draft)
        if became == "set_aside":
            self._spool.set_aside(name)
        else:
            self._spool.destroy(name)
        return False

    def _note(self, report: ReplayReport, names: Sequence[FrameName]) -> None:
        now = self._log.watch.clock()
        record = LoggingRestored(
            replayed=report.replayed,
            refused=report.refused,
            torn=report.torn,
            first_at=min((name.at for name in names), default=now),
            last_at=max((name.at for name in names), default=now),
        )
        # Without it nothing is lost: the entries are in the log, each refusal has its own.
        with contextlib.suppress(Unavailable, TooBusy):
            self._log.append(self._notes.draft(EntryKind.LOGGING_RESTORED, record, str(now)))


class _MayBeErased(Erased):
    """A person of a frame is unknown to the log, and somebody was erased since."""


def _batches(names: Sequence[FrameName]) -> Iterator[list[FrameName]]:
    """Yield frames that go into the log together, in order."""
    batch: list[FrameName] = []
    entries = 0
    for name in names:
        if batch and entries + name.entries > _TOGETHER:
            yield batch
            batch, entries = [], 0
        batch.append(name)
        entries += name.entries
    if batch:
        yield batch


def _place(name: FrameName) -> str:
    return f"spool frame {name}"


def _became(
    name: FrameName, cause: str, became: Literal["set_aside", "destroyed", "appended"]
) -> SpooledAppend:
    return SpooledAppend(
        entry=name.entry_id, entries=name.entries, at=name.at, cause=cause, became=became
    )

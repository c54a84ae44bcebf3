"""Recording decisions so that none is handed out unrecorded.

Three modes, chosen per use case:

- ``log_before_release`` (default): no receipt, no decision. When the log cannot be written the
  call fails and the outcome is not handed out.
- ``anchored``: as before, and the outside head must cover the entry before the call returns.
- ``fail_open``: when the log's database is not available the drafts go into the durable spool;
  the caller is told that they are spooled, and gets no receipt. When the spool cannot take them
  either, the call fails. Anything but an unavailable database (broken evidence, a clock that
  stepped back) fails the call in every mode: a spool must not paper over it.

Replay is by entry id: a crash at any point loses nothing that was acknowledged and doubles
nothing. What cannot be replayed gets an entry of its own that says why. When logging works again,
the gap is appended as ``logging.failed``, and the end of a replay as ``logging.restored``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from answerable.audit.entries import Draft, Receipt
from answerable.audit.errors import (
    AnswerableError,
    Conflict,
    Unavailable,
)
from answerable.audit.frames import FrameName
from answerable.audit.health import (
    Event,
    Health,
    Noted,
    Outage,
    Remembered,
    SpoolCounted,
    Spooled,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    LoggingFailed,
    Role,
)
from answerable.audit.replaying import Notes, Replay, ReplayReport, Settlement
from answerable.audit.spool import Spool
from answerable.audit.watched import WatchedLog

__all__ = ["Cover", "Recorded", "Recorder", "ReleaseMode"]

PROBE_AFTER_US: Final = 5_000_000
"""How long a database that did not answer is left alone before a decision tries it again."""

Cover = Callable[[Sequence[Receipt]], None]
"""Waits until the outside head covers entries; raises Unavailable when it cannot."""


class ReleaseMode(StrEnum):
    """What must be true before a decision is handed out."""

    LOG_BEFORE_RELEASE = "log_before_release"
    ANCHORED = "anchored"
    FAIL_OPEN = "fail_open"


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where drafts were recorded: in the log with receipts, or in the spool without."""

    receipts: tuple[Receipt, ...]
    spooled: bool


class Recorder:
    """Records drafts in one of the three modes, and brings the spool back into the log.

    Parameters
    ----------
    log : WatchedLog
        Where entries go.
    spool : Spool
        Where they wait.
    key : bytes
        The spool's key: ids of the entries about outages are derived from it, so that a crash
        appends none of them twice.
    cover : Callable[[Sequence[Receipt]], None], optional
        What ``anchored`` waits for; without it that mode is refused.
    """

    def __init__(
        self, log: WatchedLog, spool: Spool, *, key: bytes, cover: Cover | None = None
    ) -> None:
        self._log = log
        self._spool = spool
        self._notes = Notes(log.actor, key)
        self._replay = Replay(log, spool, self._notes)
        self._cover = cover
        self._watch = log.watch
        self._replaying = threading.Lock()
        self._tried_at: int | None = None
        remembered = spool.noted_outage()
        if remembered is not None:
            self._watch.notice(Remembered(self._watch.clock(), *remembered))
        self._recount()
        self._watch.listen(self._remember)

    @property
    def health(self) -> Health:
        """The health of the log in this process."""
        return self._watch.health

    def record(self, drafts: Sequence[Draft], mode: ReleaseMode) -> Recorded:
        """Record drafts that belong together.

        Parameters
        ----------
        drafts : Sequence[Draft]
            At least one.
        mode : ReleaseMode
            What must be true before this returns.

        Returns
        -------
        Recorded
            Receipts, or that they were spooled.

        Raises
        ------
        Unavailable
            If they could not be recorded as the mode asks.
        TooBusy
            If the log's queue is full; nothing was recorded in any mode.
        Conflict
            If an entry id stands, or waits, for other content.
        """
        if mode is ReleaseMode.FAIL_OPEN:
            receipts = self._append_or_spool(drafts)
        else:
            receipts = self._append_before_release(drafts, mode)
        if receipts is None:
            return Recorded((), spooled=True)
        self._note_ended_outage()
        return Recorded(tuple(receipts), spooled=False)

    def trying(self) -> bool:
        """Return whether the log is worth trying now: False shortly after it did not answer."""
        outage, tried_at = self.health.outage, self._tried_at
        if outage is None or not outage.lasts or tried_at is None:
            return True
        return self._watch.clock() - tried_at >= PROBE_AFTER_US

    def waiting(self, entry_id: str) -> tuple[Draft, ...]:
        """Return the drafts that wait in the spool under an entry id; empty when none do."""
        frame = self._spool.find(entry_id)
        return () if frame is None else frame.drafts

    def tend(self) -> ReplayReport:
        """Try the log again if it failed, note the outage, and bring the spool into the log.

        Returns
        -------
        ReplayReport
            Never raises for a log that still cannot be written: `finished` is False then, and
            when another thread is at it.
        """
        unfinished = ReplayReport(0, 0, 0, finished=False)
        if not self._replaying.acquire(blocking=False):
            return unfinished
        try:
            report = self._replay.run() if self._probe() else unfinished
        finally:
            self._replaying.release()
        self._recount()
        return report

    def aside(self) -> list[FrameName]:
        """Return the frames that were not replayed and wait for somebody to settle them."""
        return self._spool.aside()

    def settle(self, entry_id: str, how: Settlement, *, actor: str, role: Role) -> Receipt:
        """Settle a frame that was set aside; see :meth:`Replay.settle`."""
        receipt = self._replay.settle(entry_id, how, actor=actor, role=role)
        self._recount()
        return receipt

    # ------------------------------------------------------------------ recording

    def _append_before_release(self, drafts: Sequence[Draft], mode: ReleaseMode) -> list[Receipt]:
        receipts = self._log.append_many(drafts)
        if mode is ReleaseMode.ANCHORED:
            if self._cover is None:
                raise Unavailable(
                    "no outside head is set up for this log",
                    where="release_mode",
                    remedy="Set up an anchor, or choose log_before_release.",
                )
            self._cover(receipts)
        return receipts

    def _append_or_spool(self, drafts: Sequence[Draft]) -> list[Receipt] | None:
        def keep() -> None:
            self._spool.put(drafts, self._watch.clock())

        if self.trying():
            self._tried_at = self._watch.clock()
            receipts = self._log.append_or_keep(drafts, keep)
        else:
            kinds = tuple(draft.kind for draft in drafts)
            with self._watch.failing(kinds):
                keep()
            self._watch.notice(Spooled(self._watch.clock(), self.health.cause, kinds))
            receipts = None
        if receipts is None:
            self._recount()
        return receipts

    # ------------------------------------------------------------------ outages

    def _remember(self, before: Health, _event: Event, now: Health) -> None:
        """Write down that an outage began, so that a restart does not forget it."""
        began = now.outage is not None and now.outage.lasts
        if now.outage is None or not began or (before.outage is not None and before.outage.lasts):
            return
        try:
            self._spool.note_outage(now.outage.since, now.outage.cause)
        except Unavailable:
            # The disk may be what failed: this process still knows, and the health says so.
            return

    def _note_ended_outage(self) -> None:
        outage = self.health.outage
        if outage is None or outage.lasts:
            return
        try:
            self._append_outage(outage, outage.until or 0)
        except AnswerableError:
            # It stays owed: the next success or the next round appends it.
            return

    def _probe(self) -> bool:
        """Append the outage's entry, if one is owed; return whether the log can be written."""
        outage = self.health.outage
        if outage is None:
            return True
        try:
            self._append_outage(outage, outage.until or self._watch.clock())
        except Conflict:
            pass
        except AnswerableError:
            return False
        return True

    def _append_outage(self, outage: Outage, until: int) -> None:
        record = LoggingFailed(
            since=outage.since,
            until=max(until, outage.since),
            cause=outage.cause,
            attempts=outage.attempts,
            refused=outage.refused,
            spooled=outage.spooled,
        )
        try:
            self._log.probe(self._notes.draft(EntryKind.LOGGING_FAILED, record, str(outage.since)))
        except Conflict:
            # Another try got as far as this: the gap is in the log.
            self._watch.notice(Noted(self._watch.clock()))
            raise
        self._watch.notice(Noted(self._watch.clock()))
        self._spool.forget_outage()

    def _recount(self) -> None:
        count = self._spool.count()
        health = self.health
        if (count.waiting, count.aside) != (health.waiting, health.aside):
            self._watch.notice(SpoolCounted(self._watch.clock(), count.waiting, count.aside))

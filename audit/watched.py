"""A log that knows how well it is being written.

Every change of a :class:`WatchedLog` ends in an event for its :class:`Watch`: it succeeded, it was
refused because logging itself failed, it was kept elsewhere, or it was put off because a queue was
full. A caller's mistake is no event.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.anchors.outside import OutsideHead
from answerable.audit.entries import Draft, Receipt
from answerable.audit.errors import (
    AnswerableError,
    ClockError,
    EvidenceBroken,
    TooBusy,
    Unavailable,
)
from answerable.audit.health import (
    Checkpointed,
    CheckpointFailed,
    Deferred,
    Event,
    Health,
    Locked,
    ProbeFailed,
    Refused,
    Spooled,
    Succeeded,
    after,
)
from answerable.audit.identity import Clock, Scribe
from answerable.audit.key_acts import SigningStep
from answerable.audit.keys.erasure import Reached
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import Role
from answerable.audit.retention.approving import RetentionOrder
from answerable.audit.retention.retention import Retention
from answerable.audit.store.database import Database
from answerable.audit.writer import Writer

__all__ = ["Listener", "Watch", "WatchedLog", "cause_of"]

Listener = Callable[[Health, Event, Health], None]
"""Told of the health before, the event, and the health after."""


def _nothing(_step: StrEnum) -> None:
    """Take no notice of the steps."""


def cause_of(error: BaseException) -> str | None:
    """Return the code of an error that is a failure of logging, None for a caller's mistake.

    Parameters
    ----------
    error : BaseException
        What a change of the log raised.

    Returns
    -------
    str or None
        ``internal`` for what is not one of our own errors: nobody knows what was recorded.

    Examples
    --------
    >>> cause_of(Unavailable("the disk is full")), cause_of(OSError())
    ('unavailable', 'internal')
    """
    if isinstance(error, Unavailable | EvidenceBroken | ClockError):
        return error.code
    return None if isinstance(error, AnswerableError) else "internal"


class Watch:
    """Holds the health of a log and tells who listens; shared by threads.

    Parameters
    ----------
    clock : Callable[[], int]
        Microseconds since 1970 UTC.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._health = Health.begin(clock())
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []

    @property
    def health(self) -> Health:
        """The health now."""
        return self._health

    def listen(self, listener: Listener) -> None:
        """Tell `listener` of every event from here on, one at a time and in order."""
        self._listeners.append(listener)

    def notice(self, event: Event) -> None:
        """Take an event in."""
        with self._lock:
            before = self._health
            self._health = after(before, event)
            for listener in self._listeners:
                listener(before, event, self._health)

    @contextmanager
    def failing(self, kinds: tuple[EntryKind, ...]) -> Iterator[None]:
        """Notice when a change of the log fails, and only then.

        Parameters
        ----------
        kinds : tuple of EntryKind
            Of the entries it appends.

        Yields
        ------
        None
            Nothing; the change runs.
        """
        try:
            yield
        except TooBusy:
            self.notice(Deferred(self.clock(), kinds))
            raise
        except BaseException as error:
            cause = cause_of(error)
            if cause is not None:
                self.notice(Refused(self.clock(), cause, kinds))
            raise

    @contextmanager
    def over(self, kinds: tuple[EntryKind, ...]) -> Iterator[None]:
        """Notice how one change of the log ends.

        Parameters
        ----------
        kinds : tuple of EntryKind
            Of the entries it appends.

        Yields
        ------
        None
            Nothing; the change runs.
        """
        with self.failing(kinds):
            yield
        self.notice(Succeeded(self.clock(), kinds))


class WatchedRetention(Retention):
    """Retention whose every slice is noticed.

    Parameters
    ----------
    database, scribe, writer
        As for :class:`Retention`.
    watch : Watch
        Told how each slice ended.
    """

    def __init__(self, database: Database, scribe: Scribe, writer: Writer, watch: Watch) -> None:
        super().__init__(database, scribe, writer)
        self._watch = watch

    def run(
        self, order: RetentionOrder, draft: Draft, *, ids: Callable[[], str]
    ) -> Iterator[Receipt]:
        """Remove what was approved and may go; see :meth:`Retention.run`."""
        kinds, slices = (draft.kind,), super().run(order, draft, ids=ids)
        while True:
            with self._watch.failing(kinds):
                receipt = next(slices, None)
            if receipt is None:
                return
            self._watch.notice(Succeeded(self._watch.clock(), kinds))
            yield receipt


class WatchedLog(Log):
    """A log whose every change is noticed by its `watch`; parameters as for :class:`Log`."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        key: Ed25519PrivateKey,
        outside: OutsideHead | None = None,
    ) -> None:
        super().__init__(database, scribe, key, outside)
        self.retention = WatchedRetention(database, scribe, self._writer, self.watch)

    @cached_property
    def watch(self) -> Watch:
        """Holds the health of this log in this process."""
        return Watch(self._scribe.clock)

    def append(self, draft: Draft) -> Receipt:
        """Append one entry; see :meth:`Log.append_many`."""
        return self.append_many((draft,))[0]

    def append_many(self, drafts: Sequence[Draft]) -> list[Receipt]:
        """Append entries in order, all or none; see :meth:`Log.append_many`."""
        with self.watch.over(_kinds(drafts)):
            return super().append_many(drafts)

    async def aappend(self, draft: Draft) -> Receipt:
        """Append one entry without blocking the event loop; see :meth:`Log.aappend`."""
        with self.watch.over((draft.kind,)):
            return await super().aappend(draft)

    def append_or_keep(
        self, drafts: Sequence[Draft], keep: Callable[[], None]
    ) -> list[Receipt] | None:
        """Append entries, or have them kept elsewhere when the log's database is not available.

        Parameters
        ----------
        drafts : Sequence[Draft]
            What belongs together.
        keep : Callable[[], None]
            Keeps them durably, or raises.

        Returns
        -------
        list of Receipt or None
            None when they were kept elsewhere.

        Raises
        ------
        Unavailable
            If neither can take them.
        """
        watch, kinds = self.watch, _kinds(drafts)
        with watch.failing(kinds):
            try:
                receipts = super().append_many(drafts)
            except Unavailable as error:
                keep()
                watch.notice(Spooled(watch.clock(), error.code, kinds))
                return None
        watch.notice(Succeeded(watch.clock(), kinds))
        return receipts

    def probe(self, draft: Draft) -> Receipt:
        """Append an entry on nobody's behalf, to see whether the log takes it.

        Parameters
        ----------
        draft : Draft
            What to append.

        Returns
        -------
        Receipt
            Of the entry.

        Raises
        ------
        Unavailable
            If the log still cannot be changed; no entry counts as refused.
        """
        try:
            receipt = super().append_many((draft,))[0]
        except AnswerableError as error:
            cause = cause_of(error)
            if cause is not None:
                self.watch.notice(ProbeFailed(self.watch.clock(), cause))
            raise
        self.watch.notice(Succeeded(self.watch.clock(), (draft.kind,)))
        return receipt

    def place_hold(self, draft: Draft) -> Receipt:
        """Put a legal hold on a data subject; see :meth:`Log.place_hold`."""
        with self.watch.over((draft.kind,)):
            return super().place_hold(draft)

    def lift_hold(self, draft: Draft) -> Receipt:
        """Lift a legal hold; see :meth:`Log.lift_hold`."""
        with self.watch.over((draft.kind,)):
            return super().lift_hold(draft)

    def erase(
        self,
        ref: str,
        draft: Draft,
        *,
        beside: Sequence[Draft] = (),
        reached: Reached = _nothing,
    ) -> Receipt:
        """Destroy a key and record it; see :meth:`Log.erase`."""
        with self.watch.over(_kinds((draft, *beside))):
            return super().erase(ref, draft, beside=beside, reached=reached)

    def register_actor(self, name: str, draft: Draft) -> Receipt:
        """Append an actor; see :meth:`Log.register_actor`."""
        with self.watch.over((draft.kind,)):
            return super().register_actor(name, draft)

    def add_alias(self, subject_id: str, alias_id: str, draft: Draft) -> Receipt:
        """Give a person another id; see :meth:`Log.add_alias`."""
        with self.watch.over((draft.kind,)):
            return super().add_alias(subject_id, alias_id, draft)

    def rotate_bucket(self, bucket: int, *, reached: Reached = _nothing) -> int:
        """Move a bucket to a new key; see :meth:`Log.rotate_bucket`."""
        with self.watch.over(()):
            return super().rotate_bucket(bucket, reached=reached)

    def rotate_signing_key(
        self, actor: str, role: Role, *, reached: Callable[[SigningStep], None] = _nothing
    ) -> Receipt:
        """Sign with a new key from now on; see :meth:`Log.rotate_signing_key`."""
        with self.watch.over((EntryKind.LOG_KEY_ROTATED,)):
            return super().rotate_signing_key(actor, role, reached=reached)

    def settle(self, draft: Draft | None, *, size: int) -> Receipt | None:
        """Append what two persons said about a gap; see :meth:`Log.settle`."""
        with self.watch.over(() if draft is None else (draft.kind,)):
            return super().settle(draft, size=size)

    def keep_anchor(self, size: int, kind: str, data: bytes) -> None:
        """Keep what somebody outside said; see :meth:`Log.keep_anchor`."""
        with self.watch.over(()):
            super().keep_anchor(size, kind, data)

    def checkpoint(self) -> str:
        """Sign and store a checkpoint; see :meth:`Log.checkpoint`."""
        try:
            note = super().checkpoint()
        except BaseException as error:
            self.watch.notice(CheckpointFailed(self.watch.clock(), cause_of(error) or "internal"))
            self._notice_gap()
            raise
        self.watch.notice(Checkpointed(self.watch.clock()))
        return note

    def _notice_gap(self) -> None:
        """Tell that the log can only be read from here on."""
        if self.gap is not None and not self.watch.health.locked:
            self.watch.notice(Locked(self.watch.clock(), self.gap.kind.value))


def _kinds(drafts: Sequence[Draft]) -> tuple[EntryKind, ...]:
    return tuple(draft.kind for draft in drafts)

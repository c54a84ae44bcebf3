"""The one place that commits changes to a log: turns, one at a time in this process.

Appends meet in a group commit: what waits while one turn is written is written by the next. A
draft that cannot be appended fails alone; the others of its batch are none the worse for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from answerable.audit.draft_checks import require_plain, wrong_kind
from answerable.audit.entries import Draft, Receipt
from answerable.audit.errors import AnswerableError, EvidenceBroken, TooLarge, Unavailable
from answerable.audit.group import GroupCommit, Ticket
from answerable.audit.identity import Scribe
from answerable.audit.keys.held import HeldKeys, Holder
from answerable.audit.keys.sealing import SealedDraft, SealingPlace, seal_draft
from answerable.audit.keys.subjects import BucketKeyMissing
from answerable.audit.store.advance import compare_advance, store_advance
from answerable.audit.store.database import Connection, Database
from answerable.audit.store.failures import ConnectionLost, RowExists
from answerable.audit.store.head_rows import Head, HeadMoved, claim_head, read_head
from answerable.audit.turn import Turn

__all__ = ["MAX_BATCH", "QUEUE_LIMIT", "Writer"]

T = TypeVar("T")

MAX_BATCH: Final = 10_000
QUEUE_LIMIT: Final = 20_000
"""Entries that may wait: beyond it a caller is told to come back (429 at the API)."""
_TRIES: Final = 5
_TOGETHER: Final = 2_000
"""Entries committed at once: more gains nothing and makes the first wait for the last."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One caller's drafts: all are appended, or none."""

    drafts: Sequence[Draft]
    sealed: Sequence[SealedDraft | None]


_Ticket = Ticket[_Work, list[Receipt]]


class Writer:
    """Runs turns, one at a time in this process.

    Parameters
    ----------
    database : Database
        The log's database.
    scribe : Scribe
        Who writes.
    queue_limit : int
        Most entries that may wait to be appended.
    """

    def __init__(
        self, database: Database, scribe: Scribe, *, queue_limit: int = QUEUE_LIMIT
    ) -> None:
        self.scribe = scribe
        self._database = database
        self._group: GroupCommit[_Work, list[Receipt]] = GroupCommit(
            self._commit, queue_limit=queue_limit, batch_limit=_TOGETHER
        )
        self._held = HeldKeys()
        self._seen: Head | None = None
        """Where the log ended when this process last wrote; None when it must be read."""
        self._size = 0

    @property
    def waiting(self) -> int:
        """How many entries wait to be appended."""
        return self._group.waiting

    def append_many(self, drafts: Sequence[Draft]) -> list[Receipt]:
        """Append all drafts in one transaction, or none.

        Returns
        -------
        list of Receipt
            In the order of the drafts.

        Raises
        ------
        TooLarge
            If there are more than 10,000.
        """
        if len(drafts) > MAX_BATCH:
            raise TooLarge(
                f"{len(drafts)} entries at once, the limit is {MAX_BATCH}",
                where="append_many",
                remedy="Append them in several calls.",
            )
        if not drafts:
            return []
        return self._group.run(self._ticket(drafts))

    async def aappend(self, draft: Draft) -> Receipt:
        """Append one draft without blocking the event loop.

        Returns
        -------
        Receipt
            Of its entry.
        """
        return (await self._group.arun(self._ticket((draft,))))[0]

    def run(self, step: Callable[[Turn], T]) -> T:
        """Run one turn of its own, under the claimed head.

        Parameters
        ----------
        step : Callable[[Turn], T]
            What to do once the head is claimed.

        Returns
        -------
        T
            What `step` returned, once committed.

        Raises
        ------
        EvidenceBroken
            If the log is shorter than this process has seen it.
        """
        return self._group.alone(partial(self._run, step))

    def close(self) -> None:
        """End what runs in the background; what is queued is appended first."""
        self._group.close()

    def _run(self, step: Callable[[Turn], T]) -> T:
        with self._database.write() as connection:
            turn = Turn(connection, self.scribe, claim_head(connection))
            self._require_grown(turn.head)
            result = step(turn)
            advance = turn.finish()
            store_advance(connection, advance)
        # A step may have destroyed keys, and moved the head by more than entries.
        self._seen = None
        self._held.forget()
        self._size = advance.new.size
        return result

    def _ticket(self, drafts: Sequence[Draft]) -> _Ticket:
        # A malformed one is nobody else's trouble. Sealed here, while another thread may be
        # writing: under keys in force at the epoch named, and again in the turn if a key went.
        held = self._held.now
        place = SealingPlace(self.scribe.origin, self.scribe.entropy, held.epoch)
        try:
            for draft in drafts:
                require_plain(draft)
            sealed = [_sealed(draft, held.holders, place) for draft in drafts]
        except (AttributeError, TypeError, ValueError):
            raise wrong_kind("a field of the draft") from None
        return Ticket(_Work(drafts, sealed), len(drafts))

    def _commit(self, tickets: Sequence[_Ticket]) -> None:
        """Commit some tickets together: first on what this process knows, then on what is so."""
        compared, free_ids, lost = True, True, False
        for _ in range(_TRIES):
            try:
                self._commit_once(tickets, compared=compared, free_ids=free_ids)
            except HeadMoved:
                compared = False
            except RowExists:
                if not free_ids and not compared:
                    raise
                free_ids = compared = False
            except ConnectionLost:
                # Perhaps it was committed: the same entry ids say so, and give the same receipts.
                if lost:
                    raise
                free_ids, lost = False, True
            else:
                return
            self._seen = None
        raise Unavailable(
            "other processes kept the log from being written",
            where="log head",
            remedy="Append again with the same entry ids.",
        )

    def _commit_once(self, tickets: Sequence[_Ticket], *, compared: bool, free_ids: bool) -> None:
        if compared:
            with self._database.compared() as connection:
                head = self._seen or read_head(connection)
                turn = self._turn(connection, head, free_ids=free_ids)
                outcomes = _placed(turn, tickets)
                advance = turn.finish()
                committed = compare_advance(connection, advance) if advance.entries else head
        else:
            with self._database.write() as connection:
                head = claim_head(connection)
                turn = self._turn(connection, head, free_ids=free_ids)
                outcomes = _placed(turn, tickets)
                advance = turn.finish()
                store_advance(connection, advance)
                committed = advance.new
        self._remember(turn, committed, tickets, stored=bool(advance.entries))
        for ticket, outcome in zip(tickets, outcomes, strict=True):
            if isinstance(outcome, AnswerableError):
                ticket.fail(outcome)
            else:
                ticket.succeed(outcome)

    def _turn(self, connection: Connection, head: Head, *, free_ids: bool) -> Turn:
        self._require_grown(head)
        held = self._held.at(head.key_epoch)
        return Turn(connection, self.scribe, head, held=held, free_ids=free_ids)

    def _remember(
        self, turn: Turn, committed: Head, tickets: Sequence[_Ticket], *, stored: bool
    ) -> None:
        """Keep what the commit made true: the head, and the keys that were opened."""
        self._seen = committed
        self._size = committed.size
        holders = self._held.at(committed.key_epoch).holders
        named = {
            subject.subject_id
            for ticket in tickets
            for draft in ticket.work.drafts
            for subject in draft.subjects
            if subject.subject_id is not None and subject.subject_id not in holders
        }
        self._held.learn(
            committed.key_epoch,
            turn.keyring.opened(named),
            # The version of a bucket that is new is stored with entries, or not at all.
            versions=turn.keyring.versions() if stored else {},
            periods=turn.period_keys,
        )

    def _require_grown(self, head: Head) -> None:
        if head.size < self._size:
            raise EvidenceBroken(
                f"the log had {self._size} entries and now has {head.size}",
                where="log head",
                remedy="It was cut or restored underneath: verify it against the last"
                " checkpoint outside.",
            )


def _placed(turn: Turn, tickets: Sequence[_Ticket]) -> list[list[Receipt] | AnswerableError]:
    """Stage the drafts of each ticket, all or none; return receipts or what was wrong."""
    turn.expect(
        [
            draft
            for ticket in tickets
            for draft, sealed in zip(ticket.work.drafts, ticket.work.sealed, strict=True)
            if sealed is None or sealed.key_epoch != turn.head.key_epoch or not turn.free_ids
        ]
    )
    outcomes: list[list[Receipt] | AnswerableError] = []
    for ticket in tickets:
        mark = turn.mark()
        try:
            work = zip(ticket.work.drafts, ticket.work.sealed, strict=True)
            outcomes.append([turn.place(draft, sealed=sealed) for draft, sealed in work])
        except BucketKeyMissing as error:
            turn.rewind(mark)
            outcomes.append(error)
        except Unavailable:
            raise  # the database itself: nobody's draft is at fault
        except AnswerableError as error:
            turn.rewind(mark)
            outcomes.append(error)
        except (AttributeError, TypeError, ValueError):
            # Of what kind, not what: the text of such an error quotes the value.
            turn.rewind(mark)
            outcomes.append(wrong_kind("a field of the draft"))
    return outcomes


def _sealed(draft: Draft, holders: Mapping[str, Holder], place: SealingPlace) -> SealedDraft | None:
    """Seal a draft if the keys of all its subjects are at hand."""
    keys: dict[str, bytes] = {}
    for subject in draft.subjects:
        holder = holders.get(subject.subject_id or "")
        if holder is None or subject.ref is not None:
            return None
        keys[holder.ref] = holder.data_key
    if len(keys) != len(draft.subjects):
        return None  # somebody is named twice: the turn says so
    return seal_draft(draft, tuple(keys), keys.__getitem__, place)

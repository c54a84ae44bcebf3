"""Group commit: the first caller commits for all that wait.

A caller that finds nobody waiting and nobody leading commits its own work at once. Any other puts
its work into a bounded queue and then either leads or parks. The leader takes what is queued, in
order, commits it once, tells everybody, steps down and rings the next in the queue. A thread of
its own would make a lone caller wait for two thread switches, so there is one only for callers that
must not block: coroutines.

Nothing here knows what is committed; threads meet in this file alone. Invariants:

- queued work is committed in the order it was queued, by one leader at a time;
- whoever parks was queued before, so a leader that steps down finds and rings somebody;
- each ticket is settled once: with a result or with an error, never with both, never not at all.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

from answerable.audit.errors import TooBusy, Unavailable
from answerable.audit.interrupts import SignalsWait

__all__ = ["GroupCommit", "Ticket"]

W = TypeVar("W")
R = TypeVar("R")
T = TypeVar("T")


class Ticket(Generic[W, R]):
    """One caller's work and what became of it.

    Parameters
    ----------
    work : W
        What to commit.
    weight : int
        How many entries it is, for the limits of queue and batch.
    """

    __slots__ = ("bell", "done", "error", "future", "loop", "result", "weight", "work")

    def __init__(self, work: W, weight: int) -> None:
        self.work = work
        self.weight = weight
        self.done = False
        self.result: R | None = None
        self.error: BaseException | None = None
        self.bell: SimpleQueue[None] | None = None
        """Rung by putting something in: unlike an event, safe beside an interrupt."""
        self.loop: asyncio.AbstractEventLoop | None = None
        self.future: asyncio.Future[R] | None = None

    def succeed(self, result: R) -> None:
        """Settle with a result."""
        if not self.done:
            self.result, self.done = result, True

    def fail(self, error: BaseException) -> None:
        """Settle with an error; a ticket that is settled already keeps what it has."""
        if not self.done:
            self.error, self.done = error, True

    def outcome(self) -> R:
        """Return the result, or raise the error.

        Returns
        -------
        R
            What the commit gave.
        """
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]  # settled without an error


class GroupCommit(Generic[W, R]):
    """A bounded queue with one leader at a time.

    Parameters
    ----------
    commit : Callable[[Sequence[Ticket]], None]
        Commits the work of tickets together and settles each; what it raises settles the rest.
    queue_limit : int
        Most weight that may wait; more is refused with :class:`TooBusy`.
    batch_limit : int
        Most weight committed at once, one ticket at least.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Ticket[W, R]]], None],
        *,
        queue_limit: int,
        batch_limit: int,
    ) -> None:
        self._commit = commit
        self._queue_limit: Final = queue_limit
        self._batch_limit: Final = batch_limit
        self._queue: deque[Ticket[W, R]] = deque()
        self._weight = 0
        self._gate = threading.Lock()
        self._lead = threading.RLock()  # knows its owner, also where an interrupt came in between
        self._wake: SimpleQueue[None] = SimpleQueue()  # as bells are
        self._worker: threading.Thread | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """Weight that waits to be committed."""
        return self._weight

    def run(self, ticket: Ticket[W, R]) -> R:
        """Commit a ticket, with whatever else waits, and return its result.

        Returns
        -------
        R
            What the commit gave.

        Raises
        ------
        TooBusy
            If the queue is full; nothing was queued.
        """
        self._require_outside()
        with SignalsWait():
            self._run(ticket)
        return ticket.outcome()

    async def arun(self, ticket: Ticket[W, R]) -> R:
        """Commit a ticket without blocking the event loop.

        Returns
        -------
        R
            What the commit gave.

        Raises
        ------
        TooBusy
            If the queue is full; nothing was queued.
        """
        loop = asyncio.get_running_loop()
        ticket.loop = loop
        ticket.future = loop.create_future()
        self._put(ticket)
        # After everything that is ready now: callers that wait together commit together.
        loop.call_soon(self._kick)
        return await ticket.future

    def alone(self, work: Callable[[], T]) -> T:
        """Keep every leader out while something else is done.

        Parameters
        ----------
        work : Callable[[], T]
            What to do; the queue waits.

        Returns
        -------
        T
            What it gave.

        Raises
        ------
        Unavailable
            If the group is closed, or this very thread is committing.
        """

        def step() -> T:
            self._require_open()
            return work()

        self._require_outside()
        return self._leading(step)  # a generator that is interrupted would keep the lead

    def close(self) -> None:
        """Refuse what is not queued yet; return once what is queued and what runs has ended.

        Raises
        ------
        Unavailable
            If this very thread is committing: from a signal handler, for instance.
        """
        self._require_outside()
        with SignalsWait():
            with self._gate:
                self._closed = True
            self._wake.put(None)
            worker = self._worker
            if worker is not None and worker is not threading.current_thread():
                worker.join()
        self._leading(self._drain)

    def _leading(self, work: Callable[[], T]) -> T:
        """Do something as the leader, and let go of the lead whatever comes in between."""
        with SignalsWait():
            try:
                self._lead.acquire()
                return work()
            finally:
                try:
                    self._step_down()
                finally:
                    self._step_down()  # an interrupt may come as the first one begins
                self._ring_next()

    def _drain(self) -> None:
        while self._queue:
            self._lead_once()

    def _run(self, ticket: Ticket[W, R]) -> None:
        if self._led_alone(ticket):
            return
        ticket.bell = SimpleQueue()
        self._put(ticket)
        try:
            while not ticket.done:
                try:
                    leads = self._lead.acquire(blocking=False)
                    if leads and not ticket.done:
                        self._lead_once()
                finally:
                    try:
                        self._step_down()
                    finally:
                        self._step_down()  # an interrupt may come as the first one begins
                if not leads:
                    ticket.bell.get()
        finally:
            # Also when this thread was interrupted while it was the one that was rung.
            self._ring_next()

    def _put(self, ticket: Ticket[W, R]) -> None:
        with self._gate:
            self._require_open()
            if self._queue and self._weight + ticket.weight > self._queue_limit:
                raise TooBusy(
                    f"{self._weight} entries wait to be appended, the limit is {self._queue_limit}",
                    where="append queue",
                    remedy="Try again after a while; nothing of this call was appended.",
                )
            self._queue.append(ticket)
            self._weight += ticket.weight

    def _take(self) -> list[Ticket[W, R]]:
        taken: list[Ticket[W, R]] = []
        weight = 0
        with self._gate:
            while self._queue:
                if taken and weight + self._queue[0].weight > self._batch_limit:
                    break
                ticket = self._queue.popleft()
                taken.append(ticket)
                weight += ticket.weight
            self._weight -= weight
        return taken

    def _led_alone(self, ticket: Ticket[W, R]) -> bool:
        """Commit a ticket without queueing it, if nobody waits and nobody leads."""
        if self._queue:
            return False
        try:
            if not self._lead.acquire(blocking=False):
                return False
            self._require_open()
            self._settle((ticket,))
        finally:
            try:
                self._step_down()
            finally:
                self._step_down()  # an interrupt may come as the first one begins
            if ticket.done:
                self._ring_next()
        return True

    def _step_down(self) -> None:
        """Let go of the lead if this thread has it, whatever came in between."""
        if self._owns_lead():
            self._lead.release()

    def _owns_lead(self) -> bool:
        return bool(self._lead._is_owned())  # type: ignore[attr-defined]  # noqa: SLF001

    def _require_outside(self) -> None:
        if self._owns_lead():
            raise Unavailable(
                "this thread is writing to the log",
                where="append queue",
                remedy="Append or close once that call has returned, not from a signal handler.",
            )

    def _require_open(self) -> None:
        if self._closed:
            raise Unavailable("the log is closed", where="append queue", remedy="Open it again.")

    def _lead_once(self) -> None:
        taken = self._take()
        if taken:
            self._settle(taken)

    def _settle(self, taken: Sequence[Ticket[W, R]]) -> None:
        try:
            self._commit(taken)
        except Exception as error:  # allow broad-except: every caller must be told
            for ticket in taken:
                ticket.fail(error)
        except BaseException:
            # An interrupt is for this thread alone; what it left undone is not known here.
            for ticket in taken:
                ticket.fail(_interrupted())
            raise
        finally:
            _tell_all(taken)

    def _ring_next(self) -> None:
        with self._gate:
            first = self._queue[0] if self._queue else None
        if first is not None and first.bell is not None:
            first.bell.put(None)
        elif first is not None:
            self._wake_worker()

    def _kick(self) -> None:
        if self._worker is None:
            with self._gate:
                if self._worker is None:
                    self._worker = threading.Thread(
                        target=self._work, name="answerable-append", daemon=True
                    )
                    self._worker.start()
        self._wake_worker()

    def _wake_worker(self) -> None:
        if self._wake.empty():  # else it has still to look, and will see what is queued now
            self._wake.put(None)

    def _work(self) -> None:
        while not self._closed or self._queue:
            self._wake.get()
            while self._queue:
                with self._lead:
                    self._lead_once()
                self._ring_next()


def _interrupted() -> Unavailable:
    return Unavailable(
        "the thread that wrote this batch was interrupted",
        where="append queue",
        remedy="Append again with the same entry ids: what was stored is recognised.",
    )


def _tell_all(taken: Sequence[Ticket[W, R]]) -> None:
    """Wake those who wait, even if an interrupt comes while they are told."""
    interrupt: BaseException | None = None
    while True:
        try:
            _tell(taken)
            break
        except BaseException as error:  # allow broad-except: raised again once all were told
            interrupt = error
    if interrupt is not None:
        raise interrupt


def _tell(taken: Sequence[Ticket[W, R]]) -> None:
    """Wake those who wait: threads one by one, each event loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[Ticket[W, R]]] = {}
    for ticket in taken:
        if not ticket.done:
            ticket.fail(Unavailable("the commit ended without a result", where="append queue"))
        if ticket.bell is not None:
            ticket.bell.put(None)
        elif ticket.loop is not None:
            loops.setdefault(ticket.loop, []).append(ticket)
    for loop, tickets in loops.items():
        try:
            loop.call_soon_threadsafe(_resolve, tickets)
        except RuntimeError:  # the loop was closed: nobody waits there any more
            continue


def _resolve(tickets: Sequence[Ticket[W, R]]) -> None:
    for ticket in tickets:
        future = ticket.future
        if future is None or future.done():
            continue
        if ticket.error is not None:
            future.set_exception(ticket.error)
        else:
            future.set_result(ticket.result)  # type: ignore[arg-type]

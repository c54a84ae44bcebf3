"""Group commit: every caller is told once, in order, whoever leads and whatever fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue

import pytest

from answerable.audit.errors import Conflict, TooBusy, Unavailable
from answerable.audit.group import GroupCommit, Ticket

_WAIT = 60
Numbers = Ticket[int, int]


class Ledger:
    """Commits numbers to a list, sometimes refusing one, sometimes all of a batch."""

    def __init__(self, *, refuse: Callable[[int], bool] = lambda _: False) -> None:
        self.batches: list[list[int]] = []
        self.refuse = refuse
        self._inside = threading.Lock()

    def __call__(self, tickets: Sequence[Numbers]) -> None:
        assert self._inside.acquire(blocking=False), "two leaders at once"
        try:
            self.batches.append([ticket.work for ticket in tickets])
            for ticket in tickets:
                if self.refuse(ticket.work):
                    ticket.fail(Conflict("refused"))
                else:
                    ticket.succeed(ticket.work + 1)
        finally:
            self._inside.release()

    @property
    def committed(self) -> list[int]:
        return [number for batch in self.batches for number in batch]


def group_of(commit: Callable[[Sequence[Numbers]], None], **limits: int) -> GroupCommit[int, int]:
    given = {"queue_limit": 1000, "batch_limit": 100} | limits
    return GroupCommit(commit, **given)


def in_threads(work: Sequence[Callable[[], None]]) -> None:
    """Run all at the same time; none may hang."""
    threads = [threading.Thread(target=item, daemon=True) for item in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_WAIT)
    assert not any(thread.is_alive() for thread in threads), "a caller was never told"


def test_a_lone_caller_commits_at_once() -> None:
    ledger = Ledger()
    group = group_of(ledger)
    assert [group.run(Ticket(number, 1)) for number in (1, 2)] == [2, 3]
    assert ledger.batches == [[1], [2]]
    assert group.waiting == 0


@pytest.mark.parametrize("seed", range(4))
def test_many_callers_are_each_told_once_and_in_their_order(seed: int) -> None:
    callers, each = 48, 60
    ledger = Ledger(refuse=lambda number: number % 7 == 0)
    group = group_of(ledger, queue_limit=10_000, batch_limit=16)
    told: dict[int, list[int | str]] = {}

    def caller(own: int) -> Callable[[], None]:
        def work() -> None:
            told[own] = []
            for number in range(own * 1000, own * 1000 + each):
                try:
                    told[own].append(group.run(Ticket(number, 1)))
                except Conflict:
                    told[own].append("refused")

        return work

    order = sorted(range(callers), key=lambda own: own * (17 + 2 * seed) % callers)
    in_threads([caller(own) for own in order])
    for own in range(callers):
        numbers = range(own * 1000, own * 1000 + each)
        assert told[own] == ["refused" if n % 7 == 0 else n + 1 for n in numbers]
        assert [n for n in ledger.committed if n in numbers] == list(numbers)
    assert sorted(ledger.committed) == sorted(
        n for own in range(callers) for n in range(own * 1000, own * 1000 + each)
    )
    assert all(len(batch) <= 16 for batch in ledger.batches)


def test_threads_coroutines_and_turns_of_their_own_share_one_queue() -> None:
    ledger = Ledger()
    group = group_of(ledger, queue_limit=10_000)
    alone: list[int] = []

    def loop_of(first: int) -> Callable[[], None]:
        async def all_of_them() -> None:
            tickets = [group.arun(Ticket(n, 1)) for n in range(first, first + 200)]
            assert await asyncio.gather(*tickets) == list(range(first + 1, first + 201))

        return lambda: asyncio.run(all_of_them())

    def blocking(first: int) -> Callable[[], None]:
        def work() -> None:
            for n in range(first, first + 100):
                assert group.run(Ticket(n, 1)) == n + 1

        return work

    def turns() -> None:
        for n in range(50):
            group.alone(partial(alone.append, n))

    in_threads(
        [*(loop_of(k * 1000) for k in range(3)), *(blocking(k * 1000) for k in range(3, 9)), turns]
    )
    assert len(ledger.committed) == len(set(ledger.committed)) == 3 * 200 + 6 * 100
    assert alone == list(range(50))
    group.close()


def test_a_commit_that_fails_tells_everybody_who_was_in_it() -> None:
    failing = [True]

    def commit(tickets: Sequence[Numbers]) -> None:
        tickets[0].succeed(0)
        if failing[0]:
            raise Unavailable("the disk is full")
        for ticket in tickets[1:]:
            ticket.succeed(ticket.work)

    group = group_of(commit)
    assert group.run(Ticket(1, 1)) == 0, "what was settled before stays settled"

    async def two() -> list[int | BaseException]:
        pair = [group.arun(Ticket(number, 1)) for number in (1, 2)]
        return await asyncio.gather(*pair, return_exceptions=True)

    first, second = asyncio.run(two())
    assert first == 0
    assert isinstance(second, Unavailable)
    failing[0] = False
    assert asyncio.run(two()) == [0, 2]
    group.close()


def test_a_commit_that_settles_nothing_is_an_error_and_no_result() -> None:
    group = group_of(lambda _: None)
    with pytest.raises(Unavailable, match="ended without a result"):
        group.run(Ticket(1, 1))


def test_a_full_queue_refuses_and_queues_nothing() -> None:
    release, entered = threading.Event(), threading.Event()
    committed: list[int] = []

    def commit(tickets: Sequence[Numbers]) -> None:
        entered.set()
        assert release.wait(_WAIT)
        for ticket in tickets:
            committed.append(ticket.work)
            ticket.succeed(ticket.work)

    group = group_of(commit, queue_limit=3)
    refused: list[TooBusy] = []

    def overflow() -> None:
        assert entered.wait(_WAIT)
        waiting = [
            threading.Thread(target=group.run, args=(Ticket(n, 1),), daemon=True)
            for n in range(1, 4)
        ]
        for thread in waiting:
            thread.start()
        while group.waiting < 3:
            pass
        try:
            group.run(Ticket(9, 1))
        except TooBusy as error:
            refused.append(error)
        release.set()
        for thread in waiting:
            thread.join(_WAIT)

    def first() -> None:
        group.run(Ticket(0, 1))

    in_threads([first, overflow])
    assert [str(error) for error in refused] == [
        "append queue: 3 entries wait to be appended, the limit is 3. "
        "Try again after a while; nothing of this call was appended."
    ]
    assert sorted(committed) == [0, 1, 2, 3]


def test_one_caller_may_bring_more_than_the_limits_alone() -> None:
    ledger = Ledger()
    group = group_of(ledger, queue_limit=5, batch_limit=5)
    assert group.run(Ticket(1, 50)) == 2


def test_a_closed_queue_takes_nothing_and_finishes_what_it_has() -> None:
    ledger = Ledger()
    group = group_of(ledger)
    assert asyncio.run(group.arun(Ticket(1, 1))) == 2
    group.close()
    with pytest.raises(Unavailable, match="the log is closed"):
        group.run(Ticket(2, 1))
    assert ledger.committed == [1]


def test_a_caller_that_gave_up_does_not_stop_the_others() -> None:
    ledger = Ledger()
    group = group_of(ledger)

    async def one_gives_up() -> int:
        given_up = asyncio.ensure_future(group.arun(Ticket(1, 1)))
        stays = asyncio.ensure_future(group.arun(Ticket(2, 1)))
        await asyncio.wait([asyncio.ensure_future(_step())])
        given_up.cancel()
        return await stays

    async def _step() -> None:
        return None

    assert asyncio.run(one_gives_up()) == 3
    assert group.run(Ticket(3, 1)) == 4
    group.close()


def test_those_who_wait_are_told_even_if_an_interrupt_comes_while_they_are_told() -> None:
    told: list[int] = []

    class Bell(SimpleQueue):  # type: ignore[type-arg]
        def put(self, item: object, *_: object, **__: object) -> None:
            if not told:
                told.append(0)
                raise KeyboardInterrupt
            super().put(item)

    first, second = Ticket[int, int](1, 1), Ticket[int, int](2, 1)
    first.bell, second.bell = Bell(), SimpleQueue()
    with pytest.raises(KeyboardInterrupt):
        group_of(Ledger())._settle((first, second))
    assert first.bell.get_nowait() is None
    assert second.bell.get_nowait() is None
    assert (first.outcome(), second.outcome()) == (2, 3)

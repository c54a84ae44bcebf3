"""A log that is closed while it is written, forked while it is open, or interrupted."""

from __future__ import annotations

import os
import threading

import pytest

from answerable.audit.entries import Draft
from answerable.audit.errors import AnswerableError, Unavailable
from answerable.audit.log import Log
from answerable.audit.store import advance
from tests.log_kit import LogKit, SeededEntropy


def test_closing_waits_for_what_runs_and_what_waits(
    kit: LogKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.log.append(kit.decision("anna"))
    drafts = [[kit.decision("anna", n=n, k=k) for n in range(60)] for k in range(6)]
    inside, closing = threading.Event(), threading.Event()
    swap = advance._swap

    def slow(given: advance.Advance) -> object:
        inside.set()
        assert closing.wait(60)
        return swap(given)

    told: list[int | str] = []

    def append(batch: list[Draft]) -> None:
        try:
            told.append(len(kit.log.append_many(batch)))
        except AnswerableError as error:
            told.append(error.what)

    def close() -> None:
        closing.set()
        kit.log.close()

    monkeypatch.setattr(advance, "_swap", slow)
    threads = [threading.Thread(target=append, args=(batch,)) for batch in drafts]
    threads[0].start()
    assert inside.wait(60)
    for thread in threads[1:]:
        thread.start()
    closer = threading.Thread(target=close)
    closer.start()
    for thread in (*threads, closer):
        thread.join(60)
        assert not thread.is_alive()
    taken = [item for item in told if isinstance(item, int)]
    assert len(told) == 6
    assert {item for item in told if isinstance(item, str)} <= {"the log is closed"}
    assert 60 in taken
    kit.log = Log.open(kit.url, vault=kit.vault, clock=kit.clock, entropy=SeededEntropy("again"))
    assert kit.log.size() == 2 + sum(taken)
    assert kit.verify().ok
    assert kit.log.append(kit.decision("anna", last=1)).seq == 2 + sum(taken)


def test_a_closed_log_takes_nothing_more(kit: LogKit) -> None:
    kit.log.append(kit.decision("anna"))
    kit.log.close()
    with pytest.raises(Unavailable, match="closed"):
        kit.log.append(kit.decision("anna"))
    with pytest.raises(Unavailable, match="closed"):
        kit.log.erase("s-" + "1" * 32, kit.erasure())


def test_the_thread_that_writes_cannot_close_under_itself(
    kit: LogKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap = advance._swap

    def closing(given: advance.Advance) -> object:
        kit.log.close()
        return swap(given)

    with monkeypatch.context() as patched:
        patched.setattr(advance, "_swap", closing)
        with pytest.raises(Unavailable, match="this thread is writing"):
            kit.log.append(kit.decision("anna"))
    assert kit.log.append(kit.decision("anna", n=1)).seq == 1
    assert kit.verify().ok


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_is_refused_and_harms_nobody(kit: LogKit) -> None:
    kit.log.append(kit.decision("anna"))
    draft = kit.decision("anna", n=1)
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        refused = 0
        for attempt in (lambda: kit.log.append(draft), kit.log.size, kit.log.checkpoint):
            try:
                attempt()
            except Unavailable as error:
                refused += "forked" in error.what
        kit.log.close()
        os._exit(refused)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 3
    receipts = [kit.log.append(kit.decision("anna", n=n)) for n in range(2, 6)]
    assert [receipt.seq for receipt in receipts] == [2, 3, 4, 5]
    assert kit.verify().ok


def test_an_interrupt_is_for_the_thread_that_was_interrupted(
    kit: LogKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.log.append(kit.decision("anna"))
    inside, queued = threading.Event(), threading.Event()

    def interrupted(_given: advance.Advance) -> object:
        inside.set()
        assert queued.wait(60)
        raise KeyboardInterrupt

    told: list[BaseException | int] = []

    def append(draft: Draft) -> None:
        try:
            told.append(kit.log.append(draft).seq)
        except BaseException as error:  # allow broad-except: kept for the test
            told.append(error)

    drafts = [kit.decision("anna", n=n) for n in range(4)]
    with monkeypatch.context() as patched:
        patched.setattr(advance, "_swap", interrupted)
        first = threading.Thread(target=append, args=(drafts[0],))
        first.start()
        assert inside.wait(60)
        patched.undo()
        others = [threading.Thread(target=append, args=(draft,)) for draft in drafts[1:]]
        for thread in others:
            thread.start()
        queued.set()
        for thread in (first, *others):
            thread.join(60)
            assert not thread.is_alive()
    interrupts = [item for item in told if isinstance(item, KeyboardInterrupt)]
    assert len(interrupts) == 1
    assert sorted(item for item in told if isinstance(item, int)) == [2, 3, 4]
    assert kit.log.append(drafts[0]).seq == 5
    assert kit.verify().ok


def test_a_head_with_another_root_is_never_signed(sqlite_kit: LogKit) -> None:
    kit = sqlite_kit
    kit.log.append_many([kit.decision("anna", n=n) for n in range(5)])
    with kit.log._database.write() as connection:
        frontier = connection.exec_driver_sql("SELECT frontier FROM head").scalar()
        assert isinstance(frontier, bytes)
        wrong = frontier[:-1] + bytes([frontier[-1] ^ 1])
        connection.exec_driver_sql("UPDATE head SET turn = turn + 1, frontier = ?", (wrong,))
    with pytest.raises(AnswerableError, match="root in the log's head"):
        kit.log.checkpoint()

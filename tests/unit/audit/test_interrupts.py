"""Signals that arrive while the log is written, at every step of the way."""

from __future__ import annotations

import gc
import itertools
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from types import FrameType

import pytest

from answerable.audit.entries import Receipt
from answerable.audit.errors import Unavailable
from answerable.audit.interrupts import SignalsWait
from answerable.audit.records import LegalHold
from tests.log_kit import LogKit

STRIDE = 7
"""Every seventh step of an append, a different seventh each time the log has grown by one."""


class Told:
    """Handlers that note what they were told."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def note(self, number: int, _frame: FrameType | None) -> None:
        self.numbers.append(number)

    def fail(self, number: int, _frame: FrameType | None) -> None:
        self.numbers.append(number)
        raise KeyboardInterrupt(number)


@contextmanager
def handling(**handlers: object) -> Iterator[None]:
    before = {name: signal.getsignal(getattr(signal, name)) for name in handlers}
    try:
        for name, handler in handlers.items():
            signal.signal(getattr(signal, name), handler)  # type: ignore[arg-type]
        yield
    finally:
        for name, old in before.items():
            signal.signal(getattr(signal, name), old)


def test_a_signal_waits_for_the_end_and_is_handed_on_once() -> None:
    told = Told()
    with handling(SIGTERM=told.note):
        with SignalsWait():
            signal.raise_signal(signal.SIGTERM)
            assert told.numbers == []
        assert told.numbers == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) == told.note


def test_a_handler_that_raises_does_so_at_the_end() -> None:
    told, done = Told(), []
    with handling(SIGINT=told.fail):
        with pytest.raises(KeyboardInterrupt), SignalsWait():  # noqa: PT012 - what is tested
            signal.raise_signal(signal.SIGINT)
            done.append(1)
        assert done == [1]
        assert signal.getsignal(signal.SIGINT) == told.fail


def test_the_error_of_the_block_is_the_context_of_the_handlers() -> None:
    def run() -> None:
        with SignalsWait():
            signal.raise_signal(signal.SIGINT)
            raise LookupError

    with handling(SIGINT=Told().fail), pytest.raises(KeyboardInterrupt) as caught:
        run()
    assert isinstance(caught.value.__context__, LookupError)


def test_a_second_signal_comes_through_at_once() -> None:
    told, reached = Told(), []
    with handling(SIGINT=told.fail):
        with pytest.raises(KeyboardInterrupt), SignalsWait():  # noqa: PT012 - what is tested
            signal.raise_signal(signal.SIGINT)
            reached.append(1)
            signal.raise_signal(signal.SIGINT)
            reached.append(2)
        assert reached == [1]
        assert told.numbers == [signal.SIGINT, signal.SIGINT]
        assert signal.getsignal(signal.SIGINT) == told.fail


def test_every_handler_is_called_although_the_first_one_raises() -> None:
    told = Told()
    with handling(SIGTERM=told.fail, SIGUSR1=told.fail, SIGINT=told.fail):
        with pytest.raises(KeyboardInterrupt), SignalsWait():  # noqa: PT012 - what is tested
            for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
                signal.raise_signal(number)
        assert sorted(told.numbers) == sorted((signal.SIGTERM, signal.SIGUSR1, signal.SIGINT))


def test_nested_blocks_hand_on_to_the_outer_one() -> None:
    told = Told()
    with handling(SIGTERM=told.note):
        with SignalsWait():
            with SignalsWait():
                signal.raise_signal(signal.SIGTERM)
            assert told.numbers == []
        assert told.numbers == [signal.SIGTERM]


def test_a_handler_left_in_place_hands_on() -> None:
    told = Told()
    with handling(SIGTERM=told.note):
        with SignalsWait():
            left = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, left)
        signal.raise_signal(signal.SIGTERM)
    assert told.numbers == [signal.SIGTERM]


def test_a_handler_that_was_replaced_in_the_block_stays() -> None:
    told, newer = Told(), Told()
    with handling(SIGTERM=told.note):
        with SignalsWait():
            signal.signal(signal.SIGTERM, newer.note)
        assert signal.getsignal(signal.SIGTERM) == newer.note


def test_no_signal_is_lost_and_no_handler_left_wherever_the_block_is_interrupted() -> None:
    others = (signal.SIGTERM, signal.SIGUSR1)
    for step in itertools.count(1):
        fails, counted, sent = Told(), [0], list[int]()
        told: dict[int, FrameType | None] = {}
        note = told.__setitem__  # in C: a handler in Python may be interrupted itself
        with handling(SIGTERM=note, SIGINT=fails.fail, SIGUSR1=note):
            with suppress(KeyboardInterrupt):
                _send_in_a_block(others, sent, _interrupted_at(step, counted, handlers=False))
            assert signal.getsignal(signal.SIGINT) == fails.fail
            assert [signal.getsignal(number) for number in others] == [note, note]
        assert set(sent) <= told.keys()
        if counted[0] < step:
            break
    assert step > 20


def _send_in_a_block(
    numbers: tuple[int, ...], sent: list[int], interrupted: AbstractContextManager[None]
) -> None:
    with interrupted, SignalsWait():
        for number in numbers:
            signal.raise_signal(number)
            sent.append(number)


def test_handlers_that_are_not_pythons_stay_as_they_are() -> None:
    with handling(SIGUSR1=signal.SIG_IGN, SIGUSR2=signal.SIG_DFL), SignalsWait():
        assert signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGUSR2) is signal.SIG_DFL


def test_other_threads_leave_the_handlers_alone() -> None:
    seen: list[object] = []

    def other() -> None:
        with SignalsWait():
            seen.append(signal.getsignal(signal.SIGTERM))

    told = Told()
    with handling(SIGTERM=told.note):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(60)
        assert seen == [told.note]


def test_where_there_are_no_signals_the_block_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise ValueError("signal only works in main thread of the main interpreter")

    done: list[int] = []
    with monkeypatch.context() as patched:
        patched.setattr(signal, "signal", refused)
        with SignalsWait():
            done.append(1)
    assert done == [1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_interrupt_at_any_step_leaves_the_log_ready_for_the_next_append(kit: LogKit) -> None:
    acknowledged: dict[str, Receipt] = {}
    kit.log.append(kit.decision("anna"))
    interrupts = 0
    for number in itertools.count():
        draft = kit.decision(f"p{number % 5}", number=number)
        step, counted = number * STRIDE, [0]
        try:
            with _interrupted_at(step, counted):
                acknowledged[draft.entry_id] = kit.log.append(draft)
        except KeyboardInterrupt:
            interrupts += 1
            _require_unlocked(kit)
            acknowledged[draft.entry_id] = kit.log.append(draft)  # the same id: stored once
        if counted[0] < step:  # the append was over before its step came
            break
    assert interrupts > 30
    assert kit.log.size() == 2 + len(acknowledged)
    for entry_id, receipt in acknowledged.items():
        assert kit.log.entry(entry_id).seq == receipt.seq
    assert kit.verify().ok


@pytest.mark.filterwarnings("ignore:transaction already deassociated")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("act", ["append", "hold", "close"])
def test_two_interrupts_at_once_at_any_step_leave_the_log_to_be_written(
    kit: LogKit, act: str
) -> None:
    kit.log.append(kit.decision("anna"))
    ref = kit.ref("anna")
    for number in itertools.count():
        step, counted = number * STRIDE * 3, [0]
        # The second one may end the connection, whose loss is then what is told.
        with suppress(KeyboardInterrupt, Unavailable), _interrupted_at(step, counted, times=2):
            _act(kit, act, ref, number)
        if act == "close":
            kit.log.close()
            kit.reopen()
        kit.log.append(kit.decision("carla", number=number))
        if counted[0] < step:
            break
    assert number > 5
    assert kit.verify().ok
    gc.collect()  # what an interrupt left behind is told of here, where it is expected


def _act(kit: LogKit, act: str, ref: str, number: int) -> None:
    if act == "append":
        kit.log.append(kit.decision("ben", number=number))
    elif act == "hold":
        hold = LegalHold(subject=ref, ground="litigation", reference=f"case-{number}", until=None)
        kit.log.place_hold(replace(kit.hold(ref), record=hold))
    else:
        kit.log.close()


@contextmanager
def _interrupted_at(
    step: int, counted: list[int], times: int = 1, *, handlers: bool = True
) -> Iterator[None]:
    """Send this process an interrupt at one of the calls and returns of what is run.

    Not before a call into C, where Python looks for no signal: only once it has returned.
    """

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        if event == "c_call":
            return
        counted[0] += 1
        if counted[0] == step:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    with handling(SIGINT=signal.default_int_handler) if handlers else nullcontext():
        sys.setprofile(profile)
        try:
            yield
        finally:
            sys.setprofile(None)


def _require_unlocked(kit: LogKit) -> None:
    if kit.url.startswith("sqlite:///"):
        other = sqlite3.connect(kit.url.removeprefix("sqlite:///"), timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        other.close()

"""A process that spools decisions or replays them, or appends from many threads until it is killed.

Run by path with: spool|replay|append, database URL, key directory, spool folder, how many (threads
for append), where to write what was acknowledged, when this machine was started (microseconds, as
the log counts them), the step at which to die, and at which time that step is reached.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import threading
import time
from itertools import count
from pathlib import Path

from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.ids import uuid7
from answerable.audit.keys.vault import FileVault
from answerable.audit.recorder import Recorder, ReleaseMode
from answerable.audit.records import Automation, Decision, Outcome, Role
from answerable.audit.spool import Spool, SpoolStep, spool_key
from answerable.audit.watched import WatchedLog

ACTOR = "a-" + "1" * 32
FUNCTION = "sha256:" + "0f" * 32


class Clock:
    """The same time in all processes of a test, whatever the date of the machine."""

    started = 0

    def __call__(self) -> int:
        return self.started + time.monotonic_ns() // 1000


class Entropy:
    """Bytes from a counter, different in each process."""

    drawn = 0

    def __call__(self, size: int) -> bytes:
        self.drawn += 1
        return hashlib.shake_256(f"{os.getpid()}/{self.drawn}".encode()).digest(size)


class Death:
    """Kills this process when a step is reached for the n-th time."""

    def __init__(self, step: str, after: int) -> None:
        self._step = step
        self._left = after

    def __call__(self, step: SpoolStep) -> None:
        if step.value == self._step:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


clock, entropy = Clock(), Entropy()


def decision(number: int) -> Draft:
    record = Decision(
        function=FUNCTION,
        outcome=Outcome.DECLINE,
        outcome_code="decline",
        automation=Automation.SOLELY_AUTOMATED,
        components=(),
        inputs={"number": number},
        purpose="credit",
        lawful_basis="contract",
    )
    return Draft.of_decision(
        record,
        entry_id=uuid7(clock(), entropy(10)),
        actor=ACTOR,
        role=Role.SERVICE,
        subjects=(DraftSubject(role="applicant", subject_id=f"p-{number}", data={"n": number}),),
    )


def append_until_killed(log: WatchedLog, threads: int, out: str) -> None:
    """Acknowledge each receipt with a line: entry id, place, leaf hash; four persons a thread.

    A dot to standard output follows each line, so that whoever kills can count without looking.
    """
    acknowledged = os.open(out, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def work(own: int) -> None:
        for number in count(own * 1_000_000):
            draft = decision(own * 10 + number % 4)
            receipt = log.append(draft)
            line = f"{receipt.entry_id} {receipt.seq} {receipt.leaf.hex()}\n"
            os.write(acknowledged, line.encode())
            os.write(sys.stdout.fileno(), b".")

    for own in range(threads):
        threading.Thread(target=work, args=(own,)).start()


def main(what: str, url: str, keys: str, folder: str, *more: str) -> None:
    times, out, began, step, after = more
    clock.started = int(began)
    vault = FileVault(keys)
    log = WatchedLog.open(url, vault=vault, clock=clock, entropy=entropy)
    key = spool_key(vault.pepper(), log.origin)
    spool = Spool(
        Path(folder),
        key=key,
        origin=log.origin,
        entropy=entropy,
        limit_bytes=10_000_000,
        reached=Death(step, int(after)),
    )
    recorder = Recorder(log, spool, key=key)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    if what == "append":
        append_until_killed(log, int(times), out)
        return
    if what == "replay":
        recorder.tend()
    else:
        with Path(out).open("a", encoding="ascii", buffering=1) as acknowledged:
            for number in range(int(times)):
                draft = decision(number)
                recorded = recorder.record((draft,), ReleaseMode.FAIL_OPEN)
                acknowledged.write(f"{draft.entry_id} {recorded.spooled}\n")
    log.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

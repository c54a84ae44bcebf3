"""A process is killed while many threads append: no receipt is lost, nothing forks, it goes on.

A few rounds run with the other tests; ``make crash`` runs hundreds.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from answerable.audit.keys.vault import FileVault
from answerable.audit.log import Log
from tests.attacks.processes import started
from tests.crash.whole import ROUNDS, Tally
from tests.log_kit import LogKit

CHILD = Path(__file__).parent / "children" / "spooling.py"
THREADS = 16
MOST = 120
"""Acknowledged appends before a kill, at most about: turns of all sizes and places are cut."""
LOOK_EVERY = 50
WAIT = 120


class Killed:
    """A log with what was acknowledged of it, round after round."""

    def __init__(self, url: str, folder: Path) -> None:
        self.kit = LogKit.create(url, keys=folder / "keys")
        self.kit.log.close()
        self.folder = folder
        self.acknowledged = folder / "acknowledged"
        self.acknowledged.touch()
        self.began = started()
        self.tally = Tally()

    def run_and_kill(self, number: int) -> None:
        """Let a process append until it has acknowledged some, and a little longer; kill it."""
        arguments = ["append", self.kit.url, str(self.folder / "keys"), str(self.folder / "spool")]
        arguments += [str(THREADS), str(self.acknowledged), self.began, "", "0"]
        with subprocess.Popen(
            [sys.executable, str(CHILD), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            if child.stdout.readline() != "ready\n":
                raise AssertionError(child.communicate()[1])
            child.stdin.write("\n")
            child.stdin.flush()
            wanted = 1 + (number * 7919) % MOST
            while wanted > 0 and (dots := os.read(child.stdout.fileno(), wanted)):
                wanted -= len(dots)
            _a_little(number)
            child.send_signal(signal.SIGKILL)
            if child.wait(WAIT) != -signal.SIGKILL:
                raise AssertionError(child.communicate()[1])
        self.tally.rounds += 1

    def receipts(self) -> dict[str, tuple[int, bytes]]:
        """What was acknowledged; a line that broke off with the process was not."""
        told = {}
        for line in self.acknowledged.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                entry_id, seq, leaf = line.split()
                told[entry_id] = (int(seq), bytes.fromhex(leaf))
        return told

    def open(self) -> Log:
        vault = FileVault(self.folder / "keys")
        return Log.open(self.kit.url, vault=vault, clock=self.kit.clock, entropy=self.kit.entropy)


def _a_little(number: int) -> None:
    """Work for up to a few milliseconds, so that the kill falls anywhere in a turn."""
    hashlib.pbkdf2_hmac("sha256", b"", b"", 1 + (number * 104_729) % 8_000)


@pytest.fixture
def killed(log_url: str, tmp_path: Path) -> Killed:
    return Killed(log_url, tmp_path)


def test_no_receipt_is_lost_and_the_log_goes_on(
    killed: Killed, record_property: Callable[[str, object], None]
) -> None:
    before = None
    tally = killed.tally
    for number in range(ROUNDS):
        killed.run_and_kill(number)
        if number % LOOK_EVERY in {0, LOOK_EVERY - 1} or number == ROUNDS - 1:
            log = killed.open()
            killed.kit.clock.now = max(killed.kit.clock.now, log.latest(limit=1)[0].header.ts)
            before = tally.count(log, killed.receipts(), before=before)
            assert log.append(killed.kit.decision("anna")).seq == log.size() - 1
            log.close()
    record_property("counted", tally.said())
    assert (tally.rounds, tally.lost, tally.forks) == (ROUNDS, 0, 0)
    assert tally.acknowledged > ROUNDS

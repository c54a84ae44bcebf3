"""A process is killed while many threads append: no receipt is lost, nothing forks, it goes on.

A few rounds run with the other tests; ``make crash`` runs hundreds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from answerable.audit.entries import Draft
from answerable.audit.errors import Unavailable
from answerable.audit.keys.vault import FileVault
from answerable.audit.log import Log
from answerable.audit.tree.merkle import Frontier
from tests.attacks.processes import started
from tests.log_kit import LogKit

CHILD = Path(__file__).parent / "children" / "spooling.py"
ROUNDS = int(os.environ.get("ANSWERABLE_CRASH_ROUNDS", "3"))
THREADS = 16
WAIT = 120


class Killed:
    """A log with what was acknowledged of it, round after round."""

    def __init__(self, url: str, folder: Path) -> None:
        self.kit = LogKit.create(url, keys=folder / "keys")
        self.kit.log.close()
        self.folder = folder
        self.acknowledged = folder / "acknowledged"
        self.acknowledged.touch()

    def run_and_kill(self, after: int) -> None:
        """Let a process append until it has acknowledged some more, then kill it."""
        arguments = ["append", self.kit.url, str(self.folder / "keys"), str(self.folder / "spool")]
        arguments += [str(THREADS), str(self.acknowledged), started(), "", "0"]
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
            wanted = self.acknowledged.stat().st_size + after
            child.stdin.write("\n")
            child.stdin.flush()
            while self.acknowledged.stat().st_size < wanted and child.poll() is None:
                pass
            child.send_signal(signal.SIGKILL)
            assert child.wait(WAIT) == -signal.SIGKILL

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


@pytest.fixture
def killed(log_url: str, tmp_path: Path) -> Killed:
    return Killed(log_url, tmp_path)


def require_whole(log: Log, receipts: dict[str, tuple[int, bytes]]) -> None:
    """Every receipt stands where it said, the head is that of the entries, all of it verifies."""
    for entry_id, (seq, leaf) in receipts.items():
        entry = log.entry(entry_id)
        assert (entry.seq, entry.leaf) == (seq, leaf)
    stored = log.stored()
    rows = list(stored.rows())
    assert [row.seq for row in rows] == list(range(log.size()))
    frontier = Frontier().extend([row.leaf for row in rows])
    assert (frontier.size, frontier.root()) == (stored.state.size, stored.state.root)
    assert stored.findings_beside(cell_of=log.cell_of) == []


def test_no_receipt_is_lost_and_the_log_goes_on(killed: Killed) -> None:
    for number in range(ROUNDS):
        killed.run_and_kill(after=1 + (number * 7919) % 40_000)
        if number % 20 in {0, 19} or number == ROUNDS - 1:
            log = killed.open()
            require_whole(log, killed.receipts())
            killed.kit.clock.now = max(killed.kit.clock.now, log.latest(limit=1)[0].header.ts)
            assert log.append(killed.kit.decision("anna")).seq == log.size() - 1
            log.close()


def test_a_full_disk_refuses_and_changes_nothing(sqlite_kit: LogKit) -> None:
    kit = sqlite_kit
    kept = [kit.log.append(kit.decision("anna", n=0)).entry_id]

    def limit(pages: int) -> None:
        with kit.log._database.read() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    for number in range(ROUNDS):
        with kit.log._database.read() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0
        limit(pages + 1 + number % 5)
        refused = _fill(kit, kept)
        before = kit.log.size()
        with pytest.raises(Unavailable, match="full"):
            kit.log.append(refused)
        assert kit.log.size() == before == 1 + len(kept)
        limit(1_000_000)
        kept.append(kit.log.append(refused).entry_id)
    require_whole(kit.log, {item: _receipt(kit.log, item) for item in kept})
    assert kit.log.size() == 1 + len(kept)


def _fill(kit: LogKit, kept: list[str]) -> Draft:
    """Append until the disk is full; return the draft that was refused."""
    for number in range(1000):
        draft = kit.decision(f"person-{number % 3}", text="x" * 3000)
        try:
            kept.append(kit.log.append(draft).entry_id)
        except Unavailable:
            return draft
    raise AssertionError("the disk was never full")


@pytest.mark.postgres
def test_a_connection_lost_while_committing_loses_and_doubles_nothing(
    postgres_kit: LogKit,
) -> None:
    kit = postgres_kit
    drafts = [kit.decision(f"person-{n % 7}", n=n) for n in range(40 * ROUNDS)]
    told: dict[str, tuple[int, bytes]] = {}
    failed: list[int] = []
    done = threading.Event()

    def append(own: int) -> None:
        for number in range(own, len(drafts), 4):
            try:
                receipt = kit.log.append(drafts[number])
                told[receipt.entry_id] = (receipt.seq, receipt.leaf)
            except Unavailable:
                failed.append(number)

    threads = [threading.Thread(target=append, args=(own,)) for own in range(4)]
    killer = threading.Thread(target=_end_connections, args=(kit.url, done))
    for thread in (*threads, killer):
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    done.set()
    killer.join(WAIT)
    for number in failed:
        receipt = kit.log.append(drafts[number])
        told[receipt.entry_id] = (receipt.seq, receipt.leaf)
    require_whole(kit.log, told)
    assert kit.log.size() == 1 + len(drafts)


def _end_connections(url: str, done: threading.Event) -> None:
    given = make_url(url)
    where = f"host={given.query['host']} user={given.username} dbname=postgres"
    ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(where, autocommit=True) as connection:
        while not done.wait(0.005):
            connection.execute(ending, (given.database,))


def _receipt(log: Log, entry_id: str) -> tuple[int, bytes]:
    entry = log.entry(entry_id)
    return entry.seq, entry.leaf

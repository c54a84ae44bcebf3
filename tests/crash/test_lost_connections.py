"""A connection is lost while many threads append: nothing acknowledged is lost, nothing is doubled.

On PostgreSQL it is cut at each message in turn, before the server sees it and after the server has
it, so that what became of a commit is not known; and the server ends connections itself. SQLite has
no connection to lose: its statements are interrupted, wherever they are.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, event, make_url

from answerable.audit.entries import Draft
from answerable.audit.errors import Unavailable
from tests.crash.whole import FAULTS, Tally
from tests.cutting_proxy import Cut, cutting_proxy
from tests.log_kit import LogKit
from tests.postgres_server import PostgresServer

WAIT = 120
MESSAGES = 24
"""A cut falls on one of so many messages: those of a few appends."""


class Load:
    """Threads that append until they are told to end, and ask again for what was refused."""

    def __init__(self, kit: LogKit, *, threads: int = 4) -> None:
        self.kit = kit
        self.tally = Tally()
        self.told: dict[str, tuple[int, bytes]] = {}
        self.appended = 0
        self.hits = 0
        """How often an append met a fault."""
        self._progress = threading.Event()
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._work, args=(own,)) for own in range(threads)]

    @contextmanager
    def running(self) -> Iterator[Load]:
        """Append while the block runs."""
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._done.set()
            for thread in self._threads:
                thread.join(WAIT)
        assert self._failures == []

    def _work(self, own: int) -> None:
        try:
            for number in itertools.count():
                if self._done.is_set():
                    return
                self._append(own, number)
        except BaseException as error:  # allow broad-except: told by the thread that waits
            self._failures.append(error)

    def _append(self, own: int, number: int) -> None:
        many = 20 if number % 7 == 6 else 1
        with self._lock:
            drafts = [self.kit.decision(f"person-{own}-{number % 5}") for _ in range(many)]
            self.appended += many
        refused = 0
        while not self._told(drafts, refused):
            refused += many

    def _told(self, drafts: list[Draft], refused: int) -> bool:
        try:
            receipts = self.kit.log.append_many(drafts)
        except Unavailable:
            with self._lock:
                self.hits += 1
            return False
        self._progress.set()
        with self._lock:
            self.told.update({item.entry_id: (item.seq, item.leaf) for item in receipts})
            self.tally.refused += refused
            self.tally.stored_all_the_same += sum(item.repeated for item in receipts)
        return True

    def go_on(self) -> None:
        """Wait until something more was appended: faults find a log that works."""
        self._progress.clear()
        assert self._progress.wait(WAIT)

    def look(self) -> Tally:
        """Count what became of everything, as a process does that starts now."""
        self.kit.reopen()
        self.tally.count(self.kit.log, self.told)
        assert self.kit.log.size() == 1 + self.appended == 1 + len(self.told)
        return self.tally


@pytest.mark.postgres
def test_a_connection_cut_at_any_message_loses_and_doubles_nothing(
    postgres_server: PostgresServer, record_property: Callable[[str, object], None]
) -> None:
    with (
        postgres_server.fresh_database() as database,
        cutting_proxy(postgres_server.socket_folder) as proxy,
    ):
        kit = LogKit.create(PostgresServer(proxy.folder).url(database))
        load = Load(kit)
        with load.running():
            for number in range(20 * FAULTS):
                if number >= FAULTS and load.tally.stored_all_the_same:
                    break
                load.go_on()
                proxy.arm(1 + number * 7 % MESSAGES, Cut.ANSWERED if number % 2 else Cut.BEFORE)
                assert proxy.made.wait(WAIT)
                load.tally.rounds += 1
        tally = load.look()
        kit.log.close()
    record_property("counted", tally.said())
    assert (tally.lost, tally.forks) == (0, 0)
    # Some outcomes were unknown: the entries were there although nobody had been told.
    assert tally.stored_all_the_same > 0


@pytest.mark.postgres
def test_connections_that_the_server_ends_lose_and_double_nothing(
    postgres_kit: LogKit, record_property: Callable[[str, object], None]
) -> None:
    given = make_url(postgres_kit.url)
    where = f"host={given.query['host']} user={given.username} dbname=postgres"
    ending = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = %s AND state <> 'idle'"
    )
    load = Load(postgres_kit)
    with load.running(), psycopg.connect(where, autocommit=True) as connection:
        while load.tally.rounds < FAULTS:
            load.go_on()
            load.tally.rounds += connection.execute(ending, (given.database,)).rowcount
    tally = load.look()
    record_property("counted", tally.said())
    assert (tally.lost, tally.forks) == (0, 0)


def test_statements_that_are_interrupted_lose_and_double_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    connections: list[sqlite3.Connection] = []

    def opened(connection: sqlite3.Connection, _record: object) -> None:
        connections.append(connection)

    event.listen(Engine, "connect", opened)
    try:
        kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}")
        load = Load(kit)
        with load.running():
            for number in range(1, FAULTS + 1):
                load.go_on()
                while load.hits < number:
                    _interrupt(connections)
    finally:
        event.remove(Engine, "connect", opened)
    tally = load.look()
    kit.log.close()
    tally.rounds = load.hits
    record_property("counted", tally.said())
    assert tally.rounds >= FAULTS
    assert (tally.lost, tally.forks) == (0, 0)


def _interrupt(connections: list[sqlite3.Connection]) -> None:
    for connection in list(connections):
        # The pool closes those it does not keep.
        with contextlib.suppress(sqlite3.ProgrammingError):
            connection.interrupt()

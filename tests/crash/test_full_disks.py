"""The disk is full while the log grows: what was refused is not there, what was told stays.

The disk is a real one (`tests/small_disk.py`). It holds the whole log on SQLite, and the tables on
PostgreSQL. Where PostgreSQL's write-ahead log has no room, the server stops: a lost connection.
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
from tests.crash.filling import fill_again_and_again
from tests.crash.whole import FAULTS, Tally
from tests.log_kit import LogKit
from tests.postgres_server import PostgresServer
from tests.small_disk import NoSmallDisk, SmallDisk, small_disk


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

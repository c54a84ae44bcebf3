"""Stops a PostgreSQL server of the tests and starts it again: an outage as it happens."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres_server import PostgresServer


@contextmanager
def stopped(server: PostgresServer, programs: Path) -> Iterator[None]:
    """Keep a running server stopped while the block runs."""
    _control(server, programs, "stop", "-m", "fast")
    try:
        yield
    finally:
        _control(server, programs, "start", "-l", _log_of(server))


def end_and_start(server: PostgresServer, programs: Path) -> None:
    """Start a server again that stopped by itself, or that is trying to; a running one is ended."""
    _control(server, programs, "restart", "-m", "immediate", "-l", _log_of(server))


def _log_of(server: PostgresServer) -> str:
    return str(server.socket_folder / "log")


def _control(server: PostgresServer, programs: Path, *arguments: str) -> None:
    home = server.socket_folder
    # Started by root, the server runs from a copy that its own user can read.
    copied = next(home.glob(f"wheel/*/{programs.name}"), programs)
    subprocess.run(
        [copied / "bin" / "pg_ctl", "-D", home / "data", "-w", "-t", "60", *arguments],
        user="nobody" if os.geteuid() == 0 else None,
        env={"PATH": os.defpath, "HOME": str(home), "TMPDIR": str(home), "LC_ALL": "C.UTF-8"},
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )

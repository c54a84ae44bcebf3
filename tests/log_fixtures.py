"""Fixtures of logs; a folder's conftest imports those it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.log_kit import LogKit
from tests.postgres_server import PostgresServer
from tests.separated_log import SeparatedLog, separated

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=DATABASES)
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once for each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'log.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def kit(log_url: str) -> Iterator[LogKit]:
    """A new log on each kind of database, with a vault in memory."""
    made = LogKit.create(log_url)
    yield made
    made.log.close()


@pytest.fixture
def sqlite_kit(tmp_path: Path) -> Iterator[LogKit]:
    """A new log in a SQLite file."""
    made = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}")
    yield made
    made.log.close()


@pytest.fixture
def postgres_kit(postgres_url: str) -> Iterator[LogKit]:
    """A new log in PostgreSQL."""
    made = LogKit.create(postgres_url)
    yield made
    made.log.close()


@pytest.fixture
def memory_kit() -> Iterator[LogKit]:
    """A new log in memory, for what does not depend on the database."""
    made = LogKit.create("sqlite://")
    yield made
    made.log.close()


@pytest.fixture(params=["postgres_server", "postgres_15_server"], ids=["18", "15"])
def any_postgres(request: pytest.FixtureRequest) -> PostgresServer:
    """The server of each supported PostgreSQL version."""
    server: PostgresServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def any_postgres_kit(any_postgres: PostgresServer) -> Iterator[LogKit]:
    """A new log in PostgreSQL, once for each version."""
    with any_postgres.fresh_database() as database:
        made = LogKit.create(any_postgres.url(database))
        yield made
        made.log.close()


@pytest.fixture
def separated_log(any_postgres: PostgresServer) -> Iterator[SeparatedLog]:
    """A log with separated roles in PostgreSQL, once for each version."""
    with separated(any_postgres) as made:
        yield made

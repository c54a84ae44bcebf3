"""Fixtures of the log's tests."""

from __future__ import annotations

from tests.log_fixtures import (
    any_postgres,
    any_postgres_kit,
    kit,
    log_url,
    memory_kit,
    postgres_kit,
    separated_log,
    sqlite_kit,
)

__all__ = [
    "any_postgres",
    "any_postgres_kit",
    "kit",
    "log_url",
    "memory_kit",
    "postgres_kit",
    "separated_log",
    "sqlite_kit",
]

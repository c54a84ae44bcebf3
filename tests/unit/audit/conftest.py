"""Fixtures of the log's tests."""

from tests.log_fixtures import kit, log_url, memory_kit, postgres_kit, sqlite_kit

__all__ = ["kit", "log_url", "memory_kit", "postgres_kit", "sqlite_kit"]

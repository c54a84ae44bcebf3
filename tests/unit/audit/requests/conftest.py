"""Fixtures of the register's tests."""

from tests.log_fixtures import kit, log_url, postgres_kit, sqlite_kit

__all__ = ["kit", "log_url", "postgres_kit", "sqlite_kit"]

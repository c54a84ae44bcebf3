"""Fixtures of the questions to the log."""

from tests.log_fixtures import kit, log_url, memory_kit

__all__ = ["kit", "log_url", "memory_kit"]

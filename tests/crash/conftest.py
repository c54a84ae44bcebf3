"""Fixtures of the crash tests; what they counted is told at the end of a run of this folder."""

from __future__ import annotations

import pytest

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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts of each test that told some (``record_property("counted", ...)``)."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "counted" and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {value}")

"""Law: whatever lawful acts follow one another, no verification finds anything.

A few dozen histories run with the other tests; ``make histories`` runs hundreds.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.clean_history import ACTS, CleanHistory
from tests.log_kit import LogKit
from tests.postgres_server import PostgresServer

HISTORIES = int(os.environ.get("ANSWERABLE_HISTORIES", "30"))
STEPS = st.lists(
    st.tuples(st.sampled_from(range(len(ACTS))), st.integers(0, 999)), min_size=8, max_size=24
)


@contextmanager
def history(url: str) -> Iterator[CleanHistory]:
    made = CleanHistory.over(LogKit.create(url))
    try:
        yield made
    finally:
        made.close()


@dataclass
class Lived:
    """How many histories there were, and of what."""

    histories: int = 0
    acts: int = 0
    entries: int = 0

    def live(self, url: str, steps: list[tuple[int, int]]) -> None:
        """Do the acts, look, restart and look again."""
        with history(url) as made:
            for act, number in steps:
                ACTS[act](made, number)
            assert made.findings() == []
            made.restart(0)
            assert made.findings() == []
            self.entries += made.kit.log.size()
        self.histories += 1
        self.acts += len(steps)


def law(live_one: Callable[[list[tuple[int, int]]], None]) -> None:
    """Live so many histories."""
    settings(max_examples=HISTORIES, deadline=None)(given(STEPS)(live_one))()


def test_on_sqlite_a_clean_history_raises_no_alarm(
    record_property: Callable[[str, object], None],
) -> None:
    lived = Lived()

    def in_a_file(steps: list[tuple[int, int]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            lived.live(f"sqlite:///{folder}/log.db", steps)

    law(in_a_file)
    record_property("counted", str(lived))
    assert lived.histories == HISTORIES


@pytest.mark.postgres
def test_on_postgresql_a_clean_history_raises_no_alarm(
    postgres_server: PostgresServer, record_property: Callable[[str, object], None]
) -> None:
    lived = Lived()

    def in_a_database(steps: list[tuple[int, int]]) -> None:
        with postgres_server.fresh_database() as database:
            lived.live(postgres_server.url(database), steps)

    law(in_a_database)
    record_property("counted", str(lived))
    assert lived.histories == HISTORIES

"""When the next checkpoint is due."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.anchors.pace import CheckpointPace

SECOND = 1_000_000
START = 1_795_000_000_000_000


def test_the_first_checkpoint_is_due_as_soon_as_there_is_an_entry() -> None:
    assert not CheckpointPace().is_due(0, now=START)
    assert CheckpointPace().is_due(1, now=START)


def test_nothing_new_is_never_due() -> None:
    pace = CheckpointPace().made(5, now=START)
    assert pace.wait_us(5, now=START + 100 * SECOND) is None


def test_a_clock_that_went_back_holds_nothing_up() -> None:
    assert CheckpointPace().made(5, now=START).is_due(6, now=START - SECOND)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2 * SECOND)), max_size=60))
def test_however_it_is_asked_there_is_at_most_one_an_interval_and_none_for_nothing(
    steps: list[tuple[int, int]],
) -> None:
    pace, size, now = CheckpointPace(), 0, START
    made: list[tuple[int, int]] = []
    for added, passed in steps:
        size, now = size + added, now + passed
        if pace.is_due(size, now=now):
            made.append((size, now))
            pace = pace.made(size, now=now)
    for earlier, later in pairwise(made):
        assert later[1] - earlier[1] >= SECOND
        assert later[0] > earlier[0]
    # What is not signed yet becomes due once the interval is over.
    assert size == pace.signed_size or pace.is_due(size, now=now + SECOND)

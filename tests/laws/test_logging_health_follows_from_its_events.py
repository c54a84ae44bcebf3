"""The health of a log is what its events say, counted again by plain bookkeeping."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.health import (
    AnchorsAsked,
    Checkpointed,
    CheckpointFailed,
    Deferred,
    Event,
    Health,
    HealthState,
    Locked,
    Noted,
    ProbeFailed,
    Refused,
    Remembered,
    Replayed,
    SpoolCounted,
    Spooled,
    Succeeded,
    after,
)
from answerable.audit.kinds import EntryKind

KINDS = st.lists(st.sampled_from([EntryKind.DECISION, EntryKind.EXPLANATION]), max_size=3).map(
    tuple
)
CAUSES = st.sampled_from(["unavailable", "clock", "internal"])
COUNTS = st.integers(0, 3)


def timed(steps: list[tuple[int, Event]]) -> list[Event]:
    """Events in the order of their times."""
    now, events = 0, []
    for pause, event in steps:
        now += pause
        events.append(replace(event, at=now))
    return events


ANY: st.SearchStrategy[Event] = st.one_of(
    st.builds(Succeeded, st.just(0), KINDS),
    st.builds(Refused, st.just(0), CAUSES, KINDS),
    st.builds(Spooled, st.just(0), CAUSES, KINDS),
    st.builds(Deferred, st.just(0), KINDS),
    st.builds(Replayed, st.just(0), KINDS),
    st.builds(ProbeFailed, st.just(0), CAUSES),
    st.builds(SpoolCounted, st.just(0), COUNTS, COUNTS),
    st.builds(Checkpointed, st.just(0)),
    st.builds(CheckpointFailed, st.just(0), CAUSES),
    st.builds(AnchorsAsked, st.just(0), st.sampled_from(["", "unavailable"])),
    st.builds(Noted, st.just(0)),
)
EVENTS = st.lists(st.tuples(st.integers(0, 9), ANY), max_size=40).map(timed)


def folded(events: list[Event]) -> Health:
    return reduce(after, events, Health.begin(0))


@given(EVENTS)
def test_the_state_moves_its_since_and_nothing_else_does(events: list[Event]) -> None:
    health = Health.begin(0)
    for event in events:
        before, health = health, after(health, event)
        assert (health.since == before.since) or health.state is not before.state
        if health.state is not before.state:
            assert health.since == event.at


@given(EVENTS)
def test_the_state_is_what_the_last_attempt_and_the_spool_say(events: list[Event]) -> None:
    attempts = [
        event for event in events if isinstance(event, Succeeded | Refused | Spooled | ProbeFailed)
    ]
    counted = [event for event in events if isinstance(event, SpoolCounted)]
    tried = [event for event in events if isinstance(event, Checkpointed | CheckpointFailed)]
    uncovered = bool(tried) and isinstance(tried[-1], CheckpointFailed)
    asked_anchors = [event for event in events if isinstance(event, AnchorsAsked)]
    unanchored = bool(asked_anchors) and asked_anchors[-1].cause != ""
    last = attempts[-1] if attempts else None
    if isinstance(last, ProbeFailed):
        # A probe says nothing about where entries went: the attempt before it does.
        asked = [item for item in attempts if not isinstance(item, ProbeFailed)]
        kept = bool(asked) and isinstance(asked[-1], Spooled)
    else:
        kept = isinstance(last, Spooled)
    if last is not None and not isinstance(last, Succeeded):
        expected = HealthState.DEGRADED if kept else HealthState.FAILING
    elif (counted and (counted[-1].waiting or counted[-1].aside)) or uncovered or unanchored:
        expected = HealthState.DEGRADED
    else:
        expected = HealthState.RECORDING
    assert folded(events).state is expected


@given(EVENTS)
def test_failures_are_those_since_the_last_success(events: list[Event]) -> None:
    failures = 0
    outage_counts = 0
    for event in events:
        if isinstance(event, Refused | Spooled | ProbeFailed):
            failures += 1
            outage_counts += 1
        elif isinstance(event, Succeeded):
            failures = 0
        elif isinstance(event, Noted) and not failures:
            outage_counts = 0
    health = folded(events)
    # An outage that ended and was not noted goes on with the next failure: its count goes on too.
    assert health.failures == (outage_counts if failures else 0)
    successes = [event.at for event in events if isinstance(event, Succeeded)]
    assert health.last_success == (successes[-1] if successes else None)


@given(EVENTS)
def test_no_refused_or_spooled_entry_is_forgotten_before_it_is_noted(events: list[Event]) -> None:
    health = Health.begin(0)
    noted = [0, 0]
    for event in events:
        outage = health.outage
        health = after(health, event)
        if outage is not None and health.outage is None:
            noted = [noted[0] + outage.refused, noted[1] + outage.spooled]
    owed = health.outage
    refused = sum(len(event.kinds) for event in events if isinstance(event, Refused))
    spooled = sum(len(event.kinds) for event in events if isinstance(event, Spooled))
    assert noted[0] + (owed.refused if owed else 0) == refused
    assert noted[1] + (owed.spooled if owed else 0) == spooled


@given(EVENTS, CAUSES)
def test_a_log_that_may_only_be_read_stays_so(events: list[Event], cause: str) -> None:
    locked = after(Health.begin(0), Locked(0, cause))
    assert reduce(after, events, locked).state is HealthState.READ_ONLY


@given(EVENTS)
def test_what_an_earlier_process_left_is_owed_and_over(events: list[Event]) -> None:
    health = after(folded(events), Remembered(1000, 3, "unavailable"))
    assert health.outage is not None
    assert (health.outage.since, health.outage.until, health.failures) == (3, 1000, 0)
    assert after(health, Noted(1001)).outage is None


def test_the_age_of_a_checkpoint_is_never_negative_and_unknown_without_one() -> None:
    assert Health.begin(0).checkpoint_age_s(5) is None
    health = after(Health.begin(0), Checkpointed(2_000_000))
    assert health.checkpoint_age_s(5_000_000) == 3.0
    assert health.checkpoint_age_s(0) == 0.0

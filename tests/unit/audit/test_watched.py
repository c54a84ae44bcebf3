"""Every change of a watched log is noticed, also those that are not appends by a caller."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from answerable.audit.errors import Conflict, EvidenceBroken, NotFound, Unavailable
from answerable.audit.health import Event, Health, HealthState, Refused, Succeeded, after
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role
from answerable.audit.watched import WatchedLog
from tests.log_kit import ACTOR, LogKit
from tests.outside_kit import OutsideKit
from tests.retention_kit import RetainedLog


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[OutsideKit]:
    made = OutsideKit.guarded(f"sqlite:///{tmp_path / 'log.db'}?timeout=0")
    watched(made)
    yield made
    made.log.close()


def watched(kit: OutsideKit) -> WatchedLog:
    """Open the log of a kit again as the service does."""
    kit.log.close()
    log = WatchedLog.open(
        kit.url, vault=kit.vault, clock=kit.clock, entropy=kit.entropy, outside=kit.outside
    )
    kit.log = log
    return log


def events_of(log: WatchedLog) -> list[Event]:
    seen: list[Event] = []

    def notice(_before: Health, event: Event, _now: Health) -> None:
        seen.append(event)

    log.watch.listen(notice)
    return seen


@contextmanager
def database_held(kit: LogKit) -> Iterator[None]:
    """Somebody else holds the database while the block runs."""
    path = kit.url.removeprefix("sqlite:///").partition("?")[0]
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()


def retained(kit: OutsideKit) -> RetainedLog:
    log = RetainedLog.over(kit)
    log.fill(2, 4)
    log.days(500)
    return log


def state(log: WatchedLog) -> HealthState:
    return log.watch.health.state


def keep(log: WatchedLog) -> None:
    log.keep_anchor(log.open_checkpoint(log.latest_checkpoint() or "").size, "rfc3161", b"said")


@pytest.mark.parametrize(
    "change",
    [keep, lambda log: log.rotate_signing_key(ACTOR, Role.ADMIN)],
    ids=["keep_anchor", "rotate_signing_key"],
)
def test_a_change_that_fails_and_works_again_is_noticed(
    kit: OutsideKit, change: Callable[[WatchedLog], object]
) -> None:
    log = watched(kit)
    log.checkpoint()
    with database_held(kit), pytest.raises(Unavailable):
        change(log)
    assert state(log) is HealthState.FAILING
    change(log)
    assert state(log) is HealthState.RECORDING


def test_an_anchor_for_a_checkpoint_nobody_made_is_the_callers_mistake(kit: OutsideKit) -> None:
    log = watched(kit)
    with pytest.raises(NotFound):
        log.keep_anchor(10_000, "rfc3161", b"said")
    assert state(log) is HealthState.RECORDING


def test_every_slice_of_a_retention_run_is_noticed(kit: OutsideKit) -> None:
    run = retained(kit)
    order, seen = run.order(), events_of(watched(kit))
    runs = run.run(order)
    noticed = [event for event in seen if isinstance(event, Succeeded)]
    assert len(runs) > 0
    assert [event.kinds for event in noticed] == [(EntryKind.RETENTION_RUN,)] * len(runs)


def test_a_retention_run_that_fails_is_noticed(kit: OutsideKit) -> None:
    run = retained(kit)
    order = run.order()
    log = watched(kit)
    seen = events_of(log)
    with database_held(kit), pytest.raises(Unavailable):
        run.run(order)
    assert [type(event) for event in seen] == [Refused]
    assert state(log) is HealthState.FAILING


def test_a_retention_run_that_is_left_early_is_no_failure(kit: OutsideKit) -> None:
    run = retained(kit)
    order = run.order()
    log = watched(kit)
    slices = iter(log.retention.run(order, run.draft(), ids=kit.entry_id))
    next(slices)
    del slices
    assert state(log) is HealthState.RECORDING


def test_closing_a_gap_is_noticed_when_it_fails_and_when_it_works(kit: OutsideKit) -> None:
    kit.url = kit.url.partition("?")[0]
    kit.grow(2)
    copy = kit.backup("old")
    kit.grow(2)
    kit.log.close()
    kit.url = f"{copy}?timeout=0"
    log = watched(kit)
    assert log.gap is not None
    statement = kit.statement(0, 1)
    seen = events_of(log)
    with database_held(kit), pytest.raises(Unavailable):
        kit.settle(statement)
    assert [type(event) for event in seen] == [Refused]
    kit.settle(statement)
    assert [type(event) for event in seen] == [Refused, Succeeded]
    with pytest.raises(Conflict, match="nothing is missing"):
        log.settle(None, size=0)
    assert len(seen) == 2


def test_a_database_exchanged_while_it_is_open_shows_as_read_only(kit: OutsideKit) -> None:
    log = watched(kit)
    kit.grow(1)
    kit.outside.swap(kit.outside.read(), "no note of this log\n")
    with pytest.raises(EvidenceBroken):
        log.checkpoint()
    assert state(log) is HealthState.READ_ONLY
    assert log.watch.health.cause == "head_foreign"


def test_what_is_no_event_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="no event of a log's health: str"):
        after(Health.begin(0), "nothing")  # type: ignore[arg-type]

"""Checkpoints and anchors that the service makes by itself, with a clock the test moves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from answerable.api.http.metrics import LogMetrics
from answerable.api.publishing import CheckpointRounds, publishing
from answerable.api.settings import load_settings
from answerable.api.wiring import Workspace, create_workspace, system_entropy
from answerable.audit.health import Checkpointed, Event, Health, HealthState
from answerable.audit.records import Role
from tests.log_kit import SECOND, SteppedClock


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def workspace(tmp_path: Path, clock: SteppedClock) -> Iterator[Workspace]:
    once = tmp_path / "once"
    once.mkdir()
    settings = load_settings(
        database_url=f"sqlite:///{tmp_path}/data/log.db",
        key_dir=tmp_path / "keys",
        artefact_dir=tmp_path / "artefacts",
        spool_dir=tmp_path / "spool",
        write_once_dir=str(once),
    )
    with create_workspace(settings, clock=clock, entropy=system_entropy) as made:
        yield made


def grow(workspace: Workspace) -> int:
    """Append an entry; return how many there are."""
    workspace.directory.register("Somebody", [Role.OFFICER])
    return workspace.log.size()


def outside(workspace: Workspace) -> int:
    """How many entries the outside head covers."""
    head = workspace.log.outside
    assert head is not None
    return workspace.log.open_checkpoint(head.read() or "").size


def anchored(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "once").rglob("*") if path.is_file())


def state(workspace: Workspace) -> HealthState:
    return workspace.log.watch.health.state


@contextmanager
def in_the_way(path: Path) -> Iterator[None]:
    """A folder stands where a file is read, or a file where a folder is, while the block runs."""
    aside = path.with_name("aside")
    path.rename(aside)
    if aside.is_dir():
        path.write_text("in the way", encoding="utf-8")
    else:
        path.mkdir()
    try:
        yield
    finally:
        path.unlink() if path.is_file() else path.rmdir()
        aside.rename(path)


def test_the_outside_head_follows_the_log_at_its_pace(
    workspace: Workspace, clock: SteppedClock
) -> None:
    rounds = CheckpointRounds(workspace)
    first = grow(workspace)
    assert rounds.run() == workspace.settings.checkpoint_seconds
    assert outside(workspace) == first
    second = grow(workspace)
    rounds.run()
    assert outside(workspace) == first, "the interval is not over"
    clock.now += SECOND
    rounds.run()
    assert outside(workspace) == second


def test_nothing_is_signed_while_nothing_is_added(
    workspace: Workspace, clock: SteppedClock
) -> None:
    rounds = CheckpointRounds(workspace)
    rounds.run()
    signed: list[Event] = []

    def notice(_before: Health, event: Event, _now: Health) -> None:
        signed.append(event)

    workspace.log.watch.listen(notice)
    clock.now += 3600 * SECOND
    rounds.run()
    assert [event for event in signed if isinstance(event, Checkpointed)] == []


def test_anchors_are_asked_at_a_slower_pace_of_their_own(
    workspace: Workspace, clock: SteppedClock, tmp_path: Path
) -> None:
    rounds = CheckpointRounds(workspace)
    rounds.run()
    first = anchored(tmp_path)
    assert len(first) == 1
    size = grow(workspace)
    clock.now += 60 * SECOND
    rounds.run()
    assert (outside(workspace), anchored(tmp_path)) == (size, first)
    clock.now += workspace.settings.anchor_seconds * SECOND
    rounds.run()
    assert len(anchored(tmp_path)) == 2


def test_a_head_that_cannot_be_moved_shows_in_health_and_metrics_and_stops_no_entry(
    workspace: Workspace, clock: SteppedClock
) -> None:
    metrics = LogMetrics(workspace.log.watch)
    rounds = CheckpointRounds(workspace)
    with in_the_way(workspace.settings.head_path):
        size = grow(workspace)
        assert rounds.run() == workspace.settings.tend_seconds
        assert grow(workspace) == size + 1
        assert state(workspace) is HealthState.DEGRADED
        shown = metrics.text().decode()
    failed = 'answerable_log_checkpoints_total{result="failed",what="checkpoint"} 1.0'
    assert failed in shown
    assert 'answerable_log_state{state="degraded"} 1.0' in shown
    clock.now += SECOND
    rounds.run()
    assert state(workspace) is HealthState.RECORDING
    assert outside(workspace) == size + 1


def test_an_anchor_that_fails_shows_holds_no_checkpoint_up_and_is_asked_again_within_a_minute(
    workspace: Workspace, clock: SteppedClock, tmp_path: Path
) -> None:
    metrics = LogMetrics(workspace.log.watch)
    rounds = CheckpointRounds(workspace)
    size = grow(workspace)
    with in_the_way(tmp_path / "once"):
        rounds.run()
        rounds.run()
        assert outside(workspace) == size
        assert state(workspace) is HealthState.DEGRADED
    shown = metrics.text().decode()
    assert 'answerable_log_checkpoints_total{result="failed",what="anchors"} 1.0' in shown
    clock.now += 60 * SECOND
    rounds.run()
    assert state(workspace) is HealthState.RECORDING
    assert len(anchored(tmp_path)) == 1


def test_a_log_that_can_only_be_read_is_left_alone(workspace: Workspace) -> None:
    grow(workspace)
    head = workspace.log.outside
    assert head is not None
    note = head.read()
    workspace.settings.head_path.unlink()
    workspace.log.compare_with_outside()
    CheckpointRounds(workspace).run(last=True)
    assert head.read() is None
    assert note is not None


def test_the_service_publishes_when_it_starts_and_once_more_when_it_stops(
    workspace: Workspace,
) -> None:
    published = threading.Event()

    def notice(_before: Health, event: Event, _now: Health) -> None:
        if isinstance(event, Checkpointed):
            published.set()

    workspace.log.watch.listen(notice)
    grow(workspace)
    with publishing(workspace):
        assert published.wait(60)
        size = grow(workspace)
    assert outside(workspace) == size
    assert not any(thread.name == "checkpoint-publisher" for thread in threading.enumerate())

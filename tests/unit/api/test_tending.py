"""The thread that looks after the log while the service runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from answerable.api.tending import tend_once, tending
from answerable.audit.health import Event, Health, HealthState
from tests.recording_kit import OPEN, RecordingKit


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[RecordingKit]:
    made = RecordingKit.create(tmp_path)
    yield made
    made.log.close()


def test_what_waits_is_replayed_without_anybody_asking(kit: RecordingKit) -> None:
    with kit.outage():
        kit.recorder.record((kit.kit.decision("cust-1"),), OPEN)
    works = threading.Event()

    def noticed(_before: Health, _event: Event, now: Health) -> None:
        if now.state is HealthState.RECORDING:
            works.set()

    kit.log.watch.listen(noticed)
    with tending(kit.recorder, every_seconds=3600):
        assert works.wait(60)
    assert kit.spool.waiting() == []
    assert not any(thread.name == "log-tender" for thread in threading.enumerate())


def test_a_spool_that_cannot_be_used_does_not_end_the_thread(kit: RecordingKit) -> None:
    kit.log.append(kit.kit.decision("cust-1"))
    with kit.outage():
        kit.recorder.record((kit.kit.decision("cust-2"),), OPEN)
    lock = kit.folder / "lock"
    lock.unlink()
    lock.mkdir()
    tend_once(kit.recorder)
    lock.rmdir()
    tend_once(kit.recorder)
    assert kit.state() is HealthState.RECORDING

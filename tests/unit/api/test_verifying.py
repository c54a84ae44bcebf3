"""Verification of an open workspace says how far it is."""

from __future__ import annotations

import gc
from pathlib import Path

from answerable.api.flows.verify import verify
from answerable.api.wiring import memory_workspace


def test_progress_counts_each_entry_twice_and_ends_at_all(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    workspace = memory_workspace(tmp_path)
    report = verify(workspace, progress=lambda done, total: told.append((done, total)))
    assert report.ok
    assert told[-1] == (2 * report.size, 2 * report.size)
    assert told == sorted(told)


def test_the_collector_of_garbage_is_left_as_it_was(tmp_path: Path) -> None:
    workspace = memory_workspace(tmp_path)
    assert gc.isenabled()
    verify(workspace)
    assert gc.isenabled()
    gc.disable()
    try:
        verify(workspace)
        assert not gc.isenabled()
    finally:
        gc.enable()

"""Verification of an open workspace says how far it is."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from answerable.api.flows.verify import _fitting, verify
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


def test_a_large_log_is_shared_out_among_the_processors_it_is_worth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 5})
    fitting = [_fitting(n) for n in (0, 199_999, 200_000, 350_000, 10**9)]
    assert fitting == [1, 1, 2, 3, 4]

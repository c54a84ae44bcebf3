"""A retention run is killed in the middle of a slice: it happened wholly or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from answerable.audit.keys.vault import FileVault
from tests.log_kit import LogKit
from tests.retention_kit import RetainedLog

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("where", ["DELETE FROM", "frontier=", "commit", "DELETE FROM {}.entry "])
def test_a_killed_run_happened_wholly_or_not_at_all(
    log_url: str, tmp_path: Path, where: str
) -> None:
    keys = tmp_path / "keys"
    log = RetainedLog.over(LogKit.create(log_url, keys=keys))
    log.fill(3, 300)
    log.days(401 if "entry" in where else 201)
    approval = log.approval(log.plan())
    (tmp_path / "approval").write_bytes(approval.to_json())
    size, now = log.kit.log.size(), log.kit.clock.now
    log.kit.log.close()
    schema = "main" if log_url.startswith("sqlite") else "audit"
    child = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.attacks.children.retention_run",
            log_url,
            str(keys),
            str(now + 1_000_000),
            str(tmp_path / "approval"),
            where.format(schema),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    log.kit.clock.now += 3_600_000_000
    log.kit.vault = FileVault(keys)
    log.kit.reopen()
    status = log.kit.log.retention.status()
    # Slices before the one that was killed stand, each with its entry; of that one nothing does.
    assert log.kit.log.size() == size + len(status.runs)
    ends = [item.end for run in status.runs for item in run.record.removals if item.what == "body"]
    assert status.limits.body == max(ends, default=0)
    assert status.limits.entry == 0
    assert log.findings() == []
    log.most = 256
    assert log.run(log.order(approval))
    assert log.kit.log.retention.status().limits.body == 302
    assert log.findings() == []
    log.kit.log.close()

"""An outside head from before the first hash that retention left."""

from __future__ import annotations

from pathlib import Path

import pytest

from answerable.audit.anchors.outside import MemoryHead
from answerable.audit.anchors.standing import GapKind
from answerable.audit.errors import Unavailable
from answerable.audit.records import LogHeadAccepted
from tests.outside_kit import OutsideKit
from tests.retention_kit import RetainedLog


def test_a_head_from_before_the_first_hash_that_is_left_opens_the_log_for_reading(
    tmp_path: Path,
) -> None:
    kit = OutsideKit.guarded(f"sqlite:///{tmp_path / 'log.db'}")
    old = kit.grow(40)
    run = RetainedLog.over(kit)
    run.bulk(66_000)
    run.days(500)
    run.most = 70_000
    run.run()
    assert kit.log.retention.status().limits.tile == 65_536
    elsewhere = kit.log.compare_with_note(old, "a folder")
    assert elsewhere is not None
    assert elsewhere.kind is GapKind.HEAD_TOO_OLD
    kit.grow(1)
    kit.outside = MemoryHead(old)
    gap = kit.reopen().gap
    assert gap is not None
    assert gap.kind is GapKind.HEAD_TOO_OLD
    assert "the hashes before entry 65536 were removed" in str(gap.refusal())
    assert "accept-head" in str(gap.refusal())
    assert len(kit.log.latest(limit=1)) == 1
    with pytest.raises(Unavailable, match="can only be read"):
        kit.log.append(kit.decision("cust-9"))
    statement = kit.statement(0, 1, reason="old-head-restored")
    assert isinstance(statement, LogHeadAccepted)
    kit.settle(statement)
    kit.grow(1)
    assert kit.reopen().gap is None
    kit.log.close()

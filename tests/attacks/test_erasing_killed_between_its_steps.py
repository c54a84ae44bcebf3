"""An erasing process is killed between its steps. Either nothing happened or all of it did."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from answerable.audit.keys.erasure import ErasureStep
from answerable.audit.keys.vault import FileVault
from tests.attacks.processes import let_go, start_child, started
from tests.log_kit import SECOND, LogKit, OneBucket

BEFORE_COMMIT = {ErasureStep.KEY_ADDED, ErasureStep.ROWS_WRAPPED}


@pytest.mark.parametrize("step", list(ErasureStep))
def test_a_killed_erasure_happened_wholly_or_not_at_all(
    log_url: str, tmp_path: Path, step: ErasureStep
) -> None:
    keys = tmp_path / "keys"
    kit = LogKit.with_entropy(log_url, OneBucket("crash"), keys=keys)
    drafts = {name: kit.decision(name) for name in ("person-0", "person-1", "person-2")}
    kit.log.append_many(list(drafts.values()))
    ref = kit.ref("person-0")
    kit.log.close()
    old_key = FileVault(keys).bucket_key(0xABC, 1)

    out = str(tmp_path / "out")
    child = start_child("erase", log_url, str(keys), "1", out, started(), step.value)
    assert let_go(child) == [-signal.SIGKILL]
    kit.clock.now += 3600 * SECOND

    kit.vault = FileVault(keys)
    log = kit.reopen()
    happened = step not in BEFORE_COMMIT
    assert log.is_erased(ref) == happened
    assert log.size() == (5 if happened else 4)
    for name, draft in drafts.items():
        record = log.open_body(log.entry(draft.entry_id)).record
        assert (record is None) == (happened and name == "person-0")
    assert kit.verify().ok
    if happened:
        # Opening the log finished what the killed process had left to do.
        assert kit.vault.bucket_versions()[0xABC] == (2,)
    else:
        # The key nobody used is skipped by the next try, and goes with the old one.
        assert kit.vault.bucket_versions()[0xABC] == (1, 2)
        log.erase(ref, kit.erasure())
        assert kit.vault.bucket_versions()[0xABC] == (3,)
    held = b"".join(path.read_bytes() for path in keys.rglob("*") if path.is_file())
    assert old_key not in held
    for name in ("person-1", "person-2"):
        assert log.open_body(log.entry(drafts[name].entry_id)).record is not None
        assert log.append(kit.decision(name)).seq == log.size() - 1
    assert kit.verify().ok
    log.close()

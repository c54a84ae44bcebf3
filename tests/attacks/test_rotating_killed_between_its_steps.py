"""A process that rotates keys is killed between its steps. Nothing is lost, all can be repeated."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from answerable.audit.errors import NotFound
from answerable.audit.key_acts import SigningStep
from answerable.audit.keys.erasure import ErasureStep
from answerable.audit.keys.vault import FileVault
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role
from tests.attacks.processes import CHILDREN, let_go, start_child, started
from tests.log_kit import ACTOR, ORIGIN, SECOND, LogKit, OneBucket

BUCKET = 0xABC
CHANGER = CHILDREN / "key_changer.py"


@pytest.mark.parametrize("step", list(ErasureStep))
def test_a_killed_rotation_of_a_bucket_loses_nobody_s_key(
    log_url: str, tmp_path: Path, step: ErasureStep
) -> None:
    keys = tmp_path / "keys"
    kit = LogKit.with_entropy(log_url, OneBucket("rotate"), keys=keys)
    drafts = [kit.decision(f"person-{number}") for number in range(3)]
    kit.log.append_many(drafts)
    kit.log.close()
    old_key = FileVault(keys).bucket_key(BUCKET, 1)

    child = start_child(
        "bucket", log_url, str(keys), started(), step.value, str(BUCKET), script=CHANGER
    )
    assert let_go(child) == [-signal.SIGKILL]
    kit.clock.now += 3600 * SECOND

    kit.vault = FileVault(keys)
    log = kit.reopen()
    happened = step in {ErasureStep.COMMITTED, ErasureStep.DESTROYED}
    assert kit.vault.bucket_versions()[BUCKET] == ((2,) if happened else (1, 2))
    for draft in drafts:
        assert log.open_body(log.entry(draft.entry_id)).record == draft.record
    log.rotate_bucket(BUCKET)
    assert kit.vault.bucket_versions()[BUCKET] == (3,)
    held = b"".join(path.read_bytes() for path in keys.rglob("*") if path.is_file())
    assert old_key not in held
    for draft in drafts:
        assert log.open_body(log.entry(draft.entry_id)).record == draft.record
    assert log.append(kit.decision("person-1")).seq == 4
    assert kit.verify().ok
    log.close()


@pytest.mark.parametrize("step", list(SigningStep))
def test_a_killed_rotation_of_the_signing_key_happened_wholly_or_not_at_all(
    log_url: str, tmp_path: Path, step: SigningStep
) -> None:
    keys = tmp_path / "keys"
    kit = LogKit.create(log_url, keys=keys)
    first = kit.log.vkey
    kit.log.append(kit.decision("anna"))
    note = kit.log.checkpoint()
    kit.log.close()

    child = start_child("signing", log_url, str(keys), started(), step.value, script=CHANGER)
    assert let_go(child) == [-signal.SIGKILL]
    kit.clock.now += 3600 * SECOND

    kit.vault = FileVault(keys)
    left_over = kit.vault.signing_key(ORIGIN, 2)
    log = kit.reopen()
    happened = step is SigningStep.COMMITTED
    assert (log.vkey != first) == happened
    assert log.size() == (3 if happened else 2)
    assert log.open_checkpoint(log.checkpoint()).size == log.size()
    log.rotate_signing_key(ACTOR, Role.ADMIN)
    assert len(log.key_chain().vkeys) == (3 if happened else 2)
    # The key that was made and never used is the one that is used now.
    assert kit.vault.signing_key(ORIGIN, 2) == left_over
    assert len(log.entries(kinds=(EntryKind.LOG_KEY_ROTATED,))) == (2 if happened else 1)
    log.destroy_old_signing_keys()
    with pytest.raises(NotFound):
        kit.vault.signing_key(ORIGIN, 1)
    assert log.key_chain().trusted_by(first).open_checkpoint(note).size == 2
    assert log.open_checkpoint(log.checkpoint()).size == log.size()
    log.close()

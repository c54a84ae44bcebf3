"""A log whose signing key was rotated: verified from each key, and what the old key cannot do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.key_chain import hand_over
from answerable.audit.records import Role
from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint
from answerable.audit.tree.notes import verifier_key
from answerable.audit.verify import StoredState, VerificationReport, verify_log
from tests.log_kit import ACTOR, ORIGIN, LogKit

STRANGER = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)


def rotated(kit: LogKit, times: int = 1) -> list[Ed25519PrivateKey]:
    for number in range(times):
        kit.log.append(kit.decision(f"person-{number}"))
        kit.log.checkpoint()
        kit.log.rotate_signing_key(ACTOR, Role.ADMIN)
    kit.log.append(kit.decision("later"))
    kit.log.checkpoint()
    return [
        Ed25519PrivateKey.from_private_bytes(kit.vault.signing_key(ORIGIN, number))
        for number in range(1, times + 2)
    ]


def checked(
    kit: LogKit,
    vkey: str,
    *,
    checkpoint: str | None = None,
    notes: Sequence[str] = (),
    rotations: Sequence[bytes] | None = None,
) -> VerificationReport:
    stored = kit.log.stored()
    state: StoredState = replace(
        stored.state,
        checkpoints=(*stored.state.checkpoints, *notes),
        rotations=stored.state.rotations if rotations is None else rotations,
    )
    return verify_log(stored.rows(), origin=ORIGIN, vkey=vkey, checkpoint=checkpoint, stored=state)


def what(report: VerificationReport) -> list[str]:
    assert all(found.layer == "checkpoint" for found in report.findings)
    return [found.what for found in report.findings]


def note(kit: LogKit, size: int, key: Ed25519PrivateKey) -> str:
    return sign_checkpoint(Checkpoint(ORIGIN, size, kit.log.root_at(size)), key)


def test_a_rotated_log_is_verified_from_any_of_its_keys(kit: LogKit) -> None:
    keys = rotated(kit, 2)
    newest = kit.log.checkpoint()
    kit.log.destroy_old_signing_keys()
    for key in keys:
        report = checked(kit, str(verifier_key(ORIGIN, key)), checkpoint=newest)
        assert report.ok, report.findings
        assert report.anchored
    assert kit.log.stored().findings_beside() == []


def test_an_old_checkpoint_from_outside_still_anchors_what_it_covers(memory_kit: LogKit) -> None:
    old = memory_kit.log.checkpoint()
    keys = rotated(memory_kit)
    for key in keys:
        vkey = str(verifier_key(ORIGIN, key))
        assert checked(memory_kit, vkey, checkpoint=old).anchored


def test_a_key_that_is_none_of_the_log_s_verifies_nothing(memory_kit: LogKit) -> None:
    rotated(memory_kit)
    report = checked(memory_kit, str(verifier_key(ORIGIN, STRANGER)))
    assert "the verifier key is none of those this log has had" in what(report)


def test_a_stolen_old_key_signs_nothing_beyond_its_end(memory_kit: LogKit) -> None:
    old, new = rotated(memory_kit)
    forged = note(memory_kit, memory_kit.log.size(), old)
    for key in (old, new):
        vkey = str(verifier_key(ORIGIN, key))
        for report in (
            checked(memory_kit, vkey, checkpoint=forged),
            checked(memory_kit, vkey, notes=(forged,)),
        ):
            assert not report.anchored
            assert any("signed by a key that had been replaced" in item for item in what(report))
    both = note(memory_kit, memory_kit.log.size(), new)
    signature = forged.rpartition("\n\n")[2]
    newest = str(verifier_key(ORIGIN, new))
    assert checked(memory_kit, newest, checkpoint=both + signature).anchored


def test_a_rotation_taken_away_or_slipped_in_is_named(memory_kit: LogKit) -> None:
    keys = rotated(memory_kit, 2)
    first, _, newest = (str(verifier_key(ORIGIN, key)) for key in keys)
    kept = memory_kit.log.stored().state.rotations
    slipped = hand_over(ORIGIN, keys[2], STRANGER, number=4, size=memory_kit.log.size()).to_json()
    forged = hand_over(ORIGIN, STRANGER, keys[1], number=2, size=2).to_json()
    for rotations in ((), kept[:1], kept[1:], (*kept, slipped), (forged, kept[1]), kept[::-1]):
        for vkey in (first, newest):
            assert not checked(memory_kit, vkey, rotations=rotations).ok, rotations
    differing = "the rotations of the log's key are not those its entries record"
    assert differing in what(checked(memory_kit, newest, rotations=(*kept, slipped)))
    assert differing in what(checked(memory_kit, first, rotations=()))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"type":1}',
        b'{"origin":[],"old_vkey":1,"new_vkey":2,"number":1,"size":1}',
    ],
)
def test_rotations_that_are_none_are_a_finding_and_no_error(
    memory_kit: LogKit, data: bytes
) -> None:
    rotated(memory_kit)
    kept = memory_kit.log.stored().state.rotations
    for rotations in ((data,), (*kept, data), (data, *kept)):
        report = checked(memory_kit, memory_kit.log.vkey, rotations=rotations)
        assert not report.ok


def test_a_rotation_from_another_key_leads_nowhere(memory_kit: LogKit) -> None:
    old, _ = rotated(memory_kit)
    kept = memory_kit.log.stored().state.rotations
    vkey = str(verifier_key(ORIGIN, old))
    altered = kept[0].replace(vkey.encode(), str(verifier_key(ORIGIN, STRANGER)).encode())
    assert not checked(memory_kit, vkey, rotations=(altered,)).ok

"""New bucket keys and new signing keys, on each database."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.errors import CheckpointSignatureInvalid, NotFound, Unavailable
from answerable.audit.key_chain import KeyChain, hand_over, stored_rotations
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import LogKeyRotated, Role
from answerable.audit.store import view_rows
from answerable.audit.tree.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from answerable.audit.tree.notes import verifier_key
from answerable.audit.tree.receipts import open_proof
from tests.log_kit import ACTOR, ORIGIN, LogKit, OneBucket

BUCKET = 0xABC


def rotated(kit: LogKit) -> LogKeyRotated:
    receipt = kit.log.rotate_signing_key(ACTOR, Role.ADMIN)
    return kit.log.read_record(receipt.entry_id, LogKeyRotated)


def test_a_rotated_bucket_keeps_everyone_readable_under_another_key(log_url: str) -> None:
    kit = LogKit.with_entropy(log_url, OneBucket("rotate"))
    drafts = [kit.decision(f"person-{number}") for number in range(5)]
    kit.log.append_many(drafts)
    refs = [kit.ref(f"person-{number}") for number in range(5)]
    old = kit.vault.bucket_key(BUCKET, 1)
    assert kit.log.rotate_bucket(BUCKET) == 2
    assert kit.log.rotate_bucket(BUCKET) == 3
    assert kit.vault.bucket_versions() == {BUCKET: (3,)}
    assert kit.vault.bucket_key(BUCKET, 3) != old
    kit.reopen()
    assert [kit.ref(f"person-{number}") for number in range(5)] == refs
    for draft in drafts:
        assert kit.log.open_body(kit.log.entry(draft.entry_id)).record == draft.record
    assert kit.log.append(kit.decision("person-3")).seq == 6
    assert kit.verify().ok
    kit.log.close()


def test_a_bucket_that_nobody_used_is_left_alone(kit: LogKit) -> None:
    assert kit.log.rotate_bucket(7) == 0
    assert kit.vault.bucket_versions() == {}
    assert kit.log.size() == 1


def test_another_process_reads_on_after_a_rotation(log_url: str) -> None:
    kit = LogKit.with_entropy(log_url, OneBucket("two"))
    draft = kit.decision("anna")
    kit.log.append(draft)
    other = Log.open(log_url, vault=kit.vault, clock=kit.clock, entropy=kit.entropy)
    assert other.open_body(other.entry(draft.entry_id)).record == draft.record
    kit.log.rotate_bucket(BUCKET)
    assert other.open_body(other.entry(draft.entry_id)).record == draft.record
    assert other.append(kit.decision("anna")).seq == 2
    other.close()
    kit.log.close()


def test_a_new_signing_key_signs_what_comes_and_the_old_one_what_was(kit: LogKit) -> None:
    draft = kit.decision("anna")
    kit.log.append(draft)
    first = kit.log.vkey
    receipt_before = kit.log.proof(draft.entry_id)
    record = rotated(kit)
    second = kit.log.vkey
    assert (record.old_vkey, record.new_vkey, record.number) == (first, second, 2)
    assert record.size == 2
    assert kit.log.latest_checkpoint() is not None
    newest = kit.log.latest_checkpoint() or ""
    assert open_checkpoint(newest, second).size == 3
    with pytest.raises(CheckpointSignatureInvalid):
        open_checkpoint(newest, first)
    later = kit.decision("ben")
    kit.log.append(later)
    receipt_after = kit.log.proof(later.entry_id)
    chain = kit.log.key_chain()
    assert chain.vkeys == (first, second)
    assert open_proof(receipt_before, first).seq == 1
    assert open_proof(receipt_after, second).seq == 3
    for receipt in (receipt_before, receipt_after, kit.log.proof(draft.entry_id)):
        assert chain.open_proof(receipt).header


def test_three_keys_in_a_row_are_followed_from_any_of_them(kit: LogKit) -> None:
    notes = [kit.log.checkpoint()]
    for name in ("anna", "ben"):
        kit.log.append(kit.decision(name))
        notes.append(kit.log.checkpoint())
        rotated(kit)
        notes.append(kit.log.checkpoint())
    kit.reopen()
    chain = kit.log.key_chain()
    assert len(set(chain.vkeys)) == 3
    for vkey in chain.vkeys:
        followed = chain.trusted_by(vkey)
        assert [followed.open_checkpoint(note).size for note in notes] == [1, 2, 3, 4, 5]
    with pytest.raises(CheckpointSignatureInvalid, match="none of those"):
        chain.trusted_by(str(verifier_key(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))))


def test_a_destroyed_seed_signs_nothing_and_what_it_signed_still_counts(kit: LogKit) -> None:
    draft = kit.decision("anna")
    kit.log.append(draft)
    receipt = kit.log.proof(draft.entry_id)
    rotated(kit)
    assert kit.log.destroy_old_signing_keys() == 1
    assert kit.log.destroy_old_signing_keys() == 1
    with pytest.raises(NotFound):
        kit.vault.signing_key(ORIGIN)
    kit.reopen()
    kit.log.append(kit.decision("ben"))
    assert kit.log.open_checkpoint(kit.log.checkpoint()).size == 4
    assert kit.log.key_chain().open_proof(receipt).seq == 1


def test_another_process_signs_with_the_new_key_without_being_told(log_url: str) -> None:
    kit = LogKit.create(log_url)
    other = Log.open(log_url, vault=kit.vault, clock=kit.clock, entropy=kit.entropy)
    rotated(kit)
    kit.log.destroy_old_signing_keys()
    other.append(kit.decision("anna"))
    assert open_checkpoint(other.checkpoint(), kit.log.vkey).size == 3
    assert other.vkey == kit.log.vkey
    other.close()
    kit.log.close()


def test_an_old_key_signs_nothing_beyond_where_it_was_replaced(memory_kit: LogKit) -> None:
    memory_kit.log.append(memory_kit.decision("anna"))
    old = Ed25519PrivateKey.from_private_bytes(memory_kit.vault.signing_key(ORIGIN))
    rotated(memory_kit)
    memory_kit.log.append(memory_kit.decision("ben"))
    forged = sign_checkpoint(Checkpoint(ORIGIN, 4, memory_kit.log.root_at(4)), old)
    with pytest.raises(CheckpointSignatureInvalid, match="replaced at 2 entries signed 4"):
        memory_kit.log.open_checkpoint(forged)


def test_a_chain_takes_only_what_both_keys_signed() -> None:
    keys = [Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in range(4)]
    vkeys = [str(verifier_key(ORIGIN, key)) for key in keys]
    good = hand_over(ORIGIN, keys[0], keys[1], number=2, size=5)
    after = hand_over(ORIGIN, keys[1], keys[2], number=3, size=9)
    assert KeyChain.of(vkeys[0], [good, after]).vkeys == tuple(vkeys[:3])
    stranger = hand_over(ORIGIN, keys[3], keys[1], number=2, size=5)
    for bad in (
        [good.model_copy(update={"signed_by_old": stranger.signed_by_old})],
        [good.model_copy(update={"signed_by_new": good.signed_by_old})],
        [good.model_copy(update={"size": 6})],
        [good.model_copy(update={"origin": "example.org/other"})],
        [good.model_copy(update={"new_vkey": vkeys[2]})],
        [stranger],
        [after],
        [good, good],
        [good, hand_over(ORIGIN, keys[1], keys[2], number=3, size=4)],
    ):
        with pytest.raises(CheckpointSignatureInvalid, match="not handed over"):
            KeyChain.of(vkeys[0], bad)


def test_a_vault_without_the_key_in_force_opens_nothing(kit: LogKit) -> None:
    rotated(kit)
    kit.vault.destroy_signing_key(ORIGIN, 2)
    kit.log.close()
    with pytest.raises(Unavailable, match="no signing key of this log"):
        Log.open(kit.url, vault=kit.vault, clock=kit.clock, entropy=kit.entropy)


def test_the_rotation_stands_among_the_facts_as_in_its_entry(kit: LogKit) -> None:
    record = rotated(kit)
    with kit.log._database.read() as connection:
        facts = view_rows.read_facts(connection)
    assert stored_rotations(facts) == [record.to_json()]
    entry = kit.log.entries(kinds=(EntryKind.LOG_KEY_ROTATED,))[0]
    assert entry.seq == 1

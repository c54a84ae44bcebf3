"""Attacks on tree, head and checkpoints, and the whole log rewritten."""

import base64

from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint
from answerable.audit.tree.notes import sign_note, verifier_key
from tests.attacks.stored_log import (
    ORIGIN,
    OTHER_SIGNER,
    SIGNER,
    StoredLog,
    clean_log,
    entry_id,
    header_of,
    row_of,
)


def outside(log: StoredLog) -> str:
    return log.checkpoints[-1]


def test_an_entry_rewritten_with_its_leaf_is_named_by_its_tile() -> None:
    log = clean_log(600)
    log.rows[300] = row_of(300, header_of(300, outcome="partial"))
    assert log.found() == {("tile", "300"), ("root", ""), ("checkpoint", "0 to 599")}


def test_a_flipped_bit_in_a_tile_is_found() -> None:
    log = clean_log(600)
    data = bytearray(log.tiles[0, 1])
    data[32 * 7] ^= 1
    log.tiles[0, 1] = bytes(data)
    assert log.found() == {("tile", "263")}


def test_a_missing_a_short_and_a_long_tile_are_found() -> None:
    log = clean_log(800)
    del log.tiles[0, 0]
    log.tiles[0, 1] = log.tiles[0, 1][:-32]
    log.tiles[0, 2] += bytes(32)
    assert log.found() == {("tile", "0 to 255"), ("tile", "256 to 511"), ("tile", "512 to 767")}


def test_a_changed_root_of_the_head_is_found() -> None:
    log = clean_log(10)
    log.root = bytes(32)
    assert log.found() == {("root", "")}


def test_a_changed_size_of_the_head_is_found() -> None:
    log = clean_log(10)
    log.size = 12
    assert log.found() == {("root", "10 to 11")}


def test_a_cut_tail_is_found_against_an_outside_checkpoint_only() -> None:
    whole = clean_log(10)
    cut = clean_log(7)
    assert cut.verify().ok
    report = cut.verify(checkpoint=outside(whole))
    assert {(item.layer, item.entry) for item in report.findings} == {("checkpoint", "7 to 9")}
    assert not report.anchored


def test_a_log_that_grew_after_the_outside_checkpoint_is_anchored() -> None:
    report = clean_log(10).verify(checkpoint=outside(clean_log(4)))
    assert report.ok
    assert report.anchored


def test_a_log_without_an_outside_checkpoint_is_not_anchored() -> None:
    report = clean_log(10).verify()
    assert report.ok
    assert not report.anchored


def test_a_whole_rewrite_with_a_consistent_re_hash_and_the_stolen_key_is_found_from_outside() -> (
    None
):
    anchor = outside(clean_log(10))
    log = clean_log(10)
    log.rows[4] = row_of(4, header_of(4, outcome="partial"))
    log.rebuild()
    assert log.verify().ok
    assert log.found(checkpoint=anchor) == {("checkpoint", "0 to 9")}
    assert not log.verify(checkpoint=anchor).anchored


def test_older_checkpoints_narrow_the_place_of_a_rewrite() -> None:
    anchors = [outside(clean_log(size)) for size in (3, 6, 9)]
    log = clean_log(10)
    log.rows[4] = row_of(4, header_of(4, outcome="partial"))
    log.rebuild()
    log.checkpoints = anchors
    assert log.found() == {("checkpoint", "3 to 5"), ("checkpoint", "3 to 8")}


def test_a_rewrite_signed_with_another_key_is_found() -> None:
    log = clean_log(10)
    log.rebuild(signer=OTHER_SIGNER)
    assert log.found() == {("checkpoint", "")}


def test_a_forged_checkpoint_is_found_and_does_not_anchor() -> None:
    log = clean_log(10)
    forged = outside(log).replace("\n10\n", "\n11\n")
    report = log.verify(checkpoint=forged)
    assert [item.layer for item in report.findings] == ["checkpoint"]
    assert not report.anchored


def test_a_checkpoint_with_the_right_head_and_a_wrong_signature_does_not_anchor() -> None:
    log = clean_log(10)
    note = outside(log)
    signature = note.rsplit(" ", 1)[1].strip()
    raw = bytearray(base64.b64decode(signature))
    raw[-1] ^= 1
    report = log.verify(checkpoint=note.replace(signature, base64.b64encode(raw).decode()))
    assert [item.what for item in report.findings] == [
        "the outside checkpoint has a wrong signature of the log's key"
    ]
    assert not report.anchored


def test_a_key_of_another_log_is_found_although_there_is_no_checkpoint_to_open() -> None:
    log = clean_log(3)
    log.checkpoints = []
    report = log.verify(vkey=str(verifier_key("example.org/other", SIGNER)))
    assert [item.layer for item in report.findings] == ["checkpoint"]


def test_a_checkpoint_of_another_log_signed_with_the_same_key_is_found() -> None:
    log = clean_log(10)
    other = sign_note(Checkpoint("example.org/other", 10, log.root).text(), ORIGIN, SIGNER)
    report = log.verify(checkpoint=other)
    assert [item.what for item in report.findings] == ["the outside checkpoint is of another log"]


def test_two_signed_heads_of_one_size_are_a_fork() -> None:
    log = clean_log(10)
    fork = sign_checkpoint(Checkpoint(ORIGIN, 10, bytes(32)), SIGNER)
    log.checkpoints.append(fork)
    assert log.found() == {("checkpoint", "0 to 9")}
    assert not log.verify(checkpoint=fork).anchored


def test_the_wrong_key_is_found() -> None:
    log = clean_log(10)
    report = log.verify(vkey=str(verifier_key(ORIGIN, OTHER_SIGNER)))
    assert {item.layer for item in report.findings} == {"checkpoint"}


def test_a_malformed_key_or_one_of_another_log_is_found() -> None:
    log = clean_log(10)
    for vkey in ("", "x+y", str(verifier_key("example.org/other", SIGNER)), "ü+\ud800+AA=="):
        report = log.verify(vkey=vkey)
        assert {item.layer for item in report.findings} == {"checkpoint"}
        assert not report.anchored


def test_a_checkpoint_that_is_no_note_is_found() -> None:
    log = clean_log(3)
    for note in ("", "\n\n", "x\n\n— x y\n", "\ud800\n\n— a b\n", outside(log)[:-20], "x" * 10_000):
        assert ("checkpoint", "") in log.found(checkpoint=note)


def test_a_signed_note_that_is_no_checkpoint_is_found() -> None:
    log = clean_log(3)
    for text in ("a\n", f"{ORIGIN}\n03\nAAAA\n", f"{ORIGIN}\n3\nAAAA\n", f"{ORIGIN}\n+3\n\n"):
        note = sign_note(text, ORIGIN, SIGNER)
        assert ("checkpoint", "") in log.found(checkpoint=note)


def test_an_empty_log_verifies() -> None:
    log = clean_log(0)
    assert log.verify(checkpoint=outside(log)).anchored


def test_an_entry_inserted_in_front_shifts_nothing_unseen() -> None:
    log = clean_log(10)
    log.rows.insert(0, row_of(0, header_of(99, ts=1)))
    found = log.found()
    assert ("sequence", f"0 ({entry_id(0)})") in found
    assert ("root", "10") in found

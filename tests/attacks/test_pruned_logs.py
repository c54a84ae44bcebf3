"""Attacks under the cover of retention: whatever went without a recorded, approved run is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.audit.kinds import EntryKind
from answerable.audit.records import RetentionApproval, Role
from answerable.audit.tree.merkle import root_of
from answerable.audit.verify_retention import Floors
from tests.attacks.pruned_log import (
    APPROVER,
    KEPT,
    approved,
    bare_row,
    cut,
    pruned_log,
    run_record,
)
from tests.attacks.stored_log import NOON, OTHER_SIGNER

FLOORS = Floors(body=600, entry=512)
RUN = "700"


def test_a_log_pruned_by_a_run_verifies_against_a_checkpoint_outside() -> None:
    log = pruned_log(700, FLOORS)
    report = log.verify(log.note)
    assert report.findings == ()
    assert report.ok
    assert report.anchored
    assert report.size == 701
    assert report.root == f"sha256:{root_of([row.leaf for row in log.whole]).hex()}"


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 900), st.data())
def test_no_lawfully_pruned_log_has_a_finding(size: int, data: st.DataObject) -> None:
    entry = data.draw(st.integers(0, size // 256)) * 256
    body = data.draw(st.integers(entry, size))
    log = pruned_log(size, Floors(body, entry))
    assert log.verify(log.note).findings == ()


def test_leaf_tiles_may_go_too_and_old_checkpoints_are_passed_over() -> None:
    size = 65_536 + 700
    log = pruned_log(size, Floors(body=66_000, entry=65_792, tile=65_536))
    assert (0, 0) not in log.tiles
    assert (0, 256) in log.tiles
    report = log.verify(log.note)
    assert report.findings == ()
    assert report.anchored
    del log.tiles[1, 0]
    assert ("tile", "0 to 65535") in log.found()


def test_a_floor_moved_without_a_run_is_named_with_the_gap() -> None:
    log = cut(pruned_log(700, FLOORS).whole, Floors(body=620, entry=512))
    assert log.found() == {("retention", "600 to 619")}
    rows = log.whole[:700]
    assert cut(rows, FLOORS).found() == {("retention", "0 to 599"), ("retention", "0 to 511")}


def test_entries_deleted_beyond_the_floor_are_named() -> None:
    log = pruned_log(700, FLOORS)
    log.rows = [row for row in log.rows if row.seq != 550]
    assert ("sequence", "550") in log.found(log.note)
    log.rows = [row for row in log.rows if row.seq not in range(512, 550)]
    assert ("sequence", "512 to 550") in log.found(log.note)


def test_an_entry_that_the_run_kept_cannot_be_taken_away_or_slipped_in() -> None:
    log = pruned_log(700, FLOORS)
    whole = log.rows
    log.rows = [row for row in whole if row.seq != KEPT[2]]
    assert log.found(log.note) == {("retention", "0 to 511")}
    log.rows = sorted([*whole, log.whole[400]], key=lambda row: row.seq)
    assert log.found(log.note) == {("retention", "0 to 511")}
    log.rows = [
        bare_row(300, EntryKind.RELEASE_RETIRED, None) if r.seq == 300 else r for r in whole
    ]
    assert {("tile", "300"), ("retention", "0 to 511")} <= log.found(log.note)


def test_a_kept_entry_is_bound_after_its_tile_went_too() -> None:
    log = pruned_log(65_536 + 300, Floors(body=65_600, entry=65_536, tile=65_536))
    log.rows = [
        bare_row(300, EntryKind.RELEASE_RETIRED, None) if r.seq == 300 else r for r in log.rows
    ]
    assert log.found(log.note) == {("retention", "0 to 65535")}


def test_a_tile_that_stands_for_removed_entries_cannot_be_changed() -> None:
    log = pruned_log(700, FLOORS)
    data = bytearray(log.tiles[0, 0])
    data[32 * 10] ^= 1
    log.tiles[0, 0] = bytes(data)
    assert ("root", "") in log.found()
    del log.tiles[0, 0]
    assert ("tile", "0 to 255") in log.found()


@pytest.mark.parametrize(
    ("approval", "what"),
    [
        (approved(OTHER_SIGNER), "not signed by a registered person"),
        (approved(approver="a-" + "d0" * 16), "not signed by a registered person"),
        (approved().model_copy(update={"body_end": 1 << 31}), "not signed"),
        (approved().model_copy(update={"signature": None}), "not signed"),
        (approved(roles=(Role.COMPLIANCE, Role.OFFICER)), "does not hold the roles"),
        (approved(roles=()), "does not hold the roles"),
        (approved(log="example.org/other"), "another log or policy"),
        (approved(policy="sha256:" + "cd" * 32), "another log or policy"),
        (approved(expires_at=NOON), "had expired"),
        (approved(entry_end=256), "more than was approved"),
    ],
)
def test_a_forged_or_stretched_approval_is_named(approval: RetentionApproval, what: str) -> None:
    log = pruned_log(700, FLOORS, approval=approval)
    report = log.verify(log.note)
    assert any(f.layer == "retention" and f.entry.startswith(RUN) and what in f.what
               for f in report.findings)  # fmt: skip


def test_nobody_approves_their_own_run() -> None:
    assert pruned_log(700, FLOORS, runner=APPROVER).found() == {("retention", RUN)}


def test_a_run_forged_into_the_log_breaks_the_signed_root() -> None:
    rows = pruned_log(700, FLOORS).whole[:700]
    honest = cut(rows, Floors()).note
    rows.append(
        bare_row(700, EntryKind.RETENTION_RUN, run_record(rows, FLOORS, approved(OTHER_SIGNER)))
    )
    forged = cut(rows, FLOORS)
    assert ("retention", "700") in forged.found(honest)
    rows[650] = replace(
        bare_row(650, EntryKind.RETENTION_RUN, run_record(rows[:650], FLOORS, approved()))
    )
    assert any(layer == "checkpoint" for layer, _ in cut(rows, FLOORS).found(honest))


def test_a_run_whose_record_is_gone_or_unreadable_covers_nothing() -> None:
    log = pruned_log(700, FLOORS)
    log.rows[-1] = replace(log.rows[-1], parts=())
    assert {("retention", RUN), ("retention", "0 to 511")} <= log.found()
    for body in (
        b"",
        b"{",
        b"[]",
        b'{"removals":[1]}',
        b'{"removals":5,"size":1}',
        b"\xff",
        b"9" * 5000,
    ):
        log.rows[-1] = replace(log.rows[-1], parts=(body,))
        assert ("retention", RUN) in log.found()


def test_a_run_that_states_another_root_is_named() -> None:
    rows = pruned_log(700, FLOORS).whole[:700]
    run = run_record(rows, FLOORS, approved())
    wrong = "sha256:" + "00" * 32
    lying = tuple(item.model_copy(update={"root": wrong}) for item in run.removals)
    rows.append(bare_row(700, EntryKind.RETENTION_RUN, run.model_copy(update={"removals": lying})))
    assert cut(rows, FLOORS).found() == {("retention", "0 to 511")}


def test_runs_must_follow_one_another() -> None:
    rows = pruned_log(700, FLOORS).whole
    later = Floors(body=680, entry=512)
    rows.append(
        bare_row(701, EntryKind.RETENTION_RUN, run_record(rows, later, approved(), first=500))
    )
    assert {("retention", "701")} <= cut(rows, later).found()


def test_a_floor_that_went_back_is_named() -> None:
    log = pruned_log(700, FLOORS)
    log.state = replace(log.state, floors=Floors(body=500, entry=512))
    assert log.found() == {("retention", "500 to 599")}


@pytest.mark.parametrize("floor", [701, 10**6, 1 << 60, -5])
def test_a_senseless_floor_neither_ends_nor_fools_the_verification(floor: int) -> None:
    log = pruned_log(700, Floors())
    log.state = replace(log.state, floors=Floors(floor, floor, floor))
    assert any(layer == "retention" for layer, _ in log.found())

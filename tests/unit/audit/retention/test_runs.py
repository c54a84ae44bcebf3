"""What a run removes, what it leaves, and what the log is afterwards: on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from answerable.audit.codes import Role
from answerable.audit.entries import DraftSubject
from answerable.audit.errors import (
    Erased,
    EvidenceBroken,
    InvalidInput,
    NotAllowed,
    NotFound,
    PolicyViolation,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.queries.counts import Days, count_differences, recount
from answerable.audit.records import Decision, SubjectErased
from answerable.audit.tree.proofs import verify_consistency, verify_inclusion
from answerable.audit.tree.receipts import open_proof
from tests.log_kit import LogKit, with_inputs
from tests.retention_kit import RetainedLog


@pytest.fixture
def old(kit: LogKit) -> RetainedLog:
    """Six hundred decisions about ten people, a year ago; two of them still have a case now."""
    log = RetainedLog.over(kit)
    log.fill(10, 600)
    log.days(201)
    kit.log.append(kit.decision("person-0"))
    return log


def test_bodies_go_and_everything_still_verifies(old: RetainedLog) -> None:
    receipt = old.kit.log.proof(old.kit.log.entry_at(5).id)
    (run, keys) = old.run()
    (removal,) = run.removals
    assert (removal.what, removal.first, removal.end) == ("body", 0, 602)
    assert removal.removed == 2 * 600  # the case and the person
    assert [(rule.name, rule.entries) for rule in run.rules] == [("all", 600)]
    assert keys.keys == 9
    assert old.findings() == []
    entry = old.kit.log.entry_at(5)
    opened = old.kit.log.open_body(entry)
    assert (opened.record, opened.subjects) == (None, {})
    assert opened.erased_parts == (0, 1)
    with pytest.raises(Erased):
        old.kit.log.read_record(entry.id, Decision)
    assert open_proof(receipt, old.kit.log.vkey).header == entry.header_bytes


def test_entries_go_later_by_whole_tiles_and_proofs_above_stay(old: RetainedLog) -> None:
    kit = old.kit
    root, size = kit.log.root_at(602), 602
    old.run()
    old.days(199)
    runs = old.run()
    (removal,) = runs[0].removals
    assert (removal.what, removal.first, removal.end) == ("entry", 0, 512)
    assert (removal.kept, removal.removed) == (2, 510)
    assert sum(line.n for line in removal.counts) == 510
    assert old.findings() == []
    assert recount(kit.log, Days()) == []
    assert count_differences(kit.log) == []
    with pytest.raises(NotFound, match="a retention run removed this entry"):
        kit.log.entry_at(300)
    assert [entry.seq for entry in kit.log.entries(limit=3)] == [0, 1, 512]
    whole = kit.log.root_at(kit.log.size())
    verify_consistency(size, root, kit.log.size(), whole, kit.log.consistency(size, kit.log.size()))
    entry = kit.log.entry_at(550)
    proof = kit.log.inclusion(550, kit.log.size())
    verify_inclusion(entry.leaf, 550, kit.log.size(), proof, whole)
    assert len(kit.log.subject_entries(kit.ref("person-0"))) == 60 - 51 + 1
    assert kit.log.append(kit.decision("person-0")).seq == kit.log.size() - 1


def test_a_log_opened_again_goes_on_where_it_was(old: RetainedLog) -> None:
    old.run()
    old.days(199)
    old.run()
    log = old.kit.reopen()
    log.append_many([old.kit.decision(f"person-{n}") for n in range(400)])
    assert old.findings() == []
    assert log.retention.status().limits.entry == 512
    assert [len(run.record.removals) for run in log.retention.status().runs] == [1, 0, 1]


def test_a_run_goes_in_slices_each_an_entry(old: RetainedLog) -> None:
    old.most = 256
    runs = old.run()
    ranges = [(item.first, item.end) for run in runs for item in run.removals]
    assert ranges == [(0, 256), (256, 512), (512, 602)]
    assert old.findings() == []


def test_nothing_is_left_for_a_second_run(old: RetainedLog) -> None:
    order = old.order()
    assert old.run(order)
    assert old.run(order) == []


def test_nothing_young_goes_and_the_plan_says_why(old: RetainedLog) -> None:
    (stop, _) = old.plan().stops
    assert (stop.seq, stop.why) == (602, "rule all: its time is not over")
    assert stop.until is not None
    assert stop.until > old.kit.clock.now


def test_keys_of_people_with_a_body_left_stay(old: RetainedLog) -> None:
    old.run()
    assert old.kit.log.subject_ref("person-0") is not None
    gone = old.kit.log.entry_at(3).header.subjects[0].ref
    assert old.kit.log.subject_ref("person-1") is None
    assert old.kit.log.is_erased(gone)
    first = old.kit.log.append(old.kit.decision("person-1"))
    assert old.kit.ref("person-1") != gone
    assert old.kit.log.read_record(first.entry_id, Decision).purpose == "credit"


def test_a_legal_hold_keeps_the_bodies_of_that_person_alone(old: RetainedLog) -> None:
    kit = old.kit
    held = kit.ref("person-3")
    kit.log.place_hold(kit.hold(held))
    plan = old.plan()
    assert {item.why for item in plan.held} == {"legal hold"}
    assert len(plan.held) == 60
    runs = old.run()
    assert runs[0].held == tuple(item.seq for item in plan.held)
    assert old.findings() == []
    assert kit.log.open_body(kit.log.entry_at(runs[0].held[0])).record is not None
    assert kit.log.open_body(kit.log.entry_at(runs[0].held[0] + 1)).record is None
    assert kit.log.subject_ref("person-3") == held
    old.days(300)
    assert old.plan().entry.end == 0
    kit.log.lift_hold(kit.hold(held, kind=EntryKind.HOLD_LIFTED))
    runs = old.run()
    assert (runs[0].removals[0].removed, runs[0].held) == (2 * 61, ())
    assert runs[1].removals[0].what == "entry"
    assert old.findings() == []


def test_a_hold_placed_after_the_approval_counts(old: RetainedLog) -> None:
    order = old.order()
    old.kit.log.place_hold(old.kit.hold(old.kit.ref("person-3")))
    runs = old.run(order)
    assert len(runs[0].held) == 60
    assert old.findings() == []


def test_an_erased_person_and_kept_kinds_stay_explained(old: RetainedLog) -> None:
    kit = old.kit
    ref = kit.ref("person-4")
    receipt = kit.log.erase(ref, kit.erasure())
    old.days(402)
    old.run()
    assert kit.log.is_erased(ref)
    assert kit.log.read_record(receipt.entry_id, SubjectErased).entries == 60
    assert old.findings() == []


def test_a_body_that_comes_back_is_named(old: RetainedLog) -> None:
    from tests.attacks.test_rewritten_rows import rewrite

    old.run()
    rewrite(old.kit, "INSERT INTO body (place, data) VALUES (1280, :data)", data=b"x")
    assert ("body", True) in {(item.layer, "run removed" in item.what) for item in old.findings()}


def test_who_runs_does_not_approve(old: RetainedLog) -> None:
    with pytest.raises(NotAllowed, match="does not run it"):
        old.run(runner=old.approver)
    assert old.kit.log.retention.status().limits.body == 0


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"log": "example.org/other"}, PolicyViolation),
        ({"policy": "sha256:" + "00" * 32}, PolicyViolation),
        ({"expires_at": 5}, PolicyViolation),
        ({"approver": "a-" + "9" * 32}, NotAllowed),
        ({"roles": (Role.OFFICER,)}, NotAllowed),
    ],
)
def test_an_approval_that_does_not_fit_is_refused(
    old: RetainedLog, changes: dict[str, object], error: type[Exception]
) -> None:
    size = old.kit.log.size()
    with pytest.raises(error):
        old.run(old.order(old.approval(old.plan(), **changes)))
    assert old.kit.log.size() == size


def test_a_signature_that_is_not_the_approvers_is_refused(old: RetainedLog) -> None:
    approval = old.approval(old.plan()).model_copy(update={"body_end": 603})
    with pytest.raises(EvidenceBroken):
        old.run(old.order(approval))


def test_a_run_takes_no_more_than_was_approved(old: RetainedLog) -> None:
    runs = old.run(old.order(old.approval(old.plan(), body_end=100)))
    assert [(item.first, item.end) for item in runs[0].removals] == [(0, 100)]
    assert old.findings() == []


def test_other_entries_and_small_slices_are_refused(old: RetainedLog) -> None:
    order = old.order()
    with pytest.raises(InvalidInput):
        list(old.kit.log.retention.run(order, old.kit.decision("anna"), ids=old.kit.entry_id))
    old.most = 255
    with pytest.raises(InvalidInput):
        old.run()


def test_without_a_checkpoint_nothing_goes(kit: LogKit) -> None:
    log = RetainedLog.over(kit)
    log.fill(1, 10)
    log.days(1000)
    assert kit.log.retention.plan(log.policy).is_empty


def test_leaf_tiles_go_when_a_whole_tile_of_level_one_stands_for_them(sqlite_kit: LogKit) -> None:
    log = RetainedLog.over(sqlite_kit)
    kit = log.kit
    log.bulk(66_000)
    receipt = kit.log.proof(kit.log.entry_at(100).id)
    old_size, old_root = 65_600, kit.log.root_at(65_600)
    log.days(500)
    log.most = 70_000
    runs = log.run()
    assert [item.what for run in runs for item in run.removals] == ["body", "entry", "tile"]
    assert runs[-1].removals[0].end == 65_536
    assert runs[-1].removals[0].removed == 256
    with pytest.raises(NotFound, match="0 to 65535 were pruned"):
        kit.log.inclusion(100, kit.log.size())
    assert open_proof(receipt, kit.log.vkey).seq == 100
    size = kit.log.size()
    verify_consistency(
        old_size, old_root, size, kit.log.root_at(size), kit.log.consistency(old_size, size)
    )
    kit.log.append_many([with_inputs(kit.decision("anna"), n=n) for n in range(300)])
    assert log.findings() == []
    assert isinstance(kit.reopen(), Log)


def test_the_kept_key_of_a_shared_case_opens_it_to_the_last_person(kit: LogKit) -> None:
    log = RetainedLog.over(kit)
    receipt = kit.log.append(
        replace(
            kit.decision(),
            subjects=(
                DraftSubject(role="applicant", subject_id="anna", data={"n": 1}),
                DraftSubject(role="co-applicant", subject_id="ben", data={"n": 2}),
            ),
        )
    )
    log.days(100)
    kit.log.append(kit.decision("ben"))
    log.days(101)
    runs = log.run()
    assert runs[-1].keys == 1
    assert kit.log.subject_ref("anna") is None
    assert kit.log.subject_ref("ben") is not None
    assert kit.log.open_body(kit.log.entry(receipt.entry_id)).record is None
    assert log.findings() == []

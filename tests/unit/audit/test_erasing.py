"""Erasure and legal holds, on each database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from answerable.audit.entries import Draft, DraftSubject, HeaderSubject
from answerable.audit.errors import (
    Conflict,
    Erased,
    InvalidInput,
    NotFound,
    PolicyViolation,
    RecordTampered,
)
from answerable.audit.keys.vault import FileVault
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import Decision, Evidence, LegalHold, Role, SubjectErased
from tests.log_kit import ACTOR, SECOND, START, LogKit, OneBucket, SeededEntropy


def test_an_erased_person_cannot_be_read_and_the_log_still_verifies(kit: LogKit) -> None:
    draft = kit.decision("anna", amount=5)
    kit.log.append(draft)
    note = kit.log.checkpoint()
    ref = kit.ref("anna")
    receipt = kit.log.erase(ref, kit.erasure())
    body = kit.log.open_body(kit.log.entry(draft.entry_id))
    assert (body.record, body.subjects, body.erased_parts) == (None, {}, (0, 1))
    with pytest.raises(Erased, match=draft.entry_id):
        kit.log.read_record(draft.entry_id, Decision)
    assert kit.log.is_erased(ref)
    assert kit.log.subject_ref("anna") is None
    record = kit.log.read_record(receipt.entry_id, SubjectErased)
    assert (record.ground, record.entries) == ("gdpr-17-1-a", 1)
    report = kit.verify(note)
    assert (report.ok, report.anchored) == (True, True)


def test_the_erasure_names_whom_it_concerned_by_reference(kit: LogKit) -> None:
    kit.log.append(kit.decision("anna"))
    ref = kit.ref("anna")
    receipt = kit.log.erase(ref, kit.erasure())
    entry = kit.log.entry(receipt.entry_id)
    assert entry.kind is EntryKind.SUBJECT_ERASED
    assert entry.header.subjects == (HeaderSubject(ref=ref, role="data-subject"),)
    assert entry in kit.log.subject_entries(ref)


def test_a_case_stays_readable_until_its_last_subject_is_erased(kit: LogKit) -> None:
    draft = kit.decision("anna", "ben", "carla", amount=5)
    kit.log.append(draft)
    refs = {name: kit.ref(name) for name in ("anna", "ben", "carla")}
    entry = kit.log.entry(draft.entry_id)
    kit.log.erase(refs["anna"], kit.erasure())
    body = kit.log.open_body(entry)
    assert body.record == draft.record
    assert body.subjects == {1: {"name": "ben"}, 2: {"name": "carla"}}
    kit.log.erase(refs["carla"], kit.erasure())
    body = kit.log.open_body(entry)
    assert (body.record, body.subjects) == (draft.record, {1: {"name": "ben"}})
    kit.log.erase(refs["ben"], kit.erasure())
    body = kit.log.open_body(entry)
    assert (body.record, body.subjects) == (None, {})
    assert body.erased_parts == tuple(range(len(entry.header.parts)))


def test_the_others_of_a_bucket_are_read_under_its_new_key(log_url: str) -> None:
    kit = LogKit.with_entropy(log_url, OneBucket("one"))
    names = [f"person-{number}" for number in range(12)]
    drafts = {name: kit.decision(name) for name in names}
    kit.log.append_many(list(drafts.values()))
    refs = {name: kit.ref(name) for name in names}
    for erased in names[::3]:
        kit.log.erase(refs[erased], kit.erasure())
    kit.reopen()
    assert kit.vault.bucket_versions() == {0xABC: (5,)}
    for number, name in enumerate(names):
        record = kit.log.open_body(kit.log.entry(drafts[name].entry_id)).record
        assert (record is None) == (number % 3 == 0), name
    again = kit.decision(names[1])
    assert kit.log.append(again).seq == 17
    assert kit.ref(names[1]) == refs[names[1]]
    kit.log.close()


def test_the_same_person_later_gets_a_new_reference(kit: LogKit) -> None:
    kit.log.append(kit.decision("anna"))
    old = kit.ref("anna")
    kit.log.erase(old, kit.erasure())
    draft = kit.decision("anna")
    kit.log.append(draft)
    assert kit.ref("anna") != old
    assert [entry.seq for entry in kit.log.subject_entries(kit.ref("anna"))] == [3]
    assert kit.log.open_body(kit.log.entry(draft.entry_id)).record == draft.record
    named = replace(kit.decision(), subjects=(DraftSubject(role="applicant", ref=old),))
    with pytest.raises(Erased, match=old):
        kit.log.append(named)


def test_erasing_twice_says_so_and_a_repeated_call_gives_the_first_receipt(kit: LogKit) -> None:
    kit.log.append(kit.decision("anna"))
    ref = kit.ref("anna")
    draft = kit.erasure()
    first = kit.log.erase(ref, draft)
    assert kit.log.erase(ref, draft) == replace(first, repeated=True)
    with pytest.raises(Erased, match=ref):
        kit.log.erase(ref, kit.erasure())
    with pytest.raises(Conflict):
        kit.log.erase(ref, kit.erasure("another-ground", entry_id=draft.entry_id))
    assert kit.log.size() == 3


def test_erasing_an_unknown_reference_changes_nothing(kit: LogKit) -> None:
    with pytest.raises(NotFound):
        kit.log.erase("s-" + "0" * 32, kit.erasure())
    with pytest.raises(NotFound):
        kit.log.is_erased("s-" + "0" * 32)
    assert kit.log.size() == 1


def test_an_erasure_needs_an_entry_that_records_it(memory_kit: LogKit) -> None:
    memory_kit.log.append(memory_kit.decision("anna"))
    ref = memory_kit.ref("anna")
    erasure = memory_kit.erasure()
    for bad in (
        replace(erasure, kind=EntryKind.DECISION),
        replace(erasure, record=LegalHold(subject=ref, ground="x", reference="y")),
        replace(erasure, subjects=(DraftSubject(role="a", ref=ref),)),
    ):
        with pytest.raises(InvalidInput):
            memory_kit.log.erase(ref, bad)
    assert not memory_kit.log.is_erased(ref)
    assert memory_kit.log.size() == 2


def test_a_hold_forbids_the_erasure_until_it_is_lifted(kit: LogKit) -> None:
    draft = kit.decision("anna")
    kit.log.append(draft)
    ref = kit.ref("anna")
    placed = kit.hold(ref)
    receipt = kit.log.place_hold(placed)
    assert kit.log.holds(ref) == [placed.record]
    assert kit.log.place_hold(placed) == replace(receipt, repeated=True)
    with pytest.raises(PolicyViolation, match="litigation"):
        kit.log.erase(ref, kit.erasure())
    assert kit.log.size() == 3
    assert kit.log.open_body(kit.log.entry(draft.entry_id)).record == draft.record
    kit.log.lift_hold(kit.hold(ref, kind=EntryKind.HOLD_LIFTED))
    assert kit.log.holds(ref) == []
    kit.log.erase(ref, kit.erasure())
    assert kit.log.read_record(placed.entry_id, LegalHold) == placed.record
    assert kit.verify().ok


def test_an_expired_hold_forbids_nothing(kit: LogKit) -> None:
    kit.log.append(kit.decision("anna"))
    ref = kit.ref("anna")
    kit.log.place_hold(kit.hold(ref, until=START + 60 * SECOND))
    with pytest.raises(PolicyViolation):
        kit.log.erase(ref, kit.erasure())
    kit.clock.now = START + 60 * SECOND
    assert kit.log.holds(ref) == []
    kit.log.erase(ref, kit.erasure())
    assert kit.log.is_erased(ref)


def test_a_hold_is_placed_once_and_lifted_once(memory_kit: LogKit) -> None:
    memory_kit.log.append(memory_kit.decision("anna"))
    ref = memory_kit.ref("anna")
    memory_kit.log.place_hold(memory_kit.hold(ref))
    with pytest.raises(Conflict, match="in place already"):
        memory_kit.log.place_hold(memory_kit.hold(ref))
    lifted = memory_kit.hold(ref, kind=EntryKind.HOLD_LIFTED)
    receipt = memory_kit.log.lift_hold(lifted)
    assert memory_kit.log.lift_hold(lifted) == replace(receipt, repeated=True)
    with pytest.raises(NotFound, match="no such hold"):
        memory_kit.log.lift_hold(memory_kit.hold(ref, kind=EntryKind.HOLD_LIFTED))
    assert memory_kit.log.size() == 4


def test_a_hold_needs_a_person_whose_data_exists(memory_kit: LogKit) -> None:
    with pytest.raises(NotFound):
        memory_kit.log.place_hold(memory_kit.hold("s-" + "0" * 32))
    memory_kit.log.append(memory_kit.decision("anna"))
    ref = memory_kit.ref("anna")
    memory_kit.log.erase(ref, memory_kit.erasure())
    with pytest.raises(Erased):
        memory_kit.log.place_hold(memory_kit.hold(ref))
    with pytest.raises(InvalidInput):
        memory_kit.log.place_hold(memory_kit.erasure())


def test_evidence_of_a_data_set_is_sealed_and_erased_like_a_person(kit: LogKit) -> None:
    evidence = Evidence(
        kind="fairness.assessed",
        inputs={"dataset:hold_out": "sha256:" + "1" * 64},
        code="0.1.0",
        result_type="answerable.fairness-assessment.v1",
        result={"cells": [{"group": ["small"], "n": 1}]},
    )
    holder = DraftSubject(role="dataset", subject_id="dataset:loans-2026")
    draft = Draft(
        kind=EntryKind.FAIRNESS_ASSESSED,
        entry_id=kit.entry_id(),
        record=evidence,
        actor=ACTOR,
        role=Role.SCIENTIST,
        subjects=(holder,),
    )
    kit.log.append(draft)
    entry = kit.log.entry(draft.entry_id)
    assert b"small" not in entry.header_bytes
    assert kit.log.read_record(draft.entry_id, Evidence) == evidence
    erased = replace(kit.erasure("retention"), kind=EntryKind.DATASET_ROWS_ERASED)
    kit.log.erase(kit.ref("dataset:loans-2026"), erased)
    assert kit.log.open_body(entry).record is None


def test_a_row_swapped_inside_its_bucket_stops_the_erasure(memory_kit: LogKit) -> None:
    kit = LogKit.with_entropy("sqlite://", OneBucket("swap"))
    kit.log.append(kit.decision("anna", "ben", "carla"))
    refs = [kit.ref(name) for name in ("anna", "ben", "carla")]
    with kit.log._database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE subject_key SET wrapped = (SELECT wrapped FROM subject_key WHERE ref = ?) "
            "WHERE ref = ?",
            (refs[1], refs[2]),
        )
    with pytest.raises(RecordTampered, match=refs[2]):
        kit.log.erase(refs[0], kit.erasure())
    assert kit.log.size() == 2
    assert not kit.log.is_erased(refs[0])
    kit.log.close()


def test_nothing_that_opens_the_data_is_left_in_files(tmp_path: Path) -> None:
    """Every key byte the erased person's data ever depended on is gone from the disk."""
    drawn: list[bytes] = []

    class Recorded(SeededEntropy):
        def __call__(self, size: int) -> bytes:
            drawn.append(super().__call__(size))
            return drawn[-1]

    url = f"sqlite:///{tmp_path / 'log.db'}"
    kit = LogKit.with_entropy(url, Recorded("recorded"), keys=tmp_path / "keys")
    before = len(drawn)
    kit.log.append(kit.decision("anna"))
    # In the order they are drawn: the bucket's key, then the person's data key.
    bucket_key, data_key = [item for item in drawn[before:] if len(item) == 32]
    kit.log.erase(kit.ref("anna"), kit.erasure())
    kit.log.close()
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert bucket_key not in left
    assert data_key not in left


def test_a_half_done_rotation_is_finished_when_the_log_is_opened(tmp_path: Path) -> None:
    kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}", keys=tmp_path / "keys")
    kit.log.append(kit.decision("anna"))
    ref = kit.ref("anna")
    bucket = int(ref[2:5], 16)
    old = kit.vault.bucket_key(bucket, 1)
    kit.log.erase(ref, kit.erasure())
    kit.vault.add_bucket_key(bucket, 1, old)
    kit.log.close()
    vault = FileVault(tmp_path / "keys")
    assert vault.bucket_versions()[bucket] == (1, 2)
    Log.open(kit.url, vault=vault, clock=kit.clock, entropy=kit.entropy).close()
    assert vault.bucket_versions()[bucket] == (2,)


def test_opening_an_old_copy_of_the_database_destroys_no_key(tmp_path: Path) -> None:
    kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}", keys=tmp_path / "keys")
    kit.log.append(kit.decision("anna", "ben"))
    kit.log.close()
    copy = tmp_path / "copy.db"
    copy.write_bytes((tmp_path / "log.db").read_bytes())
    kit.reopen()
    kit.log.erase(kit.ref("anna"), kit.erasure())
    held = FileVault(tmp_path / "keys").bucket_versions()
    vault = FileVault(tmp_path / "keys")
    Log.open(f"sqlite:///{copy}", vault=vault, clock=kit.clock, entropy=kit.entropy).close()
    assert vault.bucket_versions() == held
    kit.log.close()

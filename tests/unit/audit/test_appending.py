"""What appending promises, on each database."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from answerable.audit.entries import Draft, DraftSubject, Receipt
from answerable.audit.errors import ClockError, Conflict, Erased, InvalidInput, NotFound, TooLarge
from answerable.audit.ids import uuid7
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    ClockStepped,
    Decision,
    EntryLink,
    LogOpened,
    RecordsRead,
    Role,
)
from answerable.audit.tree.receipts import open_proof
from tests.log_kit import (
    ACTOR,
    FUNCTION,
    ORIGIN,
    SECOND,
    LogKit,
    a_decision,
    redecided,
    with_inputs,
)


def changed(draft: Draft, change: dict[str, Any]) -> Draft:
    return replace(draft, **change)


def test_a_new_log_begins_with_an_entry_that_names_its_key(kit: LogKit) -> None:
    first = kit.log.entry_at(0)
    opened = kit.log.read_record(first.id, LogOpened)
    assert first.kind is EntryKind.LOG_OPENED
    assert (opened.origin, opened.vkey) == (ORIGIN, kit.log.vkey)


def test_an_appended_decision_reads_back_as_it_was_given(kit: LogKit) -> None:
    draft = kit.decision("anna", "ben", amount=1200, score=0.25, note="Zürich")
    receipt = kit.log.append(draft)
    entry = kit.log.entry(draft.entry_id)
    body = kit.log.open_body(entry)
    assert (entry.seq, entry.leaf, entry.header.ts) == (receipt.seq, receipt.leaf, receipt.ts)
    assert body.record == draft.record
    assert body.subjects == {0: {"name": "anna"}, 1: {"name": "ben"}}
    assert body.erased_parts == ()
    assert kit.log.read_record(draft.entry_id, Decision).inputs["score"] == 0.25


def test_the_header_holds_no_personal_data(kit: LogKit) -> None:
    kit.log.append(replace(kit.decision("anna@example.org"), reference="application 4711"))
    header = kit.log.entry_at(1).header_bytes
    assert b"anna" not in header
    assert b"4711" not in header


def test_places_follow_one_another_without_gaps(kit: LogKit) -> None:
    receipts = kit.log.append_many([kit.decision(f"p{number}") for number in range(5)])
    receipts += [kit.log.append(kit.decision("p1"))]
    assert [receipt.seq for receipt in receipts] == [1, 2, 3, 4, 5, 6]
    assert kit.log.size() == 7


def test_one_bad_draft_leaves_nothing_of_its_batch(kit: LogKit) -> None:
    good = kit.decision("anna")
    bad = redecided(kit.decision("ben"), outcome_code="Not A Code")
    before = kit.log.checkpoint()
    with pytest.raises(InvalidInput, match="outcome"):
        kit.log.append_many([good, bad])
    assert kit.log.size() == 1
    assert kit.log.subject_ref("anna") is None
    assert kit.log.checkpoint() == before
    assert kit.log.append(good).seq == 1
    assert kit.verify().ok


def test_the_same_draft_again_gives_the_first_receipt(kit: LogKit) -> None:
    draft = replace(kit.decision("anna", "ben", amount=5), cell=7, reference="r-1")
    first = kit.log.append(draft)
    again = kit.reopen().append(draft)
    assert again == replace(first, repeated=True)
    assert kit.log.size() == 2


@pytest.mark.parametrize(
    "change",
    [
        {
            "outcome_code": "decline",
            "record": a_decision({"amount": 5}).model_copy(update={"outcome_code": "decline"}),
        },
        {"cell": 8},
        {"reference": "r-2"},
        {"claimed_at": 5},
        {"record": a_decision({"amount": 6})},
        {"subjects": (DraftSubject(role="applicant", subject_id="anna", data={"name": "x"}),)},
        {"subjects": (DraftSubject(role="applicant", subject_id="anna"),)},
        {"subjects": (DraftSubject(role="guarantor", subject_id="anna", data={"name": "anna"}),)},
        {"subjects": (DraftSubject(role="applicant", subject_id="eve", data={"name": "anna"}),)},
        {"subjects": ()},
        {"links": (EntryLink(rel="about", digest=FUNCTION),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_same_id_with_anything_else_is_a_conflict(
    memory_kit: LogKit, change: dict[str, object]
) -> None:
    draft = replace(memory_kit.decision("anna", amount=5), cell=7, reference="r-1")
    memory_kit.log.append(draft)
    other = changed(draft, change)
    with pytest.raises(Conflict, match=draft.entry_id):
        memory_kit.log.append(other)
    assert memory_kit.log.size() == 2
    assert memory_kit.log.append(draft).repeated


def test_a_repeated_draft_inside_one_batch_is_recognised(kit: LogKit) -> None:
    draft = kit.decision("anna", amount=5)
    first, again = kit.log.append_many([draft, draft])
    assert (first.repeated, again.repeated, first.seq, again.seq) == (False, True, 1, 1)
    with pytest.raises(Conflict):
        kit.log.append_many([kit.decision("ben"), draft, with_inputs(draft, amount=6)])
    assert kit.log.size() == 2


def test_a_repeated_draft_whose_data_was_erased_says_so(kit: LogKit) -> None:
    draft = kit.decision("anna")
    kit.log.append(draft)
    kit.log.erase(kit.ref("anna"), kit.erasure())
    with pytest.raises(Erased, match=draft.entry_id):
        kit.log.append(draft)


def test_two_persons_never_share_a_reference_and_one_keeps_theirs(kit: LogKit) -> None:
    kit.log.append(kit.decision("anna", "ben"))
    anna, ben = kit.ref("anna"), kit.ref("ben")
    kit.log.append(kit.decision("ben", "anna"))
    assert anna != ben
    assert [subject.ref for subject in kit.log.entry_at(2).header.subjects] == [ben, anna]
    assert kit.log.subject_ref("carla") is None
    assert [entry.seq for entry in kit.log.subject_entries(anna)] == [1, 2]


def test_a_subject_may_be_named_by_reference(kit: LogKit) -> None:
    kit.log.append(kit.decision("anna"))
    known = kit.ref("anna")
    draft = replace(
        kit.decision(), subjects=(DraftSubject(role="applicant", ref=known, data={"x": 1}),)
    )
    kit.log.append(draft)
    assert kit.log.open_body(kit.log.entry(draft.entry_id)).subjects == {0: {"x": 1}}


@pytest.mark.parametrize(
    ("subjects", "error"),
    [
        ((DraftSubject(role="a", ref="s-" + "0" * 32),), NotFound),
        ((DraftSubject(role="a", subject_id="x", ref="s-" + "0" * 32),), InvalidInput),
        ((DraftSubject(role="a"),), InvalidInput),
        ((DraftSubject(role="a", subject_id=""),), InvalidInput),
        ((DraftSubject(role="a", subject_id="x" * 257),), InvalidInput),
        ((DraftSubject(role="Free Text", subject_id="x"),), InvalidInput),
        (
            (DraftSubject(role="a", subject_id="x"), DraftSubject(role="b", subject_id="x")),
            InvalidInput,
        ),
    ],
)
def test_a_subject_named_wrongly_is_refused(
    memory_kit: LogKit, subjects: tuple[DraftSubject, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        memory_kit.log.append(replace(memory_kit.decision(), subjects=subjects))
    assert memory_kit.log.size() == 1
    assert memory_kit.log.subject_ref("x") is None


@pytest.mark.parametrize(
    "change",
    [
        {"entry_id": "not-an-id"},
        {"entry_id": "01A1FBF1-6F4C-727E-854C-B568014135E9"},
        {"actor": "Demo Officer"},
        {"function": "model-3"},
        {"cell": 2**32},
        {"cell": -1},
        {"purpose": "because we can"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_malformed_draft_is_refused(memory_kit: LogKit, change: dict[str, object]) -> None:
    draft = memory_kit.decision("anna")
    bad = changed(draft, change)
    with pytest.raises(InvalidInput):
        memory_kit.log.append(bad)
    assert memory_kit.log.size() == 1


def test_an_oversize_header_is_refused(memory_kit: LogKit) -> None:
    links = tuple(
        EntryLink(rel="about", digest="sha256:" + f"{number:064x}") for number in range(700)
    )
    with pytest.raises(TooLarge, match="65535"):
        memory_kit.log.append(replace(memory_kit.decision("anna"), links=links))
    assert memory_kit.log.size() == 1


def test_codes_about_a_person_stay_readable_without_their_key(kit: LogKit) -> None:
    kit.log.append(kit.decision("anna"))
    ref = kit.ref("anna")
    read = Draft(
        kind=EntryKind.RECORDS_READ,
        entry_id=kit.entry_id(),
        record=RecordsRead(purpose="gdpr-art-15", query="subject", count=1),
        actor=ACTOR,
        role=Role.OFFICER,
        subjects=(DraftSubject(role="data-subject", ref=ref),),
    )
    kit.log.append(read)
    kit.log.erase(ref, kit.erasure())
    assert kit.log.read_record(read.entry_id, RecordsRead) == read.record
    after = replace(read, entry_id=kit.entry_id())
    assert kit.log.append(after).seq == 4
    assert len(kit.log.subject_entries(ref)) == 4


def test_a_small_step_back_of_the_clock_is_silent_and_time_never_runs_backwards(
    kit: LogKit,
) -> None:
    first = kit.log.append(kit.decision("anna"))
    kit.clock.now -= SECOND // 20
    second = kit.log.append(kit.decision("anna"))
    assert (second.seq, second.ts) == (first.seq + 1, first.ts)


def test_a_step_back_of_seconds_is_recorded_once(kit: LogKit) -> None:
    first = kit.log.append(kit.decision("anna"))
    kit.clock.now -= 3 * SECOND
    second, third = kit.log.append_many([kit.decision("anna"), kit.decision("ben")])
    fourth = kit.log.append(kit.decision("anna"))
    noted = kit.log.entries(kinds=(EntryKind.CLOCK_STEPPED,))
    assert [receipt.seq for receipt in (first, second, third, fourth)] == [1, 3, 4, 5]
    assert {receipt.ts for receipt in (second, third, fourth)} == {first.ts}
    assert [entry.seq for entry in noted] == [2]
    step = kit.log.read_record(noted[0].id, ClockStepped)
    assert 2.9 * SECOND < step.back_us <= 3 * SECOND
    assert kit.verify().ok


def test_a_step_back_of_more_than_five_seconds_is_refused(kit: LogKit) -> None:
    kit.log.append(kit.decision("anna"))
    kit.clock.now -= 6 * SECOND
    with pytest.raises(ClockError, match="clock"):
        kit.log.append(kit.decision("ben"))
    assert kit.log.size() == 2
    kit.clock.now += 6 * SECOND
    assert kit.log.append(kit.decision("ben")).seq == 2


def test_many_threads_lose_and_double_nothing(kit: LogKit) -> None:
    drafts = [[kit.decision(f"p{n % 7}", n=n) for n in range(t, 60, 6)] for t in range(6)]
    receipts: list[Receipt] = []

    def append_all(mine: list[Draft]) -> None:
        receipts.extend(kit.log.append(draft) for draft in mine)

    threads = [threading.Thread(target=append_all, args=(mine,)) for mine in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipt.seq for receipt in receipts) == list(range(1, 61))
    assert {receipt.entry_id for receipt in receipts} == {
        draft.entry_id for mine in drafts for draft in mine
    }
    assert kit.verify().ok


def test_a_log_of_several_tiles_proves_every_entry(kit: LogKit) -> None:
    for start in range(0, 600, 200):
        kit.log.append_many([kit.decision(f"p{n % 3}") for n in range(start, start + 200)])
    note = kit.log.checkpoint()
    for seq in (0, 1, 255, 256, 511, 512, 600):
        entry = kit.log.entry_at(seq)
        proven = open_proof(kit.log.proof(entry.id), kit.log.vkey)
        assert (proven.seq, proven.header) == (seq, entry.header_bytes)
    report = kit.verify(note)
    assert (report.ok, report.anchored, report.size) == (True, True, 601)


def test_too_many_at_once_are_refused(memory_kit: LogKit) -> None:
    draft = memory_kit.decision("anna")
    with pytest.raises(TooLarge, match="10000"):
        memory_kit.log.append_many([draft] * 10_001)
    assert memory_kit.log.append_many([]) == []


def test_ids_need_not_be_in_the_order_of_time(memory_kit: LogKit) -> None:
    older = uuid7(5_000_000, bytes(10))
    memory_kit.log.append(memory_kit.decision("anna"))
    assert memory_kit.log.append(memory_kit.decision("anna", entry_id=older)).seq == 2
    assert memory_kit.verify().ok

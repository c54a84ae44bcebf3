"""Reading, querying and proving, on each database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from answerable.audit.entries import Draft, DraftSubject, Entry
from answerable.audit.errors import InclusionProofInvalid, InvalidInput, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import (
    count_differences,
    decisions_of,
    everything_about,
    reviews_of,
)
from answerable.audit.records import (
    Contest,
    Decision,
    EntryLink,
    RecordsRead,
    Review,
    Role,
)
from answerable.audit.tree.checkpoints import open_checkpoint
from answerable.audit.tree.proofs import verify_consistency, verify_inclusion
from answerable.audit.tree.receipts import open_proof
from tests.log_kit import ACTOR, FUNCTION, SECOND, START, LogKit, redecided

OTHER = "sha256:" + "ab" * 32


def places(entries: list[Entry]) -> list[int]:
    return [entry.seq for entry in entries]


def test_pages_go_forward_and_backward_without_overlap(kit: LogKit) -> None:
    kit.log.append_many([kit.decision("anna") for _ in range(9)])
    forward = [places(kit.log.entries(after=after, limit=4)) for after in (-1, 3, 7, 9)]
    assert forward == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], []]
    backward = [places(kit.log.latest(limit=4)), places(kit.log.latest(before=6, limit=4))]
    assert backward == [[9, 8, 7, 6], [5, 4, 3, 2]]
    assert places(kit.log.latest(before=0)) == []


def test_entries_are_found_by_kind_and_function(kit: LogKit) -> None:
    kit.log.append(kit.decision("anna"))
    kit.log.append(redecided(kit.decision("anna"), function=OTHER))
    kit.log.append(kit.decision("ben"))
    kit.log.append(replace(kit.decision("ben"), kind=EntryKind.OUTCOME_OBSERVED))
    assert places(kit.log.entries(kinds=(EntryKind.DECISION,))) == [1, 2, 3]
    assert places(kit.log.entries(kinds=(EntryKind.DECISION,), function=FUNCTION)) == [1, 3]
    assert places(kit.log.entries(function=OTHER)) == [2]
    both = (EntryKind.LOG_OPENED, EntryKind.OUTCOME_OBSERVED)
    assert places(kit.log.entries(kinds=both)) == [0, 4]
    assert places(kit.log.latest(kinds=(EntryKind.DECISION,), limit=1)) == [3]


@pytest.mark.parametrize("limit", [0, -1, 5001])
def test_a_page_has_limits(memory_kit: LogKit, limit: int) -> None:
    with pytest.raises(InvalidInput, match="limit"):
        memory_kit.log.entries(limit=limit)


def test_what_is_not_there_is_not_found(kit: LogKit) -> None:
    absent = kit.entry_id()
    with pytest.raises(NotFound, match=absent):
        kit.log.entry(absent)
    with pytest.raises(NotFound, match="entry 1"):
        kit.log.entry_at(1)
    with pytest.raises(NotFound, match=absent):
        kit.log.proof(absent)
    with pytest.raises(InvalidInput):
        kit.log.entry("' OR 1=1 --")
    assert kit.log.by_reference("unknown") == []
    assert kit.log.related(absent) == []


def test_a_record_of_another_type_is_refused(memory_kit: LogKit) -> None:
    receipt = memory_kit.log.append(memory_kit.decision("anna"))
    with pytest.raises(InvalidInput, match="holds a Decision, not a Review"):
        memory_kit.log.read_record(receipt.entry_id, Review)


def test_entries_are_found_by_the_callers_own_reference(kit: LogKit) -> None:
    kit.log.append(replace(kit.decision("anna"), reference="A-1"))
    kit.log.append(replace(kit.decision("anna"), reference="A-2"))
    kit.log.append(replace(kit.decision("ben"), reference="A-1"))
    assert places(kit.log.by_reference("A-1")) == [1, 3]


def test_links_are_found_from_the_other_end(kit: LogKit) -> None:
    first = kit.log.append(kit.decision("anna"))
    about = EntryLink(rel="about", entry=first.entry_id)
    by_digest = EntryLink(rel="explains", digest=OTHER)
    kit.log.append(replace(kit.decision("anna"), links=(about, by_digest)))
    kit.log.append(redecided(kit.decision("anna"), supersedes=first.entry_id))
    assert places(kit.log.related(first.entry_id)) == [2, 3]
    assert places(kit.log.related(OTHER)) == [2]


def test_a_proof_convinces_only_for_its_own_entry(kit: LogKit) -> None:
    receipts = kit.log.append_many([kit.decision("anna") for _ in range(5)])
    proof = kit.log.proof(receipts[2].entry_id)
    proven = open_proof(proof, kit.log.vkey)
    assert (proven.seq, proven.header) == (3, kit.log.entry_at(3).header_bytes)
    with pytest.raises(InclusionProofInvalid):
        open_proof(proof, kit.log.vkey, header=kit.log.entry_at(2).header_bytes)


def test_checkpoints_extend_one_another(kit: LogKit) -> None:
    assert kit.log.latest_checkpoint() is None
    kit.log.append(kit.decision("anna"))
    first = kit.log.checkpoint()
    assert kit.log.checkpoint() == first
    kit.log.append_many([kit.decision("ben") for _ in range(4)])
    second = kit.reopen().checkpoint()
    assert kit.log.latest_checkpoint() == second
    old, new = (open_checkpoint(note, kit.log.vkey) for note in (first, second))
    assert (old.size, new.size) == (2, 6)
    assert (old.root, new.root) == (kit.log.root_at(2), kit.log.root_at(6))
    verify_consistency(2, old.root, 6, new.root, kit.log.consistency(2, 6))
    leaf = kit.log.entry_at(1).leaf
    verify_inclusion(leaf, 1, 6, kit.log.inclusion(1, 6), new.root)


def test_proofs_of_a_larger_tree_than_there_is_are_refused(memory_kit: LogKit) -> None:
    for ask in (
        lambda: memory_kit.log.inclusion(0, 2),
        lambda: memory_kit.log.inclusion(1, 1),
        lambda: memory_kit.log.consistency(0, 2),
        lambda: memory_kit.log.root_at(2),
        lambda: memory_kit.log.root_at(-1),
    ):
        with pytest.raises(InvalidInput):
            ask()


def test_counts_follow_decisions_by_day_function_outcome_and_cell(kit: LogKit) -> None:
    kit.log.append_many([replace(kit.decision("anna"), cell=3) for _ in range(2)])
    kit.log.append(replace(redecided(kit.decision("ben"), outcome_code="decline"), cell=4))
    kit.log.append(replace(kit.decision("ben"), kind=EntryKind.OUTCOME_OBSERVED, cell=4))
    kit.clock.now = START + 86_400 * SECOND
    repeated = replace(kit.decision("anna"), cell=3)
    kit.log.append_many([repeated, repeated])
    kit.log.append(kit.decision("carla"))
    counts = [(item.day[-2:], item.outcome, item.cell, item.n) for item in kit.log.counts()]
    assert counts == [
        ("18", "approve", 3, 2),
        ("18", "decline", 4, 1),
        ("19", "approve", None, 1),
        ("19", "approve", 3, 1),
    ]
    assert [item.n for item in kit.log.counts(last_day="2026-11-18")] == [2, 1]
    assert kit.log.counts(function=OTHER) == []
    assert count_differences(kit.log) == []


def test_a_group_cell_is_hidden_in_the_header_and_survives_an_erasure(kit: LogKit) -> None:
    drafts = [replace(kit.decision("anna"), cell=3), replace(kit.decision("anna"), cell=3)]
    first, second = kit.log.append_many(drafts)
    entries = [kit.log.entry(item.entry_id) for item in (first, second)]
    assert entries[0].header.cell != entries[1].header.cell
    kit.log.erase(kit.ref("anna"), kit.erasure())
    assert [kit.log.cell_of(entry) for entry in entries] == [3, 3]
    assert kit.log.cell_of(kit.log.entry_at(0)) is None


def test_everything_about_a_person_is_what_names_them_and_what_links_to_it(kit: LogKit) -> None:
    decided = kit.log.append(kit.decision("anna", amount=7))
    kit.log.append(kit.decision("ben"))
    ref = kit.ref("anna")
    link = (EntryLink(rel="about", entry=decided.entry_id),)
    contest = Draft(
        kind=EntryKind.CONTEST_FILED,
        entry_id=kit.entry_id(),
        record=Contest(decision=decided.entry_id, grounds="the income is wrong", received_at=1),
        actor=ACTOR,
        role=Role.SUBJECT,
        subjects=(DraftSubject(role="applicant", ref=ref),),
        links=link,
    )
    review = Draft(
        kind=EntryKind.REVIEW_COMPLETED,
        entry_id=kit.entry_id(),
        record=Review(
            decision=decided.entry_id, reviewer=ACTOR, result="upheld", reason_code="checked"
        ),
        actor=ACTOR,
        role=Role.REVIEWER,
        links=link,
    )
    read = Draft(
        kind=EntryKind.RECORDS_READ,
        entry_id=kit.entry_id(),
        record=RecordsRead(purpose="gdpr-art-15", query="subject", count=3),
        actor=ACTOR,
        role=Role.OFFICER,
        subjects=(DraftSubject(role="data-subject", ref=ref),),
    )
    kit.log.append_many([contest, review, read])
    about = everything_about(kit.log, ref)
    assert [item.entry.kind for item in about.items] == [
        EntryKind.DECISION,
        EntryKind.CONTEST_FILED,
        EntryKind.REVIEW_COMPLETED,
    ]
    assert isinstance(about.items[0].body.record, Decision)
    assert about.items[0].related == (contest.entry_id, review.entry_id)
    assert [entry.id for entry in about.reads] == [read.entry_id]
    assert not about.erased
    for item in about.items:
        assert open_proof(item.proof, kit.log.vkey).header == item.entry.header_bytes
    assert places(reviews_of(kit.log, decided.entry_id)) == [3, 4]
    assert places(decisions_of(kit.log, ref)) == [1]


def test_what_is_left_about_an_erased_person_says_so(kit: LogKit) -> None:
    kit.log.append(kit.decision("anna"))
    ref = kit.ref("anna")
    kit.log.erase(ref, kit.erasure())
    after = everything_about(kit.log, ref)
    assert after.erased
    assert after.items[0].body.record is None
    assert after.items[-1].entry.kind is EntryKind.SUBJECT_ERASED


def test_a_view_is_given_back_while_the_log_begins_with_what_it_was_folded_from(
    kit: LogKit,
) -> None:
    assert kit.log.load_projection("registry") is None
    kit.log.append_many([kit.decision("anna") for _ in range(3)])
    kit.log.save_projection("registry", 2, b"two")
    kit.log.save_projection("other", 1, b"one")
    kit.log.append(kit.decision("ben"))
    assert kit.reopen().load_projection("registry") == (2, b"two")
    kit.log.save_projection("registry", 4, b"four")
    kit.log.save_projection("registry", 3, b"three: older, comes too late")
    assert kit.log.load_projection("registry") == (4, b"four")
    assert kit.log.load_projection("other") == (1, b"one")
    with pytest.raises(InvalidInput):
        kit.log.save_projection("registry", 99, b"from the future")

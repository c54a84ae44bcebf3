"""Erasures, refusals, holds, reads: by kind, ground, role and purpose."""

from __future__ import annotations

from answerable.audit.kinds import EntryKind
from answerable.audit.queries import (
    ClearRecord,
    ReadCount,
    Scope,
    acts_on_data,
    count_by_ground,
    reads,
    reads_by_purpose,
)
from tests.log_kit import ACTOR, LogKit
from tests.unit.audit.queries.world import (
    REVIEWER,
    decisions,
    hold,
    question,
    read,
    refusal,
    rows,
)


def happened(kit: LogKit) -> None:
    decisions(kit, 12)
    ref, other = kit.ref("person-1"), kit.ref("person-4")
    hold(kit, ref)
    refusal(kit, ref, "litigation")
    refusal(kit, other, "gdpr-17-3-b")
    hold(kit, ref, lifted=True)
    kit.log.erase(ref, kit.erasure())
    read(kit, other, "gdpr-art-15")
    read(kit, other, "complaint", actor=REVIEWER)
    question(kit, "supervision")
    read(kit, ref, "complaint", actor=REVIEWER)


def acts(kit: LogKit, scope: Scope, limit: int) -> list[ClearRecord]:
    found: list[ClearRecord] = []
    place: int | None = -1
    while place is not None:
        page = acts_on_data(kit.log, scope, after=place, limit=limit)
        found += page.items
        place = page.next
    return found


def test_acts_on_data_are_listed_with_what_their_records_say(kit: LogKit) -> None:
    happened(kit)
    found = acts(kit, Scope(), 2)
    kinds = {"hold.placed", "hold.lifted", "subject.erasure_refused", "subject.erased"}
    assert [item.seq for item in found] == [
        row.seq for row in rows(kit) if row.header["kind"] in kinds
    ]
    assert [item.kind.value for item in found] == [
        "hold.placed",
        "subject.erasure_refused",
        "subject.erasure_refused",
        "hold.lifted",
        "subject.erased",
    ]
    placed, refused, *_, erased = found
    assert placed.facts["ground"] == "litigation"
    assert refused.facts["outcome"] == "refused"
    assert refused.subjects == (kit_ref_in(kit, refused.seq),)
    assert erased.facts["ground"] == "gdpr-17-1-a"
    assert erased.facts["key_destroyed"] is True
    assert {item.actor for item in found} == {ACTOR}
    assert "type" not in erased.facts


def kit_ref_in(kit: LogKit, seq: int) -> str:
    (ref,) = rows(kit)[seq].refs
    return ref


def test_acts_are_counted_by_kind_and_ground(kit: LogKit) -> None:
    happened(kit)
    assert count_by_ground(kit.log, Scope()) == {
        "hold.lifted": {"litigation": 1},
        "hold.placed": {"litigation": 1},
        "subject.erased": {"gdpr-17-1-a": 1},
        "subject.erasure_refused": {"gdpr-17-3-b": 1, "litigation": 1},
    }
    only = Scope(kinds=(EntryKind.HOLD_PLACED,))
    assert count_by_ground(kit.log, only) == {"hold.placed": {"litigation": 1}}
    assert [item.kind for item in acts(kit, only, 9)] == [EntryKind.HOLD_PLACED]


def test_who_looked_is_told_by_reference_role_and_purpose(kit: LogKit) -> None:
    happened(kit)
    found = reads(kit.log, Scope()).items
    assert [(item.actor, item.role, item.purpose) for item in found] == [
        (ACTOR, "officer", "gdpr-art-15"),
        (REVIEWER, "officer", "complaint"),
        (ACTOR, "auditor", "supervision"),
        (REVIEWER, "officer", "complaint"),
    ]
    complaints = reads(kit.log, Scope(), purpose="complaint", limit=1)
    assert len(complaints.items) == 1
    rest = reads(kit.log, Scope(), purpose="complaint", after=complaints.next or 0, limit=5)
    assert (len(rest.items), rest.next) == (1, None)
    assert found[0].subjects == tuple(rows(kit)[found[0].seq].refs)
    assert reads_by_purpose(kit.log, Scope()) == (
        ReadCount("auditor", "supervision", ACTOR, "query.asked", 1),
        ReadCount("officer", "complaint", REVIEWER, "records.read", 2),
        ReadCount("officer", "gdpr-art-15", ACTOR, "records.read", 1),
    )
    asked = reads_by_purpose(kit.log, Scope(kinds=(EntryKind.QUERY_ASKED,)))
    assert [item.purpose for item in asked] == ["supervision"]


def test_an_encrypted_record_says_nothing(memory_kit: LogKit) -> None:
    decisions(memory_kit, 1)
    (entry,) = memory_kit.log.entries(kinds=(EntryKind.DECISION,))
    found = acts_on_data(memory_kit.log, Scope(kinds=(EntryKind.DECISION,))).items
    assert [(item.entry_id, item.facts) for item in found] == [(entry.id, {})]

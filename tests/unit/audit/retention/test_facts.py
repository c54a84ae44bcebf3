"""What keeps a body: holds, open contests, open requests, restrictions; and what ends that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from answerable.audit.entries import Entry
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Contest,
    EntryLink,
    RecordsRead,
    Review,
    SubjectRequest,
    SubjectStatement,
)
from answerable.audit.retention.headers import light_header
from answerable.audit.store.index_rows import index_of
from tests.log_kit import ACTOR, LogKit, redecided
from tests.retention_kit import POLICY, RetainedLog


@pytest.fixture
def log(kit: LogKit) -> RetainedLog:
    """Six old decisions about two people."""
    made = RetainedLog.over(kit)
    made.fill(2, 6)
    return made


def why(log: RetainedLog) -> dict[int, str]:
    return {item.seq: item.why for item in log.plan().held}


def decision(log: RetainedLog, seq: int) -> Entry:
    return log.kit.log.entry_at(seq)


def test_an_open_contest_keeps_its_decision_and_itself_until_it_is_answered(
    log: RetainedLog,
) -> None:
    contested = decision(log, 3)
    filed = log.append(
        EntryKind.CONTEST_FILED,
        Contest(decision=contested.id, grounds="wrong", received_at=1),
        ref=contested.header.subjects[0].ref,
        links={"contests": contested.id},
    )
    log.days(300)
    assert why(log) == {3: "open contest", filed.seq: "open contest"}
    log.append(
        EntryKind.REVIEW_COMPLETED,
        Review(decision=contested.id, contest=filed.entry_id, reviewer=ACTOR, result="upheld",
               reason_code="no-new-facts"),
        ref=contested.header.subjects[0].ref,
        links={"reviews": contested.id, "answers": filed.entry_id},
    )  # fmt: skip
    assert why(log) == {}


@pytest.mark.parametrize("outcome", ["open", "fulfilled"])
def test_an_open_request_keeps_everything_about_that_person(log: RetainedLog, outcome: str) -> None:
    ref = log.kit.ref("person-0")
    request = SubjectRequest.parse(
        {"request": "access", "article": "gdpr-art-15", "received_at": 1,
         "identity_check": "id-card", "outcome": outcome}
    )  # fmt: skip
    asked = log.append(EntryKind.SUBJECT_REQUEST, request, ref=ref)
    log.days(300)
    expected = {2, 4, 6, asked.seq} if outcome == "open" else set()
    assert set(why(log)) == expected
    log.append(
        EntryKind.RECORDS_READ,
        RecordsRead(purpose="p", query="q", count=0),
        links={"answers": asked.entry_id},
    )
    assert why(log) == {}


def test_a_restriction_keeps_what_it_restricts_until_it_is_lifted(log: RetainedLog) -> None:
    placed = log.append(
        EntryKind.SUBJECT_RESTRICTED,
        SubjectStatement(statement="wait"),
        ref=log.kit.ref("person-1"),
    )
    log.days(300)
    assert set(why(log)) == {3, 5, 7, placed.seq}
    assert set(why(log).values()) == {"restriction of processing"}
    log.append(
        EntryKind.RECORDS_READ,
        RecordsRead(purpose="p", query="q", count=0),
        links={"lifts": placed.entry_id},
    )
    assert why(log) == {}


def test_a_hold_that_has_ended_keeps_nothing(log: RetainedLog) -> None:
    ref = log.kit.ref("person-1")
    log.kit.log.place_hold(log.kit.hold(ref, until=log.kit.clock.now + 10_000))
    assert log.plan().body.count == 0
    log.days(300)
    assert why(log) == {}


def test_time_runs_from_the_newest_letter_about_a_decision(log: RetainedLog) -> None:
    log.source = POLICY.replace(b"entries_days: 400", b"entries_days: 400\n      after: notice")
    log.days(150)
    told = decision(log, 2)
    log.append(
        EntryKind.LETTER_ISSUED,
        RecordsRead(purpose="p", query="q", count=0),
        links={"about": told.id},
    )
    log.days(100)
    stop = log.plan().stops[0]
    assert (stop.seq, stop.why) == (2, "rule all: its time is not over")
    log.days(101)
    assert log.plan().stops[0].why == "rule all: no notice is recorded"
    assert log.plan().stops[0].seq == 3


def test_a_header_read_without_its_model_says_the_same(log: RetainedLog) -> None:
    first = decision(log, 2)
    log.kit.log.append(
        replace(
            redecided(log.kit.decision("person-0", "person-1"), supersedes=first.id),
            links=(EntryLink(rel="model", digest="sha256:" + "ab" * 32),
                   EntryLink(rel="about", entry=first.id)),
        )
    )  # fmt: skip
    for entry in log.kit.log.entries():
        light = light_header(entry)
        header = entry.header
        assert light.found_by == index_of(header)
        assert (light.id, light.kind, light.facts.ts) == (header.id, header.kind, header.ts)
        assert (light.facts.purpose, light.facts.outcome) == (header.purpose, header.outcome)
        assert light.refs == tuple(subject.ref for subject in header.subjects)

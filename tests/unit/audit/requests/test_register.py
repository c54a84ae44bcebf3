"""The register of requests, read from the log, on each database."""

from __future__ import annotations

from datetime import date

import pytest

from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.errors import NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Calendar,
    Contest,
    EntryLink,
    IdentityCheck,
    Record,
    RestrictionLifted,
    Review,
    Role,
    SubjectRequest,
    SubjectRequestAnswered,
    SubjectRequestExtended,
    SubjectRequestOpened,
    SubjectStatement,
)
from answerable.audit.requests.register import (
    OpenRequests,
    request_line,
    request_page,
    subject_lines,
)
from answerable.audit.requests.rules import gdpr_rules
from answerable.audit.requests.state import StandingRestrictions, restrictions_of
from tests.log_kit import ACTOR, START, LogKit

RULES, CALENDAR = gdpr_rules(), Calendar()
DAY = 86_400_000_000
DIGEST = "sha256:" + "00" * 32


def appended(
    kit: LogKit, kind: EntryKind, record: Record, ref: str, *links: tuple[str, str]
) -> str:
    draft = Draft(
        kind=kind,
        entry_id=kit.entry_id(),
        record=record,
        actor=ACTOR,
        role=Role.OFFICER,
        subjects=(DraftSubject(role="data-subject", ref=ref),),
        links=tuple(EntryLink(rel=rel, entry=entry) for rel, entry in links),
    )
    return kit.log.append(draft).entry_id


def opened(kit: LogKit, ref: str) -> str:
    record = SubjectRequestOpened(
        request="access",
        article="gdpr-art-15",
        received_at=START,
        due_on=date(2026, 12, 18),
        due_at=START + 30 * DAY,
        rules=DIGEST,
        identity=IdentityCheck(kind="id-card", result="pending"),
    )
    return appended(kit, EntryKind.SUBJECT_REQUEST, record, ref)


def answered(kit: LogKit, ref: str, request: str) -> str:
    record = SubjectRequestAnswered(
        request=request,
        outcome="refused",
        ground="gdpr-art-12-5",
        answered_at=START + 31 * DAY,
        identity=IdentityCheck(kind="video", result="confirmed", by=ACTOR),
    )
    kind = EntryKind.SUBJECT_REQUEST_ANSWERED
    return appended(kit, kind, record, ref, ("answers", request))


def person(kit: LogKit) -> tuple[str, str]:
    decision = kit.log.append(kit.decision("anna")).entry_id
    return kit.ref("anna"), decision


def test_a_request_is_opened_extended_and_answered_and_each_step_shows(kit: LogKit) -> None:
    ref, _ = person(kit)
    book = OpenRequests(kit.log)
    request = opened(kit, ref)
    assert [entry.id for entry in book.entries()] == [request]
    line = request_line(kit.log, request, rules=RULES, calendar=CALENDAR)
    assert (line.outcome, line.extended, line.identity_result) == (None, False, "pending")
    assert line.is_overdue(line.due_at)
    assert not line.is_overdue(line.due_at - 1)
    later = SubjectRequestExtended(
        request=request, reason="complexity", months=2, due_on=date(2027, 2, 18),
        due_at=START + 92 * DAY, told_at=START, rules=DIGEST,
    )  # fmt: skip
    appended(kit, EntryKind.SUBJECT_REQUEST_EXTENDED, later, ref, ("extends", request))
    line = request_line(kit.log, request, rules=RULES, calendar=CALENDAR)
    assert (line.extended, line.due_on) == (True, date(2027, 2, 18))
    answer = answered(kit, ref, request)
    line = request_line(kit.log, request, rules=RULES, calendar=CALENDAR)
    assert (line.outcome, line.ground, line.answer_id) == ("refused", "gdpr-art-12-5", answer)
    assert (line.identity_check, line.identity_result) == ("video", "confirmed")
    assert not line.late
    assert not line.is_overdue(START + 400 * DAY)
    assert book.entries() == []
    assert OpenRequests(kit.log).entries() == []


def test_an_answer_after_the_last_day_is_late(kit: LogKit) -> None:
    ref, _ = person(kit)
    request = opened(kit, ref)
    answered(kit, ref, request)
    assert request_line(kit.log, request, rules=RULES, calendar=CALENDAR).late


def test_a_contest_is_a_request_for_review_that_the_review_answers(kit: LogKit) -> None:
    ref, decision = person(kit)
    record = Contest(decision=decision, grounds="Look again.", received_at=START)
    contest = appended(kit, EntryKind.CONTEST_FILED, record, ref, ("contests", decision))
    line = request_line(kit.log, contest, rules=RULES, calendar=CALENDAR)
    assert (line.request, line.article, line.outcome) == ("human_review", "gdpr-art-22-3", None)
    assert [entry.id for entry in OpenRequests(kit.log).entries()] == [contest]
    review = Review(decision=decision, contest=contest, reviewer=ACTOR, result="upheld",
                    reason_code="no-new-facts")  # fmt: skip
    appended(kit, EntryKind.REVIEW_COMPLETED, review, ref, ("answers", contest))
    assert request_line(kit.log, contest, rules=RULES, calendar=CALENDAR).outcome == "fulfilled"
    assert OpenRequests(kit.log).entries() == []


def test_requests_of_version_1_and_bare_statements_still_have_a_line(kit: LogKit) -> None:
    ref, _ = person(kit)
    old = SubjectRequest(
        request="erasure", article="gdpr-art-17", received_at=START, identity_check="id-card",
        outcome="refused", ground="litigation",
    )  # fmt: skip
    refused = appended(kit, EntryKind.SUBJECT_ERASURE_REFUSED, old, ref)
    done = appended(
        kit, EntryKind.SUBJECT_REQUEST, old.model_copy(update={"outcome": "fulfilled"}), ref
    )
    stated = appended(kit, EntryKind.SUBJECT_OBJECTED, SubjectStatement(statement="No."), ref)
    lines = subject_lines(kit.log, kit.log.subject_entries(ref), rules=RULES, calendar=CALENDAR)
    assert [(line.request_id, line.request, line.outcome) for line in lines] == [
        (refused, "erasure", "refused"),
        (done, "erasure", "fulfilled"),
        (stated, "objection", "fulfilled"),
    ]
    assert OpenRequests(kit.log).entries() == []


def test_pages_go_back_in_time_without_gap_or_repetition(kit: LogKit) -> None:
    ref, _ = person(kit)
    made = []
    for number in range(7):
        made.append(opened(kit, ref))
        if number % 2:
            answered(kit, ref, made[-1])
    found: list[str] = []
    before = None
    while page := request_page(kit.log, rules=RULES, calendar=CALENDAR, before=before, limit=3):
        found += [line.request_id for line in page]
        before = page[-1].seq
    assert found == made[::-1]


def test_what_is_no_request_has_no_line(kit: LogKit) -> None:
    ref, decision = person(kit)
    request = opened(kit, ref)
    answer = answered(kit, ref, request)
    for entry in (decision, answer):
        with pytest.raises(NotFound, match="no request"):
            request_line(kit.log, entry, rules=RULES, calendar=CALENDAR)


def test_a_restriction_stands_until_it_is_lifted_and_can_be_placed_again(kit: LogKit) -> None:
    ref, _ = person(kit)
    book = StandingRestrictions(kit.log)
    wanted = SubjectStatement(statement="Do not use it.")
    first = appended(kit, EntryKind.SUBJECT_RESTRICTED, wanted, ref)
    assert [entry.id for entry in book.entries()] == [first]
    lifted = RestrictionLifted(restrictions=(first,), ground="verified", told_at=START)
    appended(kit, EntryKind.SUBJECT_RESTRICTION_LIFTED, lifted, ref, ("lifts", first))
    assert book.entries() == restrictions_of(kit.log.subject_entries(ref)) == []
    second = appended(kit, EntryKind.SUBJECT_RESTRICTED, wanted, ref)
    assert [entry.id for entry in book.entries()] == [second]
    assert [entry.id for entry in restrictions_of(kit.log.subject_entries(ref))] == [second]
    assert [entry.id for entry in StandingRestrictions(kit.log).entries()] == [second]

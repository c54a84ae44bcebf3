"""The register: a clock for every request, an answer linked to it, nothing answered twice."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

from answerable.api.console.today import overdue_requests
from answerable.api.flows.review import ReviewRequest, complete_review, contest
from answerable.api.flows.subject import (
    RequestClosing,
    RequestOpening,
    access_package,
    close_request,
    erase,
    extend_request,
    find_subject,
    lift_restriction,
    open_request,
    portability_package,
    rectify,
    restrict,
    show_request,
)
from answerable.audit.errors import Conflict, InvalidInput, NotAllowed, NotFound, PolicyViolation
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role, SubjectRequestOpened, SubjectStatement
from tests.api.story import DAY, Story, headers
from tests.api.subjects_kit import (
    decided,
    facts,
    lines,
    officer,
    opened,
    ref_of,
    registered,
)

STATEMENT = SubjectStatement(statement="My income is 900.")


def test_the_last_day_stands_in_the_entry_and_keeps_to_the_organisations_holidays(
    story: Story,
) -> None:
    decided(story)
    ref = ref_of(story)
    registered(story)
    story.clock.now = 1_795_600_000_000_000
    # 25 November 2026; a month later is Christmas, a Friday, and the weekend follows.
    request = opened(story, ref)
    record = story.workspace.log.read_record(request, SubjectRequestOpened)
    assert record.due_on == date(2026, 12, 28)
    # Midnight in Berlin, an hour before that of UTC.
    assert record.due_at == 1_798_498_800_000_000
    assert record.identity.by == officer(story).actor


def test_open_and_overdue_requests_are_listed_and_shown_on_the_first_page(story: Story) -> None:
    decided(story)
    ref = ref_of(story)
    first = opened(story, ref, "access")
    assert [line.request_id for line in lines(story, "open")] == [first]
    assert lines(story, "overdue") == []
    assert overdue_requests(story.workspace) == []
    story.clock.now += 40 * DAY
    second = opened(story, ref, "objection")
    assert [line.request_id for line in lines(story, "open")] == [first, second]
    assert [line.request_id for line in lines(story, "overdue")] == [first]
    assert [item["request_id"] for item in overdue_requests(story.workspace)] == [first]
    closing = RequestClosing(outcome="refused", ground="gdpr-art-12-5")
    close_request(story.workspace, first, closing, actor=officer(story))
    assert lines(story, "overdue") == []
    assert show_request(story.workspace, first, actor=officer(story)).late


def test_an_access_request_answered_by_its_id_is_closed_by_the_package(story: Story) -> None:
    decided(story)
    ref = ref_of(story)
    request = opened(story, ref)
    package = access_package(
        story.workspace,
        ref,
        facts(story, request_id=request),
        purpose="gdpr-art-15",
        actor=officer(story),
    )
    line = show_request(story.workspace, request, actor=officer(story))
    assert (line.outcome, line.answer_id) == ("fulfilled", package.receipt.entry_id)
    with pytest.raises(Conflict, match="answered before"):
        access_package(
            story.workspace,
            ref,
            facts(story, request_id=request),
            purpose="gdpr-art-15",
            actor=officer(story),
        )
    assert len(lines(story)) == 1


def test_one_step_flows_leave_a_request_and_its_answer(story: Story) -> None:
    decided(story)
    ref = ref_of(story)
    access_package(story.workspace, ref, facts(story), purpose="gdpr-art-15", actor=officer(story))
    portability_package(
        story.workspace, ref, facts(story), purpose="gdpr-art-20", actor=officer(story)
    )
    rectify(story.workspace, ref, STATEMENT, actor=officer(story))
    erase(story.workspace, ref, facts(story), actor=officer(story))
    found = lines(story)
    assert [line.request for line in found] == [
        "erasure", "rectification", "portability", "access",
    ]  # fmt: skip
    assert all(line.outcome == "fulfilled" and not line.late for line in found)
    assert lines(story, "open") == []


def test_a_statement_grants_the_request_it_names(story: Story) -> None:
    decided(story)
    ref, other = ref_of(story), ref_of(story, "cust-4712")
    request = opened(story, ref, "restriction")
    size = story.workspace.log.size()
    with pytest.raises(NotFound):
        restrict(story.workspace, other, STATEMENT, request_id=request, actor=officer(story))
    with pytest.raises(NotFound):
        rectify(story.workspace, ref, STATEMENT, request_id=request, actor=officer(story))
    assert story.workspace.log.size() == size
    restrict(story.workspace, ref, STATEMENT, request_id=request, actor=officer(story))
    assert [line.outcome for line in lines(story)] == ["fulfilled"]
    with pytest.raises(Conflict):
        restrict(story.workspace, ref, STATEMENT, request_id=request, actor=officer(story))


def test_nothing_is_handed_to_a_person_who_was_not_identified(story: Story) -> None:
    decided(story)
    ref = ref_of(story)
    request = opened(story, ref, identity_result="pending")
    closing = RequestClosing(outcome="fulfilled")
    with pytest.raises(PolicyViolation, match="not identified"):
        close_request(story.workspace, request, closing, actor=officer(story))
    confirmed = RequestClosing(outcome="fulfilled", identity_check="video-call")
    close_request(story.workspace, request, confirmed, actor=officer(story))
    line = show_request(story.workspace, request, actor=officer(story))
    assert (line.identity_check, line.identity_result) == ("video-call", "confirmed")
    refused = opened(story, ref, identity_result="failed")
    no = RequestClosing(outcome="refused", ground="gdpr-art-12-6")
    close_request(story.workspace, refused, no, actor=officer(story))


def test_time_is_extended_once_within_the_first_month_and_from_receipt(story: Story) -> None:
    decided(story)
    ref = ref_of(story)
    request = opened(story, ref)
    before = show_request(story.workspace, request, actor=officer(story))
    extended = extend_request(
        story.workspace, request, reason="complexity", actor=officer(story)
    ).record
    assert 88 <= (extended.due_on - before.due_on).days + 31 <= 95
    after = show_request(story.workspace, request, actor=officer(story))
    assert (after.extended, after.due_on) == (True, extended.due_on)
    with pytest.raises(Conflict, match="extended before"):
        extend_request(story.workspace, request, reason="complexity", actor=officer(story))
    late = opened(story, ref)
    story.clock.now += 40 * DAY
    with pytest.raises(PolicyViolation, match="first period"):
        extend_request(story.workspace, late, reason="complexity", actor=officer(story))
    told = extend_request(
        story.workspace,
        late,
        reason="complexity",
        told_at=story.clock.now - 30 * DAY,
        actor=officer(story),
    )
    assert told.record.told_at < told.receipt.ts


def test_a_contest_is_in_the_register_and_only_a_review_answers_it(story: Story) -> None:
    made = decided(story)
    filed = contest(
        story.workspace,
        made.decision_id,
        grounds="No.",
        by=ref_of(story),
        actor=officer(story),
    )
    assert [line.request for line in lines(story, "open")] == ["human_review"]
    closing = RequestClosing(outcome="fulfilled")
    with pytest.raises(InvalidInput, match="review"):
        close_request(story.workspace, filed.entry_id, closing, actor=officer(story))
    review = ReviewRequest(
        decision_id=made.decision_id,
        result="upheld",
        reason_code="no-new-facts",
        contest_id=filed.entry_id,
    )
    complete_review(story.workspace, review, actor=story.actors[Role.REVIEWER])
    assert lines(story, "open") == []
    assert lines(story)[0].outcome == "fulfilled"


@pytest.mark.parametrize(
    ("closing", "error"),
    [
        ({"outcome": "refused"}, InvalidInput),
        ({"outcome": "partly"}, InvalidInput),
        ({"outcome": "refused", "ground": "Because Erika lies"}, InvalidInput),
        ({"outcome": "fulfilled", "acts": ("01890a5d-ac96-774b-bcce-b302099a8057",)}, NotFound),
    ],
)
def test_an_answer_without_its_ground_or_with_a_foreign_act_changes_nothing(
    story: Story, closing: dict[str, Any], error: type[Exception]
) -> None:
    decided(story)
    request = opened(story, ref_of(story))
    size = story.workspace.log.size()
    with pytest.raises(error) as caught:
        close_request(story.workspace, request, RequestClosing(**closing), actor=officer(story))
    assert "Erika" not in str(caught.value)
    assert story.workspace.log.size() == size


def test_the_refusal_of_another_kind_of_request_takes_any_code(story: Story) -> None:
    decided(story)
    request = opened(story, ref_of(story), "objection")
    closing = RequestClosing(outcome="refused", ground="compelling-grounds")
    close_request(story.workspace, request, closing, actor=officer(story))
    assert show_request(story.workspace, request, actor=officer(story)).outcome == "refused"


def test_bad_openings_change_nothing(story: Story) -> None:
    decided(story)
    ref, size = ref_of(story), story.workspace.log.size()
    with pytest.raises(InvalidInput, match="ahead"):
        opened(story, ref, received_at=story.clock.now + DAY)
    with pytest.raises(InvalidInput):
        opened(story, ref, identity_check="Saw Erika's passport")
    with pytest.raises(NotFound):
        opened(story, "s-" + "0" * 32)
    request = RequestOpening(request="access", received_at=1, identity_check="id-card")
    for role in (Role.AUDITOR, Role.REVIEWER, Role.SERVICE, Role.ADMIN):
        with pytest.raises(NotAllowed):
            open_request(story.workspace, ref, request, actor=story.actors[role])
    assert story.workspace.log.size() == size


def test_a_restriction_is_lifted_only_after_the_person_was_told(story: Story) -> None:
    decided(story)
    ref = ref_of(story)
    with pytest.raises(NotFound, match="no restriction"):
        lift_restriction(story.workspace, ref, ground="verified", told_at=1, actor=officer(story))
    before = story.workspace.clock()
    placed = restrict(story.workspace, ref, STATEMENT, actor=officer(story))
    size = story.workspace.log.size()
    with pytest.raises(PolicyViolation, match="told"):
        lift_restriction(
            story.workspace, ref, ground="verified", told_at=before, actor=officer(story)
        )
    with pytest.raises(InvalidInput, match="ahead"):
        lift_restriction(
            story.workspace,
            ref,
            ground="verified",
            told_at=story.clock.now + DAY,
            actor=officer(story),
        )
    assert story.workspace.log.size() == size
    found = find_subject(story.workspace, "cust-4711", purpose="test", actor=officer(story))
    assert (found.restricted, found.restrictions) == (True, (placed.entry_id,))
    lifted = lift_restriction(
        story.workspace,
        ref,
        ground="verified",
        told_at=story.workspace.clock(),
        actor=officer(story),
    )
    assert lifted.record.restrictions == (placed.entry_id,)
    found = find_subject(story.workspace, "cust-4711", purpose="test", actor=officer(story))
    assert (found.restricted, found.restricted_since) == (False, None)


def test_the_register_is_paged_over_http_without_gap_and_a_cursor_fits_one_listing(
    story: Story, client: TestClient
) -> None:
    decided(story)
    ref = ref_of(story)
    made = [opened(story, ref, "access") for _ in range(5)]
    known = headers(story, Role.AUDITOR)
    for state, expected in (("all", made[::-1]), ("open", made)):
        found: list[str] = []
        query = f"/v1/requests?state={state}&limit=2"
        answer = client.get(query, headers=known).json()
        while True:
            found += [item["request_id"] for item in answer["items"]]
            if answer["next"] is None:
                break
            last, answer = (
                answer,
                client.get(f"{query}&cursor={answer['next']}", headers=known).json(),
            )
        assert found == expected
        other = {"all": "open", "open": "overdue"}[state]
        foreign = client.get(
            f"/v1/requests?state={other}&limit=2&cursor={last['next']}", headers=known
        )
        assert foreign.status_code == 422
    kinds = {entry.kind for entry in story.workspace.log.subject_entries(ref)}
    assert EntryKind.SUBJECT_REQUEST in kinds


@pytest.mark.parametrize(
    ("kind", "answer"), [("access", access_package), ("portability", portability_package)]
)
def test_a_package_answers_the_only_open_request_for_it_though_nobody_named_it(
    story: Story, kind: Any, answer: Any
) -> None:
    decided(story)
    ref, other = ref_of(story), ref_of(story, "cust-4712")
    request, of_another = opened(story, ref, kind), opened(story, other, kind)
    answer(story.workspace, ref, facts(story), purpose="gdpr-art-15", actor=officer(story))
    assert show_request(story.workspace, request, actor=officer(story)).outcome == "fulfilled"
    assert [line.request_id for line in lines(story, "open")] == [of_another]
    twice = [opened(story, ref, kind) for _ in range(2)]
    with pytest.raises(InvalidInput, match="several open requests"):
        answer(story.workspace, ref, facts(story), purpose="gdpr-art-15", actor=officer(story))
    assert [line.request_id for line in lines(story, "open")] == [of_another, *twice]

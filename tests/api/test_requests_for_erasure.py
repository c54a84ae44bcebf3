"""Requests for erasure: granted or refused with the open request, and on a provision only."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from answerable.api.flows.subject import (
    RequestClosing,
    close_request,
    erase,
    place_hold,
    show_request,
)
from answerable.audit.errors import InvalidInput, PolicyViolation
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role, SubjectRequest
from tests.api.story import DAY, Story, headers
from tests.api.subjects_kit import decided, facts, lines, officer, opened, ref_of


def test_a_refused_erasure_is_a_refused_request(story: Story) -> None:
    decided(story)
    ref = ref_of(story)
    request = opened(story, ref, "erasure")
    place_hold(story.workspace, ref, ground="litigation", reference="case-7", actor=officer(story))
    with pytest.raises(PolicyViolation):
        erase(story.workspace, ref, facts(story, request_id=request), actor=officer(story))
    line = show_request(story.workspace, request, actor=officer(story))
    assert (line.outcome, line.ground) == ("refused", "gdpr-17-3-e")
    assert lines(story, "open") == []


def test_an_erasure_answers_the_only_open_request_for_it_though_nobody_named_it(
    story: Story,
) -> None:
    decided(story)
    ref, other = ref_of(story), ref_of(story, "cust-4712")
    received = story.workspace.clock() - 3 * DAY
    request = opened(story, ref, "erasure", received_at=received)
    access, of_another = opened(story, ref), opened(story, other, "erasure")
    place_hold(story.workspace, ref, ground="litigation", reference="case-7", actor=officer(story))
    with pytest.raises(PolicyViolation):
        erase(story.workspace, ref, facts(story), actor=officer(story))
    refused = story.workspace.log.latest(kinds=(EntryKind.SUBJECT_ERASURE_REFUSED,), limit=1)[0]
    record = story.workspace.log.read_record(refused.id, SubjectRequest)
    assert record.received_at == received
    assert show_request(story.workspace, request, actor=officer(story)).answer_id == refused.id
    done = erase(story.workspace, other, facts(story), actor=officer(story))
    assert done.request_id == of_another
    assert done.left_open == ()
    assert [line.request_id for line in lines(story, "open")] == [access]
    assert len(lines(story)) == 3  # none was opened beside them


def test_an_erasure_that_several_open_requests_ask_for_names_them_and_changes_nothing(
    story: Story,
) -> None:
    decided(story)
    ref = ref_of(story)
    both = [opened(story, ref, "erasure"), opened(story, ref, "erasure")]
    size = story.workspace.log.size()
    with pytest.raises(InvalidInput, match=", ".join(both)):
        erase(story.workspace, ref, facts(story), actor=officer(story))
    assert story.workspace.log.size() == size
    done = erase(story.workspace, ref, facts(story, request_id=both[1]), actor=officer(story))
    assert done.left_open == (f"subject.request {both[0]}",)
    assert [line.request_id for line in lines(story, "open")] == both[:1]


@pytest.mark.parametrize("outcome", ["refused", "partly"])
@pytest.mark.parametrize("ground", [None, "we-want-to", "gdpr-17-1-a"])
def test_an_erasure_is_refused_on_a_provision_and_the_error_lists_those_that_count(
    story: Story, outcome: Any, ground: str | None
) -> None:
    decided(story)
    request = opened(story, ref_of(story), "erasure")
    size = story.workspace.log.size()
    closing = RequestClosing(outcome=outcome, ground=ground)
    with pytest.raises(InvalidInput, match=r"gdpr-17-1, .*gdpr-12-6, .*gdpr-17-3-a, .*gdpr-17-3-e"):
        close_request(story.workspace, request, closing, actor=officer(story))
    assert story.workspace.log.size() == size
    known = RequestClosing(outcome=outcome, ground="gdpr-17-3-b")
    close_request(story.workspace, request, known, actor=officer(story))
    line = show_request(story.workspace, request, actor=officer(story))
    assert (line.outcome, line.ground) == (outcome, "gdpr-17-3-b")


def test_the_service_names_the_grounds_of_refusing_an_erasure(
    client: TestClient, story: Story
) -> None:
    decided(story)
    request = opened(story, ref_of(story), "erasure")
    answer = client.post(
        f"/v1/requests/{request}:close",
        json={"outcome": "refused", "ground": "we-want-to"},
        headers=headers(story, Role.OFFICER),
    )
    assert answer.status_code == 422
    assert "gdpr-17-3-b" in answer.text
    assert "we-want-to" not in answer.text

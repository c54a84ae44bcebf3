"""The console's page of questions: the same answers as the other doors, each an entry."""

from __future__ import annotations

from typing import Any

import pytest

from answerable.audit.kinds import EntryKind
from answerable.audit.records import QueryAsked, Role
from tests.api.cases import prepare
from tests.api.console_kit import Browser, sign_in
from tests.api.story import FUNCTION, Story


@pytest.fixture
def officer(story: Story) -> Browser:
    prepare(story)
    return sign_in(story, Role.OFFICER)


def asked(story: Story) -> list[QueryAsked]:
    found = story.workspace.log.entries(kinds=(EntryKind.QUERY_ASKED,), limit=100)
    return [story.workspace.log.read_record(entry.id, QueryAsked) for entry in found]


@pytest.mark.parametrize(
    ("question", "more"),
    [
        ("adverse", {"function": FUNCTION}),
        ("affected", {"first_day": "2026-01-01", "last_day": "2030-12-31"}),
        ("oversight", {}),
        ("acts", {}),
        ("reads", {}),
        ("irregularities", {}),
        ("counts", {"first_day": "2026-01-01"}),
        ("lineage", {}),
        ("changes", {"checkpoint": "newest"}),
        ("sample", {"checkpoint": "newest", "n": "3", "nonce": "ab" * 16}),
    ],
)
def test_each_question_is_answered_and_recorded(
    story: Story, officer: Browser, question: str, more: dict[str, str]
) -> None:
    if more.get("checkpoint"):
        more = {**more, "checkpoint": story.workspace.log.checkpoint().replace("\n", "\r\n")}
    answer = officer.send("/console/questions", question=question, purpose="audit", **more)
    assert answer.status_code == 200, answer.text
    (record,) = asked(story)
    assert (record.query, record.purpose) == (question, "audit")
    entry = story.workspace.log.latest(kinds=(EntryKind.QUERY_ASKED,), limit=1)[0]
    assert f"/console/entries/{entry.id}" in answer.text


def test_counts_come_with_a_chart_and_as_json(story: Story, officer: Browser) -> None:
    page = officer.send("/console/questions", question="counts", purpose="audit").text
    assert "<svg" in page
    assert "Decisions by outcome" in page
    twin: Any = officer.send(
        "/console/questions?format=json", question="counts", purpose="audit"
    ).json()
    assert twin["answer"]["query"] == "counts"
    assert sum(item["n"] for item in twin["answer"]["items"]) == 1
    assert len(asked(story)) == 2


@pytest.mark.parametrize(
    "form",
    [
        {"question": "everything", "purpose": "audit"},
        {"question": "adverse", "purpose": "audit"},
        {"question": "counts", "purpose": "Because I can"},
        {"question": "counts", "purpose": "audit", "first_day": "yesterday"},
        {"question": "changes", "purpose": "audit"},
        {"question": "sample", "purpose": "audit", "checkpoint": "no note"},
        {"question": "reads", "purpose": "audit", "after": "the end"},
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_and_not_recorded(
    story: Story, officer: Browser, form: dict[str, str]
) -> None:
    assert officer.send("/console/questions", **form).status_code == 422
    assert asked(story) == []


def test_pages_put_together_are_the_whole_answer(story: Story, officer: Browser) -> None:
    for _ in range(130):
        officer.send("/console/questions", question="counts", purpose="audit")
    path, form = "/console/questions?format=json", {"question": "reads", "purpose": "audit"}
    first: Any = officer.send(path, **form).json()["answer"]
    second: Any = officer.send(path, **form, after=str(first["next"])).json()["answer"]
    places = [item["seq"] for item in (*first["items"], *second["items"])]
    assert len(first["items"]) == 100
    assert len(places) == len(set(places)) >= 130

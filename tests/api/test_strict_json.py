"""A request is read in one way only, or refused."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from answerable.audit.records import Role
from tests.api.story import Story, application, headers

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "extra",
    [
        '"reference": "second"',
        '"inputs": {"income": 4200, "income": 1}',
        '"inputs": {"income": NaN}',
        '"inputs": {"income": -Infinity}',
    ],
)
def test_a_body_that_can_be_read_in_two_ways_is_refused(
    client: TestClient, story: Story, extra: str
) -> None:
    size = story.workspace.log.size()
    given = json.dumps(application(reference="first"))
    answer = client.post(
        "/v1/decisions:evaluate",
        content=f"{given[:-1]}, {extra}}}",
        headers=headers(story, Role.SERVICE) | JSON,
    )
    assert answer.status_code == 422
    assert "4200" not in answer.text
    assert story.workspace.log.size() == size


def test_the_same_body_without_it_is_taken(client: TestClient, story: Story) -> None:
    answer = client.post(
        "/v1/decisions:evaluate",
        content=json.dumps(application(reference="first")),
        headers=headers(story, Role.SERVICE) | JSON,
    )
    assert answer.status_code in {200, 201}

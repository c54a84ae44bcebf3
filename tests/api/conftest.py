"""The story, told once a session; each test gets a copy of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from answerable.api.http.app import create_app
from tests.api.story import Story, build_story, copy_story


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Story:
    story = build_story(tmp_path_factory.mktemp("story"))
    story.workspace.close()
    return story


@pytest.fixture
def story(told: Story, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Story]:
    copied = copy_story(told, tmp_path / "story", seed=request.node.name)
    yield copied
    copied.workspace.close()


@pytest.fixture
def client(story: Story) -> Iterator[TestClient]:
    with TestClient(create_app(story.workspace), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def story_with(
    told: Story, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Story]]:
    """Return a maker of stories whose settings differ."""
    made: list[Story] = []

    def make(**given: object) -> Story:
        folder = tmp_path / f"story-{len(made)}"
        made.append(
            copy_story(told, folder, seed=f"{request.node.name}{len(made)}", settings=given)
        )
        return made[-1]

    yield make
    for each in made:
        each.workspace.close()

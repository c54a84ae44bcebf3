"""The story, told once a session; each test gets a copy of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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

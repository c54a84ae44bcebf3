"""A shop of its own for each test, and a bare environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.command_line import Shop, built_shop


@pytest.fixture
def shop(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shop:
    for name in [name for name in os.environ if name.startswith("ANSWERABLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return built_shop(tmp_path_factory.getbasetemp()).copy(tmp_path / "shop")

"""A command finds its log through options, environment and a settings file, in this order."""

from __future__ import annotations

from pathlib import Path

import pytest

from answerable.api.cli.session import settings_for
from answerable.audit.errors import InvalidInput, NotFound


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CONFIG", "DATABASE_URL", "KEY_DIR", "ARTEFACT_DIR", "ORIGIN", "STATE_URL"):
        monkeypatch.delenv(f"ANSWERABLE_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_anything_the_defaults_hold() -> None:
    assert settings_for(None).database_url == "sqlite:///answerable.db"


def test_a_file_beside_the_named_log_gives_keys_and_artefacts(tmp_path: Path) -> None:
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "answerable.toml").write_text(
        'key_dir = "../keys"\nartefact_dir = "artefacts"\norigin = "example.org/log"\n'
    )
    settings = settings_for(f"sqlite:///{folder / 'log.db'}")
    assert settings.key_dir == folder / "../keys"
    assert settings.artefact_dir == folder / "artefacts"
    assert settings.origin == "example.org/log"


def test_a_relative_database_in_the_file_is_relative_to_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "answerable.toml").write_text('database_url = "sqlite:///log.db"\n')
    settings = settings_for(f"sqlite:///{folder / 'other.db'}")
    assert settings.database_url == f"sqlite:///{folder / 'other.db'}"
    (tmp_path / "answerable.toml").write_text('database_url = "sqlite:///log.db"\n')
    assert settings_for(None).database_file == Path("log.db")


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "answerable.toml").write_text('origin = "from.file/log"\n')
    monkeypatch.setenv("ANSWERABLE_ORIGIN", "from.environment/log")
    assert settings_for(None).origin == "from.environment/log"


def test_a_named_file_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERABLE_CONFIG", "nowhere.toml")
    with pytest.raises(NotFound, match="ANSWERABLE_CONFIG"):
        settings_for(None)


@pytest.mark.parametrize("content", ["origin = ", 'unknown = "x"', "port = 70000"])
def test_a_broken_file_is_refused_with_a_clear_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "answerable.toml").write_text(content)
    with pytest.raises(InvalidInput):
        settings_for(None)

"""Settings are parsed once, and a wrong one is named without its value."""

from __future__ import annotations

from pathlib import Path

import pytest

from answerable.api.settings import load_settings
from answerable.audit.errors import InvalidInput


def test_the_environment_gives_settings_and_arguments_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERABLE_PORT", "8123")
    monkeypatch.setenv("ANSWERABLE_HOST", "0.0.0.0")  # noqa: S104
    settings = load_settings(host="localhost")
    assert (settings.port, settings.host) == (8123, "localhost")


def test_a_wrong_setting_is_named_and_its_value_is_not_shown() -> None:
    for name, value in (("port", "hunter2"), ("rate_limit", "hunter2"), ("origin", "HUNTER2 ")):
        with pytest.raises(InvalidInput, match=name) as caught:
            load_settings(**{name: value})
        assert "unter2" not in str(caught.value)


def test_keys_never_lie_in_the_folder_of_the_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    with pytest.raises(InvalidInput, match="key_dir"):
        load_settings(database_url=url, key_dir=tmp_path)
    assert load_settings(database_url=url, key_dir=tmp_path / "keys").key_dir.name == "keys"


def test_the_state_has_a_database_of_its_own_beside_a_sqlite_log(tmp_path: Path) -> None:
    settings = load_settings(database_url=f"sqlite:///{tmp_path}/log.db")
    assert settings.state_database_url == f"sqlite:///{tmp_path}/log.state.db"
    server = load_settings(database_url="postgresql+psycopg://h/d")
    assert server.state_database_url == "postgresql+psycopg://h/d"
    assert server.database_file is None


def test_an_empty_value_is_that_of_a_setting_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERABLE_KMS_DIR", "")
    monkeypatch.setenv("ANSWERABLE_KEY_BACKUP_DAYS", "")
    settings = load_settings()
    assert settings.kms_dir is None
    assert settings.key_backup_days is None

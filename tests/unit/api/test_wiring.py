"""A workspace is made once, opened many times, and says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from answerable.api.settings import Settings, load_settings
from answerable.api.wiring import (
    LOCAL_ROLES,
    create_workspace,
    local_actor,
    memory_workspace,
    open_workspace,
    system_clock,
    system_entropy,
)
from answerable.audit.errors import Conflict, NotFound, Unavailable
from answerable.audit.records import Role


def settings_in(folder: Path, **given: object) -> Settings:
    return load_settings(
        **{
            "database_url": f"sqlite:///{folder}/data/log.db",
            "key_dir": folder / "keys",
            "artefact_dir": folder / "artefacts",
            **given,
        }
    )


def test_a_workspace_is_made_once_and_opens_with_what_was_stored(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with create_workspace(settings) as made:
        operator, size = local_actor(made), made.log.size()
        digest = made.artefacts.put(b"policy")
        mark = made.keyed_hash("a", b"x")
    with open_workspace(settings) as opened:
        assert local_actor(opened) == operator
        assert opened.log.size() == size
        assert opened.artefacts.get(digest) == b"policy"
        assert opened.keyed_hash("a", b"x") == mark
        assert opened.keyed_hash("b", b"x") != mark
    with pytest.raises(Conflict):
        create_workspace(settings)


def test_the_operator_is_a_person_with_every_role_of_a_person(tmp_path: Path) -> None:
    with create_workspace(settings_in(tmp_path)) as workspace:
        operator = local_actor(workspace)
        assert operator.roles == LOCAL_ROLES
        assert not {Role.SERVICE, Role.SUBJECT} & operator.roles
        registered = workspace.registry().actors[operator.actor]
        assert not registered.record.service
        assert workspace.directory.name_of(operator.actor) == "Local operator"


def test_a_chosen_actor_acts_with_the_registered_roles(tmp_path: Path) -> None:
    with create_workspace(settings_in(tmp_path)) as workspace:
        auditor = workspace.directory.register("Test auditor", [Role.AUDITOR])
    with open_workspace(settings_in(tmp_path, actor=auditor.actor)) as workspace:
        assert local_actor(workspace).roles == {Role.AUDITOR}
    with (
        open_workspace(settings_in(tmp_path, actor="a-" + "0" * 32)) as workspace,
        pytest.raises(NotFound),
    ):
        local_actor(workspace)


def test_missing_parts_are_named(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with pytest.raises(NotFound, match="key directory"):
        open_workspace(settings)
    create_workspace(settings).close()
    (tmp_path / "data" / "log.state.db").unlink()
    with pytest.raises(Unavailable, match="does not exist"):
        open_workspace(settings)
    (tmp_path / "data" / "log.db").unlink()
    with pytest.raises(NotFound):
        open_workspace(settings)


def test_a_creation_that_was_interrupted_can_be_run_again(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    create_workspace(settings).close()
    # It broke off before the first checkpoint was outside.
    (tmp_path / "keys.head").unlink()
    for name in ("log.db", "log.state.db"):
        (tmp_path / "data" / name).unlink()
    with create_workspace(settings) as workspace:
        assert local_actor(workspace).roles == LOCAL_ROLES


def test_a_log_that_was_deleted_is_not_begun_anew_under_its_own_head(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    create_workspace(settings).close()
    (tmp_path / "data" / "log.db").unlink()
    with pytest.raises(Conflict, match="outside head of another log is kept here"):
        create_workspace(settings)
    assert not (tmp_path / "data" / "log.db").exists()


def test_a_workspace_without_key_files_serves_a_notebook(tmp_path: Path) -> None:
    with memory_workspace(tmp_path) as workspace:
        assert local_actor(workspace).roles == LOCAL_ROLES
        assert not (tmp_path / "keys").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    settings = settings_in(tmp_path, artefact_dir=tmp_path / "file" / "artefacts")
    with pytest.raises(Unavailable, match="artefact"):
        create_workspace(settings)
    inside = settings_in(tmp_path, key_dir=tmp_path / "file" / "x" / "keys")
    with pytest.raises(Unavailable, match="key_dir"):
        create_workspace(inside)


def test_where_a_log_is_already_no_keys_are_made(tmp_path: Path) -> None:
    create_workspace(settings_in(tmp_path)).close()
    other = settings_in(tmp_path, key_dir=tmp_path / "other" / "keys")
    with pytest.raises(Conflict, match="holds a log already"):
        create_workspace(other)
    assert not (tmp_path / "other").exists()


def test_the_registry_follows_the_log(tmp_path: Path) -> None:
    with memory_workspace(tmp_path) as workspace:
        before = workspace.registry()
        assert workspace.registry() is before
        added = workspace.directory.register("Test officer", [Role.OFFICER])
        assert added.actor in workspace.registry().actors
        assert added.actor not in before.actors


def test_the_machines_clock_and_entropy_are_what_they_say() -> None:
    assert 1_700_000_000_000_000 < system_clock() < 2**53
    assert len({system_entropy(16) for _ in range(8)}) == 8


def test_a_workspace_opens_on_postgresql_with_its_state_in_tables_of_its_own(
    postgres_url: str, tmp_path: Path
) -> None:
    settings = settings_in(tmp_path, database_url=postgres_url)
    with create_workspace(settings) as made:
        operator = local_actor(made)
    with open_workspace(settings) as opened:
        assert local_actor(opened) == operator
        assert opened.registry().actors.keys() == {operator.actor}

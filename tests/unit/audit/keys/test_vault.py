"""What every vault promises, and what files add."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from answerable.audit.errors import Conflict, NotFound, Unavailable
from answerable.audit.keys.vault import FileVault, KeyVault, MemoryVault
from tests.log_kit import SeededEntropy

KEY = b"k" * 32
OTHER = b"o" * 32


@pytest.fixture(params=["memory", "files"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> KeyVault:
    entropy = SeededEntropy("vault")
    if request.param == "memory":
        return MemoryVault.create(entropy=entropy)
    return FileVault.create(tmp_path / "keys", entropy=entropy)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    FileVault.create(tmp_path / "keys", entropy=SeededEntropy("vault"))
    return tmp_path / "keys"


def test_what_was_added_is_given_back(vault: KeyVault) -> None:
    vault.add_signing_key("example.org/log", KEY)
    vault.add_bucket_key(0xABC, 1, KEY)
    vault.add_bucket_key(0xABC, 2, OTHER)
    vault.add_period_key("2026-11", OTHER)
    assert vault.signing_key("example.org/log") == KEY
    assert (vault.bucket_key(0xABC, 1), vault.bucket_key(0xABC, 2)) == (KEY, OTHER)
    assert vault.period_key("2026-11") == OTHER
    assert len(vault.pepper()) == 32
    assert vault.bucket_versions() == {0xABC: (1, 2)}


def test_nothing_is_ever_overwritten(vault: KeyVault) -> None:
    vault.add_signing_key("example.org/log", KEY)
    vault.add_bucket_key(1, 1, KEY)
    vault.add_period_key("2026-11", KEY)
    with pytest.raises(Conflict):
        vault.add_signing_key("example.org/log", OTHER)
    with pytest.raises(Conflict):
        vault.add_bucket_key(1, 1, OTHER)
    with pytest.raises(Conflict):
        vault.add_period_key("2026-11", OTHER)
    assert vault.signing_key("example.org/log") == KEY
    assert vault.bucket_key(1, 1) == KEY
    assert vault.period_key("2026-11") == KEY


def test_a_vault_belongs_to_one_log(vault: KeyVault) -> None:
    vault.add_signing_key("example.org/log", KEY)
    with pytest.raises(Conflict, match="one log"):
        vault.add_signing_key("example.org/other", OTHER)
    with pytest.raises(NotFound):
        vault.signing_key("example.org/other")


def test_what_is_not_there_is_named(vault: KeyVault) -> None:
    with pytest.raises(NotFound, match="key 3 of bucket 7"):
        vault.bucket_key(7, 3)
    with pytest.raises(NotFound, match="month 2026-11"):
        vault.period_key("2026-11")
    with pytest.raises(NotFound, match="signing key"):
        vault.signing_key("example.org/log")


def test_a_destroyed_key_is_gone_and_its_neighbours_are_not(vault: KeyVault) -> None:
    for bucket, version in ((1, 1), (1, 2), (2, 1), (1, 12)):
        vault.add_bucket_key(bucket, version, KEY)
    vault.bucket_key(1, 1)
    vault.destroy_bucket_key(1, 1)
    vault.destroy_bucket_key(1, 1)
    with pytest.raises(NotFound):
        vault.bucket_key(1, 1)
    assert vault.bucket_versions() == {1: (2, 12), 2: (1,)}


def test_versions_are_ordered_as_numbers(vault: KeyVault) -> None:
    for version in (10, 9, 100):
        vault.add_bucket_key(5, version, KEY)
    assert vault.bucket_versions() == {5: (9, 10, 100)}


def test_a_file_vault_is_the_same_after_a_restart(folder: Path) -> None:
    first = FileVault(folder)
    first.add_bucket_key(1, 1, KEY)
    first.add_signing_key("example.org/log", OTHER)
    second = FileVault(folder)
    assert second.pepper() == first.pepper()
    assert second.bucket_key(1, 1) == KEY
    assert second.signing_key("example.org/log") == OTHER


def test_only_the_owner_may_read_any_of_it(folder: Path) -> None:
    vault = FileVault(folder)
    vault.add_bucket_key(1, 1, KEY)
    vault.add_period_key("2026-11", KEY)
    vault.add_signing_key("example.org/log", KEY)
    paths = [folder, *folder.rglob("*")]
    assert len(paths) == 6
    assert all(path.stat().st_mode & 0o077 == 0 for path in paths)


def test_the_bytes_of_a_destroyed_key_are_in_no_file_left(folder: Path) -> None:
    vault = FileVault(folder)
    vault.add_bucket_key(1, 1, KEY)
    kept = os.open(folder / "buckets" / "001.1", os.O_RDONLY)
    vault.destroy_bucket_key(1, 1)
    try:
        assert os.read(kept, 64) == bytes(32)
    finally:
        os.close(kept)
    assert all(KEY not in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_key_destroyed_by_another_process_is_forgotten_with_its_successor(folder: Path) -> None:
    mine, theirs = FileVault(folder), FileVault(folder)
    mine.add_bucket_key(1, 1, KEY)
    assert mine.bucket_key(1, 1) == KEY
    theirs.add_bucket_key(1, 2, OTHER)
    theirs.destroy_bucket_key(1, 1)
    assert mine.bucket_key(1, 2) == OTHER
    with pytest.raises(NotFound):
        mine.bucket_key(1, 1)


@pytest.mark.parametrize("name", ["pepper", "buckets/001.1", "."])
def test_a_key_others_may_read_is_refused(folder: Path, name: str) -> None:
    FileVault(folder).add_bucket_key(1, 1, KEY)
    (folder / name).chmod(0o644 if name != "." else 0o750)
    with pytest.raises(Unavailable, match="chmod"):
        FileVault(folder).bucket_key(1, 1)


def test_a_damaged_key_is_refused(folder: Path) -> None:
    FileVault(folder).add_bucket_key(1, 1, KEY)
    (folder / "buckets" / "001.1").write_bytes(KEY[:31])
    with pytest.raises(Unavailable, match="damaged"):
        FileVault(folder).bucket_key(1, 1)


def test_a_link_to_a_key_elsewhere_is_refused(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(KEY)
    (folder / "buckets" / "001.1").symlink_to(elsewhere)
    with pytest.raises(Unavailable):
        FileVault(folder).bucket_key(1, 1)


def test_a_folder_without_a_vault_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="ANSWERABLE_KEY_DIR"):
        FileVault(tmp_path)
    with pytest.raises(NotFound, match="no key directory"):
        FileVault(tmp_path / "missing")


def test_a_vault_is_not_made_over_something_else(folder: Path, tmp_path: Path) -> None:
    before = (folder / "pepper").read_bytes()
    with pytest.raises(Conflict, match="not empty"):
        FileVault.create(folder, entropy=SeededEntropy("second"))
    assert (folder / "pepper").read_bytes() == before
    with pytest.raises(Unavailable):
        FileVault.create(tmp_path / "no" / "such" / "parent", entropy=SeededEntropy("third"))
